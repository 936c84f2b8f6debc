"""Reads a list of issues that changes while it is read, so that none is skipped.

Pages shift: an issue that is edited leaves its place, and what stood behind it moves up by one,
past the point where the next page begins. So each page is asked for anew, from the times of the
last issues of the page before on, in whichever direction the list runs. The tracker's own page
token serves only where time does not get ahead, and where none of those issues is met again: then
they changed meanwhile, or were listed by other times than they show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from trackwire.errors import CursorError
from trackwire.model import Timestamp

_MET_AGAIN = 3
_FINER_THAN_SHOWN = timedelta(milliseconds=1)

R = TypeVar("R")


class Window(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The part of a list that is still to be read.

    Args:
        gte: Issues that changed then or later, or None for no such bound.
        lte: Issues that changed then or earlier, or None for no such bound.
        after: The tracker's token of a page within these bounds, or None for the first.
        met: Ids of which one is met again on the page, if the times can be believed.
        instead: What to read where none of them is met.
    """

    gte: Timestamp | None = None
    lte: Timestamp | None = None
    after: str | None = None
    met: tuple[str, ...] = ()
    instead: Window | None = None


Ask = Callable[[Window], tuple[Sequence[R], str | None]]
"""Asks for one page of a list ordered by the last change, in either direction.

It takes the bounds and the token of a window, and returns the issues and the token of the page
behind, or None where there is none.
"""


def read_windows(
    ask: Ask[R],
    id_of: Callable[[R], str],
    changed_at: Callable[[R], datetime],
    since: datetime | None,
    cursor: str | None,
) -> Iterator[tuple[Sequence[R], str | None]]:
    """Read a list page by page; issues on the border of two pages come twice.

    Args:
        ask: Asks for a page.
        id_of: Gives an issue's id.
        changed_at: Gives its last change, with an offset from UTC.
        since: From which change on, or None for the whole list.
        cursor: Where to go on, as it was yielded, or None to begin.

    Yields:
        The issues of a page, and the cursor behind it; None behind the last.

    Raises:
        CursorError: The cursor is none of this function's.
    """
    window: Window | None = Window(gte=since) if cursor is None else _opened(cursor)
    while window is not None:
        rows, token = ask(window)
        if window.instead is not None and not {id_of(row) for row in rows} & {*window.met}:
            window = window.instead
            continue
        window = _behind(window, rows, token, id_of, changed_at)
        yield rows, msgspec.json.encode(window).decode() if window is not None else None


def _behind(
    window: Window,
    rows: Sequence[R],
    token: str | None,
    id_of: Callable[[R], str],
    changed_at: Callable[[R], datetime],
) -> Window | None:
    if token is None:
        return None
    by_token = Window(gte=window.gte, lte=window.lte, after=token)
    gte, lte = _narrowed(window, [changed_at(row) for row in rows])
    if (gte, lte) == (window.gte, window.lte):
        return by_token
    met = tuple(id_of(row) for row in rows[-_MET_AGAIN:])
    return Window(gte=gte, lte=lte, met=met, instead=by_token)


def _narrowed(window: Window, times: Sequence[datetime]) -> tuple[datetime | None, datetime | None]:
    ordered, last = sorted(times), times[-_MET_AGAIN:]
    if not times or ordered[0] == ordered[-1]:
        return window.gte, window.lte
    if ordered == list(times):
        return max(filter(None, (window.gte, min(last)))), window.lte
    if ordered == list(reversed(times)):
        return window.gte, min(filter(None, (window.lte, max(last) + _FINER_THAN_SHOWN)))
    return window.gte, window.lte


def _opened(cursor: str) -> Window:
    try:
        return msgspec.json.decode(cursor, type=Window)
    except msgspec.MsgspecError as error:
        raise CursorError("the place where the last pull stopped cannot be read") from error
