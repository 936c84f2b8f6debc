"""The hub's database as an SQLite file: all that is particular to SQLite is here.

Rollback journal and `synchronous=FULL`, because WAL has a corruption bug with two connections in
SQLite 3.7.0 to 3.51.2; writers begin with BEGIN IMMEDIATE so that they wait instead of failing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from trackwire.errors import StoreError, TemporaryError
from trackwire.hub.schema import SCHEMA_VERSION, metadata
from trackwire.hub.settings import BUSY_SECONDS

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

APPLICATION_ID = 0x54575248
READ_ONLY = "trackwire_read_only"
"""The execution option of a connection that will not write, and so waits for no writer."""


class _Content(Enum):
    EMPTY = auto()
    HUB = auto()


def open_database(path: Path, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open the hub's database, creating it where there is none.

    Args:
        path: The file; created 0600, its directory 0700.
        busy_seconds: How long to wait for a lock that another process holds.

    Raises:
        TemporaryError: Another process holds its lock for longer.
        StoreError: It cannot be created or written, is damaged, is something else's, or is of a
            newer version. The file is then left as it is.
    """
    _ensure_file(path)
    with storage_errors(path):
        if _content(path, busy_seconds) is _Content.EMPTY:
            _create_tables(path, busy_seconds)
    return _engine(path, busy_seconds)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite, and SQLAlchemy's of them, into ones that name the database.

    Args:
        path: The database file.

    Raises:
        TemporaryError: Another process holds its lock.
        StoreError: It cannot be read or written, and is left as it is.
    """
    try:
        yield
    except (sqlite3.DatabaseError, DBAPIError) as error:
        problem = error.orig if isinstance(error, DBAPIError) else error
        if getattr(problem, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise TemporaryError(
                f"{path}: another process is writing to it; try again later"
            ) from error
        raise StoreError(
            f"{path}: cannot be used as the hub's database: {problem}; it is left as it is, "
            "mend that or name another file with --database"
        ) from error


def _ensure_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be opened as the hub's database: {error.strerror}; "
            "name another file with --database"
        ) from error
    # SQLite keeps its journal beside the file, so a write needs the directory too.
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreError(
            f"{path.parent}: the hub's database cannot be written in this directory; "
            "name another file with --database"
        )


def _content(path: Path, busy_seconds: float) -> _Content:
    with closing(sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)) as connection:
        # One transaction, or another process may fill the file between two of the questions.
        connection.execute("BEGIN")
        return _judge(path, connection)


def _judge(path: Path, connection: sqlite3.Connection) -> _Content:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (tables, application, version) == (0, 0, 0):
        return _Content.EMPTY
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path}: is not a hub's database but something else's; it is left as it is, "
            "name another file with --database"
        )
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path}: is a hub's database of schema version {version}, and this Trackwire knows "
            f"version {SCHEMA_VERSION}; it is left as it is, use the Trackwire that wrote it or "
            "a newer one"
        )
    return _Content.HUB


def _create_tables(path: Path, busy_seconds: float) -> None:
    engine = _engine(path, busy_seconds)
    try:
        with engine.begin() as connection:
            driver = cast("sqlite3.Connection", connection.connection.driver_connection)
            # Another process may have filled it meanwhile; what is the hub's then stays as it is.
            _judge(path, driver)
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    finally:
        engine.dispose()


def _engine(path: Path, busy_seconds: float) -> Engine:
    # Errors must not carry what a snapshot holds, hence the hidden parameters.
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": busy_seconds},
        hide_parameters=True,
        pool_size=8,
        max_overflow=40,
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode = DELETE", "synchronous = FULL", "foreign_keys = ON"):
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
