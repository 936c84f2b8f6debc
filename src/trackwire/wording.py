"""Puts what a decoder says of a bad record into the words of all messages about records."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import msgspec

IS_MISSING = "it is missing"
"""What `explain` says of a field that is not there."""

_LONGEST_QUOTE = 300
_PLACE_IN_MESSAGE = re.compile(r" - at (?P<key>`key` in )?`\$\.?(?P<path>[^`]*)`\Z")
_MEMBER_IN_MESSAGE = re.compile(
    r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL
)
_TYPE_IN_MESSAGE = re.compile(r"`([^`]*)`")
_PLAIN_TYPES = MappingProxyType({"str": "text", "datetime": "time"})
_PLAIN_WORDS = (
    ("Expected `datetime` with a timezone component", "expected a time with an offset from UTC"),
    ("Invalid RFC3339 encoded datetime", "expected an ISO 8601 time with an offset from UTC"),
    ("Invalid enum value ", "it cannot be "),
)


def explain(error: msgspec.MsgspecError) -> tuple[str | None, str]:
    """Put msgspec's message into the words of all messages about records.

    Args:
        error: What decoding or converting raised.

    Returns:
        The dotted name of the field, such as `ref.id` or `labels[1]`, or None for the whole
        value; and what is wrong with it.
    """
    message = str(error)
    place = _PLACE_IN_MESSAGE.search(message)
    field = place["path"] if place else ""
    problem = message[: place.start()] if place else message
    if member := _MEMBER_IN_MESSAGE.fullmatch(problem):
        missing = member["fault"] == "missing required"
        name = f"{field}.{member['name'][:_LONGEST_QUOTE]}".removeprefix(".")
        return name, IS_MISSING if missing else "there is no such field"
    where = " in one of its keys" if place and place["key"] else ""
    return field or None, _in_plain_words(problem)[:_LONGEST_QUOTE] + where


def _in_plain_words(problem: str) -> str:
    for theirs, ours in _PLAIN_WORDS:
        if problem.startswith(theirs):
            return ours + problem.removeprefix(theirs)
    if not problem.startswith("Expected "):
        return problem
    text = problem.replace("Expected ", "expected ", 1).replace(", got ", ", found ")
    return _TYPE_IN_MESSAGE.sub(_plain_type, text)


def _plain_type(quoted: re.Match[str]) -> str:
    return " or ".join(_PLAIN_TYPES.get(name, name) for name in quoted[1].split(" | "))
