"""Reads a list of issues that changes while it is read, so that none is skipped.

Pages shift: an issue that is edited leaves its place, and what stood behind it moves up by one,
past the point where the next page begins. So each page is asked for by time, from the last issues
of the page before on, in whichever direction the list runs, and counts where it shows one of them
again. Where it does not, they changed meanwhile, or the list goes by other times than it shows: the
page before tells, when it is asked for again. The tracker's own page token serves only where the
times do not get ahead, as where many issues changed at once; behind each of its pages the page
before is asked for again, which shows what moved up to it: as much as fits on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from trackwire.errors import CursorError, TrackerError
from trackwire.model import Timestamp

_MET_AGAIN = 3
_FINER_THAN_SHOWN = timedelta(milliseconds=1)
_NO_END = "the tracker gave the same page token twice, so its list has no end"

R = TypeVar("R")


class Bounds(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The part of a list that is still to be read.

    Args:
        gte: Issues that changed then or later, or None for no such bound.
        lte: Issues that changed then or earlier, or None for no such bound.
    """

    gte: Timestamp | None = None
    lte: Timestamp | None = None


Ask = Callable[[Bounds, str | None], tuple[Sequence[R], str | None]]
"""Asks for one page of a list ordered by the last change, in either direction.

It takes the bounds and the tracker's token of a page within them, or None for the first, and
returns the issues and the token of the page behind, or None where there is none.
"""


def read_windows(
    ask: Ask[R],
    id_of: Callable[[R], str],
    changed_at: Callable[[R], datetime],
    since: datetime | None,
    cursor: str | None,
) -> Iterator[tuple[Sequence[R], str | None]]:
    """Read a list page by page, asking for a few issues of each page again with the next.

    A page of fewer than five issues leaves little room for that, so ask for more.

    Args:
        ask: Asks for a page.
        id_of: Gives an issue's id.
        changed_at: Gives its last change, with an offset from UTC.
        since: From which change on, or None for the whole list.
        cursor: Where to go on, as it was yielded, or None to begin.

    Yields:
        The issues of a page that are not as they were on the page before, and the cursor behind
        it; None behind the last.

    Raises:
        CursorError: The cursor is none of this function's.
        TrackerError: The tracker gave the same page token twice.
    """
    begun = _Cursor(Bounds(gte=since)) if cursor is None else _read_cursor(cursor)
    place: _Place[R] = _opened(begun)
    number = begun.pages
    known: set[tuple[str, datetime]] = set()
    while True:
        page = place.asked(ask)
        if place.before is not None and not page.shows(place.met, id_of):
            place = place.before
            before, page = place.page, place.asked(ask)
            if before is not None and page.ids(id_of) == before.ids(id_of):
                following = place.by_token(page)
                if following is None:
                    yield (), None
                    return
                place = following
                continue
        following = place.behind(page, id_of, changed_at)
        dated = [((id_of(row), changed_at(row)), row) for row in page.rows]
        fresh = [row for key, row in dated if key not in known]
        known = {key for key, _ in dated}
        number += 1
        yield fresh, following.cursor(number) if following is not None else None
        if following is None:
            return
        place = following


def read_tokens(
    ask: Callable[[str | None], tuple[Sequence[R], str | None]],
) -> Iterator[Sequence[R]]:
    """Read a list page by page by the tracker's tokens: where it shifts meanwhile, some are missed.

    Args:
        ask: Asks for the page of a token, or None for the first, and returns what is on it and
            the token of the page behind, or None where there is none.

    Raises:
        TrackerError: The tracker gave the same page token twice.
    """
    seen: set[str | None] = set()
    token: str | None = None
    while token not in seen:
        seen.add(token)
        rows, token = ask(token)
        yield rows
        if token is None:
            return
    raise TrackerError(_NO_END)


@dataclass(frozen=True, slots=True)
class _Page(Generic[R]):
    rows: Sequence[R]
    token: str | None

    def ids(self, id_of: Callable[[R], str]) -> list[str]:
        return [id_of(row) for row in self.rows]

    def shows(self, ids: Sequence[str], id_of: Callable[[R], str]) -> bool:
        return not {id_of(row) for row in self.rows}.isdisjoint(ids)


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A place, without its token: one that is kept for a while may point elsewhere.

    The number of pages up to there tells it from that of another page with the same bounds.
    """

    bounds: Bounds
    met: tuple[str, ...] = ()
    before: Bounds | None = None
    pages: int = 0


@dataclass(frozen=True, slots=True)
class _Place(Generic[R]):
    """Where a page is: `page` is its content as it was, `before` is believed where `met` is not."""

    bounds: Bounds
    tokens: tuple[str, ...] = ()
    met: tuple[str, ...] = ()
    before: _Place[R] | None = None
    page: _Page[R] | None = None

    def cursor(self, pages: int) -> str:
        before = self.before.bounds if self.before is not None else None
        text = _Cursor(self.bounds, self.met, before, pages)
        return msgspec.json.encode(text).decode()

    def asked(self, ask: Ask[R]) -> _Page[R]:
        *before, last = (None, *self.tokens)
        rows, token = ask(self.bounds, last)
        if before:  # what stood on this page may have moved up there before it was asked for
            rows = [*ask(self.bounds, before[-1])[0], *rows]
        return _Page(rows, token)

    def behind(
        self,
        page: _Page[R],
        id_of: Callable[[R], str],
        changed_at: Callable[[R], datetime],
    ) -> _Place[R] | None:
        if page.token is None:
            return None
        bounds = _narrowed(self.bounds, [changed_at(row) for row in page.rows])
        if bounds == self.bounds:
            return self.by_token(page)
        here = _Place(self.bounds, self.tokens, page=page)
        return _Place(bounds, met=tuple(page.ids(id_of)[-_MET_AGAIN:]), before=here)

    def by_token(self, page: _Page[R]) -> _Place[R] | None:
        if page.token is None:
            return None
        if page.token in self.tokens:
            raise TrackerError(_NO_END)
        return _Place(self.bounds, (*self.tokens, page.token))


def _narrowed(bounds: Bounds, times: Sequence[datetime]) -> Bounds:
    ordered, last = sorted(times), times[-_MET_AGAIN:]
    if not times or ordered[0] == ordered[-1]:
        return bounds
    if ordered == list(times):
        gte = max(filter(None, (bounds.gte, min(last))))
        return Bounds(gte, bounds.lte)
    if ordered == list(reversed(times)):
        lte = min(filter(None, (bounds.lte, max(last) + _FINER_THAN_SHOWN)))
        return Bounds(bounds.gte, lte)
    return bounds


def _read_cursor(cursor: str) -> _Cursor:
    try:
        return msgspec.json.decode(cursor, type=_Cursor)
    except msgspec.MsgspecError as error:
        raise CursorError("the place where the last pull stopped cannot be read") from error


def _opened(at: _Cursor) -> _Place[R]:
    before: _Place[R] | None = _Place(at.before) if at.before is not None else None
    return _Place(at.bounds, met=at.met, before=before)
