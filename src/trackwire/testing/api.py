"""A made-up tracker on loopback, as an emulator renders it, which fails where a test says so."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from trackwire.testing.emulator import Answer, Emulator, Request, SampleIssue, SampleTracker
from trackwire.testing.faults import Fault, Occasion, echoing
from trackwire.testing.serving import LoopbackServer

PAGE_SIZE = 5
"""How many issues a page has: the fewest that `trackwire.windows` can do with."""

MOST_REQUESTS = 2500
"""After so many requests the tracker hangs up: whoever asks so often asks without end."""


class EmulatorError(Exception):
    """The emulator failed to answer a request; the text names the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what it was answered.

    Args:
        request: The request.
        status: The HTTP status that was sent, or None where the connection was cut before.
        is_page: Whether the true answer is a page of the list of issues.
        is_faulty: Whether a planned fault took the true answer's place.
    """

    request: Request
    status: int | None
    is_page: bool
    is_faulty: bool


class FaultyApi:
    """Serves a tracker's API on loopback, records its requests, and takes planned faults.

    A context manager. What the tracker holds may change at any time: set `issues`.

    Args:
        emulator: Renders the answers.
        resource_id: The resource that the issues belong to.
        issues: What the tracker holds at first, in any order.
        page_size: How many issues one page has at most; five or more.
    """

    def __init__(
        self,
        emulator: Emulator,
        resource_id: str,
        issues: Sequence[SampleIssue] = (),
        *,
        page_size: int = PAGE_SIZE,
    ) -> None:
        self.exchanges: list[Exchange] = []
        """Every request with its answer, in the order of the answers."""
        self.has_given_up = False
        """Whether it was asked so often that it hung up."""
        self.failure: EmulatorError | None = None
        """What the emulator raised first, or None."""
        self._emulator = emulator
        self._tracker = SampleTracker(
            resource_id=resource_id, issues=_ordered(issues), page_size=page_size
        )
        self._plans: list[_Plan] = []
        self._lock = threading.RLock()  # a fault may change what the tracker holds

    def __enter__(self) -> Self:
        self._server = LoopbackServer(self._respond)  # it takes its port at once
        self._server.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self._server.__exit__(*reason)

    @property
    def url(self) -> str:
        """The tracker's address, with the emulator's path."""
        return f"{self._server.url}{self._emulator.path}"

    @property
    def issues(self) -> Sequence[SampleIssue]:
        """What the tracker holds, by the last change."""
        return self._tracker.issues

    @issues.setter
    def issues(self, issues: Sequence[SampleIssue]) -> None:
        with self._lock:
            self._tracker = replace(self._tracker, issues=_ordered(issues))

    @property
    def resource_id(self) -> str:
        """The resource that the issues belong to; that of the binding, until it is set."""
        return self._tracker.resource_id

    @resource_id.setter
    def resource_id(self, resource_id: str) -> None:
        with self._lock:
            self._tracker = replace(self._tracker, resource_id=resource_id)

    @property
    def requests(self) -> list[Request]:
        """Every request, in the order of their answers."""
        return [exchange.request for exchange in self.exchanges]

    def plan(
        self, fault: Fault, *, after: int = 0, times: int | None = 1, pages: bool = False
    ) -> None:
        """Have requests fail from now on; of several plans for one request the first counts.

        Args:
            fault: What is sent in place of the truth, such as `faults.status(404)`.
            after: How many requests are answered truly before.
            times: How many fail, one after the other; None for all that follow.
            pages: Whether only requests for pages of the list of issues count, and fail.
        """
        with self._lock:
            self._plans.append(_Plan(fault, after, times, pages))

    def mend(self) -> None:
        """Forget all plans: from now on the truth is told."""
        with self._lock:
            self._plans.clear()

    def _respond(self, request: Request) -> Answer | None:
        with self._lock:
            self.has_given_up = self.has_given_up or len(self.exchanges) >= MOST_REQUESTS
            truth = None if self.has_given_up else self._truth(request)
            if truth is None:
                return self._recorded(request, None, truth)
            answer: Answer | None = truth
            for plan in self._plans:
                if plan.strikes(truth):
                    occasion = Occasion(request=request, answer=truth, emulator=self._emulator)
                    answer = plan.fault(occasion)
                    break
            return self._recorded(request, answer, truth)

    def _truth(self, request: Request) -> Answer | None:
        try:
            return self._emulator.answer(request, self._tracker)
        except Exception as error:
            failure = EmulatorError(
                f"the emulator failed on {request.method} {request.path}: "
                f"{type(error).__name__}: {error}"
            )
            failure.__cause__ = error
            self.failure = self.failure or failure
            return None

    def _recorded(
        self, request: Request, answer: Answer | None, truth: Answer | None
    ) -> Answer | None:
        self.exchanges.append(
            Exchange(
                request=request,
                status=answer.status if answer else None,
                is_page=truth is not None and truth.is_page,
                is_faulty=truth is not None and answer is not truth,
            )
        )
        return echoing(answer, request) if answer and answer.status >= 400 else answer


@dataclass(slots=True)
class _Plan:
    fault: Fault
    after: int
    times: int | None
    pages: bool

    def strikes(self, answer: Answer) -> bool:
        """Tell whether a request fails by this plan, and count it.

        Args:
            answer: The true answer to the request.
        """
        if self.times == 0 or (self.pages and not answer.is_page):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


def _ordered(issues: Sequence[SampleIssue]) -> tuple[SampleIssue, ...]:
    return tuple(sorted(issues, key=lambda issue: (issue.updated_at, int(issue.id))))
