"""The Linear provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from trackwire.hookspecs import hookimpl
from trackwire.provider import (
    CredentialField,
    ExportContext,
    Exported,
    Provider,
)

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext, Connector, Identity, Resource


_RENEWAL = {
    "refresh_token": "refresh token",
    "client_id": "application's client id",
    "client_secret": "application's client secret",
}


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read issues out of a saved answer; see `trackwire_linear.export.read_export`."""
    from trackwire_linear import export  # its libraries are not needed to know the provider

    return export.read_export(stream, context)


def connect(context: ConnectContext) -> Connector:
    """Open the bound team; see `trackwire_linear.connector.connect`."""
    from trackwire_linear import connector

    return connector.connect(context)


def discover(context: ConnectContext) -> Iterable[Resource]:
    """List the teams in sight; see `trackwire_linear.connector.discover`."""
    from trackwire_linear import connector

    return connector.discover(context)


def verify(context: ConnectContext) -> Identity:
    """Ask who the credentials are; see `trackwire_linear.connector.verify`."""
    from trackwire_linear import connector

    return connector.verify(context)


def pause(response: httpx.Response) -> float | None:
    """Tell how long an answer asks to wait; see `trackwire_linear.failures.pause`."""
    from trackwire_linear import failures

    return failures.pause(response)


@hookimpl
def trackwire_provider() -> Provider:
    """Return the provider `linear`."""
    return Provider(
        name="linear",
        title="Linear",
        api_version=1,
        resource_type="linear_team",
        credential_key="team_id",
        credential_fields=(
            CredentialField(
                name="api_key",
                help="A personal API key: Settings, Security & access, Personal API keys",
                secret=True,
            ),
            CredentialField(
                name="access_token",
                help="An OAuth access token, in place of a personal API key",
                secret=True,
                required=False,
                instead_of="api_key",
            ),
            *(
                CredentialField(
                    name=name,
                    help=f"The OAuth {title}; with all three the access token is renewed",
                    secret=True,
                    required=False,
                )
                for name, title in _RENEWAL.items()
            ),
            CredentialField(
                name="team_id",
                help="The team's id (`trackwire discover linear` lists them), or its key",
            ),
            CredentialField(
                name="api_url",
                help="The GraphQL endpoint",
                default="https://api.linear.app/graphql",
                origin=True,
            ),
        ),
        read_export=read_export,
        connect=connect,
        discover=discover,
        verify=verify,
        pause=pause,
    )
