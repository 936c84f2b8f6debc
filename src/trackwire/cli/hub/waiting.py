"""`trackwire hub queue`: what waits for a person to map it."""

from __future__ import annotations

from pathlib import Path

import click

from trackwire.cli.hub.database import database_and_json, opened, routing_cells, teams_of
from trackwire.cli.output import Output, table


@click.command()
@click.option("--team", help="Only this team's.")
@database_and_json
@click.pass_obj
def queue(output: Output, team: str | None, database: Path | None) -> None:
    """List the routing keys whose snapshots wait for a mapping."""
    from trackwire.hub import snapshots
    from trackwire.hub.views import waiting_document

    with opened(database) as engine:
        found = [
            {"team": name, **waiting_document(each)}
            for team_id, name in teams_of(engine, team)
            for each in snapshots.list_queue(engine, team_id)
        ]
    headers = ("team", "provider", "workspace", "type", "resource", "snapshots", "waiting since")
    rows = [
        (each["team"], *routing_cells(each), each["snapshot_count"], each["oldest_received_at"])
        for each in found
    ]
    output.say({"queue": found}, table(headers, rows) if rows else ["nothing waits"])
