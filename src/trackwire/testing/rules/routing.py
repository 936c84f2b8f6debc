"""Rules about the route that follows from a provider's declaration."""

from __future__ import annotations

import datetime
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from trackwire.errors import TrackwireError
from trackwire.routing import resolve_resource_routing
from trackwire.testing.rules.rule import Need, Rule, Violation

if TYPE_CHECKING:
    from trackwire.provider import Provider
    from trackwire.routing import ResourceRouting
    from trackwire.testing.subject import Subject

_NO_ID: tuple[object, ...] = (None, "", "   ", "\n\t", ["42"], ("42",), {"id": "42"}, True, 4.2)
_AN_ID: tuple[object, ...] = ("42", " 42 ", "\t42\n", 42)
_OUTSIDE = ("open", "os.", "socket.", "subprocess.", "shutil.", "sqlite3.", "tempfile.", "urllib.")
_CLOCKS = frozenset({"now", "utcnow", "today"})
_DATES = (datetime.datetime, datetime.date)
_ENVIRONMENT_CODE = frozenset(
    function.__code__ for function in (type(os.environ).__getitem__, os.getenv)
)


def _check_pure(subject: Subject) -> None:
    provider, key = _declared(subject)
    values = {each.name: "other" for each in provider.credential_fields} | {key: "42"}
    credentials = _Watched(values)
    with _watching() as done:
        first = resolve_resource_routing(provider, credentials)
        second = resolve_resource_routing(provider, credentials)
    if done:
        raise Violation(f"deriving the route calls {done[0]}")
    if first != second:
        raise Violation(f"the same credentials lead to {_shown(first)} and to {_shown(second)}")
    if others := sorted(credentials.asked - {key}):
        raise Violation(f"deriving the route asks for {others[0]!r}, not for {key!r} alone")
    if provider.credential_key != key:
        raise Violation(f"its credential_key is {key!r} at first, and then another")


def _check_no_id(subject: Subject) -> None:
    provider, key = _declared(subject)
    others: dict[str, object] = {
        each.name: "other" for each in provider.credential_fields if each.name != key
    }
    candidates = [others, *({**others, key: value} for value in _NO_ID)]
    for credentials in candidates:
        routing = resolve_resource_routing(provider, MappingProxyType(credentials))
        if not routing.is_null:
            given = repr(credentials[key]) if key in credentials else "no value"
            raise Violation(f"{given} for {key!r} leads to {_shown(routing)}")


def _check_an_id(subject: Subject) -> None:
    provider, key = _declared(subject)
    wanted = (provider.resource_type, "42")
    for value in _AN_ID:
        routing = resolve_resource_routing(provider, MappingProxyType({key: value}))
        pair = (routing.external_resource_type, routing.external_resource_id)
        if pair != wanted:
            raise Violation(f"{value!r} for {key!r} leads to {_shown(routing)}")


def _check_published(subject: Subject) -> None:
    from trackwire.testing.workbench import Workbench

    provider, key = _declared(subject)
    try:
        with Workbench.of(subject) as bench:
            document = bench.publish(allow_empty=True)
            wanted = (provider.resource_type, bench.values[key].strip())
    except TrackwireError as error:
        raise Violation(f"a publish ends in: {error}") from error
    sent = (document.get("external_resource_type"), document.get("external_resource_id"))
    if sent != wanted:
        raise Violation(f"a publish carries {sent}, and {wanted} was bound")


def _declared(subject: Subject) -> tuple[Provider, str]:
    provider = subject.provider
    if provider is None or provider.credential_key is None:
        raise Violation("it declares no resource")
    return provider, provider.credential_key


def _shown(routing: ResourceRouting) -> str:
    return f"({routing.external_resource_type}, {routing.external_resource_id})"


class _Watched(Mapping[str, object]):
    """A read-only mapping that remembers what was asked of it."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        self.asked.update(self._values)
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@contextmanager
def _watching() -> Iterator[list[str]]:
    """Take down what the code in the block asks of the machine, its clocks and environment."""
    done: list[str] = []
    before = sys.getprofile()
    _listen()
    _listeners[threading.get_ident()] = done.append
    sys.setprofile(_profile(done.append))
    try:
        yield done
    finally:
        sys.setprofile(before)
        del _listeners[threading.get_ident()]


def _profile(tell: Callable[[str], None]) -> Callable[[Any, str, Any], None]:
    def profile(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code in _ENVIRONMENT_CODE:
            tell("os.environ")
        elif event == "c_call" and _is_clock(argument):
            tell(f"{argument.__qualname__}, a clock")

    return profile


def _is_clock(function: Any) -> bool:
    if getattr(function, "__module__", None) == "time":
        return True
    return function.__name__ in _CLOCKS and getattr(function, "__self__", None) in _DATES


_listeners: dict[int, Callable[[str], None]] = {}


@cache
def _listen() -> None:
    sys.addaudithook(_heard)  # once: it lasts as long as the process


def _heard(event: str, _: object) -> None:
    listener = _listeners.get(threading.get_ident()) if _listeners else None
    if listener is not None and event.startswith(_OUTSIDE):
        listener(event)


RULES = (
    Rule(
        id="resolution-pure",
        text="The route follows from the declaration and the one credential, and from nothing "
        "else: no file, network, environment or clock.",
        reason="A publish must lead to the same resource today and tomorrow, here and in CI.",
        remedy="Return a plain Provider whose resource_type and credential_key are literals.",
        need=Need.ROUTING,
        check=_check_pure,
    ),
    Rule(
        id="no-id-no-route",
        text="A missing or blank id, a list or a boolean leads to null/null.",
        reason="Snapshots that belong nowhere must wait for a person, not go to a wrong project.",
        remedy="Return a plain Provider whose resource_type and credential_key are literals.",
        need=Need.ROUTING,
        check=_check_no_id,
    ),
    Rule(
        id="id-routes",
        text="An id leads to the declared resource type and to itself, without outer blanks, as "
        "text.",
        reason="A hub finds the project by exactly these two.",
        remedy="Return a plain Provider whose resource_type and credential_key are literals.",
        need=Need.ROUTING,
        check=_check_an_id,
    ),
    Rule(
        id="publish-carries-route",
        text="A publish of a bound project carries resource type and id.",
        reason="That is what the plugin is for.",
        remedy="Keep the rules above; they say what is in the way.",
        need=Need.ROUTING,
        check=_check_published,
    ),
)
"""The rules of this module, in their order."""
