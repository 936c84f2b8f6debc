"""The census: compares a scope with the list of all issues that the tracker has.

Deletions and moves leave no sign in what changed, so now and then all ids are listed. What differs
is asked for once more by its id, and that answer counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trackwire.errors import TrackerError
from trackwire.scope import Upserted

if TYPE_CHECKING:
    from trackwire.connector import Connector
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore

_FETCH = 100


def take_census(
    connector: Connector,
    store: TrackerSqliteStore,
    scope: Scope,
    *,
    trust: bool,
    accept_gone: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> Upserted:
    """List what is at the tracker, read what the scope lacks, and mark what is gone.

    Args:
        connector: Reads the resource.
        store: The store; the caller holds the project's lock.
        scope: The scope.
        trust: Whether an older version takes a newer one's place.
        accept_gone: Whether more than half of the issues may be gone.
        progress: Told how many issues are listed.

    Returns:
        What changed.

    Raises:
        TrackerError: More than half would be gone; nothing was marked.
    """
    _list_all(connector, store, progress)
    difference = store.journal.compare(scope)
    if not accept_gone:
        _refuse_exodus(scope, len(difference.absent), store.issue_count(scope))
    changes = _ask_again(connector, store, scope, difference.missing, keep_newer=False)
    for ids in (difference.unlike, difference.absent):
        changes += _ask_again(connector, store, scope, ids, keep_newer=not trust)
    store.journal.counted(scope, datetime.now(UTC))
    return changes


def _list_all(
    connector: Connector, store: TrackerSqliteStore, progress: Callable[[int], None]
) -> None:
    store.journal.open_census()
    count = 0
    for some in connector.census():
        store.journal.list_issues((one.id, one.updated_at) for one in some)
        count += len(some)
        progress(count)


def _refuse_exodus(scope: Scope, gone: int, held: int) -> None:
    if gone * 2 > held:
        raise TrackerError(
            f"{gone} of the {held} issues of {scope} are not at the tracker any more, which is "
            "what it looks like when the credentials lose their rights; none was marked as gone. "
            "See: trackwire doctor; if they are gone indeed, run: trackwire pull --accept-gone"
        )


def _ask_again(
    connector: Connector,
    store: TrackerSqliteStore,
    scope: Scope,
    ids: Sequence[str],
    *,
    keep_newer: bool,
) -> Upserted:
    """Read issues by their ids: a list that shifted while it was read may have missed some."""
    changes = Upserted()
    for some in _chunks(ids):
        page = connector.fetch(some)
        there = {issue.ref.id for issue in page.issues}
        with store.writing():
            changes += store.upsert_issues(scope, page.issues, keep_newer=keep_newer)
            gone = store.mark_gone(scope, (key for key in some if key not in there))
        changes += Upserted(gone=gone)
    return changes


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _FETCH] for start in range(0, len(ids), _FETCH))
