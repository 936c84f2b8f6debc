"""What can go wrong between a plugin and its tracker: each a function of the true answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from trackwire.testing.emulator import Answer, Emulator, Request

_NOTHING: Mapping[str, str] = MappingProxyType({})
_USUAL_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-length", "content-type", "host", "transfer-encoding", "user-agent"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a fault is made of.

    Args:
        request: The request.
        answer: The true answer to it.
        emulator: Renders the tracker's own words.
    """

    request: Request
    answer: Answer
    emulator: Emulator


Fault = Callable[[Occasion], Answer | None]
"""Gives what is sent in place of the true answer; None hangs up without a word."""


def status(code: int, headers: Mapping[str, str] = _NOTHING) -> Fault:
    """Refuse the request in the tracker's words.

    Args:
        code: The HTTP status.
        headers: Further headers, such as `Retry-After`.
    """

    def refuse(occasion: Occasion) -> Answer:
        worded = occasion.emulator.refusal(code, occasion.request)
        return replace(worded, status=code, headers={**worded.headers, **headers})

    return refuse


def expired() -> Fault:
    """Answer with a success that says that the credentials have expired."""
    return lambda occasion: echoing(occasion.emulator.expired(occasion.request), occasion.request)


def malformed() -> Fault:
    """Answer with a success whose JSON breaks off, and that repeats what the request carried."""

    def garble(occasion: Occasion) -> Answer:
        words = f'{{"message": "you sent {" and ".join(carried(occasion.request))}'
        return Answer(headers={"Content-Type": "application/json"}, body=words.encode())

    return garble


def other_json() -> Fault:
    """Answer with a success whose JSON is a text and nothing else."""
    return lambda occasion: Answer.of_json(
        f"out of order; you sent {' and '.join(carried(occasion.request))}"
    )


def truncated() -> Fault:
    """Break the connection in the middle of the true answer's body."""
    return lambda occasion: replace(occasion.answer, cut_at=len(occasion.answer.body) // 2)


def hang_up() -> Fault:
    """Break the connection without a word."""
    return lambda _: None


def repeated_page() -> Fault:
    """Give the first page that it meets again and again, with the token of the one behind it."""
    first: list[Answer] = []
    lock = threading.Lock()

    def repeat(occasion: Occasion) -> Answer:
        with lock:
            first.append(occasion.answer)
            return first[0]

    return repeat


def carried(request: Request) -> list[str]:
    """List what a request carries in its headers that servers do not always keep to themselves.

    Args:
        request: The request.
    """
    return [value for name, value in request.headers.items() if name not in _USUAL_HEADERS]


def echoing(answer: Answer, request: Request) -> Answer:
    """Have an answer repeat what its request carried, as careless servers do.

    Args:
        answer: The answer; only one of JSON or text changes.
        request: The request.
    """
    said = " and ".join(carried(request))
    kind = answer.headers.get("Content-Type", "")
    if not said or not ("json" in kind or kind.startswith("text/")):
        return answer
    words = f"you sent {said}"
    try:
        document = json.loads(answer.body)
    except ValueError:
        return replace(answer, body=answer.body + f" {words}".encode())
    told = _told(document, words)
    if isinstance(told, dict):
        told = {"sent": words, **told}
    return replace(answer, body=json.dumps(told, ensure_ascii=False).encode())


def _told(value: object, words: str) -> object:
    """Append the words to every text that is a sentence, and no code or name."""
    if isinstance(value, str):
        return f"{value}; {words}" if " " in value else value
    if isinstance(value, list):
        return [_told(item, words) for item in value]
    if isinstance(value, dict):
        return {name: _told(item, words) for name, item in value.items()}
    return value
