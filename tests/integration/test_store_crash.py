"""Stores that a process was killed over."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest
from projectkit import SCOPE, make_issue

from trackwire.database import MIGRATIONS
from trackwire.store import TrackerSqliteStore

Start = Callable[..., "Popen[str]"]

# A cache of a few pages, so that a transaction writes to the file long before it ends.
_SMALL_CACHE = """
import os, signal
from pathlib import Path
from trackwire import database
from trackwire.store import TrackerSqliteStore
from projectkit import SCOPE, make_issue

database.CACHE_KIB = 16
path = Path(sys.argv[1])
"""

_KILLED_IN_A_WRITE = (
    _SMALL_CACHE
    + """
with TrackerSqliteStore(path) as store, store.writing():
    store.upsert_issues(SCOPE, (make_issue(str(n), body="new " * 200) for n in range(3000)))
    os.kill(os.getpid(), signal.SIGKILL)
"""
)

_KILLED_IN_AN_UPGRADE = (
    _SMALL_CACHE
    + """
class Killing:
    def __init__(self, connection):
        self.connection = connection
    def execute(self, statement):
        if statement.startswith(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.connection.execute(statement)
    def __getattr__(self, name):
        return getattr(self.connection, name)

connect = database.sqlite3.connect
database.sqlite3.connect = lambda *args, **options: Killing(connect(*args, **options))
added = (
    "ALTER TABLE issue ADD COLUMN parent TEXT",
    "UPDATE issue SET wire = zeroblob(2000)",
)
database.connect(path, migrations=(*database.MIGRATIONS, added))
"""
)


def fill(path: Path) -> None:
    with TrackerSqliteStore(path) as store:
        store.upsert_issues(SCOPE, [make_issue(str(n), title="old") for n in range(500)])


def assert_old_state(path: Path) -> None:
    with TrackerSqliteStore(path) as store:
        assert {issue.title for issue in store.list_issues(SCOPE)} == {"old"}
        assert store.scope_state(SCOPE).issue_count == 500
        assert store._connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        columns = [row[1] for row in store._connection.execute("PRAGMA table_info(issue)")]
        assert columns == ["scope_id", "external_id", "wire", "sha256", "gone"]
        assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def kill_over(path: Path, start_python: Start, script: str, *arguments: str) -> None:
    before = path.read_bytes()
    process = start_python(script, path, *arguments)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (-signal.SIGKILL, "")
    assert path.read_bytes() != before  # or else nothing was there to be taken back


def test_store_of_a_killed_write_has_its_old_state(tmp_path: Path, start_python: Start) -> None:
    path = tmp_path / "store.sqlite"
    fill(path)
    kill_over(path, start_python, _KILLED_IN_A_WRITE)
    assert_old_state(path)


@pytest.mark.parametrize("statement", ["PRAGMA user_version = ", "COMMIT"])
def test_store_of_a_killed_upgrade_has_its_old_state(
    tmp_path: Path, start_python: Start, statement: str
) -> None:
    path = tmp_path / "store.sqlite"
    fill(path)
    kill_over(path, start_python, _KILLED_IN_AN_UPGRADE, statement)
    assert_old_state(path)


def test_store_of_a_process_killed_while_making_it_can_be_made_again(
    tmp_path: Path, start_python: Start
) -> None:
    path = tmp_path / "store.sqlite"
    script = (
        _SMALL_CACHE
        + """
database.uuid.uuid4 = lambda: os.kill(os.getpid(), signal.SIGKILL)
database.connect(path)
"""
    )
    process = start_python(script, path)
    process.communicate(timeout=60)
    assert (process.returncode, path.exists()) == (-signal.SIGKILL, True)
    fill(path)
    assert_old_state(path)
