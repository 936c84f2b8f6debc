"""The way out to a hub or a tracker: proxies, certificates, and words for the network's faults.

Import this module where something is sent: httpx and httpcore cost time.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from trackwire.answers import plain_text
from trackwire.errors import UsageError

if TYPE_CHECKING:
    from trackwire.origin import WebAddress

NETWORK_FAULTS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProxyError,
    httpcore.RemoteProtocolError,
)
"""What `exchange`, and the reading of what it returns, raise when the network fails."""


class UnreadableCertificates(UsageError):  # noqa: N818 - what is wrong, as the others say
    """The certificates that the environment names cannot be read."""


def open_pool(address: WebAddress, backend: httpcore.NetworkBackend) -> httpcore.ConnectionPool:
    """Return a pool of connections to one server: straight or by a proxy, with TLS for https.

    For https to a host that is not loopback, a proxy of the environment is used.

    Args:
        address: The server.
        backend: Opens the connections.

    Raises:
        UsageError: The environment names an unusable proxy.
        UnreadableCertificates: The environment names certificates that cannot be read.
    """
    if address.scheme == "http":
        return httpcore.ConnectionPool(network_backend=backend)
    context = _tls_context()
    proxy = None if address.is_loopback else _environment_proxy(address.host)
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=context, network_backend=backend)
    return httpcore.HTTPProxy(
        _core_url(proxy.url),
        proxy_auth=proxy.raw_auth,
        ssl_context=context,
        network_backend=backend,
    )


def exchange(pool: httpcore.ConnectionPool, request: httpx.Request) -> httpx.Response:
    """Send one request and return the answer with its body still to be read.

    Args:
        pool: What `open_pool` returned for the request's server.
        request: What to send.

    Raises:
        httpcore.NetworkError: The connection failed; for the others see `NETWORK_FAULTS`.
    """
    answer = pool.handle_request(
        httpcore.Request(
            method=request.method,
            url=_core_url(request.url),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
    )
    return httpx.Response(answer.status, headers=answer.headers, stream=_AnswerStream(answer))


def certificate_problem(error: BaseException) -> str | None:
    """Tell why a server's certificate is not trusted.

    Args:
        error: What `exchange` raised.

    Returns:
        The reason in TLS's words, or None where the certificate is not what failed.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None


def describe_fault(error: Exception, origin: str, hidden: Iterable[str] = ()) -> str:
    """Say in one line how the network failed.

    Args:
        error: One of `NETWORK_FAULTS`.
        origin: The server's origin.
        hidden: What must not be shown.
    """
    match error:
        case httpcore.ConnectError() | httpcore.ConnectTimeout():
            what = f"cannot connect to {origin}"
        case httpcore.TimeoutException():
            what = f"{origin} did not answer in time"
        case httpcore.ProxyError():
            what = f"the proxy does not connect to {origin}"
        case _:
            what = f"the connection to {origin} broke"
    return f"{what}: {plain_text(str(error), hidden) or type(error).__name__}"


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


def _tls_context() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise UnreadableCertificates(
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
            f"name such a one, or except {host} by NO_PROXY"
        )
    return proxy
