"""`trackwire plugin check` that is ended from outside leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

ENDLESS = """
import os
open({note!r}, "a").write(f"{{os.getpid()}} {{os.getppid()}} ")
while True: pass
"""
SIGNALS = {signal.SIGTERM: 143, signal.SIGKILL: -9}


@pytest.fixture
def scratch(user: Any, tmp_path: Path) -> Path:
    """The directory for temporary files."""
    place = tmp_path / "scratch"
    place.mkdir()
    user.environ["TMPDIR"] = str(place)
    return place


@pytest.fixture
def note(user: Any, tmp_path: Path) -> Path:
    """The file in which an endless plugin notes the process that loads it, and its parent."""
    path = tmp_path / "loading"
    user.install("endless", ENDLESS.format(note=str(path)))
    return path


@pytest.fixture
def checking(user: Any, scratch: Path, note: Path) -> Iterator[Popen[str]]:
    """A check that loads the endless plugin."""
    with user.start("plugin", "check", "endless") as process:
        await_that(lambda: note.exists() and note.read_text().endswith(" "))
        yield process
        process.kill()


def await_that(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_ended(process: int) -> bool:
    """Whether a process is no more, or waits for nothing but to be forgotten."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(("number", "code"), SIGNALS.items())
def test_signal_leaves_neither_a_process_nor_a_file(
    checking: Popen[str], note: Path, scratch: Path, number: int, code: int
) -> None:
    started = [int(each) for each in note.read_text().split()]
    assert list(scratch.iterdir()) != []
    checking.send_signal(number)
    assert checking.wait(60) == code
    await_that(lambda: all(map(has_ended, started)))
    await_that(lambda: list(scratch.iterdir()) == [])
