"""What an answer of the hub says besides the receipt: problem details and two headers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from trackwire.delivery.body import CODINGS

_TEXT_CHARACTERS = 300
_POINTERS_SHOWN = 10
_LONGEST_WAIT = 10.0 * 365 * 24 * 3600


def plain_text(text: str, hidden: Iterable[str] = ()) -> str:
    """Make a text from elsewhere fit to be shown in one line.

    Args:
        text: Anything; it stays text, and whoever shows it must not read markup in it.
        hidden: What must not be shown.

    Returns:
        At most 300 characters, without control and formatting characters, blanks single.
    """
    visible = "".join(" " if _is_control(character) else character for character in text)
    line = " ".join(visible.split())
    for value in hidden:
        line = line.replace(value, "****")
    return line if len(line) <= _TEXT_CHARACTERS else f"{line[: _TEXT_CHARACTERS - 1]}…"


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
    except (msgspec.MsgspecError, RecursionError):
        return ""
    if not isinstance(problem, dict):
        return ""
    head = ": ".join(filter(None, (_member(problem, "title"), _member(problem, "detail"))))
    texts = filter(None, (head, *_describe_errors(problem.get("errors"))))
    return "; ".join(plain_text(text, hidden) for text in texts)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long the hub asks to wait (RFC 9110, section 10.2.3).

    Args:
        headers: The answer's headers; a date counts from `Date`, so that a clock that is wrong
            here does no harm, or else from now.

    Returns:
        Seconds, not negative; None where the header is absent, garbage or in the past.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_WAIT)
    until = _date(value)
    if until is None:
        return None
    wait = (until - (_date(headers.get("Date", "")) or datetime.now(UTC))).total_seconds()
    return min(wait, _LONGEST_WAIT) if wait >= 0 else None


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


def _is_control(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ"


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


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_zero(weight: str) -> bool:
    name, _, value = weight.strip().partition("=")
    try:
        return name.strip() == "q" and float(value) == 0
    except ValueError:
        return False
