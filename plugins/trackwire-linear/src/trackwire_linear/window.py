"""Where in a list of issues a page begins, so that nothing is skipped while issues change.

A cursor of the API's points between two issues, and those shift while others are edited or go
away. A window is bounded by a time instead: behind each page it is narrowed to what is not read
yet, in whichever direction the pages turn out to run, and the API's cursor serves only within.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from trackwire.model import Timestamp

if TYPE_CHECKING:
    from trackwire_linear.shapes import PageInfo

_SHOWN_PRECISION = timedelta(milliseconds=1)


class Window(msgspec.Struct, frozen=True, omit_defaults=True):
    """The issues that are still to be read.

    Args:
        gte: Those of this time or later, or None for all.
        lte: Those of this time or earlier, or None for all.
        after: Those behind this cursor of the API's, or None for all.
    """

    gte: Timestamp | None = None
    lte: Timestamp | None = None
    after: str | None = None

    @property
    def bounds(self) -> dict[str, str]:
        """The times as a comparator of the API's, which takes a null for no bound at all."""
        times = {"gte": self.gte, "lte": self.lte}
        return {name: time.isoformat() for name, time in times.items() if time is not None}

    def behind(self, times: Sequence[datetime], page: PageInfo) -> Window | None:
        """Give the window behind a page, which may show its last issues again.

        Args:
            times: The issues' times in the page's order.
            page: What the API says of the page.

        Returns:
            The window, or None where the page was the last.
        """
        if not page.has_next_page:
            return None
        narrowed = self._narrowed(times)
        if narrowed == (self.gte, self.lte):
            return Window(self.gte, self.lte, page.end_cursor)
        return Window(*narrowed)

    def _narrowed(self, times: Sequence[datetime]) -> tuple[datetime | None, datetime | None]:
        ordered = sorted(times)
        if not times or ordered[0] == ordered[-1]:
            return self.gte, self.lte
        if ordered == list(times):
            return times[-1], self.lte
        if ordered == list(reversed(times)):
            # a time may be kept finer than it is shown
            return self.gte, times[-1] + _SHOWN_PRECISION
        return self.gte, self.lte
