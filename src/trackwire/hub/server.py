"""Runs the hub on a socket of its own until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import uvicorn

from trackwire.errors import TrackwireError

if TYPE_CHECKING:
    from starlette.applications import Starlette

_BACKLOG = 2048
_GRACE_SECONDS = 30


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address and accepts connections.

    Args:
        host: A name or address.
        port: The port, or 0 for any that is free.

    Raises:
        TrackwireError: The address cannot be used.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
        # asyncio sets it on listeners of its own only; without it small answers take 40 ms
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise TrackwireError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose others with --host and "
            "--port (0 is any free port)"
        ) from error
    return listener


def serve(app: Starlette, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that are in process are finished first.

    Args:
        app: The hub.
        listener: From `listen`; closed at the end.
        on_ready: Called once connections are accepted.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        app,
        http="h11",  # reads on after an early answer, so that the sender gets to see it
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # The server raises the signal again once it has stopped; that must not end in an error.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with listener:
        _Server(config, on_ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        await super().startup(sockets=list(sockets) if sockets else None)
        if self.started:
            self._on_ready()
