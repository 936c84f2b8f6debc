"""Its error cannot be turned into text."""

from __future__ import annotations


class UnspeakableError(Exception):
    """Fails where it is to be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


raise UnspeakableError
