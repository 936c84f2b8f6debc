"""Linear as the conformance kit meets it: the few queries that this plugin asks.

https://linear.app/developers/graphql
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from trackwire.model import Status
from trackwire.testing import Answer, Emulator, Request, SampleIssue, SampleTracker

_Json = dict[str, Any]
_FIRST_FIELD = re.compile(r"\{\s*(\w+)")
_WORD = re.compile(r"\w+")
_LABELS_SHOWN = 10
_VIEWER = {"id": "ana", "name": "Ana", "timezone": "Etc/UTC"}
_ORGANIZATION = {"name": "Acme", "urlKey": "acme", "previousUrlKeys": []}
_OTHER_TEAM = {"id": "00000000-0000-4000-8000-000000000002", "key": "OPS", "name": "Operations"}
_CODES = {401: "AUTHENTICATION_ERROR", 403: "FORBIDDEN", 429: "RATELIMITED"}
_STATES = {
    Status.TODO: {"type": "unstarted", "name": "Todo"},
    Status.IN_PROGRESS: {"type": "started", "name": "In Progress"},
    Status.DONE: {"type": "completed", "name": "Done"},
}
_OWN_STATE = {"type": "waiting", "name": "Waiting for Godot"}  # of a type to come
_PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")


class LinearEmulator(Emulator):
    """A workspace with two teams."""

    credentials: ClassVar[Mapping[str, str]] = {
        "api_key": "lin_api_made_up",
        "team_id": "00000000-0000-4000-8000-000000000001",
    }
    workspace = "acme"
    path = "/graphql"

    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        """Answer as the API does."""
        if request.headers.get("authorization") != self.credentials["api_key"]:
            return self.refusal(401, request)
        asked: Any = request.json()
        field = _FIRST_FIELD.search(asked["query"])
        match field and field[1]:
            case "viewer":
                return _data(viewer=_VIEWER, organization=_ORGANIZATION)
            case "teams":
                return _data(teams=_list([_team(tracker), _OTHER_TEAM]))
            case "issues":
                return _data(issues=_issues(asked, tracker), is_page=True)
            case "issue":
                return _data(issue={"labels": _labels_of(asked["variables"], tracker)})
        return self.refusal(400, request)

    def refusal(self, status: int, request: Request) -> Answer:
        """Word a refusal."""
        code = _CODES.get(status, "INTERNAL_SERVER_ERROR" if status >= 500 else "INPUT_ERROR")
        return _errors(HTTPStatus(status).description, code, status)

    def expired(self, request: Request) -> Answer:
        """Refuse the key as GraphQL does, with a success of HTTP."""
        return _errors("Authentication required, not authenticated", _CODES[401], 200)

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        """Render a saved answer."""
        return _data(issues=_list([_issue(issue, tracker) for issue in issues])).body


def _data(*, is_page: bool = False, **parts: object) -> Answer:
    return Answer.of_json({"data": parts}, is_page=is_page)


def _errors(message: str, code: str, status: int) -> Answer:
    failure = {"message": message, "extensions": {"code": code}}
    return Answer.of_json({"errors": [failure]}, status=status)


def _list(nodes: Sequence[object], after: str | None = None, size: int = 250) -> _Json:
    start = int(after or 0)
    end = start + size
    place = {"hasPreviousPage": start > 0, "hasNextPage": end < len(nodes), "endCursor": str(end)}
    return {"nodes": nodes[start:end], "pageInfo": place}


def _issues(asked: _Json, tracker: SampleTracker) -> _Json:
    """List what a query asks for, the latest first, with no member that it does not name."""
    variables, named = asked["variables"], set(_WORD.findall(asked["query"]))
    found = [issue for issue in tracker.issues if _is_wanted(issue, tracker, variables["filter"])]
    if "orderBy: updatedAt" in asked["query"]:
        found.sort(key=lambda issue: (issue.updated_at, issue.id), reverse=True)
    else:
        found.sort(key=lambda issue: int(issue.id), reverse=True)
    size = min(variables.get("first", 250), tracker.page_size)
    whole = [_issue(issue, tracker) for issue in found]
    shown = [{name: one[name] for name in one if name in named} for one in whole]
    return _list(shown, variables["after"], size)


def _is_wanted(issue: SampleIssue, tracker: SampleTracker, wanted: _Json) -> bool:
    ids, times = wanted.get("id"), wanted.get("updatedAt", {})
    return (
        wanted["team"]["id"]["eq"] == tracker.resource_id
        and (ids is None or issue.id in ids["in"])
        and ("gte" not in times or issue.updated_at >= datetime.fromisoformat(times["gte"]))
        and ("lte" not in times or issue.updated_at <= datetime.fromisoformat(times["lte"]))
    )


def _issue(issue: SampleIssue, tracker: SampleTracker) -> _Json:
    team = _OTHER_TEAM if issue.is_foreign else _team(tracker)
    identifier = f"{team['key']}-{issue.id}"
    priority = 0 if issue.priority is None else min(issue.priority + 1, 4)
    has_assignee = issue.assignee is not None and not issue.assignee_deleted
    shown = {
        "id": issue.id,
        "identifier": identifier,
        "title": issue.title,
        "url": f"https://linear.app/acme/issue/{identifier}",
        "description": issue.body,
        "priority": priority,
        "priorityLabel": _PRIORITIES[priority],
        "updatedAt": f"{issue.updated_at:%Y-%m-%dT%H:%M:%S.000Z}",
        "archivedAt": None,
        "trashed": None,
        "state": _OWN_STATE if issue.own_status else _STATES[issue.status],
        "assignee": {"id": issue.assignee} if has_assignee else None,
        "parent": None,
        "team": team,
        "labels": _list(_labels(issue), size=_LABELS_SHOWN),
    }
    if issue.is_damaged:
        del shown["state"]
    return shown


def _labels(issue: SampleIssue) -> list[_Json]:
    return [{"name": name} for name in issue.labels]


def _labels_of(variables: _Json, tracker: SampleTracker) -> _Json:
    issue = next(each for each in tracker.issues if each.id == variables["issue"])
    return _list(_labels(issue), variables["after"])


def _team(tracker: SampleTracker) -> _Json:
    return {"id": tracker.resource_id, "key": "ENG", "name": "Engineering"}
