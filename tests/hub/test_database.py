"""The hub's database file: who may read it, and which files are left alone."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from trackwire.errors import StoreError, TemporaryError
from trackwire.hub import sqlite
from trackwire.hub.database import open_database
from trackwire.hub.sqlite import APPLICATION_ID
from trackwire.hub.teams import create_token, list_teams


def create(path: Path) -> None:
    open_database(path).dispose()


def test_the_file_is_private_and_so_is_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "new" / "hub.sqlite"
    create(path)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
    assert modes == [0o600, 0o700]


def test_the_journal_is_no_write_ahead_log(tmp_path: Path) -> None:
    create(tmp_path / "hub.sqlite")
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_it_can_be_opened_again(tmp_path: Path) -> None:
    create(tmp_path / "hub.sqlite")
    create(tmp_path / "hub.sqlite")


def test_many_may_create_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    together = Barrier(4)
    done: list[None] = []

    def run() -> None:
        together.wait()
        done.append(create(path))  # type: ignore[func-returns-value]  # counts the successes

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4


@pytest.mark.parametrize("moment", range(4))
def test_it_may_be_created_while_another_looks_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    path = tmp_path / "hub.sqlite"
    connect = sqlite3.connect

    class Interrupted(sqlite3.Connection):
        statements = 0

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            if self.statements == moment:
                monkeypatch.setattr(sqlite3, "connect", connect)
                with suppress(TemporaryError):  # kept out by its lock, the other tries again
                    open_database(path, busy_seconds=0.1).dispose()
            self.statements += 1
            return super().execute(*arguments)

    monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Interrupted))
    create(path)
    assert sqlite3.connect is connect
    create(path)


def newer(path: Path) -> None:
    create(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE mine (x)")


def corrupt(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def damaged(path: Path) -> None:
    create(path)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 300)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (newer, "schema version 99"),
        (foreign, "something else's"),
        (corrupt, "not a database"),
        (damaged, "malformed"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(  # type: ignore[no-untyped-def]  # one of the makers above
    tmp_path: Path, make, words: str
) -> None:
    path = tmp_path / "hub.sqlite"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words) as caught:
        open_database(path)
    assert path.read_bytes() == before
    assert str(path) in str(caught.value)


def test_a_locked_file_is_worth_another_try(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    create(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TemporaryError, match="try again"):
            open_database(path, busy_seconds=0.1)


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="--database"):
        open_database(tmp_path / "file" / "hub.sqlite")


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="--database"):
        open_database(tmp_path)


def test_a_crash_in_mid_write_is_undone_when_it_is_next_opened(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    create(path)
    before = path.read_bytes()
    code = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('PRAGMA cache_size = 1')\n"
        "database.execute('BEGIN IMMEDIATE')\n"
        "for n in range(2000):\n"
        "    database.execute('INSERT INTO teams (name, created_at) VALUES (?, ?)', [n, n])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.read_bytes() != before
    engine = open_database(path)
    assert list_teams(engine) == {}
    engine.dispose()


def test_the_application_id_is_fixed() -> None:
    assert int.from_bytes(b"TWRH") == APPLICATION_ID


def overtake(monkeypatch: pytest.MonkeyPatch, fill: Callable[[Path], None]) -> None:
    """Have a file filled between the look at it, which finds it empty, and its making."""
    look = sqlite._content

    def overtaken(path: Path, *arguments: Any) -> object:
        found = look(path, *arguments)
        monkeypatch.setattr(sqlite, "_content", look)
        fill(path)
        return found

    monkeypatch.setattr(sqlite, "_content", overtaken)


def test_what_another_has_created_meanwhile_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faster(path: Path) -> None:
        engine = open_database(path)
        create_token(engine, "the faster", "tests")
        engine.dispose()

    overtake(monkeypatch, faster)
    engine = open_database(tmp_path / "hub.sqlite")
    assert list(list_teams(engine).values()) == ["the faster"]
    engine.dispose()


def test_what_is_something_elses_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtake(monkeypatch, foreign)
    with pytest.raises(StoreError, match="something else's"):
        open_database(tmp_path / "hub.sqlite")


@contextmanager
def directory_closed_to_us(directory: Path) -> Iterator[None]:
    directory.chmod(0o500)
    superuser = os.geteuid() == 0
    if superuser:  # whose rights to a file do not depend on its mode
        os.setreuid(65534, 0)
    try:
        yield
    finally:
        if superuser:
            os.setreuid(0, 0)
        directory.chmod(0o700)


def test_a_directory_that_takes_no_journal_is_refused(tmp_path: Path) -> None:
    create(tmp_path / "hub.sqlite")
    with (
        directory_closed_to_us(tmp_path),
        pytest.raises(StoreError, match="cannot be written in this directory; name another"),
    ):
        open_database(tmp_path / "hub.sqlite")
