"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

BUSY_RETRY_SECONDS = 5

# The names of RFC 9110, which Python has from 3.13 on.
_RENAMED_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a document.

    Args:
        pointer: Where, as a JSON Pointer in URI fragment form (RFC 6901, section 6).
        detail: What is wrong.
    """

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """An answer other than success.

    Args:
        status: The HTTP status code.
        detail: What is wrong and what mends it.
        headers: Further header fields of the answer.
        errors: The faults of the document that was sent.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Fault] = (),
    ) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def busy(detail: str) -> Problem:
    """Return the problem of a hub that has no room for this request right now.

    Args:
        detail: What is short, and what mends it.
    """
    return Problem(503, detail, headers={"Retry-After": str(BUSY_RETRY_SECONDS)})


def render(problem: Problem) -> Response:
    """Return a problem as a response.

    Args:
        problem: The problem.
    """
    document: dict[str, object] = {
        "type": "about:blank",
        "title": _RENAMED_PHRASES.get(problem.status, problem.status.phrase),
        "status": problem.status.value,
        "detail": problem.detail,
    }
    if problem.errors:
        document["errors"] = problem.errors
    return Response(
        msgspec.json.encode(document),
        status_code=problem.status,
        headers=problem.headers,
        media_type="application/problem+json",
    )


def on_problem(_request: Request, error: Problem) -> Response:
    """Answer a request that raised a `Problem`.

    Args:
        _request: The request.
        error: The problem.
    """
    return render(error)


def on_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer what the router refuses: an unknown path or method.

    Args:
        request: The request.
        error: Starlette's `HTTPException`.
    """
    detail = {
        404: f"there is nothing at {request.url.path}; paths end with a slash",
        405: f"{request.method} is not possible at {request.url.path}",
    }.get(error.status_code, error.detail)
    return render(Problem(error.status_code, detail, headers=error.headers))


def on_database_trouble(_request: Request, error: Exception) -> Response:
    """Answer a request that the database had no room or time for.

    Args:
        _request: The request.
        error: What SQLAlchemy raised.
    """
    _log.error("the database refused: %s", getattr(error, "orig", error))
    return render(busy("the hub's database is busy or full; repeat the request later"))


def failed() -> Response:
    """Return the answer to a request on which the hub itself failed."""
    return render(Problem(500, "the hub failed on this request; its log says why"))


HANDLERS: dict[type[Exception], Callable[[Request, Any], Response]] = {
    Problem: on_problem,
    HTTPException: on_http_exception,
    OperationalError: on_database_trouble,
    PoolTimeoutError: on_database_trouble,
}
