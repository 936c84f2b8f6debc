"""What the hub's commands share: the database that they work on, and the teams in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.output import json_option
from trackwire.errors import UsageError
from trackwire.hub.settings import BUSY_SECONDS

if TYPE_CHECKING:
    from sqlalchemy import Engine


def database_and_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--database` and `--json`.

    Args:
        command: Takes the argument `database`, a path or None.
    """
    return click.option(
        "--database",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The hub's database file; by default in the user's data directory.",
    )(json_option(command))


def database_path(given: Path | None) -> Path:
    """Return the absolute path of the hub's database.

    Args:
        given: What `--database` says, or None for the one in the user's data directory.
    """
    if given is not None:
        return given.absolute()
    from platformdirs import user_data_path

    return user_data_path("trackwire") / "hub.sqlite"


@contextmanager
def opened(database: Path | None, *, make: bool = False) -> Iterator[Engine]:
    """Open the hub's database for the block.

    Args:
        database: What `--database` says.
        make: Whether to make it where there is none.

    Raises:
        UsageError: There is none, and none is to be made.
        TemporaryError: Another process holds its lock for too long.
        StoreError: It cannot be used.
    """
    from trackwire.hub import database as hub_database

    path = database_path(database)
    if not make and not path.exists():
        raise UsageError(
            f"{path}: there is no hub's database; `trackwire hub token create` makes one"
        )
    with hub_database.opened(path, BUSY_SECONDS) as engine:
        yield engine


def teams_of(engine: Engine, name: str | None) -> Iterable[tuple[int, str]]:
    """Return the id and the name of one team, or of all.

    Args:
        engine: The hub's database.
        name: The team's name, or None for all.

    Raises:
        UsageError: There is no such team.
    """
    from trackwire.hub import teams

    if name is not None:
        return [(teams.find_team(engine, name), name)]
    return teams.list_teams(engine).items()


def routing_cells(document: dict[str, Any]) -> list[object]:
    """Return the cells of a table that show a routing key.

    Args:
        document: Has the four members of a routing key.
    """
    key = ("provider", "workspace", "external_resource_type", "external_resource_id")
    return [document[name] for name in key]
