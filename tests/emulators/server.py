"""Runs an ASGI app under uvicorn on 127.0.0.1, in a thread or as a process of its own.

An app that wants to cut the connection of a request awaits `cut_connection(scope, receive)`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_CUT = "emulators.cut_connection"
_BACKLOG = 2048
_GRACE_SECONDS = 1
_TICK_SECONDS = 0.01


@dataclass(frozen=True)
class Served:
    """A running server: the URL of each of its listeners, in the order of their ports."""

    urls: tuple[str, ...]

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def address(self) -> tuple[str, int]:
        """The host and port of the first."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)


@contextmanager
def serve(app: ASGIApp, *, listeners: int = 1) -> Iterator[Served]:
    """Serve the app from a thread until the block ends; the app sees its port in the scope."""
    sockets = [listen() for _ in range(listeners)]
    served = Served(tuple(map(url_of, sockets)))
    ready = threading.Event()
    server = _server(app, ready.set)
    thread = threading.Thread(target=_run, args=(server, sockets, ready), name="emulator")
    thread.start()
    try:
        ready.wait()
        if not server.started:
            raise RuntimeError("the emulator did not start; see the log of uvicorn.error")
        yield served
    finally:
        server.should_exit = True
        thread.join()


def serve_process(
    app: ASGIApp, sockets: Sequence[socket.socket], ready: Callable[[], None]
) -> None:
    """Serve the app in this thread until SIGTERM or SIGINT.

    Args:
        app: What to serve.
        sockets: From `listen`; closed at the end.
        ready: Called once connections are accepted.
    """
    _server(app, ready).run(sockets=list(sockets))


def listen(port: int = 0) -> socket.socket:
    """Return a listening socket on 127.0.0.1; 0 is any free port."""
    listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    # what it accepts inherits this; asyncio does not set it for such a socket
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the listener's URL, without a final slash."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


async def cut_connection(scope: Scope, receive: Receive) -> None:
    """Close the connection that this request came by; what was sent before still arrives.

    The app sends nothing after it.
    """
    scope["extensions"][_CUT]()
    while (await receive())["type"] != "http.disconnect":
        pass


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def main_loop(self) -> None:
        """Stop sooner than uvicorn does, for a test stops one server or more."""
        while not await self.on_tick(0):
            await asyncio.sleep(_TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Wait as uvicorn does for requests in process, and for nothing where there are none."""
        if self.server_state.tasks:
            await super().shutdown(sockets)
        else:
            await self._close_idle()
        for connection in self._connections():
            connection.transport.abort()  # its client reads no more
        while self.server_state.connections:
            await asyncio.sleep(0)

    async def _close_idle(self) -> None:
        for server in self.servers:
            server.close()
        for connection in self._connections():
            connection.shutdown()
        until = time.monotonic() + _GRACE_SECONDS
        while self.server_state.connections and time.monotonic() < until:
            await asyncio.sleep(0)

    def _connections(self) -> list[H11Protocol]:
        connections = self.server_state.connections
        return [each for each in connections if isinstance(each, H11Protocol)]

    def cut(self, client: tuple[str, int]) -> None:
        for connection in self._connections():
            if connection.client == client:
                connection.transport.close()


def _server(app: ASGIApp, ready: Callable[[], None]) -> _Server:
    async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
        cut = partial(server.cut, tuple(scope["client"]))
        scope["extensions"] = {**scope.get("extensions", {}), _CUT: cut}
        await app(scope, receive, send)

    config = uvicorn.Config(
        with_cut,
        http=H11Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, ready)
    return server


def _run(server: _Server, sockets: list[socket.socket], ready: threading.Event) -> None:
    try:
        server.run(sockets=sockets)
    finally:
        ready.set()  # whoever waits learns that it will not start
        for listener in sockets:
            listener.close()
