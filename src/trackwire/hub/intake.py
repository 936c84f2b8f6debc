"""The publish endpoint: from a request's head to the receipt."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from trackwire.hub import idempotency
from trackwire.hub.decoding import DamagedError
from trackwire.hub.headers import PublishHead, digest_field, read_publish_head, too_large
from trackwire.hub.problems import Problem, busy
from trackwire.hub.requests import Hub, arriving, hub_of, team_for
from trackwire.hub.snapshots import Body, store_snapshot
from trackwire.hub.spool import Spool, TooLargeError
from trackwire.hub.validation import FaultyError, SnapshotFacts, read_snapshot

if TYPE_CHECKING:
    from starlette.requests import Request

_BATCH_BYTES = 1 << 18
_RENEWALS_PER_LEASE = 4
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


async def publish(request: Request) -> Response:
    """Answer a publish; contracts/hub-openapi.json, `publishSnapshot`.

    Args:
        request: Its body is not read yet.

    Raises:
        Problem: Any answer of the contract but 200 and 201.
    """
    hub = hub_of(request)
    team_id = await run_in_threadpool(team_for, request)
    limit = hub.settings.max_body_bytes
    head = read_publish_head(request.headers, limit)
    with hub.slots, _room(), Spool(hub.settings.database.parent, head.decoder, limit) as spool:
        await _receive(request, hub, spool)
        _check_digest(head, spool)
        key = idempotency.Key(team_id, request.url.path, head.idempotency_key)
        return await run_in_threadpool(_accept, hub, key, spool)


@contextmanager
def _room() -> Iterator[None]:
    # Around the whole spool: even closing it writes what is still buffered.
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise busy("the hub's disk is full; repeat the request later") from error
        raise


async def _receive(request: Request, hub: Hub, spool: Spool) -> None:
    try:
        async with aclosing(arriving(request, hub.settings.idle_seconds)) as chunks:
            batch = bytearray()
            async for chunk in chunks:
                batch += chunk
                if len(batch) >= _BATCH_BYTES:
                    await run_in_threadpool(spool.write, bytes(batch))
                    batch.clear()
            await run_in_threadpool(spool.write, bytes(batch))
        spool.finish()
    except TooLargeError as error:
        raise too_large(hub.settings.max_body_bytes) from error
    except DamagedError as error:
        raise Problem(400, str(error)) from error


def _check_digest(head: PublishHead, spool: Spool) -> None:
    if head.sha256 is not None and head.sha256 != spool.sha256:
        raise Problem(
            400,
            f"the body is not what Repr-Digest says: the one that arrived has "
            f"{digest_field(spool.sha256)}",
        )


def _accept(hub: Hub, key: idempotency.Key, spool: Spool) -> Response:
    held = idempotency.claim(hub.engine, key, spool.sha256, hub.settings.lease_seconds)
    match held:
        case idempotency.Finished(receipt):
            return _receipt(200, receipt, {"Idempotent-Replayed": "true"})
        case idempotency.OtherBody():
            raise Problem(422, "this Idempotency-Key was accepted before with another body")
        case idempotency.InFlight(retry_after):
            raise _in_flight(retry_after)
    accepted = False
    try:
        receipt = _store(hub, held, spool)
        accepted = True
    except idempotency.LostClaimError as error:
        raise _in_flight(idempotency.LONGEST_WAIT_SECONDS) from error
    finally:
        if not accepted:
            idempotency.release(hub.engine, held)
    return _receipt(201, receipt)


def _store(hub: Hub, held: idempotency.Claim, spool: Spool) -> str:
    facts = _judge(hub, held, spool)
    body = Body(spool.sha256, spool.size, spool.chunks())
    return store_snapshot(hub.engine, held, facts, body)


def _judge(hub: Hub, held: idempotency.Claim, spool: Spool) -> SnapshotFacts:
    try:
        return read_snapshot(renewing(hub, held, spool.chunks(1 << 16)))
    except FaultyError as error:
        raise Problem(
            422, "the body is not a snapshot; `errors` says where", errors=error.faults
        ) from error


def renewing(hub: Hub, held: idempotency.Claim, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks, renewing the lease as time passes.

    Args:
        hub: The hub.
        held: The claim; it is renewed four times a lease.
        chunks: The document.

    Raises:
        LostClaimError: Another request took the claim over.
    """
    interval = held.lease_seconds / _RENEWALS_PER_LEASE
    due = time.monotonic() + interval
    for chunk in chunks:
        if time.monotonic() >= due:
            idempotency.renew(hub.engine, held)
            due = time.monotonic() + interval
        yield chunk


def _in_flight(retry_after: int) -> Problem:
    return Problem(
        409,
        "a snapshot with this Idempotency-Key is in process",
        headers={"Retry-After": str(retry_after)},
    )


def _receipt(status: int, receipt: str, headers: dict[str, str] | None = None) -> Response:
    return Response(receipt, status, headers, media_type="application/json")
