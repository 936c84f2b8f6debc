"""A body on its way in: decoded, measured and hashed into a file that has no name.

The file is private, and goes with the process that holds it, even when that is killed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from trackwire.hub.decoding import Decoder

CHUNK_BYTES = 1 << 20


class TooLargeError(Exception):
    """The body is over the limit."""


class Spool:
    """Holds one body.

    Args:
        directory: Where the file is made, on a file system with room for it.
        decoder: Undoes the body's content coding.
        max_bytes: The limit, on the bytes that arrive and on those that they decode to.
    """

    def __init__(self, directory: Path, decoder: Decoder, max_bytes: int) -> None:
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - closed by __exit__
        self._decoder = decoder
        self._max_bytes = max_bytes
        self._hash = sha256()
        self._received = 0
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def write(self, data: bytes) -> None:
        """Take bytes off the wire.

        Args:
            data: Those that have arrived, however many.

        Raises:
            TooLargeError: They pass the limit, before or after decoding.
            DamagedError: They do not belong to the content coding.
        """
        self._received += len(data)
        if self._received > self._max_bytes:
            raise TooLargeError
        for piece in self._decoder.feed(data):
            self.size += len(piece)
            if self.size > self._max_bytes:
                raise TooLargeError
            self._hash.update(piece)
            self._file.write(piece)

    def finish(self) -> None:
        """State that the body has arrived.

        Raises:
            DamagedError: It ends before its content coding does.
        """
        self._decoder.finish()
        self._file.flush()

    @property
    def sha256(self) -> bytes:
        """The SHA-256 of the decoded body so far."""
        return self._hash.digest()

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield the decoded body from its start, in chunks of `size` bytes.

        Args:
            size: The length of each chunk but the last, in bytes.
        """
        self._file.seek(0)
        while chunk := self._file.read(size):
            yield chunk
