"""Reads records out of large JSON files without holding the file: the base for `read_export`.

Places are named as prefixes: `issues` is the value under that key of the document, `issues.item`
each element of it where it is an array, and the empty prefix the whole document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import BinaryIO, TypeVar

import ijson
import msgspec

from trackwire.errors import RecordError
from trackwire.wording import IS_MISSING, explain

_BUFFER_BYTES = 1 << 18
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DIGITS_ALIKE = bytes(48 if byte in b"0123456789" else 32 for byte in range(256))
_MANY_DIGITS = b"0" * 4000
_SCALARS = frozenset({"string", "number", "boolean", "null"})
_INDEX = re.compile(r"\[[0-9]+\]")
_LONGEST_TIME = 40
_NO_REMEDIES: Mapping[str, str] = MappingProxyType({})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outline:
    """What a document is made of, without its records.

    Args:
        arrays: The prefixes of the arrays that were asked for, each once, in the file's order.
        scalars: The first value at each of the prefixes that were asked for.
    """

    arrays: tuple[str, ...]
    scalars: Mapping[str, object]


def read_outline(
    stream: BinaryIO,
    *,
    is_array: Callable[[str], bool],
    is_scalar: Callable[[str], bool],
    to_first_array: bool = False,
) -> Outline:
    """Find the arrays of records and the single values about them, such as a page's `total`.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.
        is_array: Tells from a prefix whether an array there is of interest.
        is_scalar: Tells from a prefix whether a text, number, boolean or null there is.
        to_first_array: Whether to stop at the first array found, which costs next to nothing.

    Raises:
        RecordError: The document is not JSON up to where it was read.
    """
    arrays: dict[str, None] = {}
    scalars: dict[str, object] = {}
    with _reading():
        for prefix, event, value in _parsed(stream, ijson.parse):
            if event == "start_array":
                if is_array(prefix):
                    arrays[prefix] = None
                    if to_first_array:
                        break
            elif event in _SCALARS and is_scalar(prefix):
                scalars.setdefault(prefix, value)
    return Outline(tuple(arrays), scalars)


def read_array(stream: BinaryIO, prefix: str) -> Iterator[tuple[str, object]]:
    """Read an array's elements one by one, in memory that does not grow with the array.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.
        prefix: Where the array is; the empty prefix is the document itself.

    Yields:
        The element's place for messages, such as `issues[3]`, and the element.

    Raises:
        RecordError: The document is not JSON.
    """
    item = f"{prefix}.item" if prefix else "item"
    with _reading():
        for index, element in enumerate(_parsed(stream, partial(ijson.items, prefix=item))):
            yield f"{prefix}[{index}]", element


def read_document(stream: BinaryIO) -> object:
    """Read the whole document at once.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.

    Raises:
        RecordError: The document is not JSON.
    """
    with _reading():
        # to its end, or else what follows the document would go unnoticed
        (document,) = _parsed(stream, partial(ijson.items, prefix=""))
        return document


def convert(
    record: object, shape: type[T], place: str, remedies: Mapping[str, str] = _NO_REMEDIES
) -> T:
    """Check a record against the struct of those of its parts that are used.

    Args:
        record: What `read_array` or `read_document` gave.
        shape: A msgspec struct.
        place: Where the record stands in the file.
        remedies: What mends a missing field, by its dotted name, such as `status.name` or, in
            any element of an array, `labels[].name`.

    Raises:
        RecordError: A part is missing or of another type; its field is named in the file's own
            terms, such as `fields.status.name`.
    """
    try:
        return msgspec.convert(record, shape)
    except msgspec.ValidationError as error:
        field, problem = explain(error)
        remedy = remedies.get(_INDEX.sub("[]", field or ""))
        if problem == IS_MISSING and remedy:
            problem = f"{problem}; {remedy}"
        raise RecordError(place, field, problem) from error


def read_time(text: str | None, place: str, field: str) -> datetime | None:
    """Read a time as ISO 8601 writes it, such as `2026-03-02T09:11:12.345Z`, as UTC.

    A tracker may write it in the timezone of the account that asks; the same time is to be the
    same text whoever asks.

    Args:
        text: What the record says; None stays None.
        place: Where the record stands in the file.
        field: The dotted name of the field.

    Raises:
        RecordError: It is no such time, or has no offset from UTC.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        if time.utcoffset() is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        problem = f"{text[:_LONGEST_TIME]!r} is no ISO 8601 time"
        raise RecordError(place, field, problem) from None
    problem = f"{text[:_LONGEST_TIME]!r} has no offset from UTC, such as Z or +0000"
    raise RecordError(place, field, problem)


def _parsed(stream: BinaryIO, parser: Callable[..., Iterator[T]]) -> Iterator[T]:
    """Parse with machine numbers, and from the first that is too large on with exact ones."""
    count = 0
    try:
        _rewind(stream)
        for parsed in parser(stream, use_float=True, buf_size=_BUFFER_BYTES):
            yield parsed
            count += 1
    except ijson.JSONError as error:
        if "overflow" not in _first_line(error):
            raise
        _rewind(stream)
        exact = parser(_FewDigits(stream), buf_size=_BUFFER_BYTES)
        yield from islice(exact, count, None)


class _FewDigits:
    """A stream that refuses thousands of digits in a row.

    With exact numbers, ijson 3.6 ends the whole process on an integer beyond the interpreter's
    limit of 4300 digits (`sys.set_int_max_str_digits`).
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._before = b""

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        digits = self._before + data.translate(_DIGITS_ALIKE)
        if _MANY_DIGITS in digits:
            problem = f"it has a number too large to read, or {len(_MANY_DIGITS)} digits in a row"
            raise RecordError("the file", None, problem)
        self._before = digits[-len(_MANY_DIGITS) :]
        return data


def _rewind(stream: BinaryIO) -> None:
    stream.seek(0)
    start = stream.read(len(_UTF8_MARK))
    if start.startswith(_UTF16_MARKS):
        raise RecordError("byte 0", None, "the file is UTF-16; save it as UTF-8")
    if start != _UTF8_MARK:
        stream.seek(0)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise RecordError("the file", None, f"not valid JSON: {_first_line(error)}") from error
    except ArithmeticError as error:  # of an exponent that not even a decimal number can have
        raise RecordError("the file", None, "it has a number too large to read") from error


def _first_line(error: Exception) -> str:
    # yajl hands over its message as bytes where the file's own are not UTF-8
    text = error.args[0] if error.args else error
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return str(text).strip().partition("\n")[0]
