"""The endpoints that list, show, map and unmap; contracts/hub-openapi.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from trackwire.hub import mappings, snapshots
from trackwire.hub.database import reading
from trackwire.hub.headers import digest_field
from trackwire.hub.problems import Fault, Problem
from trackwire.hub.requests import Hub, for_team, hub_of, small_body, team_for
from trackwire.hub.schema import teams
from trackwire.hub.validation import FaultyError, NewMapping, read_mapping

if TYPE_CHECKING:
    from starlette.requests import Request

    from trackwire.hub.resolution import RoutingKey

MOST_ITEMS = 200
_USUAL_ITEMS = 50
_MAPPING_BYTES = 1 << 16


def healthz(request: Request) -> Response:
    """Tell whether the database answers.

    Args:
        request: The request.
    """
    with reading(hub_of(request).engine) as connection:
        connection.execute(select(teams.c.id).limit(1))
    return _json({"status": "ok"})


@for_team
def list_snapshots(hub: Hub, team_id: int, request: Request) -> Response:
    """List one page of snapshots.

    Args:
        hub: The hub.
        team_id: The team.
        request: Its query may hold `limit`, 1 to `MOST_ITEMS`, and `cursor`.

    Raises:
        Problem: 400 for an unusable `limit` or `cursor`.
    """
    limit = _limit(request)
    cursor = request.query_params.get("cursor")
    try:
        found = snapshots.list_snapshots(hub.engine, team_id, limit + 1, cursor)
    except snapshots.UnknownSnapshotError as error:
        raise Problem(400, "cursor must be the next_cursor of an earlier page") from error
    page = found[:limit]
    following = page[-1].snapshot_id if len(found) > limit else None
    return _json({"items": [snapshot_document(each) for each in page], "next_cursor": following})


@for_team
def get_snapshot(hub: Hub, team_id: int, request: Request) -> Response:
    """Show one snapshot.

    Args:
        hub: The hub.
        team_id: The team.
        request: Its path holds `snapshot_id`.

    Raises:
        Problem: 404.
    """
    return _json(snapshot_document(_snapshot(hub, team_id, request)))


@for_team
def get_body(hub: Hub, team_id: int, request: Request) -> Response:
    """Return a snapshot's document as it was sent.

    Args:
        hub: The hub.
        team_id: The team.
        request: Its path holds `snapshot_id`.

    Raises:
        Problem: 404.
    """
    found = _snapshot(hub, team_id, request)
    return StreamingResponse(
        snapshots.read_body(hub.engine, team_id, found.snapshot_id),
        media_type="application/json",
        headers={
            "Content-Length": str(found.body_bytes),
            "Repr-Digest": digest_field(found.sha256),
        },
    )


@for_team
def list_mappings(hub: Hub, team_id: int, _request: Request) -> Response:
    """List the team's resource mappings.

    Args:
        hub: The hub.
        team_id: The team.
        _request: The request.
    """
    found = mappings.list_mappings(hub.engine, team_id)
    return _json({"items": [mapping_document(each) for each in found]})


async def add_mapping(request: Request) -> Response:
    """Add a resource mapping.

    Args:
        request: Its body is at most 64 KiB of JSON.

    Raises:
        Problem: 400, 401, 408, 409, 413, 415 or 422.
    """
    hub = hub_of(request)
    team_id = await run_in_threadpool(team_for, request)
    wanted = _new_mapping(await small_body(request, _MAPPING_BYTES))
    try:
        added, resolved = await run_in_threadpool(
            mappings.add_mapping, hub.engine, team_id, wanted.key, wanted.project
        )
    except mappings.DuplicateMappingError as error:
        raise Problem(409, "the team has a mapping for this routing key") from error
    return _json(mapping_document(added) | {"resolved_snapshots": resolved}, 201)


@for_team
def remove_mapping(hub: Hub, team_id: int, request: Request) -> Response:
    """Remove a resource mapping.

    Args:
        hub: The hub.
        team_id: The team.
        request: Its path holds `mapping_id`.

    Raises:
        Problem: 404.
    """
    try:
        mappings.remove_mapping(hub.engine, team_id, request.path_params["mapping_id"])
    except mappings.UnknownMappingError as error:
        raise Problem(404, "the team has no mapping of this id") from error
    return Response(status_code=204)


@for_team
def list_queue(hub: Hub, team_id: int, _request: Request) -> Response:
    """List what waits for a mapping.

    Args:
        hub: The hub.
        team_id: The team.
        _request: The request.
    """
    found = snapshots.list_queue(hub.engine, team_id)
    return _json({"items": [waiting_document(each) for each in found]})


def snapshot_document(stored: snapshots.StoredSnapshot) -> dict[str, object]:
    """Return a snapshot as the contract has it.

    Args:
        stored: The snapshot.
    """
    facts = stored.facts
    return {
        "snapshot_id": stored.snapshot_id,
        "received_at": stored.received_at,
        **key_document(facts.key),
        "doctrine_mode": facts.doctrine_mode,
        "project_uuid": facts.project_uuid,
        "project_slug": facts.project_slug,
        "issue_count": facts.issue_count,
        "mapping_count": facts.mapping_count,
        "body_bytes": stored.body_bytes,
        "digest": digest_field(stored.sha256),
        "resolution": stored.resolution,
    }


def mapping_document(mapping: mappings.ResourceMapping) -> dict[str, object]:
    """Return a resource mapping as the contract has it.

    Args:
        mapping: The resource mapping.
    """
    return {
        "mapping_id": mapping.mapping_id,
        **key_document(mapping.key),
        "project": mapping.project,
        "created_at": mapping.created_at,
    }


def waiting_document(waiting: snapshots.Waiting) -> dict[str, object]:
    """Return an entry of the queue as the contract has it.

    Args:
        waiting: The entry of the queue.
    """
    return {
        **key_document(waiting.key),
        "snapshot_count": waiting.snapshot_count,
        "oldest_received_at": waiting.oldest_received_at,
        "newest_received_at": waiting.newest_received_at,
    }


def key_document(key: RoutingKey) -> dict[str, object]:
    """Return a routing key's four members.

    Args:
        key: The routing key.
    """
    return {
        "provider": key.provider,
        "workspace": key.workspace,
        "external_resource_type": key.external_resource_type,
        "external_resource_id": key.external_resource_id,
    }


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(_USUAL_ITEMS))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST_ITEMS):
        raise Problem(400, f"limit must be a whole number from 1 to {MOST_ITEMS}")
    return int(text)


def _snapshot(hub: Hub, team_id: int, request: Request) -> snapshots.StoredSnapshot:
    try:
        return snapshots.get_snapshot(hub.engine, team_id, request.path_params["snapshot_id"])
    except snapshots.UnknownSnapshotError as error:
        raise Problem(404, "the team has no snapshot of this id") from error


def _new_mapping(body: bytes) -> NewMapping:
    try:
        return read_mapping(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_a_mapping([Fault("#", "not valid JSON")]) from error
    except FaultyError as error:
        raise _not_a_mapping(error.faults) from error


def _not_a_mapping(faults: list[Fault]) -> Problem:
    return Problem(422, "the body is not a mapping; `errors` says where", errors=faults)


def _json(document: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json")
