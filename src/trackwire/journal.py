"""How far each scope has been read from its tracker: what a pull needs to go on.

The checkpoint (`cursor`, `updated_since`) is a part of the scope and of every snapshot; what is
kept here beside it concerns the pull alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from trackwire.database import known_scope_row, scope_row, storage_errors

if TYPE_CHECKING:
    from trackwire.scope import Scope


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A read of the tracker that has begun and not ended.

    Args:
        full: Whether it reads every issue.
        fingerprint: What the stored form of its issues depends on.
        held: How many issues the scope held when it began.
        since: From which change on it reads, or None for all.
        high: The largest `updated_at` that it has read, or None before the first.
    """

    full: bool
    fingerprint: str
    held: int
    since: datetime | None = None
    high: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullState:
    """What is known of a scope's pulls.

    Args:
        run: The read that was interrupted, or None.
        fingerprint: What the stored form depended on when every issue was last read, or None.
        census_at: When the tracker's issues were last listed, or None.
        doubt: Why the last census was not believed, or None.
        pulled_at: When a pull last reached its end, or None.
    """

    run: Run | None = None
    fingerprint: str | None = None
    census_at: datetime | None = None
    doubt: str | None = None
    pulled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a census differs from the store.

    Args:
        missing: Ids that the census has and the store has not.
        unlike: Ids that both have, as of different times.
        absent: Ids that the store has and the census has not.
    """

    missing: Sequence[str]
    unlike: Sequence[str]
    absent: Sequence[str]


_RUN = msgspec.json.Decoder(Run)


class PullJournal:
    """Reads and writes what pulls need to go on.

    Args:
        connection: The store's connection; a caller's transaction holds for the journal too.
        path: The store's file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def state(self, scope: Scope) -> PullState:
        """Tell what is known of a scope's pulls.

        Args:
            scope: The scope.
        """
        rows = self._execute(
            "SELECT run, fingerprint, census_at, doubt, pulled_at FROM pull WHERE scope_id = ?",
            known_scope_row(self._connection, scope),
        )
        if not rows:
            return PullState()
        run, fingerprint, census_at, doubt, pulled_at = rows[0]
        return PullState(
            run=_RUN.decode(run) if run else None,
            fingerprint=fingerprint,
            census_at=_time(census_at),
            doubt=doubt,
            pulled_at=_time(pulled_at),
        )

    def go_on(self, scope: Scope, run: Run) -> None:
        """Record how far a read has come.

        Args:
            scope: The scope.
            run: The read.
        """
        self._set(scope, run=msgspec.json.encode(run).decode())

    def finish(self, scope: Scope, run: Run, at: datetime) -> None:
        """Record that a read has reached its end; after a full one a census is owed.

        Args:
            scope: The scope.
            run: The read.
            at: The time.
        """
        self._set(scope, run=None, pulled_at=at.isoformat())
        if run.full:
            self._set(scope, fingerprint=run.fingerprint, census_at=None)

    def reform(self, scope: Scope, fingerprint: str) -> None:
        """Record that issues are stored in a form that depends on this.

        Args:
            scope: The scope.
            fingerprint: Where the whole scope's was another, it has no common one any more.
        """
        self._execute(
            "UPDATE pull SET fingerprint = NULL WHERE scope_id = ? AND fingerprint != ?",
            known_scope_row(self._connection, scope),
            fingerprint,
        )

    def counted(self, scope: Scope, at: datetime) -> None:
        """Record that a census was taken and the store agrees with it.

        Args:
            scope: The scope.
            at: The time.
        """
        self._set(scope, census_at=at.isoformat(), doubt=None)

    def doubted(self, scope: Scope, doubt: str) -> None:
        """Record that a census was not believed; the next pull takes another.

        Args:
            scope: The scope.
            doubt: Why, and what mends it.
        """
        self._set(scope, census_at=None, doubt=doubt)

    def distrust(self, scope: Scope) -> None:
        """Let the next pull read every issue, for some came into the scope in another way.

        Args:
            scope: The scope.
        """
        if self.state(scope) != PullState():
            self._set(scope, run=None, fingerprint=None)

    def open_census(self) -> None:
        """Begin a census: an empty list that holds until the next one or the store's end."""
        self._execute("DROP TABLE IF EXISTS temp.listed")
        self._execute("CREATE TEMP TABLE listed (id TEXT PRIMARY KEY, updated_at TEXT)")

    def list_issues(self, listed: Iterable[tuple[str, datetime | None]]) -> None:
        """Add to the census.

        Args:
            listed: Ids that are at the tracker, each with its last change, or None.
        """
        with storage_errors(self._path):
            self._connection.executemany(
                "INSERT OR REPLACE INTO temp.listed VALUES (?, ?)",
                ((key, time and _wire_time(time)) for key, time in listed),
            )

    def compare(self, scope: Scope) -> Difference:
        """Compare the census with the store.

        Args:
            scope: The scope.
        """
        held = known_scope_row(self._connection, scope)
        found = self._execute(
            """SELECT listed.id, issue.external_id IS NULL FROM temp.listed LEFT JOIN issue
            ON issue.scope_id = ? AND issue.external_id = listed.id AND issue.gone = 0
            WHERE issue.external_id IS NULL OR (listed.updated_at IS NOT NULL AND
                listed.updated_at IS NOT json_extract(CAST(issue.wire AS TEXT), '$.updated_at'))
            ORDER BY listed.id""",
            held,
        )
        absent = self._execute(
            """SELECT external_id FROM issue
            WHERE scope_id = ? AND gone = 0 AND external_id NOT IN (SELECT id FROM temp.listed)
            ORDER BY external_id""",
            held,
        )
        return Difference(
            missing=[key for key, is_missing in found if is_missing],
            unlike=[key for key, is_missing in found if not is_missing],
            absent=[key for (key,) in absent],
        )

    def _set(self, scope: Scope, **values: str | None) -> None:
        held = scope_row(self._connection, scope)
        self._execute("INSERT OR IGNORE INTO pull (scope_id) VALUES (?)", held)
        columns = ", ".join(f"{name} = ?" for name in values)
        self._execute(f"UPDATE pull SET {columns} WHERE scope_id = ?", *values.values(), held)  # noqa: S608 - our own column names

    def _execute(self, statement: str, *parameters: object) -> list[Any]:
        with storage_errors(self._path):
            return self._connection.execute(statement, parameters).fetchall()


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _wire_time(time: datetime) -> str:
    return str(msgspec.to_builtins(time.astimezone(UTC)))
