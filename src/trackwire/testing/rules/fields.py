"""Rules about an issue's fields: they arrive as they are at the tracker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from trackwire.model import Status
from trackwire.testing.emulator import Emulator
from trackwire.testing.rules.agreement import (
    expected,
    has,
    lacks_of,
    prioritized,
    require_mapped,
    require_ordered,
)
from trackwire.testing.rules.pulling import EveryName, opened_with, pulled, succeeding
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.samples import STRANGE_TEXTS, sample, samples
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    from trackwire.model import Issue
    from trackwire.testing.emulator import SampleIssue
    from trackwire.testing.subject import Subject

_FEW = 6
_LONG = 1 << 20
_LONGEST_SHOWN = 200


def _fields_arrive(subject: Subject) -> None:
    _require_fields(subject, samples(_FEW), tuple(_AGREEMENTS))


def _own_maps_come_first(subject: Subject) -> None:
    maps = {"status_map": EveryName(Status.DONE), "priority_map": EveryName(0)}
    with (
        Workbench.of(subject, issues=samples(_FEW)) as bench,
        succeeding(bench, "reading the pages"),
        opened_with(bench, **maps) as connector,
    ):
        read = [issue for page in connector.pages(None, None) for issue in page.issues]
    require_mapped(read, lacks_of(subject))


def _priorities_keep_order(subject: Subject) -> None:
    issues = prioritized()
    with Workbench.of(subject, issues=issues) as bench:
        pulled(bench)
        held = bench.issues()
    require_ordered([held[issue.id].priority for issue in issues if issue.id in held])


def _own_status_is_taken_in(subject: Subject) -> None:
    issues = [sample(0), sample(1, own_status=True), sample(2)]
    _require_fields(subject, issues, ("title",))


def _strange_texts_arrive(subject: Subject) -> None:
    issues = [
        sample(number, title=text, body=text.partition(";")[0], labels=("größe", "标签"))
        for number, text in enumerate(STRANGE_TEXTS)
    ]
    # what markup looks like in a body is the tracker's own affair
    issues[-1] = replace(issues[-1], body="plain words")
    _require_fields(subject, issues, ("title", "body", "labels"))


def _long_body_arrives(subject: Subject) -> None:
    words = "many words of one long paragraph "
    body = (words * (_LONG // len(words) + 1)).strip()
    _require_fields(subject, [sample(0), sample(1, body=body), sample(2)], ("body",))


def _deleted_user_does_no_harm(subject: Subject) -> None:
    issues = [sample(0), sample(1, assignee_deleted=True), sample(2)]
    _require_fields(subject, issues, ("title",))


def _empty_fields_do_no_harm(subject: Subject) -> None:
    empty = sample(1, body=None, priority=None, assignee=None, labels=())
    with Workbench.of(subject, issues=[sample(0), empty, sample(2)]) as bench:
        pulled(bench)
        held = bench.issues()
    _require_agreement(subject, [empty], held, ("title", "body", "assignees", "labels"))


def _require_fields(subject: Subject, issues: Sequence[SampleIssue], fields: Sequence[str]) -> None:
    with Workbench.of(subject, issues=issues) as bench:
        pulled(bench)
        held = bench.issues()
    _require_agreement(subject, issues, held, fields)


def _require_agreement(
    subject: Subject,
    issues: Sequence[SampleIssue],
    held: Mapping[str, Issue],
    fields: Sequence[str],
) -> None:
    emulator = subject.emulator or Emulator()
    for issue in issues:
        if issue.id not in held:
            raise Violation(f"the issue {issue.id} is not in the store")
        wanted = expected(issue, emulator)
        for field in fields:
            if not _AGREEMENTS[field](wanted, held[issue.id]) and has(emulator, issue, field):
                raise Violation(_described(wanted, held[issue.id], field))


def _has_body(issue: SampleIssue, held: Issue) -> bool:
    return not held.body if issue.body is None else issue.body in (held.body or "")


def _has_assignee(issue: SampleIssue, held: Issue) -> bool:
    return held.assignees == (() if issue.assignee is None else (issue.assignee,))


_AGREEMENTS: dict[str, Callable[[SampleIssue, Issue], bool]] = {
    "title": lambda issue, held: held.title == issue.title,
    "body": _has_body,
    "status": lambda issue, held: held.status == issue.status,
    "assignees": _has_assignee,
    "labels": lambda issue, held: sorted(held.labels) == sorted(issue.labels),
    "updated_at": lambda issue, held: held.updated_at == issue.updated_at,
}


def _described(issue: SampleIssue, held: Issue, field: str) -> str:
    if field == "body" and max(len(issue.body or ""), len(held.body or "")) > _LONGEST_SHOWN:
        return (
            f"issue {issue.id}: of the body's {len(issue.body or '')} characters "
            f"{len(held.body or '')} arrived, or others"
        )
    true = getattr(issue, {"assignees": "assignee"}.get(field, field))
    return f"issue {issue.id}: {field} is {_shown(getattr(held, field))}, not {_shown(true)}"


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return repr(str(value)) if isinstance(value, str) else repr(value)


RULES: tuple[Rule, ...] = (
    Rule(
        id="fields-arrive",
        text="Title, body, status, assignees, labels and the last change arrive as they are.",
        reason="The hub would show something else than the tracker.",
        remedy=(
            "Compare what you make of the API's answer with trackwire.model.Issue, field by field."
        ),
        need=Need.CONNECT,
        check=_fields_arrive,
    ),
    Rule(
        id="own-maps-first",
        text="The project's status_map and priority_map come before what the plugin makes of a "
        "name.",
        reason="Who maps the names of the team would see no effect, and not learn why.",
        remedy=(
            "Ask context.status_of(name) and context.priority_of(name) before any table of the "
            "plugin's own."
        ),
        need=Need.CONNECT,
        check=_own_maps_come_first,
    ),
    Rule(
        id="priorities-ordered",
        text="Priorities arrive in the tracker's order, 0 for the highest, and from 0 to 4.",
        reason="The most urgent issue would be shown as the least, or not be taken in.",
        remedy="Map the tracker's priorities to 0 (highest) to 4, or to None.",
        need=Need.CONNECT,
        check=_priorities_keep_order,
    ),
    Rule(
        id="own-status",
        text="An issue whose status has a name of the team's own is taken in.",
        reason="Teams name their columns as they like; one name would end every pull.",
        remedy=(
            "Take the nearest status, such as todo, for a name that no table has, and tell it by "
            "Page(unplaced=[Unplaced('status', name)])."
        ),
        need=Need.CONNECT,
        check=_own_status_is_taken_in,
    ),
    Rule(
        id="non-ascii",
        text="Texts of any script arrive as they are: accents, emoji, right to left, markup.",
        reason="Most of the world's issues would arrive garbled, or end the pull.",
        remedy=(
            "Read answers with trackwire.answers.read_answer, which takes the bytes for UTF-8, "
            "and change nothing in a title."
        ),
        need=Need.CONNECT,
        check=_strange_texts_arrive,
    ),
    Rule(
        id="long-body",
        text="A body of a megabyte arrives whole.",
        reason="People paste logs into issues; a cut one looks whole and is not.",
        remedy="Do not shorten texts: Trackwire takes an issue of up to 8 MiB.",
        need=Need.CONNECT,
        check=_long_body_arrives,
    ),
    Rule(
        id="deleted-user",
        text="An issue whose assignee's account was deleted is read like any other.",
        reason="One colleague who leaves would end every pull.",
        remedy="Make the account's members optional in the shape that you decode the answer into.",
        need=Need.CONNECT,
        check=_deleted_user_does_no_harm,
    ),
    Rule(
        id="empty-fields",
        text="An issue without body, priority, assignee and labels is read like any other.",
        reason="One issue that somebody made in a hurry would end every pull.",
        remedy=(
            "Make these members optional (`| None`, with a default) in the shape of the answer, "
            "and give None or () for what is not there."
        ),
        need=Need.CONNECT,
        check=_empty_fields_do_no_harm,
    ),
)
"""In the order in which they are checked."""
