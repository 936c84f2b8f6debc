"""The connection under a delivery: straight or by a proxy, with TLS where it is https."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from trackwire.delivery.deadline import Deadline, DeadlineBackend
from trackwire.errors import DeliveryError, UsageError

if TYPE_CHECKING:
    import ssl

    from trackwire.origin import WebAddress


class DeadlineTransport(httpx.BaseTransport):
    """Sends requests to one server over fresh connections that end at the deadline.

    It raises the exceptions of httpcore. For https, a proxy of the environment is used.

    Args:
        address: The server.
        deadline: When every operation ends.

    Raises:
        UsageError: The environment names an unusable proxy.
        DeliveryError: The environment names certificates that cannot be read.
    """

    def __init__(self, address: WebAddress, deadline: Deadline) -> None:
        self._backend = DeadlineBackend(deadline)
        self._pool = _pool(address, self._backend)

    @property
    def peer_hung_up(self) -> bool:
        """Whether the peer has ended the last connection."""
        return self._backend.peer_hung_up

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return the answer with its body still to be read."""
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_AnswerStream(response)
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def _pool(address: WebAddress, backend: httpcore.NetworkBackend) -> httpcore.ConnectionPool:
    if address.scheme == "http":
        return httpcore.ConnectionPool(network_backend=backend)
    context = _tls_context()
    proxy = None if address.is_loopback else _environment_proxy(address.host)
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=context, network_backend=backend)
    return httpcore.HTTPProxy(
        httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        ),
        proxy_auth=proxy.raw_auth,
        ssl_context=context,
        network_backend=backend,
    )


def _tls_context() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise DeliveryError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error}"
        ) from error


def _environment_proxy(host: str) -> httpx.Proxy | None:
    proxies = getproxies()
    url = proxies.get("https") or proxies.get("all")
    if not url or proxy_bypass(host):
        return None
    try:
        proxy = httpx.Proxy(url if "://" in url else f"http://{url}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in {"http", "https"}:
        raise UsageError(
            "the proxy that HTTPS_PROXY or ALL_PROXY names is neither http nor https; "
            "name such a one, or except the hub by NO_PROXY"
        )
    return proxy
