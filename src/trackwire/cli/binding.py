"""`trackwire bind` and `trackwire unbind`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.asking import Answers, ask, complete_provider, pairs, refuse_secrets
from trackwire.cli.choosing import resource_chooser
from trackwire.cli.output import Output, json_option
from trackwire.errors import UsageError
from trackwire.model import DoctrineMode, FieldOwner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trackwire.binding import BindReport, BindRequest
    from trackwire.provider import CredentialField
    from trackwire.route import Route
    from trackwire.service import TrackerService


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@click.option("--workspace", metavar="W", help="The provider's site or organisation: acme.example.")
@click.option(
    "--set",
    "plain",
    multiple=True,
    metavar="FIELD=VALUE",
    callback=pairs,
    help="A credential field that is not secret.",
)
@click.option(
    "--credentials-stdin",
    is_flag=True,
    help="Read credential fields from standard input: a JSON object of texts.",
)
@click.option(
    "--doctrine-mode",
    type=click.Choice([mode.value for mode in DoctrineMode]),
    help="Which side is authoritative.  [default: what it is, or external_authoritative]",
)
@click.option(
    "--field-owner",
    "owners",
    multiple=True,
    metavar="FIELD=OWNER",
    callback=pairs,
    help=f"Who owns a field under split ownership: {', '.join(FieldOwner)}.",
)
@json_option
@click.pass_obj
def bind(
    output: Output,
    provider: str,
    workspace: str | None,
    plain: dict[str, str],
    doctrine_mode: str | None,
    owners: dict[str, str],
    *,
    credentials_stdin: bool,
) -> None:
    """Bind this project to PROVIDER's WORKSPACE.

    On a terminal, missing fields are asked for, secrets without showing them. Elsewhere secrets
    come from the environment (TRACKWIRE_<PROVIDER>_<FIELD>, read whenever they are needed) or by
    --credentials-stdin.
    """
    from trackwire.binding import BindRequest, likely_provider

    service = output.service()
    asking = sys.stdin.isatty() and not credentials_stdin and not output.as_json
    likely = likely_provider(service.root, service.registry, provider)
    if asking and likely and click.confirm(_question(provider, likely), default=True, err=True):
        provider = likely
    refuse_secrets(service.registry.provider(provider), provider, plain)
    if workspace is None and asking:
        workspace = str(click.prompt("Workspace", err=True))
    if workspace is None:
        raise UsageError("no workspace; give --workspace, the provider's site or organisation")
    request = BindRequest(
        provider=provider,
        workspace=workspace,
        values={**plain, **(_from_stdin() if credentials_stdin else {})},
        doctrine_mode=DoctrineMode(doctrine_mode) if doctrine_mode else None,
        doctrine_field_owners=_owners(owners) if owners else None,
        unlikely=asking,
    )
    if asking:
        request = _asked(output, service, request)
    report = service.bind(request)
    output.say(_document(report), _lines(report))
    for note in _notes(service, report):
        output.note(note)


@click.command()
@click.option("--purge", is_flag=True, help="Remove the store and the workspace's credentials too.")
@json_option
@click.pass_obj
def unbind(output: Output, *, purge: bool) -> None:
    """Remove the project's binding; the store and the credentials stay, unless purged."""
    before = output.service().unbind(purge=purge)
    bound = before.binding
    was = f"no longer bound to {bound.provider} at {bound.workspace}" if bound else "was not bound"
    kept = (
        "the store and the workspace's credentials were removed"
        if purge
        else "the store and the credentials stay: bind again to find its issues"
    )
    output.say(
        {
            "provider": bound and bound.provider,
            "workspace": bound and bound.workspace,
            "purged": purge,
        },
        [f"{was}; {kept}"],
    )


def _question(provider: str, likely: str) -> str:
    return f"no plugin is installed for {provider}; is {likely} meant?"


def _from_stdin() -> dict[str, str]:
    try:
        given = json.load(sys.stdin)
    except (ValueError, RecursionError):
        raise UsageError("standard input is not JSON; it takes an object of texts") from None
    if not isinstance(given, dict) or not all(isinstance(v, str) for v in given.values()):
        raise UsageError('standard input takes an object of texts, such as {"api_token": "..."}')
    return given


def _owners(owners: dict[str, str]) -> dict[str, FieldOwner]:
    for name, owner in owners.items():
        if owner not in list(FieldOwner):
            raise UsageError(
                f"--field-owner {name}: the owner is one of {', '.join(FieldOwner)}, not {owner!r}"
            )
    return {name: FieldOwner(owner) for name, owner in owners.items()}


def _asked(output: Output, service: TrackerService, request: BindRequest) -> BindRequest:
    def with_answers(answers: Answers) -> BindRequest:
        origin = answers.confirmed_origin
        return replace(request, values=answers.values, confirmed_origin=origin)

    answers = ask(
        lambda so_far: service.prospect(with_answers(so_far)),
        Answers(request.values),
        resource_chooser(output, service, request.provider, request.workspace),
    )
    return replace(with_answers(answers), values=answers.given)


def _document(report: BindReport) -> dict[str, Any]:
    binding = report.config.bound()
    return {
        "project": str(report.config.root),
        "created": report.created,
        "provider": binding.provider,
        "workspace": binding.workspace,
        "doctrine_mode": binding.doctrine_mode,
        "doctrine_field_owners": binding.doctrine_field_owners,
        "registered": report.registered,
        "kept": report.kept,
        "missing": [field.name for field in report.missing],
        "dropped_fields": report.dropped_fields,
    }


def _lines(report: BindReport) -> list[str]:
    binding = report.config.bound()
    made = [f"made {report.config.root} a project: {report.config.path}"] if report.created else []
    return [
        *made,
        f"bound to {binding.provider} at {binding.workspace}",
        *(f"{field} is kept in {place}" for field, place in report.kept.items()),
    ]


def _notes(service: TrackerService, report: BindReport) -> list[str]:
    binding = report.config.bound()
    notes = []
    if not report.registered:
        notes.append(
            f"no plugin is in use for {binding.provider}: publishes carry no route (null/null), "
            f"and issues are imported with --format jsonl; {_installed(service)}"
        )
    if report.dropped_fields:
        notes.append(
            "removed from the project's file, as values of the earlier binding: "
            f"{', '.join(report.dropped_fields)}"
        )
    notes += _consequences(service.route(), report.missing)
    notes += [
        f"{state.issue_count} issues of {state.scope} stay stored, and are not published under "
        "this binding; bind back to find them"
        for state in service.status().others
        if state.issue_count
    ]
    return notes


def _installed(service: TrackerService) -> str:
    names = ", ".join(service.registry.names())
    return f"there are plugins for: {names}" if names else "no plugin is installed"


def _consequences(route: Route, missing: Sequence[CredentialField]) -> list[str]:
    from trackwire.route import explain

    key = route.provider.credential_key if route.provider else None
    notes = [
        f"{field.name} is not set ({field.help}): until it is, publishes carry no route (null/null)"
        for field in missing
        if field.name == key
    ]
    if not notes and route.provider and route.routing.is_null:
        notes.append(f"publishes carry no route (null/null): {explain(route)}")
    others = [field.name for field in missing if field.name != key]
    if others:
        notes.append(
            f"not set: {', '.join(others)}; importing files works, reading the tracker itself "
            "will need them"
        )
    return notes
