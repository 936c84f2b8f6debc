"""`trackwire discover`: what the credentials can see, with the value to bind."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.asking import Answers, ask, complete_provider, pairs, refuse_secrets
from trackwire.cli.output import Output, json_option, table
from trackwire.errors import command

if TYPE_CHECKING:
    from trackwire.connector import Resource
    from trackwire.discovering import Discovery
    from trackwire.service import TrackerService


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@click.option(
    "--workspace", metavar="W", help="The site or organisation.  [default: the bound one]"
)
@click.option(
    "--set",
    "plain",
    multiple=True,
    metavar="FIELD=VALUE",
    callback=pairs,
    help="A credential field that is not secret; it is kept nowhere.",
)
@json_option
@click.pass_obj
def discover(output: Output, provider: str, workspace: str | None, plain: dict[str, str]) -> None:
    """List the projects or teams of PROVIDER that the credentials can see.

    No project is needed: on a terminal, what is missing is asked for, and kept nowhere.
    """
    from trackwire.discovering import Discovery

    service = output.service()
    refuse_secrets(service.registry.provider(provider), provider, plain)
    wish = Discovery(provider=provider, workspace=workspace, given=plain)
    if sys.stdin.isatty() and not output.as_json:
        wish = _asked(service, wish)
    found = service.discover(
        wish.provider, wish.workspace, wish.given, confirmed_origin=wish.confirmed_origin
    )
    key, bind = _bind_command(service, wish)
    output.say(_document(found, service, wish, key), _lines(found, bind))


def _asked(service: TrackerService, wish: Discovery) -> Discovery:
    def with_answers(answers: Answers) -> Discovery:
        return replace(wish, given=answers.values, confirmed_origin=answers.confirmed_origin)

    answers = ask(
        lambda so_far: service.discovery_prospect(with_answers(so_far)), Answers(wish.given)
    )
    return replace(with_answers(answers), given=answers.given)


def _bind_command(
    service: TrackerService, wish: Discovery, value: str = "ID"
) -> tuple[str | None, str | None]:
    from trackwire.binding import prospective

    bound = prospective(service.root, wish.provider, wish.workspace).bound()
    provider = service.registry.provider(bound.provider)
    key = provider.credential_key if provider else None
    if key is None:
        return None, None
    workspace = bound.workspace or "WORKSPACE"
    return key, command("bind", bound.provider, "--workspace", workspace, "--set", f"{key}={value}")


def _document(
    found: list[Resource], service: TrackerService, wish: Discovery, key: str | None
) -> dict[str, Any]:
    return {
        "field": key,
        "resources": [
            {
                "id": resource.id,
                "key": resource.key,
                "name": resource.name,
                "bind": _bind_command(service, wish, resource.id)[1],
            }
            for resource in found
        ],
    }


def _lines(found: list[Resource], bind: str | None) -> list[str]:
    if not found:
        return ["the credentials see nothing to bind"]
    rows = [(resource.id, resource.key, resource.name) for resource in found]
    lines = table(("ID", "KEY", "NAME"), rows)
    return [*lines, f"to bind one: {bind}"] if bind else lines
