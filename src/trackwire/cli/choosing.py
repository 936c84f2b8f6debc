"""Has a person choose the resource to bind, out of what the credentials can see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from trackwire.cli.output import Output, printable, table
from trackwire.defaults import CHOICE_WAIT_SECONDS
from trackwire.errors import TrackwireError, command

if TYPE_CHECKING:
    from trackwire.cli.asking import Answers, Choose
    from trackwire.connector import Resource
    from trackwire.provider import CredentialField
    from trackwire.service import TrackerService

_MOST_SHOWN = 50


def resource_chooser(
    output: Output, service: TrackerService, provider: str, workspace: str
) -> Choose:
    """Return what offers the choice of resources where the provider can list them.

    Args:
        output: Where notes go.
        service: The project's.
        provider: The provider's name.
        workspace: The workspace.
    """
    registered = service.registry.provider(provider)
    key = registered.credential_key if registered and registered.discover else None

    def choose(wanted: CredentialField, answers: Answers) -> str | None:
        if wanted.name != key:
            return None
        found = _found(output, service, provider, workspace, answers)
        return _pick(wanted, found, provider) if found else None

    return choose


def _found(
    output: Output, service: TrackerService, provider: str, workspace: str, answers: Answers
) -> list[Resource]:
    from trackwire.discovering import Discovery

    wish = Discovery(
        provider=provider,
        workspace=workspace,
        given=answers.given,
        confirmed_origin=answers.confirmed_origin,
    )
    try:
        if any(field.required for field in service.discovery_prospect(wish).missing):
            return []
        found = service.discover(
            wish.provider,
            wish.workspace,
            wish.given,
            confirmed_origin=wish.confirmed_origin,
            max_wait=CHOICE_WAIT_SECONDS,
        )
    except (TrackwireError, OSError) as error:
        output.note(f"the choices cannot be listed: {error}")
        return []
    if not found:
        output.note("the credentials see nothing to choose from")
    return found


def _pick(wanted: CredentialField, found: Sequence[Resource], provider: str) -> str:
    shown = found[:_MOST_SHOWN]
    # Where an id is itself a number, a number that is typed would mean two things.
    numbered = not any(resource.id.isdecimal() for resource in found)
    rows = [(n if numbered else None, r.id, r.key, r.name) for n, r in enumerate(shown, start=1)]
    for line in table(("NUMBER" if numbered else "", "ID", "KEY", "NAME"), rows):
        click.echo(line, err=True)
    if len(found) > len(shown):
        more = f"and {len(found) - len(shown)} more; see: {command('discover', provider)}"
        click.echo(more, err=True)
    click.echo(wanted.help, err=True)
    value = _ask(wanted, found, numbered=numbered)
    name = next((resource.name for resource in found if resource.id == value), None)
    if name is not None:
        click.echo(printable(f"{wanted.name} is {value}: {name}"), err=True)
    return value


def _ask(wanted: CredentialField, found: Sequence[Resource], *, numbered: bool) -> str:
    shown = found[:_MOST_SHOWN]
    whole = len(found) == len(shown)
    only = found[0].id if len(found) == 1 else ""
    offer = f"a number from 1 to {len(shown)}, or the value" if numbered else "an id"
    blank = f"Enter takes {only}" if only else "leave it blank to skip it"
    hint = printable(f"{wanted.name} ({blank}; {offer})" if only else f"{wanted.name} ({offer})")
    while True:
        answer = str(click.prompt(hint, default=only, show_default=False, err=True)).strip()
        value = _meant(answer, found, shown if numbered else ())
        listed = any(resource.id == value for resource in found)
        if listed or not value or not (whole or (numbered and value.isdecimal())):
            return value
        click.echo(printable(f"{answer} is not on the list; {blank}"), err=True)


def _meant(answer: str, found: Sequence[Resource], numbered: Sequence[Resource]) -> str:
    if answer.isdecimal() and 1 <= int(answer) <= len(numbered):
        return numbered[int(answer) - 1].id
    return next((r.id for r in found if r.key is not None and r.key == answer), answer)
