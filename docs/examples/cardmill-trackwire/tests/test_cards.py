"""What is Cardmill's own in a card, and so no rule of the kit."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from cardmill_trackwire.cards import Card, read_export, to_issue, unplaced_names

from trackwire.connector import Unplaced
from trackwire.context import ExportContext
from trackwire.errors import RecordError
from trackwire.model import IssueType, Status

OURS = ExportContext(workspace="acme", status_map={"Vendor": Status.BLOCKED})


def card(list_name: str = "Ideas", stage: str | None = "waiting", **others: Any) -> Card:
    changed_at = datetime(2026, 11, 1, tzinfo=UTC)
    others |= {"title": "Mend the sail", "changed_at": changed_at}
    return Card(id=31, board=4117, list_name=list_name, stage=stage, **others)


@pytest.mark.parametrize(
    ("list_name", "stage", "status"),
    [
        ("Ideas", "waiting", Status.TODO),
        ("On the bench", "underway", Status.IN_PROGRESS),
        ("Shipped", "finished", Status.DONE),
        ("vendor", "underway", Status.BLOCKED),
        ("Attic", None, Status.TODO),
    ],
)
def test_list_is_placed_by_the_project_and_else_by_its_stage(
    list_name: str, stage: str | None, status: Status
) -> None:
    assert to_issue(card(list_name, stage), OURS).status is status


@pytest.mark.parametrize(
    ("list_name", "stage", "told"),
    [("Attic", None, [Unplaced("status", "Attic")]), ("Vendor", None, []), ("Any", "waiting", [])],
)
def test_list_that_neither_places_is_told(
    list_name: str, stage: str | None, told: list[Unplaced]
) -> None:
    assert list(unplaced_names(card(list_name, stage), OURS)) == told


@pytest.mark.parametrize(("urgency", "priority"), [(1, 0), (5, 4), (None, None)])
def test_urgency_counts_from_one(urgency: int | None, priority: int | None) -> None:
    assert to_issue(card(urgency=urgency), OURS).priority == priority


def test_card_with_the_label_bug_is_a_bug() -> None:
    assert to_issue(card(labels=("bug",)), OURS).issue_type is IssueType.BUG


def test_saved_refusal_is_no_export() -> None:
    refusal = BytesIO(b'{"error": "session_expired"}')
    with pytest.raises(RecordError, match="save an answer that lists cards"):
        list(read_export(refusal, OURS))
