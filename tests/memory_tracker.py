"""A tracker in memory, and a connector that reads it by offset pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from projectkit import make_issue

from trackwire.connector import Listed, Page, Unplaced
from trackwire.errors import CursorError

if TYPE_CHECKING:
    from trackwire.model import Issue

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class MemoryTracker:
    """Issues by id, ordered by their last change; each edit takes a second of its clock.

    Args:
        page_size: Issues a page.
        before_page: Called with the number of each page before it is read.
        issues: What is there.
        unplaced: Names that every page reports.
        cursors_hold: Whether a cursor is taken.
        lists_times: Whether the census tells times.
        hidden: Ids that the index does not list or find, though they are there.
    """

    page_size: int = 3
    before_page: Callable[[int], None] = lambda _: None
    issues: dict[str, Issue] = field(default_factory=dict)
    unplaced: tuple[Unplaced, ...] = ()
    cursors_hold: bool = True
    lists_times: bool = True
    hidden: set[str] = field(default_factory=set)
    asked_since: list[datetime | None] = field(default_factory=list)
    pages_read: int = 0
    censuses: int = 0
    fetched: list[str] = field(default_factory=list)
    now: datetime = START

    def put(self, *external_ids: str, **changes: Any) -> None:
        for external_id in external_ids:
            self.now += timedelta(seconds=1)
            self.issues[external_id] = make_issue(external_id, updated_at=self.now, **changes)

    def remove(self, *external_ids: str) -> None:
        for external_id in external_ids:
            del self.issues[external_id]

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        if cursor is not None and not self.cursors_hold:
            raise CursorError("the tracker does not know the page any more")
        self.asked_since.append(since)
        start = int(cursor or 0)
        while True:
            self.pages_read += 1
            self.before_page(self.pages_read)
            found = [
                i for i in self._indexed() if since is None or (i.updated_at or START) >= since
            ]
            end = start + self.page_size
            more = end < len(found)
            yield Page(
                issues=found[start:end],
                cursor=str(end) if more else None,
                unplaced=self.unplaced,
            )
            if not more:
                return
            start = end

    def census(self) -> Iterator[Sequence[Listed]]:
        self.censuses += 1
        listed = [
            Listed(i.ref.id, i.updated_at if self.lists_times else None) for i in self._indexed()
        ]
        for start in range(0, len(listed), 2):
            yield listed[start : start + 2]

    def fetch(self, ids: Sequence[str]) -> Page:
        self.fetched += ids
        return Page(issues=[self.issues[key] for key in ids if key in self.issues])

    def _indexed(self) -> list[Issue]:
        there = (issue for key, issue in self.issues.items() if key not in self.hidden)
        return sorted(there, key=lambda issue: (issue.updated_at, issue.ref.id))
