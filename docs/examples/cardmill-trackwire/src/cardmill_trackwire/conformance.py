"""How Cardmill answers, for the conformance kit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from trackwire.model import Status
from trackwire.testing import Answer, Emulator, Request, SampleIssue, SampleTracker

_ROUTE = re.compile(r"/api/2/(me|boards(?:/(?P<board>[0-9]+)(?P<cards>/cards)?)?)")
_ENDED = {"error": "session_expired", "message": "the session of the token has ended"}
_LISTS = {
    Status.TODO: {"list": "Ideas", "stage": "waiting"},
    Status.IN_PROGRESS: {"list": "On the bench", "stage": "underway"},
    Status.DONE: {"list": "Shipped", "stage": "finished"},
}
_OWN_LIST = {"list": "Waiting for Godot", "stage": None}


class CardmillEmulator(Emulator):
    """Answers as Cardmill does."""

    credentials: ClassVar[Mapping[str, str]] = {"token": "cm-4f1d9a77c2", "board_id": "4117"}
    lacks = frozenset({"priority_names"})  # how urgent a card is, is a number

    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        """Answer a request as Cardmill would."""
        if request.headers.get("authorization") != f"Token {self.credentials['token']}":
            return self.refusal(401, request)
        route = _ROUTE.fullmatch(request.path)
        if route is None or route["board"] not in {None, tracker.resource_id}:
            return self.refusal(404, request)
        if route["cards"]:
            return Answer.of_json(_page(request.query, tracker), is_page=True)
        if route[1] == "me":
            return _list({"id": 7, "name": "Ann Alder"})
        return _list({"id": int(tracker.resource_id), "name": "Harbour"})

    def refusal(self, status: int, request: Request) -> Answer:
        """Word a refusal as Cardmill does."""
        return Answer.of_json({"error": f"refused ({status})"}, status=status)

    def expired(self, request: Request) -> Answer:
        """Say that the token's session has ended, with a 200."""
        return Answer.of_json(_ENDED)

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        """Render a saved answer of the API, the last page."""
        items = [_card(issue, tracker) for issue in issues]
        for item, issue in zip(items, issues, strict=True):
            if issue.is_damaged:
                del item["title"]
        return _list(*items).body


def _list(*items: Mapping[str, object]) -> Answer:
    return Answer.of_json({"items": items, "continue": None})


def _page(query: Mapping[str, str], tracker: SampleTracker) -> dict[str, object]:
    begin = int(query.get("continue", "p0").removeprefix("p"))
    end = begin + min(int(query.get("limit", "200")), tracker.page_size)
    wanted = [issue for issue in tracker.issues if _is_wanted(issue, query)]
    cards = [_card(issue, tracker) for issue in wanted[begin:end]]
    return {"items": cards, "continue": f"p{end}" if wanted[end:] else None}


def _is_wanted(issue: SampleIssue, query: Mapping[str, str]) -> bool:
    if "ids" in query and issue.id not in query["ids"].split(","):
        return False
    if "gte" in query and issue.updated_at < _time(query["gte"]):
        return False
    return "lte" not in query or issue.updated_at <= _time(query["lte"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _card(issue: SampleIssue, tracker: SampleTracker) -> dict[str, object]:
    person = None if issue.assignee_deleted else issue.assignee
    return {
        "id": int(issue.id),
        "board": int(tracker.resource_id) + issue.is_foreign,
        "title": issue.title,
        **(_OWN_LIST if issue.own_status else _LISTS[issue.status]),
        "changed_at": issue.updated_at.isoformat(),
        "text": issue.body,
        "urgency": None if issue.priority is None else issue.priority + 1,
        "people": [person] if issue.assignee else [],
        "labels": issue.labels,
    }
