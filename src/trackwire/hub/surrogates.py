"""Finds unpaired surrogates in JSON text, which parsers replace or refuse in various ways.

A character beyond U+FFFF is escaped as two halves (RFC 8259, section 7). yajl reads a first half
without its second as `?`, and so one routing id as another.
"""

from __future__ import annotations

import re

_FIRST = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_SECOND = rb"\\u[dD][c-fC-F]"
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_PAIR = re.compile(_FIRST + _SECOND + rb"[0-9a-fA-F]{2}")
# No lookbehind at the front: a search for plain bytes is the quickest.
_UNPAIRED = re.compile(rb"%b(?!%b)|%b(?<!%b%b)" % (_FIRST, _SECOND, _SECOND, _FIRST, _SECOND))
_EXAMPLE = rb"\ud800\udc00"
_BEGINNINGS = (b"\\", rb"\u", rb"\ud", rb"\uD")


class SurrogateSearch:
    """Looks through a document in pieces; what is no JSON is left to the parser to refuse."""

    def __init__(self) -> None:
        self._begun = b""

    def find(self, chunk: bytes) -> int | None:
        """Return where in the chunk an unpaired surrogate begins, or None where there is none.

        Args:
            chunk: The next piece of the document, of any size. A surrogate that begins in the
                piece before it is found at 0.
        """
        already_seen = len(self._begun)
        text = self._begun + chunk if already_seen else chunk
        if _HALF.search(text) or text.endswith(_BEGINNINGS):
            # Without the escaped backslashes, every backslash begins an escape.
            text = text.replace(rb"\\", b"--")
            self._begun = _begun_at_the_end(text)
            found = _UNPAIRED.search(text, 0, len(text) - len(self._begun))
            return max(0, found.start() - already_seen) if found else None
        self._begun = b""
        return None


def _begun_at_the_end(text: bytes) -> bytes:
    tail = text[1 - len(_EXAMPLE) :]
    for backslash in re.finditer(rb"\\", tail):
        begun = tail[backslash.start() :]
        if _PAIR.fullmatch(begun + _EXAMPLE[len(begun) :]):
            return begun
    return b""
