"""`trackwire hub token`: the tokens with which teams publish."""

from __future__ import annotations

from pathlib import Path

import click

from trackwire.cli.hub.database import database_and_json, opened
from trackwire.cli.output import Output, table


@click.group()
def token() -> None:
    """Manage the tokens with which teams publish."""


@token.command()
@click.option("--team", required=True, help="The team; made where there is none yet.")
@click.option("--name", required=True, help="What the token is for.")
@database_and_json
@click.pass_obj
def create(output: Output, team: str, name: str, database: Path | None) -> None:
    """Make a token and print it, this once."""
    from dataclasses import asdict

    from trackwire.hub import teams

    with opened(database, make=True) as engine:
        info, secret = teams.create_token(engine, team, name)
    output.note("keep this token safe, it is not shown again")
    output.say(asdict(info) | {"token": secret.reveal()}, [secret.reveal()])


@token.command("list")
@database_and_json
@click.pass_obj
def list_(output: Output, database: Path | None) -> None:
    """List the tokens, without what they are."""
    from dataclasses import asdict, astuple

    from trackwire.hub import teams

    with opened(database) as engine:
        found = teams.list_tokens(engine)
    headers = ("id", "team", "name", "created at")
    output.say(
        {"tokens": [asdict(info) for info in found]},
        table(headers, map(astuple, found)) if found else ["no tokens"],
    )


@token.command()
@click.argument("token_id", metavar="ID")
@database_and_json
@click.pass_obj
def revoke(output: Output, token_id: str, database: Path | None) -> None:
    """Make a token worthless."""
    from trackwire.hub import teams

    with opened(database) as engine:
        teams.revoke_token(engine, token_id)
    output.say({"token_id": token_id}, [f"revoked {token_id}"])
