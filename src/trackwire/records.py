"""Reads records out of large JSON files without holding the file: the base for `read_export`.

Places are named as prefixes: `issues.item` is each element of the array under `issues`, `item`
each element of a top-level array, and the empty prefix the whole document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import ijson

from trackwire.errors import RecordError

_BUFFER_BYTES = 1 << 18
_UTF8_MARK = b"\xef\xbb\xbf"


def find_array(stream: BinaryIO, prefixes: Collection[str]) -> str | None:
    """Tell which of the prefixes is an array in this document.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.
        prefixes: Where the array may be, such as `issues`; the empty one is the document itself.

    Returns:
        The first of them that opens as an array, or None where none does.

    Raises:
        RecordError: The document is not JSON up to there.
    """
    with _reading(stream):
        for prefix, event, _ in ijson.parse(stream, buf_size=_BUFFER_BYTES):
            if event == "start_array" and prefix in prefixes:
                return str(prefix)
    return None


def read_scalars(stream: BinaryIO, names: Collection[str]) -> dict[str, object]:
    """Read single values, such as a page's `total`.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.
        names: The prefixes of the values.

    Returns:
        Those that are there and neither an object nor an array, by prefix.

    Raises:
        RecordError: The document is not JSON.
    """
    with _reading(stream):
        return {
            prefix: value
            for prefix, event, value in ijson.parse(stream, use_float=True, buf_size=_BUFFER_BYTES)
            if prefix in names and event in {"string", "number", "boolean", "null"}
        }


def read_array(stream: BinaryIO, prefix: str) -> Iterator[tuple[str, object]]:
    """Read an array's elements one by one.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.
        prefix: Where the array is; the empty prefix is the document itself.

    Yields:
        The element's place for messages, such as `issues[3]`, and the element.

    Raises:
        RecordError: The document is not JSON.
    """
    with _reading(stream):
        items = ijson.items(
            stream, f"{prefix}.item" if prefix else "item", use_float=True, buf_size=_BUFFER_BYTES
        )
        for index, element in enumerate(items):
            yield f"{prefix}[{index}]", element


def read_document(stream: BinaryIO) -> object:
    """Read the whole document at once.

    Args:
        stream: A seekable binary stream of one JSON document in UTF-8.

    Raises:
        RecordError: The document is not JSON.
    """
    with _reading(stream):
        return next(iter(ijson.items(stream, "", use_float=True, buf_size=_BUFFER_BYTES)))


@contextmanager
def _reading(stream: BinaryIO) -> Iterator[None]:
    stream.seek(0)
    start = stream.read(len(_UTF8_MARK))
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise RecordError("byte 0", None, "the file is UTF-16; save it as UTF-8")
    if start != _UTF8_MARK:
        stream.seek(0)
    try:
        yield
    except (ijson.JSONError, UnicodeDecodeError) as error:
        problem = str(error).strip().partition("\n")[0]
        raise RecordError("the file", None, f"not valid JSON: {problem}") from error
