"""The hub's tables, in terms that SQLite and PostgreSQL share.

Times are ISO 8601 text in UTC of one fixed width, so that they sort as text. An absent resource
routing is stored as two empty texts, because a unique constraint does not compare nulls.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 1

metadata = MetaData()

teams = Table(
    "teams",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", String(27), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("team_id", ForeignKey(teams.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", String(27), nullable=False),
)

mappings = Table(
    "mappings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("team_id", ForeignKey(teams.c.id), nullable=False),
    Column("provider", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("external_resource_type", Text, nullable=False),
    Column("external_resource_id", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    UniqueConstraint(
        "team_id", "provider", "workspace", "external_resource_type", "external_resource_id"
    ),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("team_id", ForeignKey(teams.c.id), nullable=False),
    Column("received_at", String(27), nullable=False),
    Column("provider", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("external_resource_type", Text, nullable=False),
    Column("external_resource_id", Text, nullable=False),
    Column("doctrine_mode", Text, nullable=False),
    Column("project_uuid", Text),
    Column("project_slug", Text),
    Column("issue_count", Integer, nullable=False),
    Column("mapping_count", Integer, nullable=False),
    Column("body_bytes", Integer, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("resolution_status", String(32), nullable=False),
    Column("mapping_id", ForeignKey(mappings.c.id), index=True),
    Index("snapshots_by_team", "team_id", "sequence"),
    Index("snapshots_by_workspace", "team_id", "resolution_status", "provider", "workspace"),
)

snapshot_chunks = Table(
    "snapshot_chunks",
    metadata,
    Column("snapshot_sequence", ForeignKey(snapshots.c.sequence), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("zstd", LargeBinary, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("team_id", ForeignKey(teams.c.id), primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("owner", String(36), nullable=False),
    Column("lease_expires_at", Float, nullable=False),
    Column("receipt", Text),
)


def now_text() -> str:
    """Return the present time as the tables hold it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
