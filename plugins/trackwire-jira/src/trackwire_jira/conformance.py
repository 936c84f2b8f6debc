"""Jira as the conformance kit meets it: the few operations that this plugin asks for.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and, for Data Center,
https://developer.atlassian.com/server/jira/platform/rest/
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import unquote

from trackwire.model import Status
from trackwire.testing import Answer, Emulator, Request, SampleIssue, SampleTracker

_Json = dict[str, Any]
_OTHER_PROJECT = "ELSEWHERE"
_STATUSES = {
    Status.TODO: ("To Do", "new"),
    Status.IN_PROGRESS: ("In Progress", "indeterminate"),
    Status.DONE: ("Done", "done"),
}
_OWN_STATUS = ("Waiting for Godot", "undefined")  # of a category that is none of the three
_PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")
_JQL = re.compile(
    r'project = "(?P<project>[^"]*)"'
    r"(?: AND id in \((?P<ids>[0-9, ]+)\))?"
    r"(?: AND updated >= (?P<since>[0-9]+))?"
    r" ORDER BY (?P<by_time>updated ASC, )?id ASC"
)


class JiraEmulator(Emulator):
    """A Cloud site."""

    credentials: ClassVar[Mapping[str, str]] = {
        "email": "ana@example.test",
        "api_token": "made-up-api-token",
        "project_key": "ACME",
    }

    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        """Answer as the site does."""
        operation = unquote(request.path).removeprefix(f"{self.path}/rest/api/")
        if operation == "2/serverInfo":  # open to everybody
            return Answer.of_json(self._server_info())
        if request.headers.get("authorization") != self._authorization():
            return self.refusal(401, request)
        if operation == "2/myself":
            return Answer.of_json({**self._account("ana"), "timeZone": "Etc/UTC"})
        if operation == f"2/project/{tracker.resource_id}":
            return Answer.of_json(_project(tracker.resource_id))
        asked: Any = request.json() if request.method == "POST" else {}
        return self._particular(operation, asked, tracker) or self.refusal(404, request)

    def refusal(self, status: int, request: Request) -> Answer:
        """Word a refusal."""
        return Answer.of_json(_errors(HTTPStatus(status).description), status=status)

    def expired(self, request: Request) -> Answer:
        """Answer as to a stranger, who sees no issue."""
        is_open = request.path.endswith("/serverInfo")
        nothing = {"issues": [], "isLast": True, "startAt": 0, "total": 0}
        answer = Answer.of_json(self._server_info() if is_open else nothing)
        reason = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        return replace(answer, headers={**answer.headers, **reason})

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        """Render a saved search page."""
        shown = [self._issue(issue, tracker.resource_id) for issue in issues]
        return Answer.of_json({"issues": shown, "isLast": True}).body

    def _authorization(self) -> str:
        pair = f"{self.credentials['email']}:{self.credentials['api_token']}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _server_info(self) -> _Json:
        return {"version": "1001.0.0-SNAPSHOT", "deploymentType": "Cloud"}

    def _particular(self, operation: str, asked: _Json, tracker: SampleTracker) -> Answer | None:
        match operation:
            case "3/project/search":
                return Answer.of_json({"values": _projects(tracker), "isLast": True})
            case "3/search/jql":
                return self._search(asked, tracker, int(asked.get("nextPageToken", 0)))
            case "3/issue/bulkfetch":
                wanted = [one for one in tracker.issues if one.id in asked["issueIdsOrKeys"]]
                given = self._shown(wanted, asked, tracker)
                return Answer.of_json({"issues": given, "issueErrors": []})
        return None

    def _search(self, asked: _Json, tracker: SampleTracker, start: int) -> Answer:
        found = _matching(asked["jql"], tracker)
        if found is None:
            return Answer.of_json(_errors("Error in the JQL Query"), status=400)
        end = start + min(asked["maxResults"], tracker.page_size)
        page = {"issues": self._shown(found[start:end], asked, tracker)}
        return Answer.of_json({**page, **self._place(start, end, len(found))}, is_page=True)

    def _place(self, start: int, end: int, total: int) -> _Json:
        is_last = end >= total
        return {"isLast": is_last} if is_last else {"isLast": False, "nextPageToken": str(end)}

    def _shown(
        self, issues: Sequence[SampleIssue], asked: _Json, tracker: SampleTracker
    ) -> list[_Json]:
        names = asked["fields"]
        if names == ["id"]:
            return [{"id": issue.id} for issue in issues]
        whole = [self._issue(issue, tracker.resource_id) for issue in issues]
        return [{**one, "fields": {name: one["fields"][name] for name in names}} for one in whole]

    def _issue(self, issue: SampleIssue, project: str) -> _Json:
        name, category = _OWN_STATUS if issue.own_status else _STATUSES[issue.status]
        key = _OTHER_PROJECT if issue.is_foreign else project
        priority = None if issue.priority is None else {"name": _PRIORITIES[issue.priority]}
        is_active = not issue.assignee_deleted
        fields = {
            "summary": issue.title,
            "status": {"name": name, "statusCategory": {"key": category}},
            "issuetype": {"name": "Task", "subtask": False},
            "description": None if issue.body is None else self._rich_text(issue.body),
            "priority": priority,
            "resolution": {"name": "Done"} if issue.status is Status.DONE else None,
            "assignee": issue.assignee and self._account(issue.assignee, active=is_active),
            "labels": issue.labels,
            "updated": f"{issue.updated_at:%Y-%m-%dT%H:%M:%S.000%z}",
            "project": _project(key),
        }
        if issue.is_damaged:
            del fields["status"]
        return {"id": issue.id, "key": f"{key}-{issue.id}", "fields": fields}

    def _rich_text(self, text: str) -> object:
        paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
        return {"type": "doc", "version": 1, "content": [paragraph]}

    def _account(self, name: str, *, active: bool = True) -> _Json:
        return {
            "accountId": name,
            "displayName": name.title() if active else "Former user",
            "active": active,
        }


class JiraDataCenterEmulator(JiraEmulator):
    """A Data Center site below a path."""

    credentials: ClassVar[Mapping[str, str]] = {
        "api_token": "made-up-access-token",
        "project_key": "ACME",
    }
    path = "/jira"

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        """Render a saved search page."""
        shown = [self._issue(issue, tracker.resource_id) for issue in issues]
        return Answer.of_json({"startAt": 0, "total": len(shown), "issues": shown}).body

    def _authorization(self) -> str:
        return f"Bearer {self.credentials['api_token']}"

    def _server_info(self) -> _Json:
        return {"version": "10.3.1", "deploymentType": "Server"}

    def _particular(self, operation: str, asked: _Json, tracker: SampleTracker) -> Answer | None:
        match operation:
            case "2/project":
                return Answer.of_json(_projects(tracker))
            case "2/search":
                return self._search(asked, tracker, asked["startAt"])
        return None

    def _place(self, start: int, end: int, total: int) -> _Json:
        return {"startAt": start, "total": total}

    def _rich_text(self, text: str) -> object:
        return text

    def _account(self, name: str, *, active: bool = True) -> _Json:
        return {"key": name, "name": name, "displayName": name.title(), "active": active}


def _matching(jql: str, tracker: SampleTracker) -> list[SampleIssue] | None:
    """Find what a query of this plugin's asks for; None where it is another or a wrong one."""
    query = _JQL.fullmatch(jql)
    if query is None or query["project"] != tracker.resource_id:
        return None
    ids = query["ids"] and query["ids"].split(", ")
    since = int(query["since"] or 0) / 1000
    found = [
        issue
        for issue in tracker.issues
        if (ids is None or issue.id in ids) and issue.updated_at.timestamp() >= since
    ]
    if query["by_time"]:
        return sorted(found, key=lambda issue: (issue.updated_at, int(issue.id)))
    return sorted(found, key=lambda issue: int(issue.id))


def _project(key: str) -> _Json:
    return {"key": key, "name": f"The project {key}"}


def _projects(tracker: SampleTracker) -> list[_Json]:
    return [_project(tracker.resource_id), _project(_OTHER_PROJECT)]


def _errors(message: str) -> _Json:
    return {"errorMessages": [message], "errors": {}}
