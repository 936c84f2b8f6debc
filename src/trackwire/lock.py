"""The project's lock: one process at a time imports, publishes or changes the binding."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.defaults import LOCK_WAIT_SECONDS
from trackwire.errors import LockedError, ProjectError
from trackwire.files import private_directory, replacing

if TYPE_CHECKING:
    from filelock import FileLock

DATA_DIRECTORY = Path(".kittify") / "trackwire"


def data_directory(root: Path) -> Path:
    """Return the project's data directory, made private and invisible to git.

    Args:
        root: The project's directory.

    Raises:
        ProjectError: It cannot be made, or it holds a symbolic link: a cloned project could name
            any file of the user's in one, to be overwritten.
    """
    directory = root / DATA_DIRECTORY
    try:
        directory.parent.mkdir(exist_ok=True)
        private_directory(directory)
        _refuse_links(directory)
        if directory.stat().st_mode & 0o077:
            directory.chmod(0o700)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            with replacing(ignore, mode=0o600) as stream:
                stream.write(b"*\n")
    except OSError as error:
        raise ProjectError(f"{directory}: cannot be used: {error.strerror}") from error
    return directory


@contextmanager
def project_lock(
    root: Path,
    action: str,
    *,
    wait: float = LOCK_WAIT_SECONDS,
    notify: Callable[[str], None] = lambda _: None,
) -> Iterator[Path]:
    """Hold the project's lock; the operating system frees it when the process dies.

    Args:
        root: The project's directory.
        action: What is being done, for those who wait.
        wait: How long to wait for another holder, in seconds.
        notify: Told once when there is something to wait for.

    Yields:
        The project's data directory, in which the lock lies.

    Raises:
        LockedError: Another process held the lock all the while.
        ProjectError: The data directory cannot be used.
    """
    from filelock import FileLock

    directory = data_directory(root)
    lock = FileLock(directory / "lock", mode=0o600)
    holder = directory / "lock.holder"
    if not _acquired(lock, 0):
        notify(f"waiting up to {wait:.0f} s for {_read(holder)}")
        if not _acquired(lock, max(wait, 0)):
            raise LockedError(f"{_read(holder)} is working on {root}; try again when it is done")
    try:
        holder.touch(mode=0o600)
        holder.write_text(json.dumps({"action": action, "pid": os.getpid()}))
        yield directory
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _refuse_links(directory: Path) -> None:
    for path in (directory, *directory.iterdir()):
        if path.is_symlink():
            raise ProjectError(f"{path}: is a symbolic link, and none is followed here; remove it")


def _acquired(lock: FileLock, wait: float) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=wait)
    except Timeout:
        return False
    except OSError as error:
        raise ProjectError(f"{lock.lock_file}: cannot be locked: {error.strerror}") from error
    return True


def _read(holder: Path) -> str:
    try:
        held = json.loads(holder.read_text())
        return f"trackwire {held['action']} (process {held['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another trackwire process"
