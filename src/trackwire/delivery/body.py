"""A rendered snapshot in its file, and the forms in which its bytes travel."""

from __future__ import annotations

import base64
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from trackwire.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

COMPRESSED_ABOVE_BYTES = 64 * 1024
"""Smaller bodies travel as they are."""

_CHUNK_BYTES = 64 * 1024
_GZIP_WINDOW_BITS = 31  # zlib's way to say: with a gzip header


@dataclass(frozen=True, slots=True)
class Body:
    """A rendered snapshot that lies in a file.

    Args:
        path: The file.
        size: Its length in bytes.
        sha256: The SHA-256 of its bytes, 32 bytes.
    """

    path: Path
    size: int
    sha256: bytes

    @property
    def repr_digest(self) -> str:
        """The digest as `Repr-Digest` and receipts write it (RFC 9530, section 3)."""
        return f"sha-256=:{base64.b64encode(self.sha256).decode('ascii')}:"


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def choose_coding(body: Body, accepted: frozenset[str]) -> str | None:
    """Choose how to compress the body.

    Args:
        body: What is to travel.
        accepted: The content codings that the hub has said it takes (RFC 7694).

    Returns:
        `zstd`, `gzip`, or None for as it is.
    """
    if body.size <= COMPRESSED_ABOVE_BYTES:
        return None
    return next((coding for coding in CODINGS if coding in accepted), None)


@contextmanager
def opened(body: Body, coding: str | None) -> Iterator[Iterator[bytes]]:
    """Open the body's file for one sending.

    Args:
        body: What is to travel.
        coding: `zstd`, `gzip` or None.

    Yields:
        The bytes to send, in pieces, compressed as they are read; to be consumed once.

    Raises:
        StoreError: The file cannot be read, or has changed its length.
    """
    try:
        stream = body.path.open("rb")
    except OSError as error:
        raise _unreadable(body, error.strerror or str(error)) from error
    with stream:
        plain = _read(stream, body)
        yield plain if coding is None else _compressed(plain, CODINGS[coding]())


def _read(stream: BinaryIO, body: Body) -> Iterator[bytes]:
    count = 0
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            count += len(chunk)
            if count > body.size:
                break
            yield chunk
    except OSError as error:
        raise _unreadable(body, error.strerror or str(error)) from error
    if count != body.size:
        raise _unreadable(body, f"it has no longer the {body.size} bytes that were rendered")


def _compressed(plain: Iterator[bytes], compressor: _Compressor) -> Iterator[bytes]:
    for chunk in plain:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()


def _gzip() -> _Compressor:
    return zlib.compressobj(wbits=_GZIP_WINDOW_BITS)


def _zstd() -> _Compressor:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdCompressor
    else:
        from backports.zstd import ZstdCompressor
    return ZstdCompressor()


def _unreadable(body: Body, problem: str) -> StoreError:
    return StoreError(f"{body.path}: {problem}; publish again to render it anew")


CODINGS: dict[str, Callable[[], _Compressor]] = {"zstd": _zstd, "gzip": _gzip}
"""The content codings that a body can travel in, the preferred one first."""
