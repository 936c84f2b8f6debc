"""Requests and answers of Jira's REST API, as the emulators read and write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

Json: TypeAlias = dict[str, Any]

_LISTS = frozenset({"fields", "expand", "properties", "reconcileIssues"})
_INTEGERS = frozenset({"startAt", "maxResults"})


class RefusalError(Exception):
    """Ends the answering of a request with a status and Jira's own words."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages = messages


def arguments_of(request: Request, body: bytes) -> Json:
    """Return a request's arguments, from its query or its body, with their types."""
    if request.method == "POST":
        value = json.loads(body)
        return value if isinstance(value, dict) else {}
    arguments: Json = {}
    for name, text in request.query_params.multi_items():
        if name in _LISTS:
            arguments.setdefault(name, []).extend(text.split(","))
        else:
            arguments[name] = int(text) if name in _INTEGERS else text
    return arguments


def wanted_fields(arguments: Json, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the fields that a request asks for."""
    return tuple(arguments.get("fields") or default)


def version_of(request: Request) -> str:
    """Return the API version in a request's path."""
    return str(request.url.path.split("/")[3])


def json_response(value: object, status: int = 200) -> Response:
    """Return a value as JSON."""
    return raw_response(json.dumps(value).encode(), status)


def raw_response(body: bytes, status: int = 200) -> Response:
    """Return JSON that was made before."""
    return Response(body, status, media_type="application/json;charset=UTF-8")
