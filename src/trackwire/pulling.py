"""A pull: reads the live tracker into a scope, page by page, and goes on where it stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from trackwire.census import take_census
from trackwire.errors import CursorError, ProviderError, TrackwireError
from trackwire.journal import Run
from trackwire.model import Checkpoint
from trackwire.scope import Fill, Upserted

if TYPE_CHECKING:
    from trackwire.connector import Connector, Page, Unplaced
    from trackwire.model import Issue
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore

DEFAULT_OVERLAP = timedelta(hours=1)
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
        full: Whether to read everything again, and to take a census.
        since: Read what changed since then, beside the regular course: the next pull begins where
            it would have begun. None for the regular course.
        limit: How many issues to read at most, or None; the next pull goes on behind them.
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
    overlap: timedelta = DEFAULT_OVERLAP
    accept_gone: bool = False
    progress: Callable[[PullProgress], None] = lambda _: None
    notify: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What a pull came to, or how far it came.

    Args:
        scope: Whose issues were read.
        full: Whether everything is read, not only what changed.
        resumed: Whether it went on from where an earlier pull stopped.
        complete: Whether it reached the end of what there was to read.
        pages: Pages read.
        issues: Issues read.
        changes: The issues created, updated, unchanged and gone.
        unplaced: Names that could not be placed, each with the number of issues that bear it.
        census: Whether the tracker's issues were listed, and the store agrees with the list.
        fill: How far the scope is filled now.
    """

    scope: Scope
    full: bool
    resumed: bool
    complete: bool
    pages: int
    issues: int
    changes: Upserted
    unplaced: Mapping[Unplaced, int]
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
        run = _read(request, plan, tally)
        if tally.complete and plan.census:
            _count(request, run, tally)
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
    pages: int = 0
    issues: int = 0
    changes: Upserted = field(default_factory=Upserted)
    unplaced: Counter[Unplaced] = field(default_factory=Counter)
    complete: bool = False
    census: bool = False


def _plan(request: Pull) -> _Plan:
    if request.since is not None:
        run = Run(full=False, fingerprint=request.fingerprint, since=request.since)
        return _Plan(run=run, aside=True)
    state = request.store.journal.state(request.scope)
    checkpoint = request.store.get_checkpoint(request.scope)
    stopped = state.run
    if (
        stopped is not None
        and stopped.fingerprint == request.fingerprint
        and (stopped.full or not request.full)
    ):
        census = stopped.full or _is_census_due(request, state.census_at)
        return _Plan(run=stopped, cursor=checkpoint.cursor, resumed=True, census=census)
    watermark = checkpoint.updated_since
    if request.full or watermark is None or state.fingerprint != request.fingerprint:
        if watermark is not None and not request.full:
            request.notify("every issue is read again: what its stored form depends on has changed")
        return _Plan(run=Run(full=True, fingerprint=request.fingerprint), census=True)
    since = watermark - request.overlap
    run = Run(full=False, fingerprint=request.fingerprint, since=since)
    return _Plan(run=run, census=_is_census_due(request, state.census_at))


def _is_census_due(request: Pull, last: datetime | None) -> bool:
    if last is None or request.accept_gone:
        return True
    return not timedelta(0) <= datetime.now(UTC) - last < CENSUS_EVERY


def _read(request: Pull, plan: _Plan, tally: _Tally) -> Run:
    run, cursor = plan.run, plan.cursor
    with closing(_pages(request, plan)) as pages:
        for page in pages:
            issues = _within_limit(request, tally, page)
            run = _raised(run, issues)
            cut = len(issues) < len(page.issues)
            tally.complete = page.cursor is None and not cut
            if not cut:
                cursor = page.cursor
            _keep(request, plan, run, page, issues, cursor, tally)
            if cut or tally.issues == request.limit:
                break
        else:
            if not tally.complete:
                raise ProviderError("its connector ended before a page that says it is the last")
    return run


def _pages(request: Pull, plan: _Plan) -> Generator[Page]:
    try:
        yield from request.connector.pages(plan.run.since, plan.cursor)
    except CursorError as error:
        request.notify(f"{error}; reading begins again")
        yield from request.connector.pages(plan.run.since, None)


def _within_limit(request: Pull, tally: _Tally, page: Page) -> tuple[Issue, ...]:
    if request.limit is None:
        return tuple(page.issues)
    return tuple(page.issues[: request.limit - tally.issues])


def _raised(run: Run, issues: tuple[Issue, ...]) -> Run:
    times = [issue.updated_at for issue in issues if issue.updated_at is not None]
    if run.high is not None:
        times.append(run.high)
    return msgspec.structs.replace(run, high=max(times, default=None))


def _keep(
    request: Pull,
    plan: _Plan,
    run: Run,
    page: Page,
    issues: tuple[Issue, ...],
    cursor: str | None,
    tally: _Tally,
) -> None:
    store, scope = request.store, request.scope
    with store.writing():
        changes = store.upsert_issues(scope, issues, keep_newer=not run.full)
        gone = store.mark_gone(scope, page.gone)
        if store.fill(scope) is Fill.NEVER:
            store.set_fill(scope, Fill.PARTIAL)
        if not plan.aside:
            _record_progress(request, run, cursor, complete=tally.complete)
    tally.pages += 1
    tally.issues += len(issues)
    tally.changes += replace(changes, gone=gone)
    tally.unplaced.update(page.unplaced)
    request.progress(PullProgress(tally.issues, tally.pages))


def _record_progress(request: Pull, run: Run, cursor: str | None, *, complete: bool) -> None:
    store, scope = request.store, request.scope
    before = store.get_checkpoint(scope).updated_since
    if not complete:
        store.set_checkpoint(scope, Checkpoint(cursor=cursor, updated_since=before))
        store.journal.go_on(scope, run)
        return
    known = [time for time in (run.high, None if run.full else before) if time is not None]
    store.set_checkpoint(scope, Checkpoint(updated_since=max(known, default=before)))
    store.journal.finish(scope, run, datetime.now(UTC))
    if run.full:
        store.set_fill(scope, Fill.COMPLETE)


def _count(request: Pull, run: Run, tally: _Tally) -> None:
    tally.changes += take_census(
        request.connector,
        request.store,
        request.scope,
        trust=run.full,
        accept_gone=request.accept_gone,
        progress=lambda listed: request.progress(PullProgress(tally.issues, tally.pages, listed)),
    )
    tally.census = True


def _report(request: Pull, plan: _Plan, tally: _Tally) -> PullReport:
    return PullReport(
        scope=request.scope,
        full=plan.run.full,
        resumed=plan.resumed,
        complete=tally.complete,
        pages=tally.pages,
        issues=tally.issues,
        changes=tally.changes,
        unplaced=dict(tally.unplaced),
        census=tally.census,
        fill=request.store.fill(request.scope),
    )
