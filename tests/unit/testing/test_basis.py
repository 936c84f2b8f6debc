"""What builds on a rule that fails is not checked, so that one mistake is told once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_plugin import BoardEmulator, provider_of, subject_of

from trackwire.testing import RULES, Need, Outcome, ProviderConformance, Violation
from trackwire.testing import conformance as conformance_module
from trackwire.testing.verdicts import BASES, verdicts

Install = Callable[..., object]
Write = Callable[..., Path]

READING = [rule for rule in RULES if rule.need is Need.CONNECT]


class OddEmulator(BoardEmulator):
    """The tracker, where a card's name is a number."""

    def card(self, issue: Any) -> dict[str, Any]:
        return super().card(issue) | {"name": 5}


def test_basis_is_the_first_rule_of_its_need() -> None:
    first = {need: next(rule.id for rule in RULES if rule.need is need) for need in BASES}
    assert first == BASES


def test_rules_that_build_on_one_that_fails_are_not_checked() -> None:
    subject = subject_of(provider_of(), OddEmulator())
    outcomes = {verdict.rule.id: verdict.outcome for verdict in verdicts(subject, READING)}
    failed = [rule for rule, outcome in outcomes.items() if outcome is Outcome.FAILED]
    assert failed == ["pull-one-page"]
    assert set(outcomes.values()) == {Outcome.FAILED, Outcome.NOT_CHECKED}


def test_rules_of_a_need_whose_basis_failed_before_are_not_checked() -> None:
    subject = subject_of(provider_of())
    rules = [rule for rule in READING if rule.id == "fetch-by-id"]
    (verdict,) = verdicts(subject, rules, [Need.CONNECT])
    assert verdict.outcome is Outcome.NOT_CHECKED


def test_rule_that_is_asked_for_alone_is_checked() -> None:
    subject = subject_of(provider_of(), OddEmulator())
    (verdict,) = verdicts(subject, [rule for rule in READING if rule.id == "fetch-by-id"])
    assert verdict.outcome is Outcome.FAILED


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> ProviderConformance:
    """The class of a plugin that cannot read what its tracker answers."""
    subject = subject_of(provider_of(), OddEmulator())
    monkeypatch.setattr(conformance_module, "subject_of", lambda *_, **__: subject)

    class Odd(ProviderConformance, provider="acme"):
        """The plugin keeps every rule."""

    return Odd()


def test_test_of_a_rule_that_builds_on_one_that_fails_names_that_one(odd: Any) -> None:
    with pytest.raises(Violation) as caught:
        odd.test_fetch_by_id()
    assert str(caught.value) == (
        "fetch-by-id: not checked, for pull-one-page fails; mend that first"
    )


def test_test_of_the_basis_itself_gives_the_finding(odd: Any) -> None:
    with pytest.raises(Violation, match="expected text"):
        odd.test_pull_one_page()
