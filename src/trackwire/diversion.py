"""Keeps what a thread prints from standard output, which is for results."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any, TextIO, cast

_LOCK = threading.Lock()


class _Nowhere(io.TextIOBase):
    """The stream of a process that has none."""

    def write(self, text: str) -> int:
        return len(text)


class _StandIn:
    """What `sys.stdout` is meanwhile: for a thread in a block another stream, for others itself.

    Args:
        real: What it stands in for.
    """

    def __init__(self, real: TextIO | None) -> None:
        self.real = real
        self.blocks = 0

    def __getattr__(self, name: str) -> Any:
        streams = _STREAMS.get(threading.get_ident())
        return getattr(streams[-1] if streams else self.real or _NOWHERE, name)


_NOWHERE = _Nowhere()
# By thread: the streams of the blocks that it is in.
_STREAMS: dict[int, list[TextIO]] = {}


class stdout_diverted:  # noqa: N801 - read as a verb, like contextlib's
    """Have what this thread writes to `sys.stdout` in the block go to standard error.

    Other threads write where they always do, those that the block starts too. The last block to
    end puts `sys.stdout` back, in whatever order they end and whatever was put in its place.
    """

    # A class: a generator would cost twice as much, for each record that a plugin reads.
    __slots__ = ("_stand_in", "_stream", "_thread")

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self._stream = cast("TextIO", sys.stderr or _NOWHERE)
        with _LOCK:
            self._stand_in = _installed()
            self._stand_in.blocks += 1
            _STREAMS.setdefault(self._thread, []).append(self._stream)

    def __exit__(self, *reason: object) -> None:
        with _LOCK:
            self._stand_in.blocks -= 1
            _leave(self._thread, self._stream)
            _put_back(self._stand_in)


def _installed() -> _StandIn:
    now: Any = getattr(sys, "stdout", None)
    if isinstance(now, _StandIn):
        return now
    stand_in = _StandIn(now)
    sys.stdout = cast("TextIO", stand_in)
    return stand_in


def _leave(thread: int, stream: TextIO) -> None:
    streams = _STREAMS[thread]
    streams.remove(stream)
    if not streams:
        del _STREAMS[thread]


def _put_back(stand_in: _StandIn) -> None:
    now: Any = getattr(sys, "stdout", None)
    # Another stand-in belongs to those who have put another stream in place, such as a test.
    if now is stand_in or not isinstance(now, _StandIn):
        sys.stdout = cast("TextIO", stand_in if stand_in.blocks else stand_in.real)
