"""The Cardmill provider."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, ExportContext, Exported, Provider

if TYPE_CHECKING:
    import httpx

    from trackwire.connector import ConnectContext, Connector, Identity, Resource


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read cards out of a saved answer; see `cardmill_trackwire.cards`."""
    from cardmill_trackwire import cards  # its libraries are not needed to know the provider

    return cards.read_export(stream, context)


def connect(context: ConnectContext) -> Connector:
    """Open the bound board; see `cardmill_trackwire.connector`."""
    from cardmill_trackwire import connector

    return connector.BoardConnector(context)


def discover(context: ConnectContext) -> Iterable[Resource]:
    """List the boards in sight; see `cardmill_trackwire.connector`."""
    from cardmill_trackwire import connector

    return connector.discover(context)


def verify(context: ConnectContext) -> Identity:
    """Ask whose the token is; see `cardmill_trackwire.connector`."""
    from cardmill_trackwire import connector

    return connector.verify(context)


def pause(response: httpx.Response) -> float | None:
    """Tell how many seconds an answer asks to wait: until a spent budget is filled again.

    Args:
        response: Any answer; its header `Cardmill-Budget` is such as `0; refill=30`.
    """
    spent = re.fullmatch(r"0; refill=(\d{1,6})", response.headers.get("Cardmill-Budget", ""))
    return float(spent[1]) if spent else None


@hookimpl
def trackwire_provider() -> Provider:
    """Return the provider `cardmill`."""
    return Provider(
        name="cardmill",
        title="Cardmill",
        api_version=1,
        resource_type="cardmill_board",
        credential_key="board_id",
        credential_fields=(
            CredentialField(name="site_url", help="https://YOURS.cardmill.example", origin=True),
            CredentialField(name="token", help="Your picture, Settings, Tokens", secret=True),
            CredentialField(name="board_id", help="The number in the address of the board"),
        ),
        read_export=read_export,
        connect=connect,
        discover=discover,
        verify=verify,
        pause=pause,
    )
