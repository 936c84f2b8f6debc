"""The hub's database, whichever it is: opened for a block of work, and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trackwire.hub.settings import BUSY_SECONDS
from trackwire.hub.sqlite import READ_ONLY, open_database, storage_errors

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine

__all__ = ["open_database", "opened", "reading", "writing"]


@contextmanager
def opened(path: Path, busy_seconds: float = BUSY_SECONDS) -> Iterator[Engine]:
    """Open the hub's database for the block, creating it where there is none.

    Args:
        path: The file.
        busy_seconds: How long to wait for a lock that another process holds.

    Raises:
        TemporaryError: Another process holds its lock for longer, now or within the block.
        StoreError: It cannot be used, now or within the block, and is left as it is.
    """
    engine = open_database(path, busy_seconds)
    try:
        with storage_errors(path):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read one consistent state; keep it short, a long read keeps writers waiting.

    Args:
        engine: The hub's database.
    """
    with engine.connect() as connection:
        connection.execution_options(**{READ_ONLY: True})
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write all or nothing; one writer at a time.

    Args:
        engine: The hub's database.
    """
    with engine.begin() as connection:
        yield connection
