"""A pull: reads the live tracker into a scope, page by page, and goes on where it stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trackwire.census import take_census
from trackwire.defaults import OVERLAP
from trackwire.errors import CursorError, TrackerError, TrackwireError
from trackwire.journal import Run
from trackwire.model import Checkpoint
from trackwire.scope import Fill, Upserted

if TYPE_CHECKING:
    from trackwire.connector import Connector, Page, Unfit, Unplaced
    from trackwire.model import Issue
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore

CENSUS_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull has come.

    Args:
        issues: Issues read.
        pages: Pages read.
        listed: Issues listed by the census, after the pages.
    """

    issues: int
    pages: int
    listed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What is to be pulled, and how.

    Args:
        connector: Reads the resource.
        scope: Whose issues they are.
        store: The store; the caller holds the project's lock.
        fingerprint: What the stored form of an issue depends on, beside the issue; where it is
            not what it was, everything is read again.
        full: Whether to read everything again from the beginning, and to take a census.
        since: Read what changed since then, beside the regular course: the next pull begins where
            it would have begun. None for the regular course.
        limit: How many issues to take in at most, or None; the next pull goes on behind them.
        overlap: How much of what was read before is read again, for a search index that lags.
        accept_gone: Whether a census may find more than half of the issues gone.
        progress: Told after each page.
        notify: Told what a person should know while it runs.
    """

    connector: Connector
    scope: Scope
    store: TrackerSqliteStore
    fingerprint: str
    full: bool = False
    since: datetime | None = None
    limit: int | None = None
    overlap: timedelta = OVERLAP
    accept_gone: bool = False
    progress: Callable[[PullProgress], None] = lambda _: None
    notify: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull came to, or how far it came.

    Args:
        scope: Whose issues were read.
        full: Whether everything is read, not only what changed.
        since: Since when changes were read beside the regular course, or None.
        resumed: Whether it went on from where an earlier pull stopped.
        complete: Whether it reached the end of what there was to read.
        pages: Pages read.
        issues: Issues read.
        changes: The issues created, updated, unchanged and gone.
        unplaced: Names that could not be placed, each with the number of issues that bear it.
        unfit: Issues that could not be taken in, each with what is wrong with it.
        census: Whether the tracker's issues were listed, and the store agrees with the list.
        fill: How far the scope is filled now.
    """

    scope: Scope
    full: bool
    since: datetime | None = None
    resumed: bool
    complete: bool
    pages: int
    issues: int
    changes: Upserted
    unplaced: Mapping[Unplaced, int]
    unfit: Sequence[Unfit] = ()
    census: bool
    fill: Fill


def pull(request: Pull) -> PullReport:
    """Read the tracker into the scope; each page is kept as soon as it is read.

    Args:
        request: What is to be pulled.

    Raises:
        TrackerError: The tracker refused, or its answer cannot be used; what was read before is
            kept, and the error's `report` says how much that is.
        TrackerDeferred: Likewise, and the same call may succeed later.
        StoreError: The store cannot be written.
    """
    plan = _plan(request)
    tally = _Tally()
    try:
        with request.store.writing_often():
            _read(request, plan, tally)
            if tally.complete and plan.census:
                _count(request, plan, tally)
    except TrackwireError as error:
        error.report = _report(request, plan, tally)
        raise
    return _report(request, plan, tally)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What to read: `aside` leaves the regular course as it is, `census` ends with a census."""

    run: Run
    cursor: str | None = None
    resumed: bool = False
    aside: bool = False
    census: bool = False


@dataclass(slots=True)
class _Tally:
    """What was kept so far; `counted` is what counts towards the limit."""

    pages: int = 0
    issues: int = 0
    counted: int = 0
    changes: Upserted = field(default_factory=Upserted)
    unplaced: Counter[Unplaced] = field(default_factory=Counter)
    unfit: dict[str, Unfit] = field(default_factory=dict)
    complete: bool = False
    census: bool = False


def _plan(request: Pull) -> _Plan:
    held = request.store.issue_count(request.scope)
    begun = Run(full=True, fingerprint=request.fingerprint, held=held)
    if request.since is not None:
        return _Plan(
            run=msgspec.structs.replace(begun, full=False, since=request.since), aside=True
        )
    if request.full:
        return _Plan(run=begun, census=True)
    state = request.store.journal.state(request.scope)
    checkpoint = request.store.get_checkpoint(request.scope)
    is_due = request.accept_gone or _is_census_due(state.census_at)
    stopped, watermark = state.run, checkpoint.updated_since
    if stopped is not None and stopped.fingerprint == request.fingerprint:
        return _Plan(
            run=stopped, cursor=checkpoint.cursor, resumed=True, census=is_due or stopped.full
        )
    if watermark is None or state.fingerprint != request.fingerprint:
        if watermark is not None:
            request.notify(
                "every issue is read again: some came in another way, or what their stored form "
                "depends on has changed (a map, the plugin's version, the address)"
            )
        return _Plan(run=begun, census=True)
    since = watermark - request.overlap
    return _Plan(run=msgspec.structs.replace(begun, full=False, since=since), census=is_due)


def _is_census_due(last: datetime | None) -> bool:
    return last is None or not timedelta(0) <= datetime.now(UTC) - last < CENSUS_EVERY


def _read(request: Pull, plan: _Plan, tally: _Tally) -> None:
    run, cursor = plan.run, plan.cursor
    with closing(_pages(request, plan)) as pages:
        for page in pages:
            run, cursor = _keep(request, plan, run, cursor, page, tally)
            request.progress(PullProgress(tally.issues, tally.pages))
            if tally.counted == request.limit:
                break
    if run.full and len(tally.unfit) > tally.issues:
        raise TrackerError(
            f"{len(tally.unfit)} issues cannot be taken in, and {tally.issues} can; the first: "
            f"{next(iter(tally.unfit.values())).problem}; report it to the plugin's author"
        )
    if tally.changes.gone * 2 > plan.run.held:
        request.notify(
            f"{tally.changes.gone} of {plan.run.held} issues are archived, in the trash or moved "
            "elsewhere, says the tracker, and so are gone"
        )


def _pages(request: Pull, plan: _Plan) -> Generator[Page]:
    try:
        yield from request.connector.pages(plan.run.since, plan.cursor)
    except CursorError as error:
        request.notify(f"{error}; reading begins again")
        yield from request.connector.pages(plan.run.since, None)


def _keep(
    request: Pull, plan: _Plan, run: Run, cursor: str | None, page: Page, tally: _Tally
) -> tuple[Run, str | None]:
    """Store a page, up to the limit, and tell how far the run is then, and where it goes on."""
    store, scope = request.store, request.scope
    with store.writing():
        written = _write(request, plan, run, page, tally)
        changes = written.changes
        run = _raised(run, page.issues[: written.taken])
        is_whole = written.taken == len(page.issues)
        if is_whole:
            changes += Upserted(gone=store.mark_gone(scope, page.gone))
            cursor = page.cursor
        if store.fill(scope) is Fill.NEVER:
            store.set_fill(scope, Fill.PARTIAL)
        store.journal.reform(scope, run.fingerprint)
        is_complete = is_whole and cursor is None
        if not plan.aside:
            _record_progress(request, run, cursor, is_complete=is_complete)
    tally.pages += 1
    tally.issues += written.taken
    tally.counted += written.counted
    tally.changes += changes
    tally.unplaced.update(page.unplaced)
    tally.unfit.update((one.id, one) for one in page.unfit)
    tally.complete = is_complete
    return run, cursor


class _Written(NamedTuple):
    changes: Upserted
    taken: int
    counted: int


def _write(request: Pull, plan: _Plan, run: Run, page: Page, tally: _Tally) -> _Written:
    store, scope, keep_newer = request.store, request.scope, not run.full
    if request.limit is None:
        changes = store.upsert_issues(scope, page.issues, keep_newer=keep_newer)
        return _Written(changes, len(page.issues), len(page.issues))
    is_known = plan.resumed and not tally.pages  # the last pull may have taken a part of it
    changes, taken, counted = Upserted(), 0, 0
    for issue in page.issues:
        if tally.counted + counted == request.limit:
            break
        change = store.upsert_issues(scope, (issue,), keep_newer=keep_newer)
        changes += change
        taken += 1
        counted += not (is_known and change.unchanged)
    return _Written(changes, taken, counted)


def _raised(run: Run, issues: Sequence[Issue]) -> Run:
    now = datetime.now(UTC)  # a date in the future is nobody's last change
    times = [
        issue.updated_at
        for issue in issues
        if issue.updated_at is not None and issue.updated_at <= now
    ]
    if run.high is not None:
        times.append(run.high)
    return msgspec.structs.replace(run, high=max(times, default=None))


def _record_progress(request: Pull, run: Run, cursor: str | None, *, is_complete: bool) -> None:
    store, scope = request.store, request.scope
    before = store.get_checkpoint(scope).updated_since
    if not is_complete:
        store.set_checkpoint(scope, Checkpoint(cursor=cursor, updated_since=before))
        store.journal.go_on(scope, run)
        return
    known = [time for time in (run.high, None if run.full else before) if time is not None]
    store.set_checkpoint(scope, Checkpoint(updated_since=max(known, default=before)))
    store.journal.finish(scope, run, datetime.now(UTC))


def _count(request: Pull, plan: _Plan, tally: _Tally) -> None:
    found = take_census(
        request.connector,
        request.store,
        request.scope,
        held=0 if request.accept_gone else plan.run.held,
        trust=plan.run.full,
        progress=lambda listed: request.progress(PullProgress(tally.issues, tally.pages, listed)),
    )
    tally.changes += found.changes
    tally.unplaced.update(found.unplaced)
    tally.unfit.update((one.id, one) for one in found.unfit)
    tally.census = True


def _report(request: Pull, plan: _Plan, tally: _Tally) -> PullReport:
    return PullReport(
        scope=request.scope,
        full=plan.run.full,
        since=request.since,
        resumed=plan.resumed,
        complete=tally.complete,
        pages=tally.pages,
        issues=tally.issues,
        changes=tally.changes,
        unplaced=dict(tally.unplaced),
        unfit=tuple(tally.unfit.values()),
        census=tally.census,
        fill=request.store.fill(request.scope),
    )
