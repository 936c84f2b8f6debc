"""Rules about the route: each is broken by a provider that is no plain one."""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from trackwire.provider import CredentialField, Provider
from trackwire.testing.registry import found_of
from trackwire.testing.rules import Outcome
from trackwire.testing.rules.routing import RULES
from trackwire.testing.subject import Subject
from trackwire.testing.verdicts import verdicts

DECLARATION: dict[str, Any] = {
    "name": "acme",
    "title": "Acme",
    "api_version": 1,
    "resource_type": "acme_board",
    "credential_key": "board",
    "credential_fields": (
        CredentialField(name="board", help="The board's short name"),
        CredentialField(name="team", help="The team", required=False),
    ),
}


def acting(on: str, act: Callable[[], object]) -> Provider:
    """A provider that does something whenever one of its attributes is read."""

    class Acting(Provider):
        def __getattribute__(self, name: str) -> Any:
            if name == on:
                act()
            return super().__getattribute__(name)

    return Acting(**DECLARATION)


def alternating(on: str, *values: str) -> Provider:
    """A provider one of whose attributes has one value after the other."""
    turn: Iterator[str] = cycle(values)

    class Alternating(Provider):
        def __getattribute__(self, name: str) -> Any:
            return next(turn) if name == on else super().__getattribute__(name)

    return Alternating(**DECLARATION)


def broken(provider: Provider) -> dict[str, str]:
    """The rules of this module that a provider breaks, and how."""
    subject = Subject(found=found_of(Provider(**DECLARATION)), provider=provider)
    failed = [v for v in verdicts(subject, RULES) if v.outcome is Outcome.FAILED]
    return {verdict.rule.id: verdict.detail for verdict in failed}


# A publish takes none of these providers, so the rule about it is broken with each.
IMPURE = [
    (lambda: acting("resource_type", time.time), "time, a clock"),
    (lambda: acting("resource_type", time.monotonic), "monotonic, a clock"),
    (lambda: acting("resource_type", datetime.datetime.now), "datetime.now, a clock"),
    (lambda: acting("resource_type", datetime.date.today), "date.today, a clock"),
    (lambda: acting("credential_key", lambda: os.environ.get("HOME")), "os.environ"),
    (lambda: acting("credential_key", lambda: Path(__file__).read_text()), "open"),
    (lambda: acting("credential_key", lambda: list(Path().iterdir())), "os."),
]


def test_plain_provider_keeps_every_rule() -> None:
    assert broken(Provider(**DECLARATION)) == {}


@pytest.mark.parametrize(("make", "detail"), IMPURE)
def test_what_a_route_asks_of_the_machine_breaks_purity(
    make: Callable[[], Provider], detail: str
) -> None:
    found = broken(make())
    assert found.keys() == {"resolution-pure", "publish-carries-route"}
    assert detail in found["resolution-pure"]


def test_route_that_differs_from_time_to_time_breaks_purity() -> None:
    # one for the need of the rule, and two for each of its routes
    provider = alternating("resource_type", "acme_board", "acme_board", "a", "acme_board", "b")
    assert "lead to (a, 42) and to (b, 42)" in broken(provider)["resolution-pure"]


def test_route_from_another_credential_breaks_its_rule() -> None:
    found = broken(alternating("credential_key", "board", "board", "team"))
    assert "leads to (acme_board, other)" in found["no-id-no-route"]


def test_route_with_another_resource_type_breaks_its_rule() -> None:
    found = broken(alternating("resource_type", "acme_board", "acme_board", "acme_team"))
    assert "'42' for 'board' leads to" in found["id-routes"]


def test_provider_that_no_publish_takes_breaks_its_rule() -> None:
    found = broken(Provider(**{**DECLARATION, "resource_type": "Acme-Board"}))
    assert found.keys() == {"publish-carries-route"}
    assert "Acme-Board" in found["publish-carries-route"]


def test_watch_over_purity_ends_with_the_check() -> None:
    before = sys.getprofile()
    broken(acting("resource_type", time.time))
    assert sys.getprofile() is before


def test_no_rule_about_the_route_lacks_a_provider_that_breaks_it() -> None:
    providers = [
        acting("resource_type", time.time),
        alternating("credential_key", "board", "board", "team"),
        alternating("resource_type", "acme_board", "acme_board", "acme_team"),
    ]
    covered = {rule for provider in providers for rule in broken(provider)}
    assert covered == {rule.id for rule in RULES}
