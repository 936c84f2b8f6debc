"""One process at a time works on a project, and a dead one holds nobody up."""

from __future__ import annotations

import functools
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trackwire.binding import BindRequest, bind
from trackwire.credentials import TrackerCredentialStore
from trackwire.errors import LockedError, ProjectError
from trackwire.lock import DATA_DIRECTORY, data_directory, project_lock
from trackwire.registry import ProviderRegistry

if TYPE_CHECKING:
    from trackwire.userfile import UserStore

HOLDER = """
import sys
from pathlib import Path
from trackwire.lock import project_lock

with project_lock(Path(sys.argv[1]), "publish"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the project's lock until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    told: list[str] = []
    with another_process(tmp_path) as holder:
        with (
            pytest.raises(LockedError, match=rf"trackwire publish \(process {holder.pid}\)"),
            project_lock(tmp_path, "import", wait=0.1, notify=told.append),
        ):
            pass
        assert told == [f"waiting up to 0 s for trackwire publish (process {holder.pid})"]


def test_second_process_is_refused_though_the_holder_is_not_named(tmp_path: Path) -> None:
    with another_process(tmp_path):
        (tmp_path / DATA_DIRECTORY / "lock.holder").write_text("")
        with (
            pytest.raises(LockedError, match=r"^another trackwire process is working on"),
            project_lock(tmp_path, "import", wait=0),
        ):
            pass


def test_waiting_process_goes_on_when_the_lock_is_freed(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder:

        def free(_: str) -> None:
            assert holder.stdin is not None
            holder.stdin.close()

        with project_lock(tmp_path, "import", wait=60, notify=free) as directory:
            assert directory == tmp_path / DATA_DIRECTORY


def test_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with project_lock(tmp_path, "import", wait=0):
            pass


def test_free_lock_needs_no_waiting(tmp_path: Path) -> None:
    told: list[str] = []
    with project_lock(tmp_path, "import", wait=0, notify=told.append):
        pass
    assert told == []


def test_error_in_the_block_frees_the_lock(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), project_lock(tmp_path, "import"):
        raise RuntimeError
    with project_lock(tmp_path, "publish", wait=0):
        pass


def test_bind_changes_nothing_while_another_process_works(
    tmp_path: Path, users: UserStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = functools.partial(project_lock, wait=0.1)
    monkeypatch.setattr("trackwire.binding.project_lock", impatient)
    with another_process(tmp_path), pytest.raises(LockedError):
        bind(
            tmp_path,
            ProviderRegistry((), environ={}),
            TrackerCredentialStore(users, environ={}),
            BindRequest(provider="beads", workspace="here"),
        )
    assert not (tmp_path / ".kittify" / "config.yaml").exists()


def test_data_directory_is_private_and_unseen_by_git(tmp_path: Path) -> None:
    with project_lock(tmp_path, "import") as directory:
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert modes == {".gitignore": 0o600, "lock": 0o600, "lock.holder": 0o600}
    assert (directory / ".gitignore").read_text() == "*\n"


def test_data_directory_that_others_may_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / DATA_DIRECTORY).mkdir(parents=True)
    (tmp_path / DATA_DIRECTORY).chmod(0o755)
    assert stat.S_IMODE(data_directory(tmp_path).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["lock", "lock.holder", ".gitignore", "tracker.sqlite"])
def test_link_that_came_with_a_clone_is_not_written_through(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / DATA_DIRECTORY).mkdir(parents=True)
    (tmp_path / DATA_DIRECTORY / name).symlink_to(victim)
    with pytest.raises(ProjectError, match=f"{name}: is a symbolic link"):
        data_directory(tmp_path)
    assert victim.read_text() == "precious"


def test_link_in_the_data_directorys_place_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".kittify").mkdir()
    (tmp_path / DATA_DIRECTORY).symlink_to(elsewhere)
    with pytest.raises(ProjectError, match="is a symbolic link"):
        data_directory(tmp_path)
    assert list(elsewhere.iterdir()) == []


def test_file_in_the_data_directorys_place_is_named(tmp_path: Path) -> None:
    (tmp_path / ".kittify").mkdir()
    (tmp_path / DATA_DIRECTORY).write_text("")
    with pytest.raises(ProjectError, match="trackwire: cannot be used: "):
        data_directory(tmp_path)


def test_directory_in_the_locks_place_is_named(tmp_path: Path) -> None:
    (tmp_path / DATA_DIRECTORY / "lock").mkdir(parents=True)
    with (
        pytest.raises(ProjectError, match=r"trackwire/lock: cannot be locked: Is a directory"),
        project_lock(tmp_path, "import"),
    ):
        pass
