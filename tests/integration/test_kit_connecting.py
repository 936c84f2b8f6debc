"""The rules for providers that connect: a good connector keeps all, a broken one breaks its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from board_plugin import Board, BoardConnector, BoardEmulator, provider_of, subject_of
from broken_boards import BROKEN

from trackwire.testing.rules.connecting import RULES
from trackwire.testing.rules.rule import Outcome, Rule
from trackwire.testing.verdicts import verdict_of

if TYPE_CHECKING:
    from trackwire.testing.emulator import Answer, Request, SampleTracker

BY_ID = {rule.id: rule for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=list(BY_ID))
def test_good_connector_keeps_rule(rule: Rule) -> None:
    verdict = verdict_of(subject_of(provider_of()), rule)
    assert (verdict.outcome, verdict.detail) == (Outcome.PASSED, "")


@pytest.mark.parametrize(
    ("name", "rule"),
    [(name, rule) for name, broken in BROKEN.items() for rule in sorted(broken.rules)],
)
def test_broken_connector_breaks_rule(name: str, rule: str) -> None:
    verdict = verdict_of(subject_of(BROKEN[name].provider), BY_ID[rule])
    assert verdict.outcome is Outcome.FAILED
    assert "checking it ended in" not in verdict.detail
    assert "made-up-token" not in verdict.detail


def test_every_rule_has_a_connector_that_breaks_it() -> None:
    assert {rule for broken in BROKEN.values() for rule in broken.rules} == BY_ID.keys()


def test_every_rule_has_a_connector_that_breaks_few_others() -> None:
    fewest = {
        rule: min(len(broken.rules) for broken in BROKEN.values() if rule in broken.rules)
        for rule in BY_ID
    }
    assert {rule: number for rule, number in fewest.items() if number > 1} == {
        "truncated-page": 3,
        "truncated-for-good": 2,
        "secrets-not-in-urls": 2,
    }


class SilentEmulator(BoardEmulator):
    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        return replace(super().answer(request, tracker), is_page=False)


def test_emulator_that_marks_no_page_is_told() -> None:
    subject = subject_of(provider_of(), SilentEmulator())
    verdict = verdict_of(subject, BY_ID["truncated-for-good"])
    assert "with is_page=True" in verdict.detail


class FailingEmulator(BoardEmulator):
    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        if request.path.endswith("/api/ids"):
            raise KeyError("ids")
        return super().answer(request, tracker)


def test_emulator_that_fails_is_told_with_the_request() -> None:
    verdict = verdict_of(subject_of(provider_of(), FailingEmulator()), BY_ID["pull-one-page"])
    assert verdict.outcome is Outcome.FAILED
    assert "the emulator failed on GET /site/api/ids: KeyError" in verdict.detail


class AsksForEver(BoardConnector):
    def boards(self) -> list[Board]:
        while True:
            super().boards()


def test_asking_without_end_comes_to_an_end() -> None:
    subject = subject_of(provider_of(AsksForEver))
    verdict = verdict_of(subject, BY_ID["pull-one-page"])
    assert "TrackerDeferred" in verdict.detail
