"""Reads a JSON object of any size member by member, in constant memory.

The streamed members are arrays that are read element by element; the other named members are read
whole; all others are passed over. Members are told apart by depth and not by a dotted path, so a
member's name may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from enum import Enum, auto

import ijson

from trackwire.hub.surrogates import SurrogateSearch
from trackwire.model import MAX_RECORD_BYTES

DEEPEST_RECORD = 64

_OPENED: dict[str, type[dict[str, object]] | type[list[object]]] = {
    "start_map": dict,
    "start_array": list,
}
_CLOSED = frozenset({"end_map", "end_array"})
_UNPAIRED = "a string has an unpaired surrogate: write both halves, or the character in UTF-8"
_WORDS = re.compile(r"(?:lexical|parse) error: ([^\n\\]+)")


class UnreadableError(Exception):
    """The document cannot be read; the text says why.

    Args:
        problem: Why.
        place: In which member and which element of it, as far as that is known.
    """

    def __init__(self, problem: str, place: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem)
        self.place = place


class Whole(Enum):
    """Stands where an element's index would, when the value is the member's own."""

    OPENED_ARRAY = auto()
    VALUE = auto()


Member = tuple[str, int | Whole, object]


def read_members(
    chunks: Iterable[bytes], names: Collection[str], streamed: Collection[str]
) -> Iterator[Member]:
    """Read the members of one JSON object, in its order.

    Args:
        chunks: The document in UTF-8, in pieces of any size.
        names: The members to read.
        streamed: Those of them that are read element by element where they are arrays.

    Yields:
        (name, index, element) for each element of a streamed member, after one
        (name, `OPENED_ARRAY`, None); (name, `VALUE`, value) for each other named member. A name
        that the document repeats is yielded again.

    Raises:
        UnreadableError: The document is not one JSON object, or one value in it is too large, or
            has an unpaired surrogate.
    """
    reader = _Reader(names, streamed)
    surrogates = SurrogateSearch()
    events = ijson.sendable_list()
    parser = ijson.basic_parse_coro(events, use_float=True)
    unread = 0
    try:
        for chunk in chunks:
            unpaired = surrogates.find(chunk)
            if before := chunk[:unpaired]:
                parser.send(before)
            unread += len(chunk)
            for member in reader.read(events):
                unread = 0
                yield member
            if unpaired is not None:
                raise UnreadableError(_UNPAIRED, reader.place)
            if events and not reader.is_building:
                unread = 0
            if unread > MAX_RECORD_BYTES:
                raise UnreadableError(
                    f"one value is over {MAX_RECORD_BYTES} bytes long", reader.place
                )
            del events[:]
        parser.close()
    except UnicodeDecodeError as error:
        raise UnreadableError("not valid JSON: invalid bytes in UTF8 string") from error
    except (ijson.JSONError, ValueError) as error:
        words = _WORDS.search(str(error))
        raise UnreadableError(
            f"not valid JSON: {words[1].rstrip(' .') if words else 'it cannot be parsed'}"
        ) from error
    yield from reader.read(events)


class _Reader:
    """Turns parse events into members; it keeps its place from one batch of events to the next."""

    def __init__(self, names: Collection[str], streamed: Collection[str]) -> None:
        self._names = names
        self._streamed = streamed
        self._opened = False
        self._passing_over = 0
        self._name = ""
        self._value_follows = False
        self._index: int | Whole = Whole.VALUE
        self._containers: list[dict[str, object] | list[object]] = []
        self._key = ""

    @property
    def is_building(self) -> bool:
        """Whether a value is held that is not complete."""
        return bool(self._containers)

    @property
    def place(self) -> tuple[str | int, ...]:
        """Where the reading stands: in which member, and in or before which element of it."""
        if not isinstance(self._index, Whole):
            return self._name, self._index
        inside = self._value_follows or self._containers or self._passing_over
        return (self._name,) if inside else ()

    def read(self, events: Iterable[tuple[str, object]]) -> Iterator[Member]:
        for event, value in events:
            if self._containers:
                outermost = self._containers[0]
                self._build(event, value)
                if not self._containers:
                    yield self._member(outermost)
            elif self._passing_over:
                self._passing_over += (event in _OPENED) - (event in _CLOSED)
            elif member := self._begin(event, value):
                yield member

    def _begin(self, event: str, value: object) -> Member | None:
        self._value_follows = event == "map_key"
        if not self._opened:
            if event != "start_map":
                raise UnreadableError("not a JSON object")
            self._opened = True
        elif event == "map_key":
            self._name = str(value)
        elif event in _CLOSED:
            self._index = Whole.VALUE
        elif self._name not in self._names:
            self._passing_over = int(event in _OPENED)
        elif event not in _OPENED:
            return self._member(value)
        elif event == "start_array" and self._index is Whole.VALUE and self._name in self._streamed:
            self._index = 0
            return self._name, Whole.OPENED_ARRAY, None
        else:
            self._containers.append(_OPENED[event]())
        return None

    def _member(self, value: object) -> Member:
        member = self._name, self._index, value
        if not isinstance(self._index, Whole):
            self._index += 1
        return member

    def _build(self, event: str, value: object) -> None:
        if event == "map_key":
            self._key = str(value)
            return
        if event in _CLOSED:
            self._containers.pop()
            return
        container = self._containers[-1]
        opened = _OPENED[event]() if event in _OPENED else None
        inner = value if opened is None else opened
        if isinstance(container, dict):
            container[self._key] = inner
        else:
            container.append(inner)
        if opened is not None:
            if len(self._containers) == DEEPEST_RECORD:
                raise UnreadableError(
                    f"one value is nested deeper than {DEEPEST_RECORD} levels", self.place
                )
            self._containers.append(opened)
