"""The local store: issues, mappings and checkpoints by scope, in their wire form.

Rows hold the very bytes that a snapshot carries, so a publish streams them without parsing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from trackwire.database import (
    connect,
    enlarge_cache,
    known_scope_row,
    scope_row,
    storage_errors,
    transaction,
)
from trackwire.journal import PullJournal
from trackwire.ledger import Ledger
from trackwire.model import Checkpoint, Issue, WorkPackageMapping, is_utf8
from trackwire.scope import Fill, Scope, ScopeState, Upserted, state_of
from trackwire.upserting import in_batches, upsert_batch

if TYPE_CHECKING:
    from typing import Self

STORE_FILE = "store.sqlite"
_ISSUE = msgspec.json.Decoder(Issue)
_MAPPING = msgspec.json.Decoder(WorkPackageMapping)


class TrackerSqliteStore:
    """A project's store; a context manager that closes it.

    Args:
        path: The SQLite file; it is made where it is absent, in a directory that exists.

    Raises:
        StoreError: It is no store, corrupt, or of a newer version; it is left as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path)
        self.ledger = Ledger(self._connection, path)
        self.journal = PullJournal(self._connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; everything written is kept."""
        self._connection.close()

    @property
    def id(self) -> str:
        """The store's own UUID, made with it."""
        with storage_errors(self.path):
            (identity,) = self._connection.execute("SELECT id FROM store").fetchone()
        return str(identity)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make one transaction of every write in the block: all are kept, or none.

        Raises:
            StoreError: The disk is full or the file cannot be written; nothing was changed.
            LockedError: Another process kept the store busy for a minute.
        """
        with storage_errors(self.path):
            if self._connection.in_transaction:
                yield
            else:
                with transaction(self._connection):
                    yield

    @contextmanager
    def writing_often(self) -> Iterator[None]:
        """Keep the rollback journal's file between the transactions of the block.

        Making and removing it for each costs more than a small transaction itself; what is synced
        when is the same (SQLite, `PRAGMA journal_mode = PERSIST`).
        """
        with storage_errors(self.path):
            self._connection.execute("PRAGMA journal_mode = PERSIST").fetchone()
            try:
                yield
            finally:
                self._connection.execute("PRAGMA journal_mode = DELETE").fetchone()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let every read in the block see one and the same state."""
        with storage_errors(self.path):
            if self._connection.in_transaction:
                yield
            else:
                with transaction(self._connection, write=False):
                    yield

    def upsert_issues(
        self,
        scope: Scope,
        issues: Iterable[Issue],
        *,
        replace: bool = False,
        keep_newer: bool = False,
    ) -> Upserted:
        """Write issues in one transaction; when the iterable raises, nothing was written.

        Args:
            scope: Whose issues they are.
            issues: The issues, read as they are written; the last of an id wins.
            replace: Whether they are the whole state, so that all others are gone.
            keep_newer: Whether an issue stays as it is, or gone, where the given one is not
                newer: an answer of a search index may be behind what was read before.
        """
        changes = Upserted()
        with self.writing():
            enlarge_cache(self._connection)
            scope_id = scope_row(self._connection, scope)
            if replace:
                self._connection.execute("DROP TABLE IF EXISTS temp.seen")
                self._connection.execute("CREATE TEMP TABLE seen (id TEXT PRIMARY KEY)")
            for batch in in_batches(issues):
                changes += upsert_batch(self._connection, scope_id, batch, keep_newer=keep_newer)
                if replace:
                    self._connection.executemany(
                        "INSERT OR IGNORE INTO temp.seen VALUES (?)",
                        ((issue.ref.id,) for issue, _ in batch),
                    )
                del batch  # or it would be held while the next is made
            if replace:
                vanished = self._connection.execute(
                    "UPDATE issue SET gone = 1 WHERE scope_id = ? AND gone = 0 "
                    "AND external_id NOT IN (SELECT id FROM temp.seen)",
                    (scope_id,),
                ).rowcount
                self._connection.execute("DROP TABLE temp.seen")
                changes += Upserted(gone=vanished)
        return changes

    def mark_gone(self, scope: Scope, external_ids: Iterable[str]) -> int:
        """Record that issues are not at the tracker any more.

        Args:
            scope: The scope.
            external_ids: Their ids; one that is not there, or gone already, counts for nothing.

        Returns:
            How many there were.
        """
        with self.writing():
            held = known_scope_row(self._connection, scope)
            return self._connection.executemany(
                "UPDATE issue SET gone = 1 WHERE scope_id = ? AND external_id = ? AND gone = 0",
                ((held, key) for key in external_ids),
            ).rowcount

    def issue_count(self, scope: Scope) -> int:
        """Count a scope's issues that are at the tracker.

        Args:
            scope: The scope.
        """
        with storage_errors(self.path):
            (count,) = self._connection.execute(
                "SELECT count(*) FROM issue WHERE scope_id = ? AND gone = 0",
                (known_scope_row(self._connection, scope),),
            ).fetchone()
        return int(count)

    def set_fill(self, scope: Scope, fill: Fill) -> None:
        """Record how far a scope is filled.

        Args:
            scope: The scope.
            fill: How far.
        """
        with self.writing():
            self._connection.execute(
                "UPDATE scope SET fill = ? WHERE id = ?", (fill, scope_row(self._connection, scope))
            )

    def fill(self, scope: Scope) -> Fill:
        """Tell how far a scope is filled, without counting what it holds.

        Args:
            scope: The scope; one that the store does not know was never filled.
        """
        with storage_errors(self.path):
            row = self._connection.execute(
                "SELECT fill FROM scope WHERE id = ?", (known_scope_row(self._connection, scope),)
            ).fetchone()
        return Fill(row[0]) if row else Fill.NEVER

    def scope_state(self, scope: Scope) -> ScopeState:
        """Tell how far a scope is filled and what it holds.

        Args:
            scope: The scope; one that the store does not know was never filled.
        """
        return state_of(scope, self.scopes())

    def scopes(self) -> list[ScopeState]:
        """List every scope that the store knows, in order of its name."""
        with storage_errors(self.path):
            rows = self._connection.execute(
                """SELECT provider, workspace, resource_id, fill,
                    (SELECT count(*) FROM issue WHERE scope_id = scope.id AND gone = 0),
                    (SELECT count(*) FROM mapping WHERE scope_id = scope.id)
                FROM scope ORDER BY provider, workspace, resource_id"""
            ).fetchall()
        return [
            ScopeState(
                scope=Scope(provider, workspace, resource_id or None),
                fill=Fill(fill),
                issue_count=issues,
                mapping_count=mappings,
            )
            for provider, workspace, resource_id, fill, issues, mappings in rows
        ]

    def list_issues(self, scope: Scope) -> Iterator[Issue]:
        """Yield a scope's issues that are at the tracker, ordered by external id as text.

        Args:
            scope: The scope.
        """
        return map(_ISSUE.decode, self.issue_bytes(scope))

    def issue_bytes(self, scope: Scope) -> Iterator[bytes]:
        """Yield the same issues as they stand on the wire, without parsing them.

        Args:
            scope: The scope.
        """
        return self._wires(
            "SELECT wire FROM issue WHERE scope_id = ? AND gone = 0 ORDER BY external_id", scope
        )

    def find_issue(self, scope: Scope, name: str) -> Issue | None:
        """Find an issue by its external id, or else by its key.

        Args:
            scope: The scope.
            name: The id or key; a key's case does not matter.
        """
        if not is_utf8(name):
            return None
        with storage_errors(self.path):
            row = self._connection.execute(
                """SELECT wire FROM issue WHERE scope_id = :scope AND gone = 0 AND (
                    external_id = :name
                    OR lower(json_extract(CAST(wire AS TEXT), '$.ref.key')) = lower(:name)
                ) ORDER BY external_id != :name LIMIT 1""",
                {"scope": known_scope_row(self._connection, scope), "name": name},
            ).fetchone()
        return _ISSUE.decode(row[0]) if row else None

    def list_mappings(self, scope: Scope) -> Iterator[WorkPackageMapping]:
        """Yield a scope's mappings, ordered by work package and external id.

        Args:
            scope: The scope.
        """
        return map(_MAPPING.decode, self.mapping_bytes(scope))

    def mapping_bytes(self, scope: Scope) -> Iterator[bytes]:
        """Yield the same mappings as they stand on the wire.

        Args:
            scope: The scope.
        """
        return self._wires(
            "SELECT wire FROM mapping WHERE scope_id = ? ORDER BY wp_id, external_id", scope
        )

    def put_mapping(self, scope: Scope, wp_id: str, issue: Issue) -> WorkPackageMapping:
        """Tie a work package to an issue; a mapping that says the same stays as it is.

        Args:
            scope: The scope.
            wp_id: The work package.
            issue: The issue.
        """
        now = datetime.now(UTC)
        mapping = WorkPackageMapping(
            wp_id=wp_id,
            system=scope.provider,
            workspace=scope.workspace,
            external_id=issue.ref.id,
            external_key=issue.ref.key,
            external_url=issue.ref.url,
            created_at=now,
            updated_at=now,
        )
        with self.writing():
            held = self._mapping(scope, wp_id, issue.ref.id)
            if held is not None:
                mapping = msgspec.structs.replace(mapping, created_at=held.created_at)
                if msgspec.structs.replace(mapping, updated_at=held.updated_at) == held:
                    return held
            self._connection.execute(
                "INSERT OR REPLACE INTO mapping VALUES (?, ?, ?, ?)",
                (
                    scope_row(self._connection, scope),
                    wp_id,
                    issue.ref.id,
                    msgspec.json.encode(mapping),
                ),
            )
        return mapping

    def remove_mapping(self, scope: Scope, wp_id: str, external_id: str) -> bool:
        """Remove a mapping.

        Args:
            scope: The scope.
            wp_id: The work package.
            external_id: The issue's id at the tracker.

        Returns:
            Whether there was one.
        """
        with self.writing():
            removed = self._connection.execute(
                "DELETE FROM mapping WHERE scope_id = ? AND wp_id = ? AND external_id = ?",
                (known_scope_row(self._connection, scope), wp_id, external_id),
            ).rowcount
        return removed > 0

    def get_checkpoint(self, scope: Scope) -> Checkpoint:
        """Tell how far a scope has read the tracker.

        Args:
            scope: The scope.
        """
        with storage_errors(self.path):
            row = self._connection.execute(
                "SELECT cursor, updated_since FROM scope WHERE id = ?",
                (known_scope_row(self._connection, scope),),
            ).fetchone()
        cursor, since = row or (None, None)
        return Checkpoint(
            cursor=cursor, updated_since=datetime.fromisoformat(since) if since else None
        )

    def set_checkpoint(self, scope: Scope, checkpoint: Checkpoint) -> None:
        """Record how far a scope has read the tracker.

        Args:
            scope: The scope.
            checkpoint: How far.
        """
        since = checkpoint.updated_since
        with self.writing():
            self._connection.execute(
                "UPDATE scope SET cursor = ?, updated_since = ? WHERE id = ?",
                (
                    checkpoint.cursor,
                    since and since.isoformat(),
                    scope_row(self._connection, scope),
                ),
            )

    def _wires(self, statement: str, scope: Scope) -> Iterator[bytes]:
        with storage_errors(self.path):
            for (wire,) in self._connection.execute(
                statement, (known_scope_row(self._connection, scope),)
            ):
                yield wire

    def _mapping(self, scope: Scope, wp_id: str, external_id: str) -> WorkPackageMapping | None:
        row = self._connection.execute(
            "SELECT wire FROM mapping WHERE scope_id = ? AND wp_id = ? AND external_id = ?",
            (known_scope_row(self._connection, scope), wp_id, external_id),
        ).fetchone()
        return _MAPPING.decode(row[0]) if row else None
