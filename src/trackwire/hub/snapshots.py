"""Accepted snapshots: stored with their resolution and receipt, listed, and given back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, func, insert, select

from trackwire.hub import idempotency
from trackwire.hub.database import reading, writing
from trackwire.hub.decoding import zstd
from trackwire.hub.headers import digest_field
from trackwire.hub.mappings import finder, key_from, key_values
from trackwire.hub.resolution import ResolutionStatus, RouteResolution, RoutingKey, resolve
from trackwire.hub.schema import mappings, now_text, snapshot_chunks, snapshots
from trackwire.hub.validation import SnapshotFacts

_FAST_LEVEL = 1


class UnknownSnapshotError(Exception):
    """The team has no snapshot of this id."""


@dataclass(frozen=True, slots=True)
class Body:
    """A document as it was sent, before compression.

    Args:
        sha256: Its SHA-256.
        size: Its length in bytes.
        chunks: The document, in order.
    """

    sha256: bytes
    size: int
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """What is told of a stored snapshot.

    Args:
        snapshot_id: Its id.
        received_at: ISO 8601, in UTC.
        facts: What it says of itself.
        body_bytes: The length of its document.
        sha256: The SHA-256 of its document.
        resolution: Where it belongs at present.
    """

    snapshot_id: str
    received_at: str
    facts: SnapshotFacts
    body_bytes: int
    sha256: bytes
    resolution: RouteResolution


@dataclass(frozen=True, slots=True)
class Waiting:
    """The snapshots of one routing key that wait for a mapping.

    Args:
        key: The routing key.
        snapshot_count: How many they are.
        oldest_received_at: ISO 8601, in UTC.
        newest_received_at: ISO 8601, in UTC.
    """

    key: RoutingKey
    snapshot_count: int
    oldest_received_at: str
    newest_received_at: str


def store_snapshot(
    engine: Engine, held: idempotency.Claim, facts: SnapshotFacts, body: Body
) -> str:
    """Store a snapshot, its resolution and its receipt, and finish its key: all or nothing.

    Args:
        engine: The hub's database.
        held: The claim on the key that the snapshot was sent with.
        facts: What the snapshot says of itself.
        body: Its document; stored compressed, chunk by chunk.

    Returns:
        The receipt, as JSON.

    Raises:
        LostClaimError: The claim is not held any more; nothing is stored.
    """
    team_id = held.key.team_id
    with writing(engine) as connection:
        resolution = resolve(facts.key, finder(connection, team_id))
        stored = StoredSnapshot(str(uuid4()), now_text(), facts, body.size, body.sha256, resolution)
        receipt = _receipt(stored)
        idempotency.finish(connection, held, receipt)
        sequence = _insert_snapshot(connection, team_id, stored)
        for position, chunk in enumerate(body.chunks):
            connection.execute(
                insert(snapshot_chunks).values(
                    snapshot_sequence=sequence,
                    position=position,
                    zstd=zstd.compress(chunk, _FAST_LEVEL),
                )
            )
    return receipt


def list_snapshots(
    engine: Engine, team_id: int, limit: int, before: str | None = None
) -> list[StoredSnapshot]:
    """Return the team's snapshots, newest first.

    Args:
        engine: The hub's database.
        team_id: The team.
        limit: At most so many.
        before: Only those older than the snapshot of this id.

    Raises:
        UnknownSnapshotError: The team has none of the id `before`.
    """
    with reading(engine) as connection:
        query = _query(team_id).order_by(snapshots.c.sequence.desc()).limit(limit)
        if before is not None:
            query = query.where(snapshots.c.sequence < _sequence(connection, team_id, before))
        return [_stored(row) for row in connection.execute(query)]


def get_snapshot(engine: Engine, team_id: int, snapshot_id: str) -> StoredSnapshot:
    """Return one of the team's snapshots.

    Args:
        engine: The hub's database.
        team_id: The team.
        snapshot_id: The snapshot's id.

    Raises:
        UnknownSnapshotError: The team has none of this id.
    """
    with reading(engine) as connection:
        row = connection.execute(_query(team_id).where(snapshots.c.id == snapshot_id)).first()
    if row is None:
        raise UnknownSnapshotError
    return _stored(row)


def read_body(engine: Engine, team_id: int, snapshot_id: str) -> Iterator[bytes]:
    """Yield the document as it was sent, each chunk read on its own.

    Args:
        engine: The hub's database.
        team_id: The team.
        snapshot_id: The snapshot's id.

    Raises:
        UnknownSnapshotError: The team has none of this id.
    """
    with reading(engine) as connection:
        sequence = _sequence(connection, team_id, snapshot_id)
    position = 0
    while (chunk := _chunk(engine, sequence, position)) is not None:
        yield zstd.decompress(chunk)
        position += 1


def list_queue(engine: Engine, team_id: int) -> list[Waiting]:
    """Return the routing keys whose snapshots wait for a mapping, longest waiting first.

    Args:
        engine: The hub's database.
        team_id: The team.
    """
    oldest, newest = func.min(snapshots.c.received_at), func.max(snapshots.c.received_at)
    key = (
        snapshots.c.provider,
        snapshots.c.workspace,
        snapshots.c.external_resource_type,
        snapshots.c.external_resource_id,
    )
    query = (
        select(*key, func.count(), oldest, newest)
        .where(
            snapshots.c.team_id == team_id,
            snapshots.c.resolution_status == ResolutionStatus.QUEUED,
        )
        .group_by(*key)
        .order_by(oldest, *key)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [Waiting(key_from(*row[:4]), *row[4:]) for row in rows]


def _receipt(stored: StoredSnapshot) -> str:
    document = {
        "snapshot_id": stored.snapshot_id,
        "received_at": stored.received_at,
        "issue_count": stored.facts.issue_count,
        "digest": digest_field(stored.sha256),
        "resolution": stored.resolution,
    }
    return msgspec.json.encode(document).decode()


def _insert_snapshot(connection: Connection, team_id: int, stored: StoredSnapshot) -> int:
    facts = stored.facts
    made = connection.execute(
        insert(snapshots).values(
            id=stored.snapshot_id,
            team_id=team_id,
            received_at=stored.received_at,
            doctrine_mode=facts.doctrine_mode,
            project_uuid=facts.project_uuid,
            project_slug=facts.project_slug,
            issue_count=facts.issue_count,
            mapping_count=facts.mapping_count,
            body_bytes=stored.body_bytes,
            sha256=stored.sha256,
            resolution_status=stored.resolution.status,
            mapping_id=stored.resolution.mapping_id,
            **key_values(facts.key),
        )
    )
    return int(made.inserted_primary_key[0])  # type: ignore[index]  # set after every insert


def _query(team_id: int) -> Select[tuple[object, ...]]:
    return (
        select(snapshots, mappings.c.project)
        .join(mappings, isouter=True)
        .where(snapshots.c.team_id == team_id)
    )


def _stored(row: Row[tuple[object, ...]]) -> StoredSnapshot:
    values = row._mapping  # the public name of a row's columns
    key = key_from(*(values[name] for name in key_values(RoutingKey("", ""))))
    facts = SnapshotFacts(
        key,
        values["doctrine_mode"],
        values["project_uuid"],
        values["project_slug"],
        values["issue_count"],
        values["mapping_count"],
    )
    resolution = RouteResolution(
        ResolutionStatus(values["resolution_status"]), values["mapping_id"], values["project"]
    )
    return StoredSnapshot(
        values["id"],
        values["received_at"],
        facts,
        values["body_bytes"],
        values["sha256"],
        resolution,
    )


def _sequence(connection: Connection, team_id: int, snapshot_id: str) -> int:
    sequence = connection.execute(
        select(snapshots.c.sequence).where(
            snapshots.c.team_id == team_id, snapshots.c.id == snapshot_id
        )
    ).scalar_one_or_none()
    if sequence is None:
        raise UnknownSnapshotError
    return int(sequence)


def _chunk(engine: Engine, sequence: int, position: int) -> bytes | None:
    query = select(snapshot_chunks.c.zstd).where(
        snapshot_chunks.c.snapshot_sequence == sequence, snapshot_chunks.c.position == position
    )
    with reading(engine) as connection:
        return connection.execute(query).scalar_one_or_none()
