"""Connections that end at a deadline and hear an early answer.

httpx and httpcore limit each operation, so that a peer which sends a byte now and then outlives
any timeout. Here every operation gets what is left until one deadline. And while a body is being
written, the stream listens: a hub that refuses early and reads no further is understood.
"""

from __future__ import annotations

import queue
import selectors
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    import ssl

_PIECE_BYTES = 16 * 1024  # what one send takes at once, so that no write loops past the deadline
_EARLY_BYTES = 64 * 1024
_EARLY_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment that nothing may outlive.

    Args:
        at: In seconds of `time.monotonic`.
    """

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that is so many seconds away."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until then, never negative."""
        return max(0.0, self.at - time.monotonic())

    def limit(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        """Shorten an operation's timeout to what is left.

        Args:
            timeout: Seconds, or None for no timeout of its own.
            late: What to raise when nothing is left.
        """
        left = self.left
        if not left:
            raise late("the time is up")
        return left if timeout is None else min(timeout, left)


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections of which no operation outlives the deadline.

    Args:
        deadline: When every operation ends.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.peer_hung_up = False
        """Whether the peer has ended the last connection."""
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers."""
        self.peer_hung_up = False
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        limit = self.deadline.limit(timeout, httpcore.ConnectTimeout)
        for address in _resolve(host, port, limit):
            limit = self.deadline.limit(timeout, httpcore.ConnectTimeout)
            try:
                inner = self._inner.connect_tcp(address, port, limit, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _DeadlineStream(inner, self)
        raise failure


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, backend: DeadlineBackend) -> None:
        self._inner = inner
        self._backend = backend
        self._early = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data, self._early = self._early[:max_bytes], self._early[max_bytes:]
        if not data:
            limit = self._backend.deadline.limit(timeout, httpcore.ReadTimeout)
            data = self._inner.read(max_bytes, limit)
        if not data:
            self._backend.peer_hung_up = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(
                self._inner.get_extra_info("socket"), selectors.EVENT_READ | selectors.EVENT_WRITE
            )
            for start in range(0, len(buffer), _PIECE_BYTES):
                self._await_room(selector, timeout)
                limit = self._backend.deadline.limit(timeout, httpcore.WriteTimeout)
                self._inner.write(buffer[start : start + _PIECE_BYTES], limit)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._backend.deadline.limit(timeout, httpcore.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, limit)
        return _DeadlineStream(inner, self._backend)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def close(self) -> None:
        self._inner.close()

    def _await_room(self, selector: selectors.BaseSelector, timeout: float | None) -> None:
        while True:
            limit = self._backend.deadline.limit(timeout, httpcore.WriteTimeout)
            ready = selector.select(limit)
            if not ready:
                raise httpcore.WriteTimeout("the server stopped reading")
            ((_, events),) = ready
            if events & selectors.EVENT_READ:
                self._stop_at_early_answer()
            if events & selectors.EVENT_WRITE:
                return

    def _stop_at_early_answer(self) -> None:
        try:
            self._early = self._inner.read(_EARLY_BYTES, _EARLY_SECONDS)
        except httpcore.ReadTimeout:
            return  # TLS says things of its own, such as session tickets
        except httpcore.ReadError as error:
            raise httpcore.WriteError(str(error)) from error
        raise httpcore.WriteError("the server answered before it had read the request")


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(address[0]) for *_, address in found])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # A look-up cannot be interrupted; a daemon thread can be left behind.
    threading.Thread(target=look_up, name="trackwire-look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout(f"looking up {host} took too long") from None
    if isinstance(answer, Exception):
        raise httpcore.ConnectError(f"looking up {host}: {answer}") from answer
    return list(dict.fromkeys(answer))
