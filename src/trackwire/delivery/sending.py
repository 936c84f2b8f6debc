"""The delivery of a rendered snapshot (contracts/tracker-snapshot-publish.md, "Answers").

Every attempt sends the same bytes under the same idempotency key, and all attempts and waits
share one deadline. Import this module where publishing happens: httpx and tenacity cost time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import tenacity

from trackwire.deadline import Deadline
from trackwire.delivery.answer import accepted_codings
from trackwire.delivery.body import Body, choose_coding
from trackwire.delivery.posting import Answer, Posting, WorthRepeating, new_client, post
from trackwire.delivery.transport import DeadlineTransport
from trackwire.delivery.verdict import judge
from trackwire.errors import DeliveryDeferred, DeliveryError
from trackwire.origin import parse_address

if TYPE_CHECKING:
    import httpx

    from trackwire.delivery.receipt import Receipt
    from trackwire.secret import Secret

_backoff = tenacity.wait_random_exponential(multiplier=0.5, min=0.1, max=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A snapshot that the hub has accepted.

    Args:
        status_code: 201, or 200.
        replayed: Whether the hub had accepted the same publish before.
        attempts: How many requests were sent.
        receipt: What the hub answered.
        codings: The content codings that the hub said it takes, to be remembered for its
            endpoint, or None where it did not say.
    """

    status_code: int
    replayed: bool
    attempts: int
    receipt: Receipt
    codings: frozenset[str] | None


def deliver(
    body: Body,
    *,
    endpoint: str,
    key: str,
    token: Secret | None,
    codings: frozenset[str],
    timeout: float,
    notify: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = tenacity.nap.sleep,
) -> Delivery:
    """Send a snapshot until the hub accepts it, refuses it, or the time is up.

    Args:
        body: The rendered snapshot.
        endpoint: What `trackwire.destination.endpoint_url` returned.
        key: The idempotency key, bare.
        token: The hub's own token, or None to send none.
        codings: The content codings that this hub is known to take.
        timeout: Seconds for the whole delivery, attempts and waits included.
        notify: Gets one line before each wait: why, how long, which attempt follows.
        sleep: Waits so many seconds.

    Raises:
        DeliveryError: The hub's answer is final, and a person is needed.
        DeliveryDeferred: The same call may succeed later.
        CredentialError: The token cannot be sent.
        StoreError: The body's file cannot be read.
        UsageError: The environment names an unusable proxy.
    """
    posting = Posting(body=body, endpoint=endpoint, key=key, token=token)
    deadline = Deadline.after(timeout)
    transport = DeadlineTransport(parse_address(endpoint), deadline)
    with new_client(transport) as client:
        sender = _Sender(posting, client, transport, choose_coding(body, codings))
        repeatedly = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(WorthRepeating),
            wait=_wait,
            stop=tenacity.stop_before_delay(timeout),
            before_sleep=lambda state: notify(_describe_wait(state, sender.attempts + 1)),
            sleep=sleep,
            reraise=True,
        )
        try:
            return repeatedly(sender.attempt)
        except DeliveryError as refusal:
            refusal.attempts, refusal.codings = sender.attempts, sender.codings
            raise
        except WorthRepeating as last:
            raise DeliveryDeferred(
                _describe_end(last, timeout, deadline.left, sender.attempts),
                status_code=last.status_code,
                attempts=sender.attempts,
                codings=sender.codings,
            ) from last


class _Sender:
    """Counts the requests of one delivery, and learns which codings the hub takes."""

    def __init__(
        self,
        posting: Posting,
        client: httpx.Client,
        transport: DeadlineTransport,
        coding: str | None,
    ) -> None:
        self.attempts = 0
        self.codings: frozenset[str] | None = None
        self._posting = posting
        self._client = client
        self._transport = transport
        self._coding = coding
        self._refused: frozenset[str] = frozenset()

    def attempt(self) -> Delivery:
        answer = self._post()
        if answer.status_code == 415 and self._coding is not None:
            self._refused, self._coding = frozenset({self._coding}), None
            self.codings = (self.codings or frozenset()) - self._refused
            answer = self._post()
        return Delivery(
            status_code=answer.status_code,
            receipt=judge(self._posting, answer),
            replayed=answer.headers.get("Idempotent-Replayed", "").strip().lower() == "true",
            attempts=self.attempts,
            codings=self.codings,
        )

    def _post(self) -> Answer:
        self.attempts += 1
        answer = post(self._posting, self._coding, self._client, self._transport)
        said = accepted_codings(answer.headers)
        self.codings = self.codings if said is None else said - self._refused
        return answer


def _failure(state: tenacity.RetryCallState) -> WorthRepeating:
    # asked for between two attempts alone, and only such a failure lets another one follow
    return cast("WorthRepeating", state.outcome and state.outcome.exception())


def _wait(state: tenacity.RetryCallState) -> float:
    return max(_backoff(state), _failure(state).retry_after or 0)


def _describe_wait(state: tenacity.RetryCallState, attempt: int) -> str:
    return f"{_failure(state)}; attempt {attempt} follows in {_seconds(state.upcoming_sleep)}"


def _describe_end(last: WorthRepeating, timeout: float, left: float, attempts: int) -> str:
    if last.retry_after is not None and last.retry_after >= left:
        why = f"it asks to wait {_seconds(last.retry_after)}, and only {_seconds(left)} are left"
    else:
        why = "no time is left"
    count = "1 attempt" if attempts == 1 else f"{attempts} attempts"
    return (
        f"{last}; {why} of {_seconds(timeout)} after {count}. "
        "Publish again later: it sends what is current then"
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
