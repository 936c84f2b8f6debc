"""Rules about reading exports: each is broken by a reader with that defect."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar

import pytest

from trackwire.errors import RecordError
from trackwire.model import ExternalRef, Issue, IssueType, Status
from trackwire.provider import CredentialField, ExportContext, ExportedIssue, Provider
from trackwire.records import read_array, read_document, read_outline
from trackwire.testing.emulator import Emulator, SampleIssue, SampleTracker
from trackwire.testing.registry import found_of
from trackwire.testing.rules import Outcome
from trackwire.testing.rules.exports import RULES
from trackwire.testing.subject import Subject
from trackwire.testing.verdicts import verdict_of

Read = Callable[[BinaryIO, ExportContext], Iterator[Any]]


class AcmeEmulator(Emulator):
    credentials: ClassVar[Mapping[str, str]] = {"board": "B1", "token": "made-up-token"}

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        cards = [self._card(issue, tracker.resource_id) for issue in issues]
        return json.dumps({"cards": cards}, indent=1, ensure_ascii=False).encode()

    def _card(self, issue: SampleIssue, board: str) -> dict[str, Any]:
        card = {
            "id": issue.id,
            "title": issue.title,
            "board": "elsewhere" if issue.is_foreign else board,
            "text": issue.body,
            "list": "waiting for Godot" if issue.own_status else issue.status.value,
            "rank": None if issue.priority is None else f"P{issue.priority}",
            "tags": list(issue.labels) or None,
            "member": issue.assignee and {"id": issue.assignee, "gone": issue.assignee_deleted},
            "changed": issue.updated_at.timestamp(),
        }
        if issue.is_damaged:
            del card["list"]
        return card


STATUSES = {status.value: status for status in Status}


def priority_of(rank: str | None, context: ExportContext) -> int | None:
    if rank is None:
        return None
    own = context.priority_of(rank)
    return int(rank[1:]) if own is None else own


def to_issue(card: dict[str, Any], context: ExportContext) -> Issue:
    return Issue(
        ref=ExternalRef(system="acme", workspace=context.workspace, id=card["id"]),
        title=card["title"],
        body=card["text"],
        status=context.status_of(card["list"]) or STATUSES.get(card["list"], Status.TODO),
        issue_type=IssueType.TASK,
        priority=priority_of(card["rank"], context),
        labels=tuple(card["tags"] or ()),
        updated_at=datetime.fromtimestamp(card["changed"], UTC),
    )


def exported(card: dict[str, Any], place: str, context: ExportContext) -> ExportedIssue:
    if "list" not in card:
        raise RecordError(place, "list", "it is missing")
    board = context.value_of("board")
    foreign = None if card["board"] == board else f"field board is {card['board']!r}"
    return ExportedIssue(to_issue(card, context), place, foreign)


def sound(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    outline = read_outline(stream, is_array="cards".__eq__, is_scalar=lambda _: False)
    if not outline.arrays:
        raise RecordError("the file", None, "expected an export with `cards`")
    for place, card in read_array(stream, "cards"):
        yield exported(card, place, context)  # type: ignore[arg-type]  # of our own emulator


def with_issue(**changes: Any) -> Read:
    """A reader that gets parts of each issue wrong."""

    def read(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
        for each in sound(stream, context):
            yield replace(each, issue=issue_with(each.issue, **changes))

    return read


def issue_with(issue: Issue, **changes: Any) -> Issue:
    import msgspec

    return msgspec.structs.replace(issue, **changes)


def backwards(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    yield from sorted(sound(stream, context), key=lambda each: int(each.issue.ref.id))


def without_the_last(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    last = None
    for each in sound(stream, context):
        if last is not None:
            yield last
        last = each


def needing_text(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for each in sound(stream, context):
        if each.issue.body is None:
            raise RecordError(each.place, "text", "it is missing")
        yield each


def refusing_empty(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    read = 0
    for each in sound(stream, context):
        read += 1
        yield each
    if not read:
        raise RecordError("the file", None, "it has no cards")


def blind(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for each in sound(stream, context):
        yield replace(each, foreign=None)


def suspicious(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for each in sound(stream, context):
        yield replace(each, foreign=each.foreign or "field board is 'B1'")


def own_alone(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    yield from (each for each in sound(stream, context) if each.foreign is None)


def placeless(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    try:
        yield from sound(stream, context)
    except RecordError as error:
        raise RecordError("a card", error.field, error.problem) from None


def careless(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for place, card in read_array(stream, "cards"):
        yield ExportedIssue(to_issue(card, context), place, exported_reason(card, context))  # type: ignore[arg-type]  # of our own emulator


def exported_reason(card: Any, context: ExportContext) -> str | None:
    return exported({**card, "list": "todo"}, "", context).foreign


def lenient(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    try:
        yield from sound(stream, context)
    except RecordError as error:
        if "the file" not in error.place:
            raise


def stopping_at_the_break(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    read = False
    try:
        for place, card in read_array(stream, "cards"):
            read = True
            yield exported(card, place, context)  # type: ignore[arg-type]  # of our own emulator
    except RecordError as error:
        if not read or "the file" not in error.place:
            raise
    if not read:
        yield from sound(stream, context)


def telling(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    try:
        yield from sound(stream, context)
    except RecordError as error:
        token = os.environ.get("TRACKWIRE_ACME_TOKEN")
        raise RecordError(error.place, error.field, f"{error.problem} ({token})") from None


def greedy(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    document: Any = read_document(stream)
    if not isinstance(document, dict) or "cards" not in document:
        raise RecordError("the file", None, "expected an export with `cards`")
    for number, card in enumerate(document["cards"]):
        yield exported(card, f"cards[{number}]", context)


def closing(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    with stream:
        yield from sound(stream, context)


def emptying(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    yield from sound(stream, context)
    stream.truncate(0)


def own_words_alone(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    yield from sound(stream, replace(context, status_map={}))


def own_numbers_alone(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    yield from sound(stream, replace(context, priority_map={}))


def upside_down(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for each in sound(stream, context):
        priority = each.issue.priority
        own = 0 if context.priority_map or priority is None else 4 - priority
        yield replace(each, issue=issue_with(each.issue, priority=own))


def knowing_three_states(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for place, card in read_array(stream, "cards"):
        if isinstance(card, dict) and card.get("list") == "waiting for Godot":
            raise RecordError(place, "list", "it is none that there is")
    yield from sound(stream, context)


def talking(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    print("reading")  # noqa: T201 - what is to be noticed
    yield from sound(stream, context)


def configuring(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    logging.getLogger().setLevel(logging.ERROR)
    yield from sound(stream, context)


DEFECTS: list[tuple[str, Read, set[str]]] = [
    ("export-in-order", backwards, {"export-streams"}),
    # what is not read at all cannot be right in any other way either
    (
        "export-in-order",
        without_the_last,
        {
            "export-fields",
            "export-missing-fields",
            "export-knows-foreign",
            "export-own-status",
            "export-priorities",
        },
    ),
    ("export-fields", with_issue(title="a title"), set()),
    ("export-fields", with_issue(status=Status.TODO), {"export-own-maps"}),
    ("export-fields", with_issue(labels=()), set()),
    ("export-fields", with_issue(updated_at=None), set()),
    ("export-fields", with_issue(ref=ExternalRef(system="acme", workspace="x", id="7")), None),  # type: ignore[list-item]  # any others
    ("export-own-maps", own_words_alone, set()),
    ("export-own-maps", own_numbers_alone, set()),
    ("export-priorities", upside_down, set()),
    ("export-own-status", knowing_three_states, set()),
    ("export-process-kept", talking, set()),
    ("export-process-kept", configuring, set()),
    ("export-missing-fields", needing_text, set()),
    ("export-missing-fields", with_issue(labels=("none",)), {"export-fields"}),
    ("export-empty", refusing_empty, set()),
    ("export-knows-foreign", blind, set()),
    ("export-knows-foreign", suspicious, set()),
    ("export-knows-foreign", own_alone, set()),
    ("export-names-bad-record", placeless, set()),
    ("export-names-bad-record", careless, set()),
    ("export-refuses-other-files", lenient, {"export-refuses-half"}),
    ("export-refuses-half", stopping_at_the_break, set()),
    ("export-errors-without-secrets", telling, set()),
    ("export-streams", greedy, set()),
    ("export-stream-kept", closing, set()),
    ("export-stream-kept", emptying, set()),
]


def broken(read: Read, emulator: Emulator | None = None) -> dict[str, str]:
    """The rules of this module that a reader breaks, and how."""
    provider = Provider(
        name="acme",
        title="Acme",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
        credential_fields=(
            CredentialField(name="board", help="The board's short name"),
            CredentialField(name="token", help="Profile, API tokens", secret=True),
        ),
        read_export=read,
    )
    emulator = emulator or AcmeEmulator()
    subject = Subject(found=found_of(provider), provider=provider, emulator=emulator)
    checked = [verdict_of(subject, rule) for rule in RULES]
    failed = [verdict for verdict in checked if verdict.outcome is Outcome.FAILED]
    return {verdict.rule.id: verdict.detail for verdict in failed}


def test_sound_reader_keeps_every_rule() -> None:
    assert broken(sound) == {}


class PoorEmulator(AcmeEmulator):
    lacks = frozenset({"in_progress", "labels", "priorities"})

    def _card(self, issue: SampleIssue, board: str) -> dict[str, Any]:
        card = {**super()._card(issue, board), "tags": None, "rank": None}
        return {**card, "list": "todo"} if card.get("list") == "in_progress" else card


def test_reader_is_not_asked_for_what_its_tracker_lacks() -> None:
    assert broken(sound, PoorEmulator()) == {}


class LineEmulator(AcmeEmulator):
    """Writes an issue a line, and nothing where there is none."""

    def export(self, tracker: SampleTracker, issues: Sequence[SampleIssue]) -> bytes:
        cards = [self._card(issue, tracker.resource_id) for issue in issues]
        return "".join(f"{json.dumps(card, ensure_ascii=False)}\n" for card in cards).encode()


def by_lines(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
    for number, line in enumerate(stream, 1):
        place = f"line {number}"
        try:
            card = json.loads(line)
        except ValueError:
            raise RecordError(place, None, "it is no JSON") from None
        yield exported(card, place, context)


def test_empty_file_may_be_an_export_without_issues() -> None:
    assert broken(by_lines, LineEmulator()) == {}


@pytest.mark.parametrize(("rule", "read", "others"), DEFECTS)
def test_defect_of_a_reader_breaks_its_rule(rule: str, read: Read, others: set[str] | None) -> None:
    found = broken(read).keys()
    assert rule in found
    assert others is None or found == {rule, *others}


def test_secret_is_not_in_the_verdict_that_tells_of_it() -> None:
    assert "made-up-token" not in str(broken(telling))


def test_variables_of_the_check_do_not_outlast_it() -> None:
    before = dict(os.environ)
    broken(telling)
    assert dict(os.environ) == before


def test_no_rule_about_exports_lacks_a_reader_that_breaks_it() -> None:
    assert {rule for rule, _, _ in DEFECTS} == {rule.id for rule in RULES}
