"""The team's resource mappings, and what a change of them does to its snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)

from trackwire.hub.database import reading, writing
from trackwire.hub.resolution import FindMapping, ResolutionStatus, RoutingKey, resolve
from trackwire.hub.schema import mappings, now_text, snapshots


class DuplicateMappingError(Exception):
    """The team has a mapping for this routing key already."""


class UnknownMappingError(Exception):
    """The team has no mapping of this id."""


@dataclass(frozen=True, slots=True)
class ResourceMapping:
    """The hub's record that a routing key belongs to one of its projects.

    Args:
        mapping_id: Its id.
        key: The routing key; without a resource it stands for the whole workspace.
        project: The hub's project.
        created_at: ISO 8601, in UTC.
    """

    mapping_id: str
    key: RoutingKey
    project: str
    created_at: str


def key_values(key: RoutingKey) -> dict[str, str]:
    """Return the key as the tables hold it.

    Args:
        key: The routing key.
    """
    return {
        "provider": key.provider,
        "workspace": key.workspace,
        "external_resource_type": key.external_resource_type or "",
        "external_resource_id": key.external_resource_id or "",
    }


def key_from(provider: str, workspace: str, resource_type: str, resource_id: str) -> RoutingKey:
    """Return the key that the tables hold so.

    Args:
        provider: The provider's normalized name.
        workspace: The provider's site or organisation.
        resource_type: The kind of resource, or empty.
        resource_id: The resource's id, or empty exactly if the type is.
    """
    return RoutingKey(provider, workspace, resource_type or None, resource_id or None)


def add_mapping(
    engine: Engine, team_id: int, key: RoutingKey, project: str
) -> tuple[ResourceMapping, int]:
    """Add a resource mapping and resolve the waiting snapshots that it matches.

    Args:
        engine: The hub's database.
        team_id: The team.
        key: The routing key; without a resource it stands for the whole workspace.
        project: The hub's project that it leads to.

    Returns:
        The mapping and the number of snapshots that it resolved.

    Raises:
        DuplicateMappingError: The team has one for this routing key.
    """
    added = ResourceMapping(str(uuid4()), key, project, now_text())
    with writing(engine) as connection:
        if finder(connection, team_id)(key):
            raise DuplicateMappingError
        connection.execute(
            insert(mappings).values(
                id=added.mapping_id,
                team_id=team_id,
                project=project,
                created_at=added.created_at,
                **key_values(key),
            )
        )
        waiting = snapshots.c.resolution_status == ResolutionStatus.QUEUED
        return added, _resolve_anew(connection, team_id, and_(waiting, _within(snapshots, key)))


def list_mappings(engine: Engine, team_id: int) -> list[ResourceMapping]:
    """Return the team's mappings, oldest first.

    Args:
        engine: The hub's database.
        team_id: The team.
    """
    query = (
        select(
            mappings.c.id,
            mappings.c.provider,
            mappings.c.workspace,
            mappings.c.external_resource_type,
            mappings.c.external_resource_id,
            mappings.c.project,
            mappings.c.created_at,
        )
        .where(mappings.c.team_id == team_id)
        .order_by(mappings.c.created_at, mappings.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [ResourceMapping(row[0], key_from(*row[1:5]), *row[5:]) for row in rows]


def owner_of(engine: Engine, mapping_id: str) -> int:
    """Return the team that the mapping belongs to.

    Args:
        engine: The hub's database.
        mapping_id: The mapping's id.

    Raises:
        UnknownMappingError: No team has one of this id.
    """
    query = select(mappings.c.team_id).where(mappings.c.id == mapping_id)
    with reading(engine) as connection:
        team_id = connection.execute(query).scalar_one_or_none()
    if team_id is None:
        raise UnknownMappingError
    return int(team_id)


def remove_mapping(engine: Engine, team_id: int, mapping_id: str) -> int:
    """Remove a resource mapping and resolve anew the snapshots that it had resolved.

    Args:
        engine: The hub's database.
        team_id: The team.
        mapping_id: The mapping's id.

    Returns:
        The number of those snapshots.

    Raises:
        UnknownMappingError: The team has none of this id.
    """
    own = and_(mappings.c.team_id == team_id, mappings.c.id == mapping_id)
    of_mapping = snapshots.c.mapping_id == mapping_id
    with writing(engine) as connection:
        if connection.execute(select(mappings.c.id).where(own)).first() is None:
            raise UnknownMappingError
        moved = _resolve_anew(connection, team_id, of_mapping, without=mapping_id)
        connection.execute(delete(mappings).where(own))
        return moved


def finder(connection: Connection, team_id: int, *, without: str | None = None) -> FindMapping:
    """Return a look-up of the team's mappings that leaves out the one of the id `without`.

    Args:
        connection: In the transaction that uses what is found.
        team_id: The team.
        without: The id of a mapping to leave out, or None.
    """

    def find(key: RoutingKey) -> tuple[str, str] | None:
        query = select(mappings.c.id, mappings.c.project).where(
            mappings.c.team_id == team_id, _equals(mappings, key)
        )
        if without is not None:
            query = query.where(mappings.c.id != without)
        row = connection.execute(query).first()
        return None if row is None else (row.id, row.project)

    return find


def _resolve_anew(
    connection: Connection,
    team_id: int,
    which: ColumnElement[bool],
    *,
    without: str | None = None,
) -> int:
    own = and_(snapshots.c.team_id == team_id, which)
    keys = connection.execute(
        select(
            snapshots.c.provider,
            snapshots.c.workspace,
            snapshots.c.external_resource_type,
            snapshots.c.external_resource_id,
        )
        .where(own)
        .distinct()
    ).all()
    find = finder(connection, team_id, without=without)
    count = 0
    for row in keys:
        key = key_from(*row)
        resolution = resolve(key, find)
        count += connection.execute(
            update(snapshots)
            .where(own, _equals(snapshots, key))
            .values(resolution_status=resolution.status, mapping_id=resolution.mapping_id)
        ).rowcount
    return count


def _equals(table: Table, key: RoutingKey) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key_values(key).items()))


def _within(table: Table, key: RoutingKey) -> ColumnElement[bool]:
    if key.names_resource:
        return _equals(table, key)
    return and_(table.c.provider == key.provider, table.c.workspace == key.workspace)
