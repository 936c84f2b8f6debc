"""One exchange with the tracker: to an allowed origin, whole, and within its limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import httpcore
import httpx

from trackwire.answers import described, plain_text, secrets_of
from trackwire.deadline import Deadline, DeadlineBackend
from trackwire.errors import TrackerError, UsageError
from trackwire.network import (
    NETWORK_FAULTS,
    certificate_problem,
    describe_fault,
    exchange,
    open_pool,
)
from trackwire.origin import origin_of

if TYPE_CHECKING:
    from trackwire.fetching.limits import Limits
    from trackwire.origin import WebAddress

_KEEPS_METHOD = frozenset({307, 308})
_READS = frozenset({"GET", "HEAD"})
_ONLY_ON_THE_WAY = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class NetworkFailure(Exception):  # noqa: N818 - steers the attempts and never leaves a client
    """The network failed in a way that another attempt may not; `str()` says how."""


class TrackerTransport(httpx.BaseTransport):
    """Sends requests to the tracker's origins over connections that are kept, one at a time.

    Args:
        allowed: The servers that requests may go to.
        limits: What one answer may take.
    """

    def __init__(self, allowed: Iterable[WebAddress], limits: Limits) -> None:
        self._allowed: Mapping[str, WebAddress] = {each.origin: each for each in allowed}
        self._limits = limits
        self._backend = _CountingBackend(Deadline.after(limits.answer_seconds))
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return the answer, read and unpacked.

        Raises:
            NetworkFailure: It may succeed later.
            TrackerError: The origin is not allowed, the answer is too long or no HTTP, the
                certificate is not trusted, or a redirect is not to be followed.
            UsageError: The environment names an unusable proxy or unreadable certificates.
        """
        origin = self._allowed_origin(request)
        self._backend.deadline = Deadline.after(self._limits.answer_seconds)
        try:
            response = self._exchange_anew_where_stale(self._pool(origin), request)
        except NETWORK_FAULTS as error:
            raise self._meaning(error, origin, request) from error
        if response.has_redirect_location:
            self._check_redirect(request, response)
        return response

    def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            pool.close()

    def _allowed_origin(self, request: httpx.Request) -> str:
        origin = _origin(request.url)
        if origin is None or origin not in self._allowed:
            raise TrackerError(
                f"a request to {origin or 'an unusable address'} was not sent: the secrets are "
                f"for {self._names} only; check the tracker's address, or tell the author of the "
                "provider's plugin"
            )
        return origin

    @property
    def _names(self) -> str:
        return " and ".join(self._allowed)

    def _pool(self, origin: str) -> httpcore.ConnectionPool:
        if origin not in self._pools:
            self._pools[origin] = open_pool(self._allowed[origin], self._backend)
        return self._pools[origin]

    def _exchange_anew_where_stale(
        self, pool: httpcore.ConnectionPool, request: httpx.Request
    ) -> httpx.Response:
        opened = self._backend.opened
        try:
            return self._exchange(pool, request)
        except (httpcore.NetworkError, httpcore.RemoteProtocolError):
            if self._backend.opened != opened:
                raise
            # a connection that was kept may have been closed at the other end meanwhile
            return self._exchange(pool, request)

    def _exchange(self, pool: httpcore.ConnectionPool, request: httpx.Request) -> httpx.Response:
        answer = exchange(pool, request)
        try:
            content = self._read(answer, request)
        finally:
            answer.close()
        headers = [
            (name, value)
            for name, value in answer.headers.raw
            if name.lower().decode("ascii", "replace") not in _ONLY_ON_THE_WAY
        ]
        return httpx.Response(answer.status_code, headers=headers, content=content, request=request)

    def _read(self, answer: httpx.Response, request: httpx.Request) -> bytes:
        pieces, size = [], 0
        try:
            for piece in answer.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if max(size, answer.num_bytes_downloaded) > self._limits.answer_bytes:
                    raise TrackerError(
                        f"the answer to {described(request)} is longer than "
                        f"{self._limits.answer_bytes >> 20} MiB, which no page of issues is; "
                        "check the tracker's address, or read fewer at a time with --limit"
                    )
        except httpx.DecodingError as error:
            raise TrackerError(
                f"the answer to {described(request)} cannot be unpacked: "
                f"{plain_text(str(error), secrets_of(request))}"
            ) from error
        return b"".join(pieces)

    def _check_redirect(self, request: httpx.Request, response: httpx.Response) -> None:
        status = response.status_code
        target = _target(request, response)
        what = f"{described(request)} is redirected to {target or 'an unusable address'}"
        if target not in self._allowed:
            raise TrackerError(
                f"{what} (HTTP {status}), and the secrets are for {self._names} only; "
                "if that is the tracker, give its address instead"
            )
        if request.method not in _READS and status not in _KEEPS_METHOD:
            raise TrackerError(
                f"{what} (HTTP {status}), which would lose what it carries; "
                "check the tracker's address"
            )

    def _meaning(
        self, error: Exception, origin: str, request: httpx.Request
    ) -> TrackerError | NetworkFailure:
        hidden = secrets_of(request)
        if (problem := certificate_problem(error)) is not None:
            return TrackerError(
                f"the certificate of {origin} is not trusted: {problem}; nothing was sent. "
                "Where it is right, name its authority's file in SSL_CERT_FILE"
            )
        if isinstance(error, httpcore.RemoteProtocolError) and not self._backend.peer_hung_up:
            return TrackerError(
                f"{origin} does not speak HTTP/1.1 ({plain_text(str(error), hidden)}); "
                "check the tracker's address"
            )
        return NetworkFailure(describe_fault(error, origin, hidden))


class _CountingBackend(DeadlineBackend):
    """Counts the connections that it opens."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(deadline)
        self.opened = 0

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect and count."""
        self.opened += 1
        return super().connect_tcp(host, port, timeout, local_address, socket_options)


def _target(request: httpx.Request, response: httpx.Response) -> str | None:
    try:
        location = httpx.URL(response.headers["Location"])
    except httpx.InvalidURL:
        return None
    if location.userinfo or (location.scheme and not location.host):
        return None
    return _origin(request.url.join(location))


def _origin(url: httpx.URL) -> str | None:
    try:
        return origin_of(f"{url.scheme}://{url.netloc.decode('ascii')}")
    except (UsageError, UnicodeDecodeError):
        return None
