"""What an emulated Linear answers to each field of a query."""

from __future__ import annotations

from functools import partial
from typing import Any

from emulators.linear_lists import (
    DEFAULT_FIRST,
    InputError,
    Settings,
    page_of_issues,
    page_of_labels,
)
from emulators.linear_model import Issue, Model, Team, shown_time


def root_of(model: Model, settings: Settings) -> dict[str, Any]:
    """Return what a query starts from; a callable takes its field's arguments."""

    def issues(**arguments: Any) -> dict[str, Any]:
        page = page_of_issues(model, settings, **arguments)
        return {"nodes": [graph_of(i, model) for i in page.issues], "pageInfo": page.info}

    def issue(id: str) -> dict[str, Any]:  # noqa: A002 - the schema's name
        found = model.find(id)
        if found is None or found.team in settings.hidden:
            raise InputError("Entity not found: Issue", "Could not find referenced Issue.")
        return graph_of(found, model)

    def team(id: str) -> dict[str, Any]:  # noqa: A002 - the schema's name
        found = model.team(id)
        if found is None or found.id in settings.hidden:
            raise InputError("Entity not found: Team", "Could not find referenced Team.")
        return _team(found)

    def teams(after: str | None = None, first: int | None = None) -> dict[str, Any]:
        seen = [t for t in model.teams.values() if t.id not in settings.hidden]
        start, size = int(after or 0), min(first or DEFAULT_FIRST, settings.largest_page)
        end = start + size
        info = {"hasNextPage": end < len(seen), "endCursor": str(end)}
        return {"nodes": [_team(t) for t in seen[start:end]], "pageInfo": info}

    organization = {
        "name": "Acme Incorporated",
        "urlKey": settings.url_key,
        "previousUrlKeys": list(settings.previous_url_keys),
    }
    viewer = {"id": "user-ana", "name": settings.account, "timezone": settings.timezone}
    return {
        "issues": issues,
        "issue": issue,
        "team": team,
        "teams": teams,
        "organization": organization,
        "viewer": viewer,
    }


def _team(team: Team) -> dict[str, Any]:
    return {"id": team.id, "key": team.key, "name": team.name}


def graph_of(issue: Issue, model: Model) -> dict[str, Any]:
    """Return an issue as the schema has it; a callable takes its field's arguments."""
    return {
        "archivedAt": shown_time(issue.archived),
        "assignee": issue.assignee and {"id": issue.assignee, "name": "A", "timezone": None},
        "createdAt": shown_time(issue.created),
        "description": issue.description,
        "id": issue.id,
        "identifier": issue.identifier,
        "labels": partial(page_of_labels, issue),
        "parent": issue.parent and {"id": issue.parent},
        "previousIdentifiers": list(issue.previous_identifiers),
        "priority": issue.priority,
        "priorityLabel": issue.priority_label,
        "state": {"name": issue.state.name, "type": issue.state.type},
        "team": _team(model.teams[issue.team]),
        "title": issue.title,
        "trashed": issue.trashed,
        "updatedAt": shown_time(issue.updated),
        "url": f"https://linear.app/acme/issue/{issue.identifier}/a-title",
    }
