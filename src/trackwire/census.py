"""The census: compares a scope with the list of all issues that the tracker has.

Deletions and moves leave no sign in what changed, so now and then all ids are listed. What differs
is asked for once more by its id, and that answer counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trackwire.errors import TrackerError
from trackwire.scope import Fill, Upserted

if TYPE_CHECKING:
    from trackwire.connector import Connector, Unfit, Unplaced
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore

_FETCH = 100


@dataclass(frozen=True, slots=True)
class Census:
    """What a census came to.

    Args:
        changes: The issues created, updated, unchanged and gone.
        unplaced: Names that could not be placed, each with the number of issues that bear it.
        unfit: Issues that could not be taken in.
    """

    changes: Upserted
    unplaced: Mapping[Unplaced, int]
    unfit: Sequence[Unfit]


def take_census(
    connector: Connector,
    store: TrackerSqliteStore,
    scope: Scope,
    *,
    held: int,
    trust: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> Census:
    """List what is at the tracker, read what the scope lacks, and mark what is gone.

    The scope is complete then.

    Args:
        connector: Reads the resource.
        store: The store; the caller holds the project's lock.
        scope: The scope.
        held: How many issues the scope held before the pull: no more than half as many may be
            gone. 0 for no such bound.
        trust: Whether an older version takes a newer one's place.
        progress: Told how many issues are listed.

    Raises:
        TrackerError: More than half would be gone; nothing was marked.
    """
    _list_all(connector, store, progress)
    difference = store.journal.compare(scope)
    _refuse_exodus(store, scope, len(difference.absent), held)
    again = _Asker(connector, store, scope)
    again.ask(difference.missing, keep_newer=False)
    vanished = again.ask((*difference.unlike, *difference.absent), keep_newer=not trust)
    _refuse_exodus(store, scope, len(vanished), held)
    with store.writing():
        gone = Upserted(gone=store.mark_gone(scope, vanished))
        store.journal.counted(scope, datetime.now(UTC))
        store.set_fill(scope, Fill.COMPLETE)
    return Census(again.changes + gone, again.unplaced, again.unfit)


def _list_all(
    connector: Connector, store: TrackerSqliteStore, progress: Callable[[int], None]
) -> None:
    store.journal.open_census()
    count = 0
    for some in connector.census():
        store.journal.list_issues((one.id, one.updated_at) for one in some)
        count += len(some)
        progress(count)


def _refuse_exodus(store: TrackerSqliteStore, scope: Scope, gone: int, held: int) -> None:
    if not held or gone * 2 <= held:
        return
    doubt = (
        f"{gone} of the {held} issues of {scope} are not at the tracker any more, which is what it "
        "looks like when the credentials lose their rights, so none was marked as gone; if they "
        "are gone indeed, run: trackwire pull --accept-gone"
    )
    store.journal.doubted(scope, doubt)
    raise TrackerError(doubt)


class _Asker:
    """Reads issues by their ids: a list that shifted while it was read may have missed some."""

    def __init__(self, connector: Connector, store: TrackerSqliteStore, scope: Scope) -> None:
        self.changes = Upserted()
        self.unplaced: Counter[Unplaced] = Counter()
        self.unfit: list[Unfit] = []
        self._connector = connector
        self._store = store
        self._scope = scope

    def ask(self, ids: Sequence[str], *, keep_newer: bool) -> list[str]:
        """Keep what the tracker gives, and return the ids of what it does not."""
        vanished: list[str] = []
        for start in range(0, len(ids), _FETCH):
            asked = ids[start : start + _FETCH]
            page = self._connector.fetch(asked)
            self.changes += self._store.upsert_issues(
                self._scope, page.issues, keep_newer=keep_newer
            )
            self.unplaced.update(page.unplaced)
            self.unfit += page.unfit
            there = {issue.ref.id for issue in page.issues} | {one.id for one in page.unfit}
            vanished += (key for key in asked if key not in there)
        return vanished
