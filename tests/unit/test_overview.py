"""What a look at a project tells of the process that is working on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from projectkit import bind_project, make_service

from trackwire.lock import DATA_DIRECTORY, project_lock

Unprivileged = Callable[[], AbstractContextManager[None]]


def hold(root: Path, text: str) -> Path:
    """Bind a project, and leave what tells who holds its lock."""
    bind_project(root)
    holder = root / DATA_DIRECTORY / "lock.holder"
    holder.parent.mkdir()
    holder.write_text(text)
    return holder


def at_work(root: Path) -> str | None:
    return make_service(root).status().at_work


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_action_of_whoever_holds_the_lock_is_shown(tmp_path: Path) -> None:
    bind_project(tmp_path)
    with project_lock(tmp_path, "import"):
        assert at_work(tmp_path) == "import"


def test_nobody_is_at_work_when_the_lock_is_free(tmp_path: Path) -> None:
    bind_project(tmp_path)
    with project_lock(tmp_path, "import"):
        pass
    assert at_work(tmp_path) is None


@pytest.mark.parametrize("process", [dead_process, lambda: 10**30])
def test_holder_that_has_died_is_not_at_work(tmp_path: Path, process: Callable[[], int]) -> None:
    hold(tmp_path, json.dumps({"action": "pull", "pid": process()}))
    assert at_work(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"action": "pull", "pid": "x"}', '{"action": "pull", "pid": 1e999}'],
)
def test_holder_that_says_nothing_is_not_at_work(tmp_path: Path, text: str) -> None:
    hold(tmp_path, text)
    assert at_work(tmp_path) is None


def test_holder_of_another_user_is_at_work(
    public_path: Path, unprivileged: Unprivileged, foreign_process: int
) -> None:
    hold(public_path, json.dumps({"action": "pull", "pid": foreign_process}))
    with unprivileged():
        assert at_work(public_path) == "pull"


def test_holder_that_only_another_user_may_read_hides_nothing_else(
    public_path: Path, unprivileged: Unprivileged
) -> None:
    holder = hold(public_path, json.dumps({"action": "pull", "pid": os.getpid()}))
    holder.chmod(0)
    with unprivileged():
        assert at_work(public_path) is None
