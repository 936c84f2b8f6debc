"""The connection under a delivery: to one server, and over at the deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from trackwire.deadline import Deadline, DeadlineBackend
from trackwire.errors import DeliveryError
from trackwire.network import UnreadableCertificates, exchange, open_pool

if TYPE_CHECKING:
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
        try:
            self._pool = open_pool(address, self._backend)
        except UnreadableCertificates as error:
            raise DeliveryError(str(error)) from error

    @property
    def peer_hung_up(self) -> bool:
        """Whether the peer has ended the last connection."""
        return self._backend.peer_hung_up

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return the answer with its body still to be read."""
        return exchange(self._pool, request)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()
