"""The waits of a client: those that the tracker asks for, and those between attempts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import httpx
import tenacity

from trackwire.answers import ADDRESS_FIELD, retry_after, words_of
from trackwire.errors import TrackerDeferred
from trackwire.fetching.transport import NetworkFailure

if TYPE_CHECKING:
    from trackwire.connector import Pause
    from trackwire.fetching.limits import Limits

RETRIED_STATUS_CODES = frozenset({408, 425, 429, 500, 502, 503, 504})

_SHORTEST_WAIT = 1.0  # what a tracker that asks for no wait at all gets
_TOLD_FROM = 1.0
_LATER = "Run the command again later"
_FIRST_ATTEMPTS = 3  # of a client that nobody has answered yet: the address may be wrong
_REASONS = {429: "rate limit", 503: "out of service"}
_backoff = tenacity.wait_random_exponential(multiplier=1, min=0.1, max=60)


class RepeatingTransport(httpx.BaseTransport):
    """Repeats what failed for now, and sends nothing sooner than the tracker asks.

    Args:
        inner: Sends one request and returns the answer read, or raises `NetworkFailure`.
        limits: How often it tries, and how long.
        pause: Tells how long an answer asks to wait, besides by `Retry-After`; or None.
        max_wait: Seconds of waiting in all.
        notify: Gets one line before each wait of a second or more.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        limits: Limits,
        *,
        pause: Pause | None,
        max_wait: float,
        notify: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self.waited = 0.0
        """Seconds waited so far."""
        self._inner = inner
        self._limits = limits
        self._pause = pause
        self._max_wait = max_wait
        self._notify = notify
        self._sleep = sleep
        self._not_before = 0.0
        self._answered = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until its answer asks for no other attempt.

        Raises:
            TrackerDeferred: It failed too often, or the next wait would be too long.
            TrackerError: What another attempt would not mend.
        """
        request.read()  # so that each attempt can send it whole
        self._keep_pace(request)
        attempts = _Attempts(request, self._inner, self.asked_wait)
        repeatedly = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=self._next_wait,
            stop=lambda state: self._ends(attempts, state),
            before_sleep=lambda state: self._tell(
                state.upcoming_sleep, _describe_wait(state, attempts.host)
            ),
            sleep=self._wait,
            reraise=True,
        )
        try:
            response = repeatedly(attempts.send)
        except _Again as last:
            self._hold_back(last.asked)
            raise TrackerDeferred(self._describe_end(last, attempts)) from last
        finally:
            self._answered = self._is_answered(attempts)
        if response.status_code < 400:
            self._hold_back(self.asked_wait(response))
        return response

    def asked_wait(self, response: httpx.Response) -> float | None:
        """Tell how many seconds an answer asks to wait, or None where it does not ask.

        Args:
            response: The answer, read.
        """
        asked = self._pause(response) if self._pause else None
        if response.status_code in RETRIED_STATUS_CODES:
            own = retry_after(response.headers)
            asked = own if asked is None else max(own or 0.0, asked)
        return asked if asked is None else max(0.0, asked)  # and 0 where it is not a number

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _hold_back(self, asked: float | None) -> None:
        self._not_before = time.monotonic() + (asked or 0.0)

    def _keep_pace(self, request: httpx.Request) -> None:
        wait = self._not_before - time.monotonic()
        if wait <= 0:
            return
        asks = f"{_host(request)} asks to wait {_seconds(wait)} before the next request"
        if self.waited + wait > self._max_wait:
            raise TrackerDeferred(f"{asks}; {self._no_more_waiting}")
        self._tell(wait, f"{asks} (rate limit)")
        self._wait(wait)

    def _next_wait(self, state: tenacity.RetryCallState) -> float:
        asked, backoff = _failure(state).asked, _backoff(state)
        if asked is None:
            return backoff
        return max(asked, min(backoff, self._max_wait - self.waited))

    def _ends(self, attempts: _Attempts, state: tenacity.RetryCallState) -> bool:
        if self.waited + state.upcoming_sleep > self._max_wait:
            return True
        return _failure(state).asked is None and self._is_hopeless(attempts)

    def _is_answered(self, attempts: _Attempts) -> bool:
        return self._answered or attempts.answered

    def _is_hopeless(self, attempts: _Attempts) -> bool:
        most = self._limits.attempts
        if not self._is_answered(attempts):
            most = min(most, _FIRST_ATTEMPTS)
        return attempts.unasked >= most or attempts.seconds_lost >= self._limits.answer_seconds

    def _wait(self, seconds: float) -> None:
        self.waited += seconds
        self._sleep(seconds)

    def _tell(self, seconds: float, line: str) -> None:
        if seconds >= _TOLD_FROM:
            self._notify(line)

    def _describe_end(self, last: _Again, attempts: _Attempts) -> str:
        if last.asked is not None:
            asks = f"{attempts.host} asks to wait {_seconds(last.asked)}"
            return f"{last}; {asks}, and {self._no_more_waiting}"
        if self._is_hopeless(attempts):
            count = "1 attempt" if attempts.count == 1 else f"{attempts.count} attempts"
            return f"{last}; given up after {count}. {self._remedy(attempts)}"
        return f"{last}; {self._no_more_waiting}"

    def _remedy(self, attempts: _Attempts) -> str:
        if self._is_answered(attempts):
            return _LATER
        return f"Check {attempts.address_field}, or whether the network is up"

    @property
    def _no_more_waiting(self) -> str:
        limit, waited = self._max_wait, self.waited
        spent = f", {_seconds(waited)} of which are spent" if waited else ""
        return f"no more than {_seconds(limit)} are for waiting{spent}. {_LATER}"


class _Again(Exception):  # noqa: N818 - steers the attempts and never leaves this module
    """An attempt failed, and another may not.

    Args:
        reason: What happened.
        asked: Seconds that the tracker asks to wait, or None where it does not.
        why: Why it asks, in two or three words.
    """

    def __init__(self, reason: str, *, asked: float | None = None, why: str = "") -> None:
        super().__init__(reason)
        self.asked = asked
        self.why = why


class _Attempts:
    """Counts the attempts of one request."""

    def __init__(
        self,
        request: httpx.Request,
        transport: httpx.BaseTransport,
        asked_wait: Callable[[httpx.Response], float | None],
    ) -> None:
        self.count = 0
        self.unasked = 0
        self.seconds_lost = 0.0
        self.answered = False
        self.host = _host(request)
        self.address_field = request.extensions.get(ADDRESS_FIELD) or "the tracker's address"
        self._request = request
        self._transport = transport
        self._asked_wait = asked_wait

    def send(self) -> httpx.Response:
        self.count += 1
        started = time.monotonic()
        try:
            response = self._transport.handle_request(self._request)
            self.answered = True
            self._check(response)
        except NetworkFailure as failure:
            self._lose(started)
            raise _Again(str(failure)) from failure
        except _Again as again:
            if again.asked is None:
                self._lose(started)
            raise
        return response

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status < 400:
            return
        asked = self._asked_wait(response)
        if asked is None and status not in RETRIED_STATUS_CODES:
            return
        words = words_of(response)
        raise _Again(
            f"{self.host} cannot answer now (HTTP {status}{': ' if words else ''}{words})",
            asked=asked if asked is None else max(_SHORTEST_WAIT, asked),
            why=_REASONS.get(status, "rate limit"),
        )

    def _lose(self, started: float) -> None:
        self.unasked += 1
        self.seconds_lost += time.monotonic() - started


def _failure(state: tenacity.RetryCallState) -> _Again:
    # asked for between two attempts alone, and only such a failure lets another one follow
    return cast("_Again", state.outcome and state.outcome.exception())


def _describe_wait(state: tenacity.RetryCallState, host: str) -> str:
    failure = _failure(state)
    follows = f"attempt {state.attempt_number + 1} follows in {_seconds(state.upcoming_sleep)}"
    if failure.asked is None:
        return f"{failure}; {follows}"
    return f"{host} asks to wait {_seconds(failure.asked)} ({failure.why}); {follows}"


def _host(request: httpx.Request) -> str:
    return request.url.netloc.decode("ascii", "replace")


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
