"""What holds for every answer, whichever endpoint gives it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from trackwire.hub.decoding import ACCEPT_ENCODING
from trackwire.hub.problems import failed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)


class AcceptedCodings:
    """Tells on every answer of one path which content codings it takes (RFC 7694).

    Args:
        app: The application.
        path: The path.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Accept-Encoding"] = ACCEPT_ENCODING
            await send(message)

        on_path = scope["type"] == "http" and scope["path"] == self._path
        await self._app(scope, receive, tell if on_path else send)


class Failures:
    """Answers a request on which the hub itself fails, and logs why.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        started = False

        async def notice(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, notice)
        except Exception:
            if scope["type"] != "http" or started:
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await failed()(scope, receive, send)
