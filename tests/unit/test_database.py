"""Opening a store: creation, migrations, and files that are refused as they are."""

from __future__ import annotations

import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from projectkit import PROVIDER, SCOPE, WORKSPACE, make_issue

from trackwire import database
from trackwire.database import APPLICATION_ID, MIGRATIONS, connect
from trackwire.errors import LockedError, StoreError
from trackwire.ledger import PublishState
from trackwire.lock import data_directory
from trackwire.scope import Fill, Scope
from trackwire.store import TrackerSqliteStore

DUMPS = Path(__file__).resolve().parents[1] / "data" / "stores"
VERSIONS = range(1, len(MIGRATIONS) + 1)
ADDED = ("ALTER TABLE issue ADD COLUMN parent TEXT", "CREATE TABLE extra (id TEXT)")
HALF_BAD = ("CREATE TABLE extra (id TEXT)", "INSERT INTO missing VALUES (1)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def restore(version: int, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DUMPS / f"v{version}.sql").read_text(encoding="utf-8"))


def schema_of(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def open_and_close(path: Path, *more: database.Migration) -> None:
    connect(path, migrations=(*MIGRATIONS, *more)).close()


def assert_refused_as_it_is(path: Path, message: str) -> None:
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message) as caught:
        open_and_close(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_new_store_is_of_the_current_version(path: Path) -> None:
    open_and_close(path)
    assert version_of(path) == len(MIGRATIONS)


def test_new_store_is_private(path: Path) -> None:
    open_and_close(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_journal_of_a_write_is_private(path: Path) -> None:
    with closing(connect(path)) as connection, database.transaction(connection):
        connection.execute("UPDATE store SET id = 'x'")
        journal = path.with_name(f"{path.name}-journal")
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600


def test_data_directory_is_private_and_invisible_to_git(tmp_path: Path) -> None:
    directory = data_directory(tmp_path)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert (directory / ".gitignore").read_text() == "*\n"


def test_store_keeps_a_rollback_journal_and_syncs_fully(path: Path) -> None:
    with closing(connect(path)) as connection:
        modes = [
            connection.execute(f"PRAGMA {p}").fetchone()[0] for p in ("journal_mode", "synchronous")
        ]
    assert modes == ["delete", 2]


def test_store_that_another_program_put_in_wal_mode_leaves_it(path: Path) -> None:
    open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_empty_file_of_a_crash_right_after_creation_becomes_a_store(path: Path) -> None:
    path.touch()
    open_and_close(path)
    assert version_of(path) == len(MIGRATIONS)


def test_opening_again_changes_nothing(path: Path) -> None:
    open_and_close(path)
    before = path.read_bytes()
    open_and_close(path)
    assert path.read_bytes() == before


def test_every_version_has_a_dump() -> None:
    assert {dump.stem for dump in DUMPS.glob("*.sql")} == {f"v{version}" for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_dump_is_what_that_version_made(tmp_path: Path, version: int) -> None:
    restore(version, tmp_path / "restored")
    connect(tmp_path / "made", migrations=MIGRATIONS[:version]).close()
    assert version_of(tmp_path / "restored") == version
    assert schema_of(tmp_path / "restored") == schema_of(tmp_path / "made")


@pytest.mark.parametrize("version", VERSIONS)
def test_store_of_every_version_keeps_its_content(path: Path, version: int) -> None:
    restore(version, path)
    with TrackerSqliteStore(path) as store:
        assert store.id == "0d6c3c1e-7f0e-4b1b-9a53-6e3c4e0b2f77"
        assert list(store.list_issues(SCOPE)) == [
            make_issue("1", title="kept"),
            make_issue("\U0001f680 3", body="Füße", assignees=("a1",), labels=("l",)),
        ]
        assert [mapping.wp_id for mapping in store.list_mappings(SCOPE)] == ["WP01"]
        assert store.get_checkpoint(SCOPE).cursor == "page 2"
        assert {state.scope: state.fill for state in store.scopes()} == {
            SCOPE: Fill.COMPLETE,
            Scope(PROVIDER, WORKSPACE): Fill.PARTIAL,
        }
        (entry,) = store.ledger.latest()
        assert (entry.generation, entry.state) == (2, PublishState.PENDING)
        assert store.ledger.codings(entry.destination) == {"gzip", "zstd"}
    assert version_of(path) == len(MIGRATIONS)


def test_migration_is_applied_to_an_earlier_store(path: Path) -> None:
    open_and_close(path)
    open_and_close(path, ADDED)
    assert version_of(path) == len(MIGRATIONS) + 1
    assert "parent TEXT" in schema_of(path)["issue"]


def test_migration_keeps_the_stores_id(path: Path) -> None:
    with closing(connect(path)) as connection:
        before = connection.execute("SELECT id FROM store").fetchall()
    with closing(connect(path, migrations=(*MIGRATIONS, ADDED))) as connection:
        assert connection.execute("SELECT id FROM store").fetchall() == before


def test_migrations_that_fail_half_way_change_nothing(path: Path) -> None:
    open_and_close(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no such table: missing; nothing was changed"):
        open_and_close(path, ADDED[:1], HALF_BAD)
    assert path.read_bytes() == before


def test_store_opens_with_mended_migrations_after_a_failure(path: Path) -> None:
    open_and_close(path)
    with pytest.raises(StoreError):
        open_and_close(path, HALF_BAD)
    open_and_close(path, ADDED)
    assert version_of(path) == len(MIGRATIONS) + 1


_UPGRADE = f"""
import sys
from contextlib import contextmanager
from pathlib import Path
from trackwire import database

inner = database.transaction

@contextmanager
def announced(connection):
    print("upgrading", flush=True)
    with inner(connection):
        yield

database.transaction = announced
database.connect(Path(sys.argv[1]), migrations=(*database.MIGRATIONS, {ADDED!r})).close()
"""


def test_processes_that_upgrade_at_once_upgrade_once(path: Path) -> None:
    open_and_close(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        children = [
            subprocess.Popen(
                [sys.executable, "-c", _UPGRADE, str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "upgrading\n"
        holder.execute("ROLLBACK")
        ends = [(child.communicate(timeout=60)[1], child.returncode) for child in children]
    assert ends == [("", 0), ("", 0)]
    assert version_of(path) == len(MIGRATIONS) + 1


def test_store_of_a_newer_version_is_refused(path: Path) -> None:
    open_and_close(path, ADDED)
    assert_refused_as_it_is(path, "upgrade trackwire")


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
    assert_refused_as_it_is(path, "not a Trackwire store")


def test_another_programs_database_of_a_later_version_is_refused_as_foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert_refused_as_it_is(path, "not a Trackwire store")


def test_another_programs_database_without_tables_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID + 1}")
    assert_refused_as_it_is(path, "not a Trackwire store")


def test_garbage_is_refused(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)
    assert_refused_as_it_is(path, "restore it from a backup, or move it away")


@pytest.mark.parametrize("size", [40, 1000, 4096, 10_000])
def test_truncated_store_is_refused(path: Path, size: int) -> None:
    open_and_close(path)
    path.write_bytes(path.read_bytes()[:size])
    assert_refused_as_it_is(path, "restore it from a backup, or move it away")


def test_store_with_an_overwritten_schema_is_refused(path: Path) -> None:
    open_and_close(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * 3996 + content[4096:])
    assert_refused_as_it_is(path, "restore it from a backup, or move it away")


def test_corrupt_rows_are_an_error_that_names_the_store(path: Path) -> None:
    with TrackerSqliteStore(path) as store:
        store.upsert_issues(SCOPE, [make_issue(str(n), body="x" * 500) for n in range(200)])
    content = path.read_bytes()
    path.write_bytes(content[: 4096 * 8] + b"\xff" * (len(content) - 4096 * 8))
    before = path.read_bytes()
    with (
        TrackerSqliteStore(path) as store,
        pytest.raises(StoreError, match=re.escape(str(path))),
    ):
        list(store.list_issues(SCOPE))
    assert path.read_bytes() == before


def test_directory_in_the_stores_place_is_an_error_that_names_it(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError, match=r"store\.sqlite: the store cannot be opened: Is a dir"):
        open_and_close(path)


def test_store_in_a_missing_directory_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"absent/store\.sqlite: the store cannot be opened"):
        open_and_close(tmp_path / "absent" / "store.sqlite")


def test_creating_waits_for_another_process_and_then_says_it_is_busy(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 30)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError, match="another process is writing to the store"):
            open_and_close(path)


def test_errors_of_files_are_not_blamed_on_the_store(path: Path) -> None:
    with pytest.raises(PermissionError), database.storage_errors(path):
        raise PermissionError(13, "Permission denied", "issues.json")
