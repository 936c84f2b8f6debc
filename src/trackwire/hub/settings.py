"""What a hub can be told about how it works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20
BUSY_SECONDS = 30.0
"""How long a writer usually waits for another process's lock on the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one hub works.

    Args:
        database: The database file; spool files live beside it.
        max_body_bytes: The largest snapshot, both as it is sent and after decompression.
        max_in_process: How many snapshots are received and stored at once; beyond it the answer
            is 503.
        lease_seconds: How long a claimed idempotency key outlives a crash.
        idle_seconds: How long a body may stop arriving.
        busy_seconds: How long a request waits for the database's lock; beyond it the answer is 503.
    """

    database: Path
    max_body_bytes: int = 512 * MEBIBYTE
    max_in_process: int = 8
    lease_seconds: float = 60.0
    idle_seconds: float = 60.0
    busy_seconds: float = BUSY_SECONDS
