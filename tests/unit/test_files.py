"""Files are replaced whole or not at all, and private ones are never open to others."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trackwire.files import discard_leftovers, private_directory, replacing

KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from trackwire.files import replacing

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

moment = sys.argv[2]
if moment == "fsync":
    os.fsync = die
elif moment == "rename":
    Path.replace = die
with replacing(Path(sys.argv[1]), mode=0o600) as stream:
    stream.write(b"new" * 100_000)
    if moment == "write":
        stream.flush()
        die()
if moment == "durable":
    die()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("moment", ["write", "fsync", "rename"])
def test_kill_before_the_rename_leaves_the_old_file(tmp_path: Path, moment: str) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(target), moment])
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"


def test_kill_after_the_rename_leaves_the_new_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(target), "durable"])
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"new" * 100_000


def test_what_a_kill_left_behind_is_discarded(tmp_path: Path) -> None:
    target, other = tmp_path / "file", tmp_path / ".other.tmp"
    other.touch()
    subprocess.run([sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(target), "rename"])
    assert len(list(tmp_path.iterdir())) == 2
    discard_leftovers(target)
    assert list(tmp_path.iterdir()) == [other]


def test_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail() -> None:
        with replacing(target, mode=0o600) as stream:
            stream.write(b"new")
            raise RuntimeError("the middle")

    with pytest.raises(RuntimeError, match="the middle"):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_new_content_is_not_seen_before_the_end(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with replacing(target, mode=0o600) as stream:
        stream.write(b"new")
        stream.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("wanted", [0o600, 0o644, 0o664])
def test_mode_is_as_asked_for_whatever_the_umask(
    tmp_path: Path, open_umask: None, wanted: int
) -> None:
    with replacing(tmp_path / "file", mode=wanted):
        pass
    assert mode(tmp_path / "file") == wanted


def test_private_content_is_private_from_the_first_byte(tmp_path: Path, open_umask: None) -> None:
    with replacing(tmp_path / "file", mode=0o600):
        assert [mode(path) for path in tmp_path.iterdir()] == [0o600]


def test_symbolic_link_is_followed_and_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with replacing(link, mode=0o600) as stream:
        stream.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_temporary_file_lies_in_the_staging_directory(tmp_path: Path) -> None:
    staging = tmp_path / "staging"
    staging.mkdir()
    with replacing(tmp_path / "file", mode=0o600, staging=staging):
        assert len(list(staging.iterdir())) == 1
    assert list(staging.iterdir()) == []


def test_missing_directories_are_made_private(tmp_path: Path, open_umask: None) -> None:
    private_directory(tmp_path / "a" / "b")
    assert [mode(tmp_path / "a"), mode(tmp_path / "a" / "b")] == [0o700, 0o700]


def test_directory_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    private_directory(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o755
