"""Rules about what a connector does when the tracker fails: nothing is lost, nothing made up."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from trackwire.errors import ProviderError, TrackerDeferred, TrackerError
from trackwire.scope import Fill
from trackwire.testing import faults
from trackwire.testing.rules.pulling import (
    error_of,
    instead,
    pulled,
    require_complete,
)
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.samples import edited, sample, samples
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    from trackwire.testing.subject import Subject

_SOME, _MANY = 12, 23
_PATIENCE = 10.0  # seconds, where a wait of one is asked for
_IMPATIENCE = 5.0
_LONG_WAIT = 30.0
_TOO_LONG = 20.0  # has waited, whatever the machine does beside


def _pull_error(bench: Workbench, what: str, **options: Any) -> BaseException:
    """Pull, and require that it meets the planned fault and fails."""
    error = error_of(partial(bench.pull, **options))
    _require_met(bench)
    if error is None:
        raise Violation(f"{what}: the pull ended as if all were read")
    return error


def _require_met(bench: Workbench) -> None:
    if not any(exchange.is_faulty for exchange in bench.api.exchanges):
        pages = sum(exchange.is_page for exchange in bench.api.exchanges)
        raise Violation(
            f"no request met the fault: the emulator gave {pages} answers with is_page=True for "
            f"{len(bench.api.issues)} issues"
        )


def _ends_repetition(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        bench.api.plan(faults.repeated_page(), times=None, pages=True)
        error = error_of(bench.pull)
        if bench.api.has_given_up:
            count = len(bench.api.exchanges)
            raise Violation(f"the same page was asked for without end: {count} requests")
        _require_met(bench)
        if error is None:
            raise Violation("the pull ended as if all were read")
        if not isinstance(error, TrackerError):
            raise Violation(instead(bench, "TrackerError", error))
        _require_incomplete(bench)


def _repeats_truncated(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        bench.api.plan(faults.truncated(), after=1, pages=True)
        pulled(bench, "a pull whose second page broke off once", max_wait=_PATIENCE)
        _require_met(bench)
        require_complete(bench)


def _keeps_no_half_page(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        bench.api.plan(faults.truncated(), after=1, times=None, pages=True)
        what = "every page from the second on breaks off"
        error = _pull_error(bench, what)
        if not isinstance(error, TrackerDeferred):
            raise Violation(f"{what}: {instead(bench, 'TrackerDeferred', error)}")
        _require_incomplete(bench)


def _require_incomplete(bench: Workbench) -> None:
    if bench.fill() is Fill.COMPLETE or bench.checkpoint().updated_since is not None:
        raise Violation("after the pull that failed, the project's issues count as complete")


def _waits_shortly(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        bench.api.plan(faults.status(429, {"Retry-After": "0"}), after=1, pages=True)
        pulled(bench, "a pull with a 429 and Retry-After: 0", max_wait=_PATIENCE)
        _require_met(bench)
        require_complete(bench)


def _defers_long_waits(subject: Subject) -> None:
    for pages, after in ((False, 0), (True, 1)):
        with Workbench.of(subject, issues=samples(_SOME)) as bench:
            fault = faults.status(429, {"Retry-After": f"{_LONG_WAIT:.0f}"})
            bench.api.plan(fault, after=after, times=None, pages=pages)
            where = "the second page" if pages else "the first request"
            what = f"429 with Retry-After: {_LONG_WAIT:.0f} at {where}"
            begun = time.monotonic()
            error = _pull_error(bench, what, max_wait=_IMPATIENCE)
            if time.monotonic() - begun > _TOO_LONG:
                raise Violation(f"{what}: it was waited for, with {_IMPATIENCE:.0f} s allowed")
            if not isinstance(error, TrackerDeferred):
                raise Violation(f"{what}: {instead(bench, 'TrackerDeferred', error)}")
            first = next(n for n, one in enumerate(bench.api.exchanges) if one.is_faulty)
            if more := bench.api.exchanges[first + 1 :]:
                raise Violation(f"{what}: {len(more)} more requests were sent")


def _repeats_after_500(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        bench.api.plan(faults.status(500))
        bench.api.plan(faults.status(500), after=1, pages=True)
        pulled(bench, "a pull with a 500 at its first request and a page", max_wait=_PATIENCE)
        require_complete(bench)


def _goes_on(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_MANY)) as bench:
        bench.api.plan(faults.hang_up(), after=3, times=None, pages=True)
        what = "the connection breaks at the fourth page"
        error = _pull_error(bench, what)
        if not isinstance(error, TrackerError):
            raise Violation(f"{what}: {instead(bench, 'TrackerError', error)}")
        if not bench.issues():
            raise Violation(f"{what}: the pages before it are lost")
        bench.api.mend()
        first, *others = bench.api.issues
        new = sample(_MANY)
        bench.api.issues = [*others, new, edited(first, new)]
        report = pulled(bench, "the pull after the interruption")
        if report.issues >= len(bench.api.issues):
            raise Violation(
                f"the pull after the interruption read {report.issues} issues, all of them, and "
                "did not go on where the one before stopped"
            )
        # what changed meanwhile may be told by none of the pages that were left
        pulled(bench, "the second pull after the interruption")
        require_complete(bench, "after the interruption and two pulls")


def _bears_strange_cursors(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_SOME)) as bench, bench.connector() as connector:
        there = {issue.id for issue in bench.api.issues}
        try:
            pages = list(connector.pages(None, "of no kind"))
        except TrackerError:
            bench.api.failure = None  # an emulator need not know what is no token of its own
            return
        except ProviderError as error:
            raise Violation(instead(bench, "CursorError", error)) from error
    if missing := there - {issue.ref.id for page in pages for issue in page.issues}:
        raise Violation(f"{len(missing)} of {len(there)} issues are read on none of the pages")


RULES: tuple[Rule, ...] = (
    Rule(
        id="repeated-page",
        text=(
            "A tracker that gives the same page again and again ends the pull with a TrackerError."
        ),
        reason="The pull would never end, or end with most issues missing.",
        remedy=(
            "Read pages with trackwire.windows.read_windows or read_tokens, or raise a "
            "TrackerError for a page token that comes twice."
        ),
        need=Need.CONNECT,
        check=_ends_repetition,
    ),
    Rule(
        id="truncated-page",
        text="A page whose connection breaks off is asked for again, and then read whole.",
        reason="A bad line would end every long pull.",
        remedy="Leave it to context.client, which asks again, and do not catch what it raises.",
        need=Need.CONNECT,
        check=_repeats_truncated,
    ),
    Rule(
        id="truncated-for-good",
        text=(
            "Where pages keep breaking off, the pull ends with a TrackerDeferred and is not "
            "complete."
        ),
        reason="Half of the issues would be published as all of them.",
        remedy="Leave it to context.client, and do not catch what it raises.",
        need=Need.CONNECT,
        check=_keeps_no_half_page,
    ),
    Rule(
        id="retry-after-0",
        text="After a 429 with Retry-After: 0 the pull goes on and is complete.",
        reason="Every busy hour of the tracker would end the pull.",
        remedy="Leave it to context.client, which waits and asks again.",
        need=Need.CONNECT,
        check=_waits_shortly,
    ),
    Rule(
        id="retry-after-30",
        text=(
            "Where the tracker asks to wait longer than allowed, the pull ends with a "
            "TrackerDeferred, without waiting or asking again."
        ),
        reason="A command that may wait 5 s would hang, and the tracker lock the account out.",
        remedy="Leave it to context.client: do not sleep, and do not catch what it raises.",
        need=Need.CONNECT,
        check=_defers_long_waits,
    ),
    Rule(
        id="status-500",
        text="After a 500 the request is sent again, and the pull is complete.",
        reason="Every hiccup of the tracker would end the pull.",
        remedy="Leave it to context.client, and give read_answer the answer that it returns.",
        need=Need.CONNECT,
        check=_repeats_after_500,
    ),
    Rule(
        id="resumption",
        text="A pull that broke off goes on where it stopped, and is complete then.",
        reason="A large resource behind a bad line would never be read to its end.",
        remedy=(
            "Give each Page the cursor of the place behind it, and begin there in Connector.pages."
        ),
        need=Need.CONNECT,
        check=_goes_on,
    ),
    Rule(
        id="strange-cursor",
        text="A cursor that is none of the plugin's ends in a CursorError, or all is read.",
        reason=(
            "After an update of the plugin, or a change by hand, every pull would end in a crash."
        ),
        remedy=(
            "Raise trackwire.errors.CursorError for a cursor that cannot be read: "
            "trackwire.windows.read_windows does."
        ),
        need=Need.CONNECT,
        check=_bears_strange_cursors,
    ),
)
"""In the order in which they are checked."""
