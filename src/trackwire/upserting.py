"""Writes issues over those that a scope holds: only what changed, and nothing older if so told."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trackwire.model import WorkPackageMapping
from trackwire.scope import Upserted

if TYPE_CHECKING:
    from trackwire.model import Issue

BATCH = 500
"""How many issues are written at once; with the scope's row below 999 parameters of a statement,
the most that older SQLites take."""

BATCH_BYTES = 1 << 20
"""The length in wire form at which fewer are enough, so that long issues do not pile up."""

_MAPPING = msgspec.json.Decoder(WorkPackageMapping)


class Encoded(NamedTuple):
    """An issue with its wire form, which is made once.

    Args:
        issue: The issue.
        wire: The bytes that a snapshot carries.
    """

    issue: Issue
    wire: bytes


def in_batches(issues: Iterable[Issue]) -> Iterator[list[Encoded]]:
    """Encode issues, and group them into what is written at once.

    Args:
        issues: The issues, read as they are needed.

    Yields:
        Issues in the order given. Who drops a batch before asking for the next holds one in
        memory, not two.
    """
    batch: list[Encoded] = []
    size = 0
    for issue in issues:
        wire = msgspec.json.encode(issue)
        batch.append(Encoded(issue, wire))
        size += len(wire)
        if len(batch) == BATCH or size >= BATCH_BYTES:
            yield batch
            batch = []
            size = 0
    if batch:
        yield batch


def upsert_batch(
    connection: sqlite3.Connection,
    scope_row: int,
    batch: Sequence[Encoded],
    *,
    keep_newer: bool,
) -> Upserted:
    """Write issues as if one after the other; the caller's transaction keeps them.

    Args:
        connection: The store's connection.
        scope_row: The number of the scope's rows.
        batch: What `in_batches` yields; the later of two with one id is held against the earlier.
        keep_newer: Whether an issue stays as it is, or gone, where the given one is not newer.
    """
    held = _held(connection, scope_row, {issue.ref.id for issue, _ in batch})
    rows = []
    written_over = {}
    created = 0
    for issue, wire in batch:
        external_id, digest = issue.ref.id, hashlib.sha256(wire).digest()
        before = held.get(external_id)
        if before and (before.equals(digest) or (keep_newer and before.outdates(issue))):
            continue
        if before:
            written_over[external_id] = issue
        created += before is None or before.gone
        held[external_id] = _Held(digest, gone=False, updated_at=issue.updated_at)
        rows.append((scope_row, external_id, wire, digest))
    connection.executemany(
        "INSERT OR REPLACE INTO issue (scope_id, external_id, wire, sha256) VALUES (?, ?, ?, ?)",
        rows,
    )
    _follow(connection, scope_row, written_over)
    return Upserted(created=created, updated=len(rows) - created, unchanged=len(batch) - len(rows))


class _Held(NamedTuple):
    digest: bytes
    gone: bool
    updated_at: datetime | None

    def equals(self, digest: bytes) -> bool:
        return not self.gone and self.digest == digest

    def outdates(self, issue: Issue) -> bool:
        """Tell whether a given version is older; one that is gone is not revived by the same."""
        if self.updated_at is None or issue.updated_at is None:
            return False
        return issue.updated_at < self.updated_at or (
            self.gone and issue.updated_at == self.updated_at
        )


def _held(
    connection: sqlite3.Connection, scope_row: int, external_ids: Collection[str]
) -> dict[str, _Held]:
    places = ", ".join("?" * len(external_ids))
    rows = connection.execute(
        "SELECT external_id, sha256, gone, json_extract(CAST(wire AS TEXT), '$.updated_at') "  # noqa: S608 - only placeholders vary
        f"FROM issue WHERE scope_id = ? AND external_id IN ({places})",
        (scope_row, *external_ids),
    )
    return {
        key: _Held(digest, bool(gone), datetime.fromisoformat(updated) if updated else None)
        for key, digest, gone, updated in rows
    }


def _follow(connection: sqlite3.Connection, scope_row: int, issues: Mapping[str, Issue]) -> None:
    """Let mappings take over the key and address of issues that were renamed or moved."""
    if not issues:
        return
    places = ", ".join("?" * len(issues))
    rows = connection.execute(
        f"SELECT wire FROM mapping WHERE scope_id = ? AND external_id IN ({places})",  # noqa: S608 - only placeholders vary
        (scope_row, *issues),
    ).fetchall()
    for mapping in (_MAPPING.decode(wire) for (wire,) in rows):
        ref = issues[mapping.external_id].ref
        if (mapping.external_key, mapping.external_url) == (ref.key, ref.url):
            continue
        followed = msgspec.structs.replace(
            mapping,
            external_key=ref.key,
            external_url=ref.url,
            updated_at=datetime.now(UTC),
        )
        connection.execute(
            "UPDATE mapping SET wire = ? WHERE scope_id = ? AND wp_id = ? AND external_id = ?",
            (msgspec.json.encode(followed), scope_row, mapping.wp_id, mapping.external_id),
        )
