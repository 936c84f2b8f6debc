"""Private directories and files that are replaced whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import BinaryIO


def private_directory(path: Path) -> Path:
    """Make a directory that only its owner can enter; leave an existing one as it is.

    Args:
        path: The directory; missing parents are made private too.
    """
    for directory in (*reversed(path.parents), path):
        if not directory.exists():
            directory.mkdir(mode=0o700, exist_ok=True)
    return path


@contextmanager
def replacing(path: Path, *, mode: int, staging: Path | None = None) -> Iterator[BinaryIO]:
    """Write a file so that readers, and a crash, see the old content or the new, never a part.

    The content goes to a temporary file, which is made durable and then renamed over the target;
    when the block raises, the target stays as it was.

    Args:
        path: The file; a symbolic link is followed.
        mode: The permission bits, from the first byte on.
        staging: Where the temporary file lies, if that is on the target's file system; otherwise
            it lies beside the target.

    Yields:
        The temporary file, open for writing bytes.
    """
    target = Path(os.path.realpath(path))
    folder = target.parent
    if staging is not None and staging.stat().st_dev == folder.stat().st_dev:
        folder = staging
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _make_durable(target.parent)


def discard_leftovers(path: Path) -> None:
    """Remove what a crash in the middle of `replacing` left beside a file.

    Args:
        path: The file; the caller holds the lock that all its writers take.
    """
    target = Path(os.path.realpath(path))
    for leftover in target.parent.glob(f".{escape(target.name)}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _make_durable(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
