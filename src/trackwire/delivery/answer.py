"""What an answer of the hub says besides the receipt: problem details and its codings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from trackwire.answers import plain_text
from trackwire.delivery.body import CODINGS

_POINTERS_SHOWN = 10


def describe_problem(content: bytes, hidden: Iterable[str] = ()) -> str:
    """Tell what problem details say (RFC 9457; contracts, "Problem details").

    Args:
        content: The answer's body, of whatever kind.
        hidden: What must not be shown.

    Returns:
        Title, detail and the place and detail of each error in one line of bounded length;
        empty where the body is no JSON object or says nothing.
    """
    try:
        problem = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if not isinstance(problem, dict):
        return ""
    head = ": ".join(filter(None, (_member(problem, "title"), _member(problem, "detail"))))
    texts = filter(None, (head, *_describe_errors(problem.get("errors"))))
    return "; ".join(plain_text(text, hidden) for text in texts)


def accepted_codings(headers: Mapping[str, str]) -> frozenset[str] | None:
    """Read which content codings the hub takes (RFC 7694).

    Args:
        headers: The answer's headers.

    Returns:
        Those of its `Accept-Encoding` that bodies can travel in, or None without the header.
    """
    value = headers.get("Accept-Encoding")
    if value is None:
        return None
    items = (item.lower().partition(";") for item in value.split(","))
    return frozenset(
        name.strip()
        for name, _, weight in items
        if name.strip() in CODINGS and not _is_zero(weight)
    )


def _member(problem: dict[str, object], name: str) -> str:
    value = problem.get(name)
    return value if isinstance(value, str) else ""


def _describe_errors(errors: object) -> list[str]:
    if not isinstance(errors, list):
        return []
    found = [error for error in errors if isinstance(error, dict)]
    shown = [_describe_error(error) for error in found[:_POINTERS_SHOWN]]
    rest = len(found) - len(shown)
    return [*shown, f"and {rest} more"] if rest else shown


def _describe_error(error: dict[str, object]) -> str:
    place = _member(error, "pointer") or "an unnamed place"
    return f"at {place}: {_member(error, 'detail') or 'refused'}"


def _is_zero(weight: str) -> bool:
    name, _, value = weight.strip().partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
