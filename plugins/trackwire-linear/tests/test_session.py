"""Which credential a request carries."""

from __future__ import annotations

import httpx
import msgspec
import pytest
from trackwire_linear.session import Session

from trackwire.connector import ConnectContext
from trackwire.secret import Secret


class Viewer(msgspec.Struct, frozen=True):
    viewer: dict[str, str]


def authorization(**secrets):
    """Ask a Linear that takes anything, and return what it was given as `Authorization`."""
    seen = []

    def answer(request):
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(200, json={"data": {"viewer": {"name": "Ana"}}})

    transport = httpx.MockTransport(answer)
    with httpx.Client(transport=transport, base_url="https://api.linear.test/graphql") as client:
        context = ConnectContext(
            workspace="acme",
            credentials={},
            client=client,
            secret=lambda name: Secret(secrets[name]) if name in secrets else None,
            keep_secrets=lambda _: None,
        )
        Session(context).ask("query { viewer { name } }", Viewer)
    return seen


@pytest.mark.parametrize(
    ("secrets", "given"),
    [
        ({"api_key": "lin_api_fake"}, "lin_api_fake"),
        ({"access_token": "fake-token"}, "Bearer fake-token"),
        ({"access_token": "fake-token", "api_key": "lin_api_fake"}, "Bearer fake-token"),
        ({}, None),
    ],
    ids=["key", "token", "both", "neither"],
)
def test_a_request_carries_the_credential_that_there_is(secrets, given):
    assert authorization(**secrets) == [given]
