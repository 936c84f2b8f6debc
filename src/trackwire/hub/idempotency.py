"""Idempotency keys: claimed with a lease, finished with a receipt, given back after a refusal.

A key is looked up per (team, endpoint, key). Only acceptance is kept, so a refused snapshot may be
mended and sent with the same key. After a crash the lease runs out and the next request with the
key takes the claim over.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, insert, select, update

from trackwire.hub.database import writing
from trackwire.hub.schema import claims

LONGEST_WAIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Key:
    """What a claim is found by.

    Args:
        team_id: The team.
        endpoint: The path of the request.
        idempotency_key: The key that the sender gave.
    """

    team_id: int
    endpoint: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to process one key, until its lease runs out and another takes it over.

    Args:
        key: The key.
        owner: Tells this claim from all other claims of the key.
        lease_seconds: How far each renewal reaches.
    """

    key: Key
    owner: str
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The key was accepted before, with the same body.

    Args:
        receipt: The stored receipt, as JSON.
    """

    receipt: str


@dataclass(frozen=True, slots=True)
class OtherBody:
    """The key was accepted before, with another body."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """The key is in process.

    Args:
        retry_after: When asking again makes sense, in whole seconds.
    """

    retry_after: int


class LostClaimError(Exception):
    """The lease ran out and another request took the claim over."""


def claim(
    engine: Engine, key: Key, sha256: bytes, lease_seconds: float
) -> Claim | Finished | OtherBody | InFlight:
    """Claim a key for a body, or tell why that cannot be.

    Args:
        engine: The hub's database.
        key: The key.
        sha256: The body's SHA-256, before compression.
        lease_seconds: How long the claim outlives a crash.
    """
    taken = Claim(key, str(uuid4()), lease_seconds)
    now = time.time()
    lease = {"sha256": sha256, "owner": taken.owner, "lease_expires_at": now + lease_seconds}
    with writing(engine) as connection:
        row = connection.execute(
            select(claims.c.sha256, claims.c.receipt, claims.c.lease_expires_at).where(_of(key))
        ).first()
        if row is None:
            connection.execute(
                insert(claims).values(
                    team_id=key.team_id,
                    endpoint=key.endpoint,
                    idempotency_key=key.idempotency_key,
                    **lease,
                )
            )
            return taken
        if row.receipt is not None:
            return Finished(row.receipt) if row.sha256 == sha256 else OtherBody()
        remaining = row.lease_expires_at - now
        # A lease beyond its own length was written before the clock was set back.
        if 0 < remaining <= lease_seconds:
            return InFlight(min(math.ceil(remaining), LONGEST_WAIT_SECONDS))
        connection.execute(update(claims).where(_of(key)).values(**lease))
        return taken


def renew(engine: Engine, held: Claim) -> None:
    """Lengthen the lease of a claim that is held.

    Args:
        engine: The hub's database.
        held: The claim; from now on it holds for another `lease_seconds`.

    Raises:
        LostClaimError: It is not held any more.
    """
    with writing(engine) as connection:
        _change(connection, held, lease_expires_at=time.time() + held.lease_seconds)


def finish(connection: Connection, held: Claim, receipt: str) -> None:
    """Store the receipt for the key, in the transaction that stores the snapshot.

    Args:
        connection: In the transaction that stores the snapshot.
        held: The claim.
        receipt: The receipt, as JSON.

    Raises:
        LostClaimError: The claim is not held any more; the transaction must not be committed.
    """
    _change(connection, held, receipt=receipt)


def release(engine: Engine, held: Claim) -> None:
    """Give the key back; does nothing where it is finished or taken over.

    Args:
        engine: The hub's database.
        held: The claim.
    """
    with writing(engine) as connection:
        connection.execute(delete(claims).where(_held(held)))


def _change(connection: Connection, held: Claim, **values: object) -> None:
    if not connection.execute(update(claims).where(_held(held)).values(**values)).rowcount:
        raise LostClaimError


def _of(key: Key) -> ColumnElement[bool]:
    return and_(
        claims.c.team_id == key.team_id,
        claims.c.endpoint == key.endpoint,
        claims.c.idempotency_key == key.idempotency_key,
    )


def _held(held: Claim) -> ColumnElement[bool]:
    return and_(_of(held.key), claims.c.owner == held.owner, claims.c.receipt.is_(None))
