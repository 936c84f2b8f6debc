"""Undoes a content coding piece by piece, so that a bomb never grows memory (RFC 9110, 8.4)."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["ACCEPT_ENCODING", "DECODERS", "DamagedError", "Decoder", "zstd"]

PIECE_BYTES = 1 << 18
ZSTD_WINDOW_LOG_MAX = 23
"""Windows up to 8 MiB, the most that a sender may use on the wire (RFC 9659)."""

_GZIP_WBITS = 16 + zlib.MAX_WBITS


class DamagedError(Exception):
    """The bytes are not what their coding says; the text says how."""


class Decoder(Protocol):
    """Turns the bytes of the wire into those of the document."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes decode to, in pieces of at most `PIECE_BYTES`.

        Args:
            data: Those that have arrived, however many.

        Raises:
            DamagedError: They do not belong to this coding.
        """

    def finish(self) -> None:
        """State that no bytes follow.

        Raises:
            DamagedError: Some are missing.
        """


class _Identity:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Gzip:
    """One gzip member after another (RFC 1952)."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WBITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP_WBITS)
            yield from self._pieces(data)
            data = self._member.unused_data

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            try:
                piece = self._member.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise DamagedError("the body is not valid gzip") from error
            yield piece
            data = self._member.unconsumed_tail
            more = not self._member.eof and bool(data)

    def finish(self) -> None:
        if not self._member.eof:
            raise DamagedError("the gzip body ends early")


class _Zstd:
    """One Zstandard frame after another (RFC 8878)."""

    def __init__(self) -> None:
        self._frame = _new_frame()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._frame.eof:
                self._frame = _new_frame()
            yield from self._pieces(data)
            data = self._frame.unused_data

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            try:
                yield self._frame.decompress(data, PIECE_BYTES)
            except zstd.ZstdError as error:
                raise DamagedError(
                    "the body is not valid Zstandard with windows of at most 8 MiB"
                ) from error
            data = b""
            more = not self._frame.eof and not self._frame.needs_input

    def finish(self) -> None:
        if not self._frame.eof:
            raise DamagedError("the Zstandard body ends early")


def _new_frame() -> zstd.ZstdDecompressor:
    limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG_MAX}
    return zstd.ZstdDecompressor(options=limit)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "identity": _Identity,
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "zstd": _Zstd,
}
"""The content codings that the hub takes, by their names in `Content-Encoding`."""

ACCEPT_ENCODING = "zstd, gzip"
