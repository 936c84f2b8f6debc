"""`trackwire credentials`: what is set, where it comes from, and where it is kept."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.output import Output, json_option, table
from trackwire.errors import ProjectError, UsageError
from trackwire.provider import is_provider_name, normalize_provider_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from trackwire.credentials import Value
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import Provider
    from trackwire.service import TrackerService

_MASK = "****"


@click.group()
def credentials() -> None:
    """Show, keep and remove credentials; secrets are never shown."""


@credentials.command("list")
@click.option("--all", "everything", is_flag=True, help="All that is stored, of every provider.")
@json_option
@click.pass_obj
def list_(output: Output, *, everything: bool) -> None:
    """List the bound provider's fields: what is set, and where each value comes from."""
    service = output.service()
    if everything:
        rows = [_stored_row(entry) for entry in service.credentials.users.read().credential]
    else:
        rows = _effective_rows(service)
    headers = [name.upper().replace("_", " ") for name in rows[0]] if rows else []
    lines = table(headers, [tuple(row.values()) for row in rows])
    output.say({"credentials": rows}, lines if rows else ["no credentials"])


def _addressed(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--provider", help="The provider.  [default: the bound one]"),
        click.option("--workspace", help="The workspace.  [default: the bound one]"),
        click.option("--every-workspace", is_flag=True, help="For every workspace of it."),
    ):
        command = option(command)
    return command


@credentials.command("set")
@click.argument("field")
@_addressed
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the value from standard input.")
@click.option("--from-project", is_flag=True, help="Move the value out of the project's file.")
@click.option("--origin", metavar="URL", help="The address that a secret may be sent to.")
@json_option
@click.pass_obj
def set_(
    output: Output,
    field: str,
    provider: str | None,
    workspace: str | None,
    origin: str | None,
    *,
    every_workspace: bool,
    from_stdin: bool,
    from_project: bool,
) -> None:
    """Keep the value of FIELD where it belongs: the project, your file or the keyring.

    The value is asked for, or read from standard input; it is never an argument.
    """
    from trackwire.keeping import SetRequest, origin_to_keep

    service = output.service()
    name, site = _address(service, provider, workspace)
    request = SetRequest(
        provider=name,
        workspace=site,
        field=field,
        value="",
        every_workspace=every_workspace,
        origin=origin,
    )
    origin_to_keep(service.root, service.registry, service.credentials, request)
    value = _value(service, name, field, from_stdin=from_stdin, from_project=from_project)
    place = service.set_credential(replace(request, value=value))
    output.say({"field": field, "kept_in": place}, [f"{field} is kept in {place}"])


@credentials.command()
@click.argument("field")
@_addressed
@json_option
@click.pass_obj
def remove(
    output: Output,
    field: str,
    provider: str | None,
    workspace: str | None,
    *,
    every_workspace: bool,
) -> None:
    """Remove what is stored of FIELD for you; the project's file and the environment stay."""
    service = output.service()
    name, site = _address(service, provider, workspace)
    if not service.credentials.drop(name, None if every_workspace else site, field):
        raise UsageError(
            f"nothing is stored of {field} for {name} at {'*' if every_workspace else site}; "
            "see: trackwire credentials list --all"
        )
    output.say({"field": field}, [f"removed {field}"])


def _address(
    service: TrackerService, provider: str | None, workspace: str | None
) -> tuple[str, str]:
    name = normalize_provider_name(provider) if provider is not None else None
    if name is not None and not is_provider_name(name):
        raise UsageError(
            f"{provider!r} is no provider's name; see: trackwire providers "
            "(a hub's token is kept by: trackwire login)"
        )
    if name is not None and workspace is not None:
        return name, workspace
    bound = service.config().bound()
    return name or bound.provider, workspace or bound.workspace


def _value(
    service: TrackerService, provider: str, field: str, *, from_stdin: bool, from_project: bool
) -> str:
    if from_project:
        return _project_value(service.config(), field)
    if from_stdin:
        return sys.stdin.read().strip()
    if not sys.stdin.isatty():
        raise UsageError("no value; give --stdin and write it to standard input")
    registered = service.registry.provider(provider)
    plain = registered is not None and any(
        f.name == field and not f.secret for f in registered.credential_fields
    )
    return str(click.prompt(field, hide_input=not plain, err=True)).strip()


def _project_value(config: TrackerProjectConfig, field: str) -> str:
    if field not in config.fields:
        raise ProjectError(f"{config.path}: there is no trackwire.fields.{field}")
    return str(config.fields[field])


def _stored_row(entry: Any) -> dict[str, Any]:
    return {
        "provider": entry.provider,
        "workspace": entry.workspace or "*",
        "field": entry.field,
        "value": _MASK if entry.secret else entry.value,
        "kept_in": "keyring" if entry.value is None else "file",
        "origin": entry.origin,
    }


def _effective_rows(service: TrackerService) -> list[dict[str, Any]]:
    config = _bound_config(service)
    provider = service.registry.provider(config.provider)
    values = service.credentials.effective(config, provider)
    declared = [f.name for f in provider.credential_fields] if provider else []
    unset = [_row(name, None) for name in declared if name not in values]
    rows = [_row(name, value) for name, value in values.items()]
    if provider:
        for row in rows:
            row["note"] = row["note"] or _problem(service, config, provider, row["field"], values)
    return [*rows, *unset]


def _bound_config(service: TrackerService) -> TrackerProjectConfig:
    try:
        config = service.config()
        config.bound()
    except ProjectError as error:
        everything = "all that is stored for you is listed by: trackwire credentials list --all"
        raise ProjectError(f"{error}; {everything}") from error
    return config


def _problem(
    service: TrackerService,
    config: TrackerProjectConfig,
    provider: Provider,
    name: str,
    values: dict[str, Value],
) -> str | None:
    from trackwire.connecting import origin_problem

    if name not in provider.fields_by_name:
        return None
    return origin_problem(service.credentials, config, provider, name, values)


def _row(name: str, value: Value | None) -> dict[str, Any]:
    if value is None:
        return dict.fromkeys(("field", "value", "source", "where", "note")) | {
            "field": name,
            "source": "not set",
        }
    return {
        "field": name,
        "value": _MASK if value.secret else value.plain,
        "source": value.source,
        "where": value.detail or None,
        "note": value.note,
    }
