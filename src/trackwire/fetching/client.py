"""The client itself: what a connector knows as `context.client`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import httpx

from trackwire import __version__
from trackwire.answers import ADDRESS_FIELD, described
from trackwire.defaults import TRACKER_WAIT_SECONDS
from trackwire.errors import TrackerError
from trackwire.fetching.limits import Limits
from trackwire.fetching.repeating import RepeatingTransport
from trackwire.fetching.transport import TrackerTransport
from trackwire.origin import WebAddress, parse_address, require_safe

if TYPE_CHECKING:
    from trackwire.connector import Pause

_TIMEOUTS = httpx.Timeout(connect=10, read=60, write=30, pool=None)
_HEADERS = {
    "User-Agent": f"trackwire/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}


class TrackerClient(httpx.Client):
    """Sends requests to one tracker, each until its answer asks for no other attempt.

    A relative URL counts from the tracker's address, path included; an empty one is the address
    itself. Use it from one thread at a time, and put no secret into a URL.

    Args:
        address: The tracker's address.
        transport: Carries the requests.
        redirects: How many redirects one request follows.
        address_field: The credential field that holds the address, for errors; or None.
    """

    def __init__(
        self,
        address: WebAddress,
        transport: RepeatingTransport,
        *,
        redirects: int,
        address_field: str | None = None,
    ) -> None:
        self._repeating = transport
        self._address = f"{address.origin}{address.path}"
        self._address_field = address_field
        super().__init__(
            base_url=self._address,
            headers=_HEADERS,
            timeout=_TIMEOUTS,
            transport=transport,
            follow_redirects=True,
            max_redirects=redirects,
            trust_env=False,
        )

    @property
    def waited(self) -> float:
        """How many seconds it has waited so far, asked to or between attempts."""
        return self._repeating.waited

    def build_request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Request:
        """Build a request to the tracker; see `httpx.Client.build_request`."""
        request = super().build_request(method, self._address if url == "" else url, **options)
        request.extensions[ADDRESS_FIELD] = self._address_field
        return request

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, again and again where that may help; see `httpx.Client.send`.

        Raises:
            TrackerError: The answer cannot be used, or the request may not go there.
            TrackerDeferred: It failed for now, or the tracker asks to wait for too long.
        """
        try:
            return super().send(request, **options)
        except httpx.TooManyRedirects as error:
            raise TrackerError(
                f"{described(request)} is redirected more than {self.max_redirects} times; "
                "check the tracker's address"
            ) from error


def new_client(
    address: str,
    *,
    gateways: Sequence[str] = (),
    address_field: str | None = None,
    pause: Pause | None = None,
    max_wait: float = TRACKER_WAIT_SECONDS,
    notify: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    limits: Limits | None = None,
) -> TrackerClient:
    """Return a client for one tracker, to be closed by its user.

    Args:
        address: The tracker's address; http only on loopback.
        gateways: Other addresses that requests, and so the secrets, may go to.
        address_field: The credential field that holds the address, for errors; or None.
        pause: The provider's `pause`, or None.
        max_wait: Seconds of waiting in all, asked for and between attempts.
        notify: Gets one line before each wait of a second or more.
        sleep: Waits so many seconds.
        limits: What else it stops at; None for the usual.

    Raises:
        UsageError: An address is unusable, or plain http to a host that is not loopback.
    """
    bounds = limits or Limits()
    allowed = [_safe(url) for url in (address, *gateways)]
    transport = RepeatingTransport(
        TrackerTransport(allowed, bounds),
        bounds,
        pause=pause,
        max_wait=max_wait,
        notify=notify,
        sleep=sleep,
    )
    return TrackerClient(
        allowed[0], transport, redirects=bounds.redirects, address_field=address_field
    )


def _safe(url: str) -> WebAddress:
    address = parse_address(url)
    require_safe(address, "issues and the secrets")
    return address
