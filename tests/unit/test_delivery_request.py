"""The shape of the one request that a delivery makes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import respx

from trackwire import __version__
from trackwire.delivery.body import Body
from trackwire.delivery.sending import deliver
from trackwire.destination import endpoint_url
from trackwire.secret import Secret

FIELDS = [
    "provider",
    "workspace",
    "external_resource_type",
    "external_resource_id",
    "doctrine_mode",
    "doctrine_field_owners",
    "project_uuid",
    "project_slug",
    "issues",
    "mappings",
    "checkpoint",
]
VALUES: list[object] = [
    "jira",
    "acme.atlassian.net",
    "jira_project",
    "ACME",
    "external_authoritative",
    {},
    None,
    "apollo",
    [],
    [],
    {"cursor": None, "updated_since": None},
]
CONTENT = json.dumps(dict(zip(FIELDS, VALUES, strict=True))).encode()
LARGE_CONTENT = CONTENT + b" " * 65536
KEY = "0123456789abcdef" * 4
ENDPOINT = "https://hub.example/team/api/v1/connectors/trackers/snapshots/"

MakeBody = Callable[[bytes], Body]


@pytest.fixture
def make_body(tmp_path: Path) -> MakeBody:
    def make(content: bytes) -> Body:
        path = tmp_path / "snapshot.json"
        path.write_bytes(content)
        return Body(path, len(content), hashlib.sha256(content).digest())

    return make


@pytest.fixture
def route() -> Iterator[respx.Route]:
    with respx.mock() as router:
        yield router.post(ENDPOINT).mock(side_effect=_accept)


def _accept(request: httpx.Request) -> httpx.Response:
    return httpx.Response(
        201,
        json={
            "snapshot_id": "1",
            "received_at": "2026-11-21T10:00:00+00:00",
            "issue_count": 0,
            "digest": request.headers["Repr-Digest"],
        },
    )


def sent(
    route: respx.Route,
    body: Body,
    *,
    token: Secret | None = None,
    codings: frozenset[str] = frozenset(),
) -> httpx.Request:
    deliver(
        body,
        endpoint=endpoint_url("https://hub.example/team"),
        key=KEY,
        token=token,
        codings=codings,
        timeout=5,
    )
    assert route.call_count == 1
    request: httpx.Request = route.calls.last.request
    return request


def test_body_carries_the_eleven_fields_in_order(route: respx.Route, make_body: MakeBody) -> None:
    assert list(json.loads(sent(route, make_body(CONTENT)).content)) == FIELDS


def test_both_routing_fields_follow_the_workspace(route: respx.Route, make_body: MakeBody) -> None:
    names = list(json.loads(sent(route, make_body(CONTENT)).content))
    position = names.index("workspace")
    assert names[position + 1 : position + 3] == ["external_resource_type", "external_resource_id"]


def test_body_is_sent_byte_for_byte(route: respx.Route, make_body: MakeBody) -> None:
    assert sent(route, make_body(CONTENT)).content == CONTENT


def test_content_type_is_json(route: respx.Route, make_body: MakeBody) -> None:
    assert sent(route, make_body(CONTENT)).headers["Content-Type"] == "application/json"


def test_idempotency_key_travels_bare(route: respx.Route, make_body: MakeBody) -> None:
    assert sent(route, make_body(CONTENT)).headers["Idempotency-Key"] == KEY


def test_digest_is_of_the_body_as_rendered(route: respx.Route, make_body: MakeBody) -> None:
    digest = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    headers = sent(route, make_body(CONTENT)).headers
    assert headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_digest_of_a_compressed_body_is_of_the_uncompressed_bytes(
    route: respx.Route, make_body: MakeBody
) -> None:
    digest = base64.b64encode(hashlib.sha256(LARGE_CONTENT).digest()).decode()
    headers = sent(route, make_body(LARGE_CONTENT), codings=frozenset({"gzip"})).headers
    assert headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_user_agent_names_the_version(route: respx.Route, make_body: MakeBody) -> None:
    headers = sent(route, make_body(CONTENT)).headers
    assert headers["User-Agent"] == f"trackwire/{__version__}"


def test_token_travels_as_a_bearer(route: respx.Route, make_body: MakeBody) -> None:
    headers = sent(route, make_body(CONTENT), token=Secret("tok-1")).headers
    assert headers["Authorization"] == "Bearer tok-1"


def test_request_without_a_token_has_no_authorization(
    route: respx.Route, make_body: MakeBody, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine hub.example login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert "Authorization" not in sent(route, make_body(CONTENT)).headers


def test_uncompressed_body_has_an_explicit_length(route: respx.Route, make_body: MakeBody) -> None:
    headers = sent(route, make_body(LARGE_CONTENT)).headers
    assert headers["Content-Length"] == str(len(LARGE_CONTENT))
    assert "Transfer-Encoding" not in headers


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [({"zstd", "gzip"}, "zstd"), ({"zstd"}, "zstd"), ({"gzip"}, "gzip"), ({"br"}, None)],
)
def test_large_body_travels_in_the_best_coding_that_the_hub_takes(
    route: respx.Route, make_body: MakeBody, accepted: set[str], chosen: str | None
) -> None:
    request = sent(route, make_body(LARGE_CONTENT), codings=frozenset(accepted))
    assert request.headers.get("Content-Encoding") == chosen


def test_compressed_body_is_sent_in_chunks(route: respx.Route, make_body: MakeBody) -> None:
    headers = sent(route, make_body(LARGE_CONTENT), codings=frozenset({"gzip"})).headers
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers


def test_body_of_64_kibibytes_is_not_compressed(route: respx.Route, make_body: MakeBody) -> None:
    content = CONTENT.ljust(65536)
    request = sent(route, make_body(content), codings=frozenset({"zstd", "gzip"}))
    assert "Content-Encoding" not in request.headers


def test_answer_is_wanted_uncompressed(route: respx.Route, make_body: MakeBody) -> None:
    assert sent(route, make_body(CONTENT)).headers["Accept-Encoding"] == "identity"
