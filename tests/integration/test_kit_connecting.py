"""The rules for providers that connect: a good connector keeps all, a broken one breaks its own."""

from __future__ import annotations

import logging
import socket
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from board_plugin import Board, BoardConnector, BoardEmulator, Card, provider_of, subject_of
from broken_boards import BROKEN

from trackwire.connector import Listed
from trackwire.errors import CursorError
from trackwire.testing.hub import RecordingHub
from trackwire.testing.rules.connecting import RULES
from trackwire.testing.rules.rule import Outcome, Rule
from trackwire.testing.verdicts import verdict_of
from trackwire.testing.workbench import Workbench
from trackwire.windows import Bounds

if TYPE_CHECKING:
    from trackwire.testing.emulator import Answer, Request, SampleIssue, SampleTracker

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


class PoorEmulator(BoardEmulator):
    """Its cards have no tags, no urgency, and two states; their owners have no ids."""

    lacks = frozenset({"assignees", "in_progress", "labels", "priorities"})

    def card(self, issue: SampleIssue) -> dict[str, Any]:
        card = {**super().card(issue), "tags": None, "owner": None, "urgency": None}
        return {**card, "state": "new" if card["state"] == "doing" else card["state"]}


FIELD_RULES = ("fields-arrive", "non-ascii", "own-maps-first", "priorities-ordered")


@pytest.mark.parametrize("rule", FIELD_RULES)
def test_connector_is_not_asked_for_what_its_tracker_lacks(rule: str) -> None:
    verdict = verdict_of(subject_of(provider_of(), PoorEmulator()), BY_ID[rule])
    assert (verdict.outcome, verdict.detail) == (Outcome.PASSED, "")


class NamesAccounts(BoardConnector):
    def assignees(self, card: Card) -> tuple[str, ...]:
        return tuple(f"user:{owner}" for owner in super().assignees(card))


class NamingEmulator(BoardEmulator):
    def account_of(self, assignee: str) -> str:
        return f"user:{assignee}"


def test_account_may_have_another_id_on_the_wire() -> None:
    subject = subject_of(provider_of(NamesAccounts), NamingEmulator())
    assert verdict_of(subject, BY_ID["fields-arrive"]).outcome is Outcome.PASSED


def test_account_with_an_id_that_the_emulator_does_not_tell_breaks_the_rule() -> None:
    verdict = verdict_of(subject_of(provider_of(NamesAccounts)), BY_ID["fields-arrive"])
    assert "assignees is ('user:501',), not '501'" in verdict.detail


@pytest.mark.parametrize("rule", RULES, ids=list(BY_ID))
def test_rule_is_not_checked_where_no_resource_is_declared(rule: Rule) -> None:
    provider = provider_of(resource_type=None, credential_key=None)
    assert verdict_of(subject_of(provider), rule).outcome is Outcome.NOT_CHECKED


class CountsCards(BoardConnector):
    """Reads by the place in the list, which is ordered by ids, and lists no times."""

    def read(
        self, since: datetime | None, cursor: str | None
    ) -> Iterator[tuple[Sequence[Card], str | None]]:
        if cursor is not None and not cursor.isdecimal():
            raise CursorError("the place is no number")
        while True:
            cards, cursor = self.ask_page(Bounds(), cursor)
            yield cards, cursor
            if cursor is None:
                return

    def census(self) -> Iterator[Sequence[Listed]]:
        for some in super().census():
            yield [Listed(one.id) for one in some]


class OrderedByIdEmulator(BoardEmulator):
    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        issues = sorted(tracker.issues, key=lambda issue: int(issue.id))
        return super().answer(request, replace(tracker, issues=issues))


@pytest.mark.parametrize("rule", ["resumption", "strange-cursor"])
def test_list_may_be_read_by_places_and_listed_without_times(rule: str) -> None:
    subject = subject_of(provider_of(CountsCards), OrderedByIdEmulator())
    verdict = verdict_of(subject, BY_ID[rule])
    assert (verdict.outcome, verdict.detail) == (Outcome.PASSED, "")


def test_what_is_not_entered_takes_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it takes a port")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    Workbench.of(subject_of(provider_of()))
    RecordingHub()


def test_settings_are_put_back_after_the_process_was_looked_at() -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), socket.getdefaulttimeout(), list(warnings.filters))
    verdict_of(subject_of(BROKEN["SetsLevel"].provider), BY_ID["process-kept"])
    after = (root.level, list(root.handlers), socket.getdefaulttimeout(), list(warnings.filters))
    assert after == before
