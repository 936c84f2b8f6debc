"""Transactions on the hub's database, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trackwire.hub.sqlite import READ_ONLY, open_database

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["open_database", "reading", "writing"]


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Read one consistent state; keep it short, a long read keeps writers waiting."""
    with engine.connect() as connection:
        connection.execution_options(**{READ_ONLY: True})
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write all or nothing; one writer at a time."""
    with engine.begin() as connection:
        yield connection
