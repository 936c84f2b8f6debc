"""A clock that moves only when a test says so, so that times in tests are known."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """The emulated tracker's time, in whole milliseconds.

    Args:
        start: What it shows at first, with an offset.
    """

    def __init__(self, start: datetime = _START) -> None:
        self._now = to_milliseconds(start)
        self._lock = threading.Lock()

    @property
    def milliseconds(self) -> int:
        """Since 1970 in UTC."""
        return self._now

    @property
    def now(self) -> datetime:
        """The time in UTC."""
        return from_milliseconds(self._now)

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative number moves it back."""
        with self._lock:
            self._now += round(seconds * 1000)

    def set(self, moment: datetime) -> None:
        """Show this time, which has an offset."""
        with self._lock:
            self._now = to_milliseconds(moment)


def to_milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970 in UTC, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_milliseconds(milliseconds: int) -> datetime:
    """Return the time in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
