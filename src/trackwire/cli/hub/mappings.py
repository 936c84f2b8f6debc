"""`trackwire hub mapping`: which resource belongs to which of the hub's projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trackwire.cli.hub.database import database_and_json, opened, routing_cells, teams_of
from trackwire.cli.output import Output, table
from trackwire.errors import UsageError
from trackwire.provider import normalize_provider_name

if TYPE_CHECKING:
    from trackwire.hub.validation import NewMapping


@click.group()
def mapping() -> None:
    """Manage the resource mappings."""


@mapping.command()
@click.option("--team", required=True, help="The team it belongs to.")
@click.option("--provider", required=True, help="The provider, such as the tracker's name.")
@click.option("--workspace", required=True, help="The provider's site or organisation.")
@click.option("--type", "resource_type", help="The resource type; without it, the workspace.")
@click.option("--id", "resource_id", help="The resource's id at the provider.")
@click.option("--project", required=True, help="The hub's project that it leads to.")
@database_and_json
@click.pass_obj
def add(output: Output, /, database: Path | None, team: str, **options: str | None) -> None:
    """Lead a resource, or a whole workspace, to a project."""
    from trackwire.hub import mappings, teams
    from trackwire.hub.views import mapping_document

    wanted = _wanted_mapping(options)
    with opened(database) as engine:
        try:
            added, resolved = mappings.add_mapping(
                engine, teams.find_team(engine, team), wanted.key, wanted.project
            )
        except mappings.DuplicateMappingError as error:
            raise UsageError(
                f"team {team!r} has a mapping for this routing key; "
                "see `trackwire hub mapping list`"
            ) from error
    output.say(
        mapping_document(added) | {"team": team, "resolved_snapshots": resolved},
        [f"added {added.mapping_id}; it resolved {resolved} waiting snapshots"],
    )


@mapping.command("list")
@click.option("--team", help="Only this team's.")
@database_and_json
@click.pass_obj
def list_(output: Output, team: str | None, database: Path | None) -> None:
    """List the resource mappings."""
    from trackwire.hub import mappings
    from trackwire.hub.views import mapping_document

    with opened(database) as engine:
        found = [
            {"team": name, **mapping_document(each)}
            for team_id, name in teams_of(engine, team)
            for each in mappings.list_mappings(engine, team_id)
        ]
    headers = ("id", "team", "provider", "workspace", "type", "resource", "project")
    rows = [
        (each["mapping_id"], each["team"], *routing_cells(each), each["project"]) for each in found
    ]
    output.say({"mappings": found}, table(headers, rows) if rows else ["no mappings"])


@mapping.command()
@click.argument("mapping_id", metavar="ID")
@database_and_json
@click.pass_obj
def remove(output: Output, mapping_id: str, database: Path | None) -> None:
    """Remove a resource mapping; its snapshots are resolved anew without it."""
    from trackwire.hub import mappings

    with opened(database) as engine:
        try:
            team_id = mappings.owner_of(engine, mapping_id)
            moved = mappings.remove_mapping(engine, team_id, mapping_id)
        except mappings.UnknownMappingError as error:
            raise UsageError(
                f"no mapping has the id {mapping_id!r}; see `trackwire hub mapping list`"
            ) from error
    output.say(
        {"mapping_id": mapping_id, "moved_snapshots": moved},
        [f"removed {mapping_id}; {moved} snapshots were resolved anew"],
    )


def _wanted_mapping(options: dict[str, str | None]) -> NewMapping:
    from trackwire.hub.validation import FaultyError, read_mapping

    given = {name: value.strip() if value else None for name, value in options.items()}
    if (given["resource_type"] is None) != (given["resource_id"] is None):
        raise UsageError("give both --type and --id, or neither for the whole workspace")
    members = {
        "provider": normalize_provider_name(given["provider"] or ""),
        "workspace": given["workspace"],
        "external_resource_type": given["resource_type"],
        "external_resource_id": given["resource_id"],
        "project": given["project"],
    }
    try:
        return read_mapping(members)
    except FaultyError as error:
        fault = error.faults[0]
        raise UsageError(f"{fault.pointer.removeprefix('#/')}: {fault.detail}") from error
