"""Opens the store's SQLite file: creation, migrations, and errors that name the file."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.errors import LockedError, StoreError

if TYPE_CHECKING:
    from trackwire.scope import Scope

APPLICATION_ID = 0x74777374  # "twst": tells a store from another program's SQLite file
BUSY_TIMEOUT_MS = 60_000
CACHE_KIB = 12_288
"""How much of the file is kept in memory while issues are written, for ids in no order."""

Migration = tuple[str, ...]

MIGRATIONS: Sequence[Migration] = (
    (
        "CREATE TABLE store (id TEXT NOT NULL)",
        """CREATE TABLE scope (
            id INTEGER PRIMARY KEY,
            provider TEXT NOT NULL,
            workspace TEXT NOT NULL,
            resource_id TEXT NOT NULL,
            fill TEXT NOT NULL DEFAULT 'never',
            cursor TEXT,
            updated_since TEXT,
            UNIQUE (provider, workspace, resource_id)
        )""",
        """CREATE TABLE issue (
            scope_id INTEGER NOT NULL REFERENCES scope (id),
            external_id TEXT NOT NULL,
            wire BLOB NOT NULL,
            sha256 BLOB NOT NULL,
            gone INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (scope_id, external_id)
        ) WITHOUT ROWID""",
        """CREATE TABLE mapping (
            scope_id INTEGER NOT NULL REFERENCES scope (id),
            wp_id TEXT NOT NULL,
            external_id TEXT NOT NULL,
            wire BLOB NOT NULL,
            PRIMARY KEY (scope_id, wp_id, external_id)
        ) WITHOUT ROWID""",
        """CREATE TABLE destination (
            endpoint TEXT PRIMARY KEY,
            codings TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE ledger (
            destination TEXT NOT NULL,
            generation INTEGER NOT NULL,
            body_sha256 TEXT NOT NULL,
            idempotency_key TEXT NOT NULL,
            state TEXT NOT NULL,
            route TEXT NOT NULL,
            issue_count INTEGER NOT NULL,
            updated_at TEXT NOT NULL,
            detail TEXT,
            PRIMARY KEY (destination, generation)
        ) WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE pull (
            scope_id INTEGER PRIMARY KEY REFERENCES scope (id),
            run TEXT,
            fingerprint TEXT,
            census_at TEXT,
            doubt TEXT,
            pulled_at TEXT
        )""",
    ),
)
"""What turns version N of the store into N + 1; entries are only ever added."""


def connect(path: Path, *, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """Open the store, making or upgrading it first.

    Args:
        path: The file; its directory exists and is private.
        migrations: What to upgrade by.

    Raises:
        StoreError: It is no store, corrupt, or of a newer version; it is left as it is.
    """
    with storage_errors(path):
        _make_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        try:
            _prepare(connection, path, migrations)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = True) -> Iterator[None]:
    """Run the block as one transaction: all of it is kept, or nothing.

    Args:
        connection: The store's connection.
        write: Whether to take the write lock at once.
    """
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ones that name the store.

    Args:
        path: The store's file.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise LockedError(
                f"{path}: another process is writing to the store; try again when it is done"
            ) from error
        raise StoreError(f"{path}: {error}; nothing was changed") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path}: the store cannot be read ({error}) and is left as it is; restore it from a "
            "backup, or move it away and import again"
        ) from error


def enlarge_cache(connection: sqlite3.Connection) -> None:
    """Keep more of the store in memory from now on; what only reads has no use for it.

    Args:
        connection: The store's connection.
    """
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def scope_row(connection: sqlite3.Connection, scope: Scope) -> int:
    """Return the number of a scope's rows, making the scope known.

    Args:
        connection: The store's connection.
        scope: The scope.
    """
    connection.execute(
        "INSERT OR IGNORE INTO scope (provider, workspace, resource_id) VALUES (?, ?, ?)",
        (scope.provider, scope.workspace, scope.resource_id or ""),
    )
    return known_scope_row(connection, scope)


def known_scope_row(connection: sqlite3.Connection, scope: Scope) -> int:
    """Return the number of a scope's rows; -1, which no row has, for one that is not known.

    Args:
        connection: The store's connection.
        scope: The scope.
    """
    row = connection.execute(
        "SELECT id FROM scope WHERE provider = ? AND workspace = ? AND resource_id = ?",
        (scope.provider, scope.workspace, scope.resource_id or ""),
    ).fetchone()
    return int(row[0]) if row else -1


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(f"{path}: the store cannot be opened: {error.strerror}") from error


def _prepare(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    if _version(connection, path, migrations) < len(migrations):
        _upgrade(connection, path, migrations)
    # A store that another program left in WAL mode would stay in it.
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()


def _upgrade(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    enlarge_cache(connection)
    with transaction(connection):
        version = _version(connection, path, migrations)
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        if version == 0:
            connection.execute("INSERT INTO store (id) VALUES (?)", (str(uuid.uuid4()),))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _version(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(f"{path}: not a Trackwire store; it is left as it is, move it away")
    if version > len(migrations):
        raise StoreError(
            f"{path}: the store is of version {version}, this trackwire knows up to "
            f"{len(migrations)}; upgrade trackwire (the store is left as it is)"
        )
    return int(version)
