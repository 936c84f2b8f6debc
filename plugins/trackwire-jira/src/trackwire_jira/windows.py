"""Reads a project's issues in the order of their changes, each page a window of time of its own.

The next window begins at the last change that was seen, and is believed where it has an issue of
the window before in it. Where it has none, or where more issues than a page holds changed at one
time, that minute is read in the order of the ids: the minute, for it is what Jira's own way of
writing times can tell apart. A change within a minute that is not over yet can slip in behind the
ids that were read, so it is read again when it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from trackwire.errors import CursorError, RecordError, TrackerError
from trackwire.records import read_time
from trackwire_jira.search import Query, Search, last_ids

if TYPE_CHECKING:
    from trackwire_jira.shapes import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BY_TIME = "updated ASC, id ASC"
_SECOND, _MINUTE = 1000, 60_000


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on.

    Args:
        start: From which change on, in milliseconds since 1970 (UTC), or None for all.
        is_minute: Whether only the changes of that minute are meant, in the order of the ids.
        is_over: Whether that minute was over before its first page was asked for.
        anchors: Issues that were read and ought to be met again, the last one first.
    """

    start: int | None = None
    is_minute: bool = False
    is_over: bool = False
    anchors: tuple[str, ...] = ()


class Windows:
    """Reads the issues that a query finds.

    Args:
        search: Searches the site.
        query: The project.
    """

    def __init__(self, search: Search, query: Query[Record]) -> None:
        self._search = search
        self._query = query

    def read(
        self, since: datetime | None, cursor: str | None
    ) -> Iterator[tuple[Sequence[Record], str | None]]:
        """Read the issues that changed.

        Args:
            since: From which change on, or None for all.
            cursor: Where to go on, as it was yielded, or None.

        Yields:
            Issues, and the cursor behind them; None behind the last ones.

        Raises:
            CursorError: It is no cursor of this kind.
        """
        window = _first(since) if cursor is None else _window(cursor)
        while True:
            rows, behind = self._step(window)
            yield rows, None if behind is None else msgspec.json.encode(behind).decode()
            if behind is None:
                return
            window = behind

    def _step(self, window: Window) -> tuple[Sequence[Record], Window | None]:
        if window.start is not None and window.is_minute:
            return self._by_id(window, window.start)
        return self._by_time(window)

    def _by_time(self, window: Window) -> tuple[Sequence[Record], Window | None]:
        rows, more = self._search.first(self._changed(window.start), _BY_TIME)
        start = window.start
        if start is not None and window.anchors and not _has_any(rows, window.anchors):
            return [], self._minute(start)
        if not more:
            return rows, None
        latest = _floor(max(map(changed_at, rows)), _SECOND)
        if start is not None and latest <= start:
            return [], self._minute(start)  # which has these too
        anchors = last_ids([row for row in rows if changed_at(row) >= latest])
        return rows, Window(latest, anchors=anchors)

    def _by_id(self, window: Window, start: int) -> tuple[Sequence[Record], Window | None]:
        end = start + _MINUTE
        rows, behind = next(self._search.by_id(self._changed(start, end), window.anchors))
        if behind:
            return rows, msgspec.structs.replace(window, anchors=tuple(behind))
        if window.is_over:
            return rows, Window(end)
        again = self._minute(start)
        return rows, again if again.is_over else None

    def _minute(self, start: int) -> Window:
        start = _floor(start, _MINUTE)
        later, _ = self._search.first(self._changed(start + _MINUTE).limited(1), _BY_TIME)
        return Window(start, is_minute=True, is_over=bool(later))

    def _changed(self, start: int | None, end: int | None = None) -> Query[Record]:
        # unquoted, for a quoted time is read in the account's timezone
        query = self._query
        if start is not None:
            query = query.narrowed(f"updated >= {start}")
        if end is not None:
            query = query.narrowed(f"updated < {end}")
        return query


def changed_at(row: Record) -> int:
    """Give an issue's last change, in milliseconds since 1970 (UTC).

    Args:
        row: The issue.

    Raises:
        TrackerError: Jira does not say it, or not as a time.
    """
    return _milliseconds(time_of(row.fields.updated, row.id))


def time_of(updated: str | None, id_: str) -> datetime:
    """Read an issue's last change.

    Args:
        updated: As Jira writes it.
        id_: The issue's id, for the error.

    Raises:
        TrackerError: Jira does not say it, or not as a time.
    """
    try:
        time = read_time(updated, f"issue {id_}", "fields.updated")
    except RecordError as error:
        raise TrackerError(f"Jira's answer cannot be used: {error}") from error
    if time is None:
        raise TrackerError(f"Jira's answer cannot be used: issue {id_} has no fields.updated")
    return time


def _first(since: datetime | None) -> Window:
    return Window() if since is None else Window(_floor(_milliseconds(since), _MINUTE))


def _window(cursor: str) -> Window:
    try:
        return msgspec.json.decode(cursor, type=Window)
    except msgspec.MsgspecError as error:
        raise CursorError(f"the cursor is none of trackwire-jira's: {error}") from error


def _has_any(rows: Sequence[Record], ids: Sequence[str]) -> bool:
    return not {row.id for row in rows}.isdisjoint(ids)


def _milliseconds(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(milliseconds=1)


def _floor(milliseconds: int, grain: int) -> int:
    return milliseconds - milliseconds % grain
