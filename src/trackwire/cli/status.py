"""`trackwire status`, `trackwire route` and `trackwire providers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.output import Output, json_option, table

if TYPE_CHECKING:
    from datetime import datetime

    from trackwire.discovery import Found, Unreadable
    from trackwire.ledger import LedgerEntry
    from trackwire.overview import Overview
    from trackwire.provider import Provider
    from trackwire.registry import Outcome
    from trackwire.route import Route
    from trackwire.scope import ScopeState


@click.command()
@json_option
@click.pass_obj
def status(output: Output) -> None:
    """Show the project's binding, route, issues at hand and last publishes."""
    found = output.service().status()
    output.say(_status_document(found), _status_lines(found))
    _warn(output, found.route)


@click.command()
@json_option
@click.pass_obj
def route(output: Output) -> None:
    """Show the route that a publish would carry, and where each part comes from."""
    found = output.service().route()
    output.say(_route_document(found), _route_lines(found))
    _warn(output, found)


@click.command()
@json_option
@click.pass_obj
def providers(output: Output) -> None:
    """List the provider plugins that are installed, and what became of each."""
    from trackwire.registry import ProviderRegistry

    registry = ProviderRegistry()
    rows = [
        *(row for name in registry.names() for row in _provider_rows(name, registry.outcome(name))),
        *map(_unreadable_row, registry.unreadable()),
    ]
    lines = table(
        ("NAME", "TITLE", "RESOURCE TYPE", "CREDENTIAL KEY", "DISTRIBUTION", "VERSION", "OUTCOME"),
        [list(row.values())[:7] for row in rows],
    )
    reasons = [
        f"{row['name']}: {row['reason']}" if row["name"] else row["reason"]
        for row in rows
        if row["reason"]
    ]
    output.say(
        {"providers": rows},
        [*lines, *dict.fromkeys(reasons)] if rows else ["no provider plugin is installed"],
    )


def _provider_rows(name: str, outcome: Outcome) -> list[dict[str, Any]]:
    from trackwire.registry import Blocked, Broken, Registered

    provider: Provider | None = None
    claims: tuple[Found, ...] = ()
    reason: str | None = None
    match outcome:
        case Registered():
            provider, claims = outcome.provider, (outcome.found,)
        case Blocked() | Broken():
            claims, reason = outcome.claims, outcome.reason
    return [
        {
            "name": name,
            "title": provider.title if provider else None,
            "resource_type": provider.resource_type if provider else None,
            "credential_key": provider.credential_key if provider else None,
            "distribution": found.dist,
            "version": found.version,
            "outcome": type(outcome).__name__.lower(),
            "reason": reason,
        }
        for found in claims
    ]


def _unreadable_row(unreadable: Unreadable) -> dict[str, Any]:
    from trackwire.registry import describe_unreadable

    return {
        **dict.fromkeys(("name", "title", "resource_type", "credential_key")),
        "distribution": unreadable.dist,
        "version": unreadable.version,
        "outcome": "broken",
        "reason": describe_unreadable(unreadable),
    }


def _route_document(found: Route) -> dict[str, Any]:
    return {
        "provider": found.config.provider,
        "workspace": found.config.workspace,
        "external_resource_type": found.routing.external_resource_type,
        "external_resource_id": found.routing.external_resource_id,
        "routing_reason": found.routing.reason,
        "sources": _sources(found),
        "warnings": _warnings(found),
    }


def _sources(found: Route) -> dict[str, dict[str, str] | None]:
    from trackwire.registry import Registered

    project = {"source": "project", "where": str(found.config.path)}
    outcome, value = found.outcome, found.id_source
    plugin = str(outcome.found) if isinstance(outcome, Registered) else None
    return {
        "provider": project,
        "workspace": project,
        "external_resource_type": {"source": "plugin", "where": plugin} if plugin else None,
        "external_resource_id": {"source": value.source, "where": value.detail} if value else None,
    }


def _route_lines(found: Route) -> list[str]:
    from trackwire.route import explain

    document = _route_document(found)
    rows = [
        (name, document[name], f"{source['source']}: {source['where']}" if source else None)
        for name, source in _sources(found).items()
    ]
    reason = f"{found.routing.reason}: {explain(found)}"
    return [*table(("PART", "VALUE", "FROM"), rows), f"routing_reason  {reason}"]


def _warnings(found: Route) -> list[str]:
    of_values = (value.note for value in found.values.values() if value.note)
    return [*found.config.notes, *of_values]


def _warn(output: Output, found: Route) -> None:
    for warning in _warnings(found):
        output.note(warning)


def _status_document(found: Overview) -> dict[str, Any]:
    config = found.route.config
    return {
        "project": str(config.root),
        "project_uuid": config.project_uuid,
        "project_slug": config.project_slug,
        "doctrine_mode": config.bound().doctrine_mode,
        **_route_document(found.route),
        "scope": _state(found.state),
        "pull": {
            "interrupted": found.pulls.run is not None,
            "completed_at": found.pulls.pulled_at,
            "census_at": found.pulls.census_at,
        },
        "at_work": found.at_work,
        "other_scopes": [_state(state) for state in found.others],
        "hub": found.hub,
        "publishes": found.publishes,
    }


def _state(state: ScopeState) -> dict[str, Any]:
    return {
        "provider": state.scope.provider,
        "workspace": state.scope.workspace,
        "resource_id": state.scope.resource_id,
        "fill": state.fill,
        "issue_count": state.issue_count,
        "mapping_count": state.mapping_count,
    }


def _status_lines(found: Overview) -> list[str]:
    from trackwire.route import explain

    config, routing = found.route.config, found.route.routing
    pair = f"{routing.external_resource_type} {routing.external_resource_id}"
    lines = [
        f"project    {config.project_slug or '-'} ({config.root})",
        f"bound to   {config.provider} at {config.workspace}, {config.bound().doctrine_mode}",
        f"route      {f'null/null: {explain(found.route)}' if routing.is_null else pair}",
        f"at hand    {_counts(found.state)}",
        *(f"           {_counts(state)} of {state.scope}, not bound" for state in found.others),
        *_pull_lines(found),
        f"hub        {found.hub or 'none; run: trackwire login URL'}",
    ]
    if not found.publishes:
        return [*lines, "published  never"]
    return [*lines, *(f"published  {_publish_line(entry)}" for entry in found.publishes)]


def _pull_lines(found: Overview) -> list[str]:
    pulls = found.pulls
    lines = [f"pulled     {_when(pulls.pulled_at)}, to the end"] if pulls.pulled_at else []
    if found.at_work:
        lines.append(f"at work    trackwire {found.at_work}")
    elif pulls.run is not None:
        lines.append("pulling    interrupted; run: trackwire pull, which goes on")
    return lines


def _when(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M")


def _counts(state: ScopeState) -> str:
    fill = {"never": "nothing read yet", "partial": "filled in part", "complete": "complete"}
    return f"{state.issue_count} issues, {state.mapping_count} mappings ({fill[state.fill]})"


def _publish_line(entry: LedgerEntry) -> str:
    detail = f": {entry.detail}" if entry.detail else ""
    return (
        f"{entry.state} {_when(entry.updated_at)}, {entry.issue_count} issues of {entry.route} to "
        f"{entry.destination}{detail}"
    )
