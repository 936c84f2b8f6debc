"""`trackwire hub`: runs the reference hub and works on its database, also while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.output import Output, json_option, table
from trackwire.errors import StoreError, TemporaryError, TrackwireError, UsageError
from trackwire.provider import normalize_provider_name

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from trackwire.hub.validation import NewMapping

_NEEDED = ("http_sf", "sqlalchemy", "starlette", "uvicorn")
_DEFAULT_PORT = 8731


def require_hub() -> None:
    """Refuse to go on where the hub's libraries are not installed.

    Raises:
        TrackwireError: They are not; the text says how to install them.
    """
    if absent := [name for name in _NEEDED if find_spec(name) is None]:
        raise TrackwireError(
            f"the hub needs libraries that are not here ({', '.join(absent)}); "
            'install it with: python -m pip install "trackwire[hub]"'
        )


def _database_and_json(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--database",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The hub's database file; by default in the user's data directory.",
    )(json_option(command))


@click.group()
def hub() -> None:
    """Run a hub, and manage its tokens, mappings and queue."""
    require_hub()


@hub.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_DEFAULT_PORT,
    show_default=True,
    help="The port; 0 is any free one.",
)
@click.option(
    "--max-body",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="The largest snapshot, before and after decompression.  [default: 512 MiB]",
)
@_database_and_json
def serve(
    host: str,
    port: int,
    max_body: int | None,
    database: Path | None,
) -> None:
    """Receive snapshots until interrupted."""
    from trackwire.hub.app import create_app
    from trackwire.hub.server import listen, serve
    from trackwire.hub.settings import Settings

    limits = {} if max_body is None else {"max_body_bytes": max_body}
    app = create_app(Settings(database=_path(database), **limits))
    listener = listen(host, port)
    if not _is_loopback(host):
        _output().note(
            f"{host} is not a loopback address, and plain HTTP carries tokens and snapshots "
            "unprotected; put a TLS proxy before it"
        )
    url = _url(host, listener.getsockname()[1])
    serve(app, listener, lambda: _say({"url": url}, [f"listening on {url}"]))


@hub.group()
def token() -> None:
    """Manage the tokens with which teams publish."""


@token.command("create")
@click.option("--team", required=True, help="The team; made where there is none yet.")
@click.option("--name", required=True, help="What the token is for.")
@_database_and_json
def create_token(team: str, name: str, database: Path | None) -> None:
    """Make a token and print it, this once."""
    from dataclasses import asdict

    from trackwire.hub import teams

    with _opened(database) as engine:
        info, secret = teams.create_token(engine, team, name)
    _output().note("keep this token safe, it is not shown again")
    _say(asdict(info) | {"token": secret.reveal()}, [secret.reveal()])


@token.command("list")
@_database_and_json
def list_tokens(database: Path | None) -> None:
    """List the tokens, without what they are."""
    from dataclasses import asdict, astuple

    from trackwire.hub import teams

    with _opened(database) as engine:
        found = teams.list_tokens(engine)
    _say(
        {"tokens": [asdict(info) for info in found]},
        _rows(["id", "team", "name", "created at"], map(astuple, found)) or ["no tokens"],
    )


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@_database_and_json
def revoke_token(token_id: str, database: Path | None) -> None:
    """Make a token worthless."""
    from trackwire.hub import teams

    with _opened(database) as engine:
        teams.revoke_token(engine, token_id)
    _say({"token_id": token_id}, [f"revoked {token_id}"])


@hub.group()
def mapping() -> None:
    """Manage the resource mappings."""


@mapping.command("add")
@click.option("--team", required=True, help="The team it belongs to.")
@click.option("--provider", required=True, help="The provider, such as the tracker's name.")
@click.option("--workspace", required=True, help="The provider's site or organisation.")
@click.option("--type", "resource_type", help="The resource type; without it, the workspace.")
@click.option("--id", "resource_id", help="The resource's id at the provider.")
@click.option("--project", required=True, help="The hub's project that it leads to.")
@_database_and_json
def add_mapping(database: Path | None, team: str, **options: str | None) -> None:
    """Lead a resource, or a whole workspace, to a project."""
    from trackwire.hub import mappings, teams
    from trackwire.hub.views import mapping_document

    wanted = _wanted_mapping(options)
    with _opened(database) as engine:
        try:
            added, resolved = mappings.add_mapping(
                engine, teams.find_team(engine, team), wanted.key, wanted.project
            )
        except mappings.DuplicateMappingError as error:
            raise UsageError(
                f"team {team!r} has a mapping for this routing key; "
                "see `trackwire hub mapping list`"
            ) from error
    _say(
        mapping_document(added) | {"team": team, "resolved_snapshots": resolved},
        [f"added {added.mapping_id}; it resolved {resolved} waiting snapshots"],
    )


@mapping.command("list")
@click.option("--team", help="Only this team's.")
@_database_and_json
def list_mappings(team: str | None, database: Path | None) -> None:
    """List the resource mappings."""
    from trackwire.hub import mappings
    from trackwire.hub.views import mapping_document

    with _opened(database) as engine:
        found = [
            {"team": name, **mapping_document(each)}
            for team_id, name in _teams(engine, team)
            for each in mappings.list_mappings(engine, team_id)
        ]
    _say(
        {"mappings": found},
        _rows(
            ["id", "team", "provider", "workspace", "type", "resource", "project"],
            ([each["mapping_id"], *_route(each), each["project"]] for each in found),
        )
        or ["no mappings"],
    )


@mapping.command("remove")
@click.argument("mapping_id", metavar="ID")
@_database_and_json
def remove_mapping(mapping_id: str, database: Path | None) -> None:
    """Remove a resource mapping; its snapshots are resolved anew without it."""
    from trackwire.hub import mappings

    with _opened(database) as engine:
        try:
            team_id = mappings.owner_of(engine, mapping_id)
            moved = mappings.remove_mapping(engine, team_id, mapping_id)
        except mappings.UnknownMappingError as error:
            raise UsageError(
                f"no mapping has the id {mapping_id!r}; see `trackwire hub mapping list`"
            ) from error
    _say(
        {"mapping_id": mapping_id, "moved_snapshots": moved},
        [f"removed {mapping_id}; {moved} snapshots were resolved anew"],
    )


@hub.command()
@click.option("--team", help="Only this team's.")
@_database_and_json
def queue(team: str | None, database: Path | None) -> None:
    """List the routing keys whose snapshots wait for a mapping."""
    from trackwire.hub import snapshots
    from trackwire.hub.views import waiting_document

    with _opened(database) as engine:
        found = [
            {"team": name, **waiting_document(each)}
            for team_id, name in _teams(engine, team)
            for each in snapshots.list_queue(engine, team_id)
        ]
    _say(
        {"queue": found},
        _rows(
            ["team", "provider", "workspace", "type", "resource", "snapshots", "waiting since"],
            ([*_route(each), each["snapshot_count"], each["oldest_received_at"]] for each in found),
        )
        or ["nothing waits"],
    )


def _path(database: Path | None) -> Path:
    if database is not None:
        return database.absolute()
    from platformdirs import user_data_path

    return user_data_path("trackwire") / "hub.sqlite"


@contextmanager
def _opened(database: Path | None) -> Iterator[Engine]:
    from sqlalchemy.exc import OperationalError

    from trackwire.hub.database import open_database

    path = _path(database)
    engine = open_database(path)
    try:
        yield engine
    except OperationalError as error:
        kind = TemporaryError if "locked" in str(error.orig) else StoreError
        raise kind(f"{path}: {error.orig}") from error
    finally:
        engine.dispose()


def _teams(engine: Engine, name: str | None) -> Iterable[tuple[int, str]]:
    from trackwire.hub import teams

    if name is not None:
        return [(teams.find_team(engine, name), name)]
    return teams.list_teams(engine).items()


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


def _route(document: dict[str, Any]) -> list[object]:
    key = ("provider", "workspace", "external_resource_type", "external_resource_id")
    return [document["team"], *(document[name] for name in key)]


def _rows(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    found = list(rows)
    return table(headers, found) if found else []


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _output() -> Output:
    return click.get_current_context().ensure_object(Output)


def _say(document: dict[str, Any], lines: Iterable[str]) -> None:
    _output().say(document, lines)
