"""One POST of a snapshot: the request as it leaves, and the answer as it came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore
import httpx

from trackwire import __version__
from trackwire.answers import plain_text
from trackwire.delivery.body import Body, opened
from trackwire.destination import hub_of
from trackwire.errors import CredentialError, DeliveryError
from trackwire.network import NETWORK_FAULTS, certificate_problem, describe_fault
from trackwire.origin import origin_of

if TYPE_CHECKING:
    from trackwire.delivery.transport import DeadlineTransport
    from trackwire.secret import Secret

ACCEPTED_STATUS_CODES = frozenset({200, 201})
ANSWER_LIMIT_BYTES = 1 << 20

_TIMEOUTS = httpx.Timeout(connect=10, write=30, read=60, pool=None)
_SENDABLE_TOKEN = re.compile(r"[\x21-\x7e]+")


class WorthRepeating(Exception):  # noqa: N818 - steers the attempts and never leaves a delivery
    """An attempt failed in a way that the next one may not.

    Args:
        reason: What happened.
        status_code: The HTTP status of the answer, or None without one.
        retry_after: Seconds that the hub asks to wait, or None where it does not.
    """

    def __init__(
        self, reason: str, *, status_code: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(reason)
        self.status_code = status_code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What every attempt of a delivery sends, and where.

    Args:
        body: The rendered snapshot.
        endpoint: The normalized URL.
        key: The idempotency key, bare.
        token: The hub's own token, or None to send none.

    Raises:
        CredentialError: The token has characters that no header can carry.
    """

    body: Body
    endpoint: str
    key: str
    token: Secret | None

    def __post_init__(self) -> None:
        if self.token is not None and not _SENDABLE_TOKEN.fullmatch(self.token.reveal()):
            raise CredentialError(
                "the hub's token is empty or has characters that a token cannot have; "
                f"store it again with `trackwire login {hub_of(self.endpoint)}`, "
                "or mend TRACKWIRE_HUB_TOKEN"
            )

    @property
    def origin(self) -> str:
        """The hub's origin."""
        return origin_of(self.endpoint)

    @property
    def hidden(self) -> tuple[str, ...]:
        """What no text may show."""
        return (self.key,) if self.token is None else (self.key, self.token.reveal())

    def headers(self, coding: str | None) -> dict[str, str]:
        """Return the request's headers.

        Args:
            coding: The content coding that the body travels in, or None.
        """
        headers = {
            "User-Agent": f"trackwire/{__version__}",
            "Accept": "application/json, application/problem+json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Content-Type": "application/json",
            "Idempotency-Key": self.key,
            "Repr-Digest": self.body.repr_digest,
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        if coding is None:
            headers["Content-Length"] = str(self.body.size)
        else:
            headers["Content-Encoding"] = coding
        return headers


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the hub, read.

    Args:
        status_code: The HTTP status.
        headers: The headers.
        content: The body; None where it is longer than 1 MiB. That of a refusal may be cut
            short by the network, that of an acceptance is whole.
    """

    status_code: int
    headers: httpx.Headers
    content: bytes | None


class _Redirected(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def new_client(transport: DeadlineTransport) -> httpx.Client:
    """Return a client that follows no redirect and trusts no environment.

    Args:
        transport: Carries its requests.
    """
    return httpx.Client(
        transport=transport,
        timeout=_TIMEOUTS,
        follow_redirects=False,
        trust_env=False,
        event_hooks={"response": [_stop_at_redirect]},
    )


def post(
    posting: Posting, coding: str | None, client: httpx.Client, transport: DeadlineTransport
) -> Answer:
    """Send one request, out of the file anew, and read the answer.

    Args:
        posting: What to send.
        coding: The content coding to send it in, or None.
        client: Sends it.
        transport: The client's.

    Raises:
        WorthRepeating: The network failed.
        DeliveryError: The answer is no HTTP, or the server's certificate is not trusted.
        StoreError: The body's file cannot be read.
    """
    try:
        with opened(posting.body, coding) as pieces:
            return _exchange(posting, coding, client, pieces)
    except _Redirected as redirected:
        return redirected.answer
    except NETWORK_FAULTS as error:
        if isinstance(error, httpcore.RemoteProtocolError) and not transport.peer_hung_up:
            raise _not_http(posting, error) from error
        if (problem := certificate_problem(error)) is not None:
            raise _untrusted(posting, problem) from error
        raise WorthRepeating(describe_fault(error, posting.origin, posting.hidden)) from error


def _stop_at_redirect(response: httpx.Response) -> None:
    # The client reads a Location even where it follows none, and fails in its own ways on bad ones.
    if response.has_redirect_location:
        raise _Redirected(Answer(response.status_code, response.headers, b""))


def _exchange(
    posting: Posting, coding: str | None, client: httpx.Client, pieces: Iterator[bytes]
) -> Answer:
    with client.stream(
        "POST", posting.endpoint, headers=posting.headers(coding), content=pieces
    ) as response:
        return Answer(response.status_code, response.headers, _read(response))


def _read(response: httpx.Response) -> bytes | None:
    content = bytearray()
    try:
        for piece in response.iter_raw():
            content += piece
            if len(content) > ANSWER_LIMIT_BYTES:
                return None
    except NETWORK_FAULTS:
        if response.status_code in ACCEPTED_STATUS_CODES:
            raise
    return bytes(content)


def _untrusted(posting: Posting, problem: str) -> DeliveryError:
    return DeliveryError(
        f"the certificate of {posting.origin} is not trusted: {problem}; nothing was sent. "
        "Where it is right, name its authority's file in SSL_CERT_FILE"
    )


def _not_http(posting: Posting, error: Exception) -> DeliveryError:
    text = plain_text(str(error), posting.hidden)
    return DeliveryError(f"{posting.origin} does not speak HTTP/1.1 ({text}); is this a hub?")
