"""Issues, projects and people as Jira's REST API writes them, in versions 2 and 3.

The JSON of an issue is made once for each selection of fields and kept with the issue.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from emulators.clock import from_milliseconds
from emulators.jira_model import Issue, Person, Project, Status

_CATEGORIES = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "Ongoing"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
_LEVELS = {"Epic": 1, "Sub-task": -1, "Subtask": -1}
_WHOLE = frozenset({"*all", "*navigable"})
_ONLY_NAMES = frozenset({"id", "key"})

Json = dict[str, Any]
PersonJson = Callable[[Person, str], Json]


@dataclass(frozen=True)
class Style:
    """How one API of one site writes; it is a key of what was rendered.

    Args:
        url: Where the resources' own addresses begin, with the version.
        has_adf: Whether rich text is a document, as in version 3.
        zone: Whose offset the times carry.
        person: Writes a user, given the same address.
        has_levels: Whether an issue type says where it is in the hierarchy, as on Cloud.
    """

    url: str
    has_adf: bool
    zone: ZoneInfo
    person: PersonJson
    has_levels: bool


def render(issue: Issue, wanted: tuple[str, ...], style: Style) -> bytes:
    """Return the issue as JSON.

    Args:
        issue: What to write.
        wanted: Names of fields, with `*all`, `*navigable` and `-name` as in Jira's `fields`.
        style: How the site writes.
    """
    kept = issue.rendered.get((wanted, style))
    if kept is None:
        kept = msgspec.json.encode(_issue(issue, wanted, style))
        issue.rendered[wanted, style] = kept
    return kept


def join(issues: Iterable[bytes]) -> bytes:
    """Return rendered issues as a JSON array."""
    return b"[" + b",".join(issues) + b"]"


def only_names(wanted: tuple[str, ...]) -> bool:
    """Tell whether no field but the id or the key is asked for."""
    return set(wanted) <= _ONLY_NAMES


def _issue(issue: Issue, wanted: tuple[str, ...], style: Style) -> Json:
    if wanted == ("id",):
        return {"id": str(issue.id)}
    names: Json = {
        "id": str(issue.id),
        "self": f"{style.url}/issue/{issue.id}",
        "key": issue.key,
    }
    if only_names(wanted):
        return names
    return {
        "expand": "renderedFields,names,schema",
        **names,
        "fields": _fields(issue, wanted, style),
    }


def _fields(issue: Issue, wanted: tuple[str, ...], style: Style) -> Json:
    names = set(wanted)
    left_out = {name[1:] for name in names if name.startswith("-")}
    takes_all = bool(names & _WHOLE) or names == {f"-{name}" for name in left_out}
    everything: Mapping[str, Callable[[], object]] = {
        "summary": lambda: issue.summary,
        "description": lambda: _description(issue, style),
        "status": lambda: _status(issue.status, style),
        "issuetype": lambda: _kind(issue.kind, style),
        "priority": lambda: _named("priority", issue.priority, style),
        "resolution": lambda: _named("resolution", issue.resolution, style),
        "assignee": lambda: issue.assignee and style.person(issue.assignee, style.url),
        "labels": lambda: issue.labels,
        "created": lambda: time_text(issue.created, style.zone),
        "updated": lambda: time_text(issue.updated, style.zone),
        "project": lambda: {"key": issue.project},
    }
    fields = {
        name: make()
        for name, make in everything.items()
        if (takes_all or name in names) and name not in left_out
    }
    custom = {n: v for n, v in issue.custom.items() if takes_all or n in names}
    return {**fields, **custom}


def _description(issue: Issue, style: Style) -> object:
    if not style.has_adf:
        return issue.description
    if issue.adf is not None:
        return issue.adf
    return None if issue.description is None else document_of(issue.description)


def document_of(text: str) -> Json:
    """Return a document in the Atlassian Document Format with a paragraph for each line."""
    lines = text.split("\n")
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
        for line in lines
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _status(status: Status, style: Style) -> Json:
    number = _id_of(status.name)
    category = _CATEGORIES[status.category]
    return {
        "self": f"{style.url}/status/{number}",
        "description": "",
        "name": status.name,
        "id": number,
        "statusCategory": {"self": f"{style.url}/statuscategory/{category['id']}", **category},
    }


def _kind(name: str, style: Style) -> Json:
    kind = {"self": f"{style.url}/issuetype/{_id_of(name)}", "id": _id_of(name), "name": name}
    level = _LEVELS.get(name, 0)
    levels = {"hierarchyLevel": level} if style.has_levels else {}
    return {**kind, "description": "", "subtask": level < 0, **levels}


def _named(resource: str, name: str | None, style: Style) -> Json | None:
    if name is None:
        return None
    return {"self": f"{style.url}/{resource}/{_id_of(name)}", "id": _id_of(name), "name": name}


def _id_of(name: str) -> str:
    return str(zlib.crc32(name.encode()) % 90000 + 10000)


def project_json(project: Project, style: Style) -> Json:
    """Return a project as Jira lists it."""
    return {
        "self": f"{style.url}/project/{project.id}",
        "id": str(project.id),
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
    }


def time_text(milliseconds: int, zone: ZoneInfo) -> str:
    """Return a time as Jira writes it: 2026-03-02T12:00:00.123+0000."""
    moment = from_milliseconds(milliseconds).astimezone(zone)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}{moment:%z}"
