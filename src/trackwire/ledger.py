"""The ledger of publishes: which body went where under which idempotency key.

The derivation of the key is fixed by contracts/tracker-snapshot-publish.md, "Idempotency key".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from trackwire.database import storage_errors

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_KEY_VERSION = "trackwire-publish-v1"
_COLUMNS = (
    "destination, generation, body_sha256, idempotency_key, state, route, issue_count, "
    "updated_at, detail"
)


class PublishState(StrEnum):
    """How far a publish came."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One generation of a destination.

    Args:
        destination: The normalized endpoint URL.
        generation: Counts the changes of the body, from 1.
        body_sha256: The body's digest, lower-case hex.
        idempotency_key: What the request carries.
        state: How far the publish came.
        route: The routing key, for a person.
        issue_count: Issues in the body.
        updated_at: When the state last changed.
        detail: How the hub resolved it, or why it failed; None where it never came to an end.
    """

    destination: str
    generation: int
    body_sha256: str
    idempotency_key: str
    state: PublishState
    route: str
    issue_count: int
    updated_at: datetime
    detail: str | None = None


def idempotency_key(store_id: str, destination: str, generation: int, body_sha256: str) -> str:
    """Derive the key: the same for a retry, another for any change of the body.

    Args:
        store_id: The store's UUID.
        destination: The normalized endpoint URL.
        generation: The ledger's generation for that destination.
        body_sha256: The body's digest, lower-case hex.
    """
    parts = (_KEY_VERSION, store_id, destination, str(generation), body_sha256)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Ledger:
    """Reads and writes the ledger; every write is durable when the call returns.

    Args:
        connection: The store's connection, in autocommit mode.
        path: The store's file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def last(self, destination: str) -> LedgerEntry | None:
        """Return the latest generation of a destination, or None before the first.

        Args:
            destination: The normalized endpoint URL.
        """
        entries = self._select(
            "WHERE destination = ? ORDER BY generation DESC LIMIT 1", destination
        )
        return entries[0] if entries else None

    def latest(self) -> list[LedgerEntry]:
        """Return the latest generation of every destination, the newest change first."""
        return self._select(
            "WHERE generation = (SELECT max(generation) FROM ledger AS other "
            "WHERE other.destination = ledger.destination) ORDER BY updated_at DESC"
        )

    def next_generation(self, destination: str, body_sha256: str) -> int:
        """Tell which generation a publish of this body is.

        Args:
            destination: The normalized endpoint URL.
            body_sha256: The body's digest, lower-case hex.
        """
        last = self.last(destination)
        if last is None:
            return 1
        return last.generation + (last.body_sha256 != body_sha256)

    def begin(
        self, store_id: str, destination: str, body_sha256: str, route: str, issue_count: int
    ) -> LedgerEntry:
        """Record a publish before its first byte leaves.

        A body that equals the last one keeps its generation and so its key; one that the hub has
        accepted stays delivered, whatever becomes of sending it again.

        Args:
            store_id: The store's UUID.
            destination: The normalized endpoint URL.
            body_sha256: The body's digest, lower-case hex.
            route: The routing key, for a person.
            issue_count: Issues in the body.
        """
        generation = self.next_generation(destination, body_sha256)
        self._execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL) "
            "ON CONFLICT (destination, generation) DO UPDATE SET state = excluded.state, "
            "updated_at = excluded.updated_at, detail = NULL WHERE state != 'delivered'",
            destination,
            generation,
            body_sha256,
            idempotency_key(store_id, destination, generation, body_sha256),
            PublishState.PENDING,
            route,
            issue_count,
            _now(),
        )
        (entry,) = self._select("WHERE destination = ? AND generation = ?", destination, generation)
        return entry

    def finish(self, entry: LedgerEntry, state: PublishState, detail: str) -> None:
        """Record what became of a publish.

        Args:
            entry: What `begin` returned.
            state: How it ended; pending where it is worth repeating.
            detail: How the hub resolved it, or why it failed.
        """
        self._execute(
            "UPDATE ledger SET state = ?, detail = ?, updated_at = ? "
            "WHERE destination = ? AND generation = ? "
            "AND (state != 'delivered' OR ? = 'delivered')",
            state,
            detail,
            _now(),
            entry.destination,
            entry.generation,
            state,
        )

    def codings(self, endpoint: str) -> frozenset[str]:
        """Return the content codings that a destination has said it takes.

        Args:
            endpoint: The normalized endpoint URL.
        """
        rows = self._execute("SELECT codings FROM destination WHERE endpoint = ?", endpoint)
        return frozenset(rows[0][0].split()) if rows else frozenset()

    def remember_codings(self, endpoint: str, codings: frozenset[str]) -> None:
        """Remember the content codings that a destination takes.

        Args:
            endpoint: The normalized endpoint URL.
            codings: What its `Accept-Encoding` said (RFC 7694).
        """
        self._execute(
            "INSERT OR REPLACE INTO destination VALUES (?, ?)",
            endpoint,
            " ".join(sorted(codings)),
        )

    def _select(self, clause: str, *parameters: object) -> list[LedgerEntry]:
        rows = self._execute(f"SELECT {_COLUMNS} FROM ledger {clause}", *parameters)  # noqa: S608 - literals
        return [
            LedgerEntry(
                destination=destination,
                generation=generation,
                body_sha256=digest,
                idempotency_key=key,
                state=PublishState(state),
                route=route,
                issue_count=issue_count,
                updated_at=datetime.fromisoformat(updated_at),
                detail=detail,
            )
            for (
                destination,
                generation,
                digest,
                key,
                state,
                route,
                issue_count,
                updated_at,
                detail,
            ) in rows
        ]

    def _execute(self, statement: str, *parameters: object) -> list[Any]:
        with storage_errors(self._path):
            return self._connection.execute(statement, parameters).fetchall()


def _now() -> str:
    return datetime.now(UTC).isoformat()
