"""From one issue of Linear's to the wire form."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from trackwire_linear.export import read_export

from trackwire.errors import RecordError
from trackwire.model import ExternalRef, Issue, IssueType, Status
from trackwire.provider import ExportContext

BOUND = ExportContext(workspace="acme")


def record(**parts):
    return {"id": "8f1c", "title": "Cold", "state": {"type": "backlog", "name": "Later"}, **parts}


def issue(context=BOUND, **parts) -> Issue:
    document = {"data": {"issues": {"nodes": [record(**parts)]}}}
    (found,) = read_export(io.BytesIO(json.dumps(document).encode()), context)
    return found.issue


def labels(*names):
    return {"nodes": [{"name": name} for name in names]}


def test_every_part_of_an_issue_is_mapped():
    found = issue(
        identifier="ENG-12",
        url="https://linear.app/acme/issue/ENG-12/cold-cache",
        description="Wait for **it**.",
        state={"type": "started", "name": "Doing"},
        priority=2,
        priorityLabel="High",
        assignee={"id": "77aa", "email": "mia@acme.test"},
        labels=labels("Bug", "db"),
        parent=None,
        updatedAt="2026-03-02T09:11:12.345Z",
        archivedAt=None,
        trashed=None,
    )
    assert found == Issue(
        ref=ExternalRef(
            system="linear",
            workspace="acme",
            id="8f1c",
            key="ENG-12",
            url="https://linear.app/acme/issue/ENG-12/cold-cache",
        ),
        title="Cold",
        body="Wait for **it**.",
        status=Status.IN_PROGRESS,
        issue_type=IssueType.BUG,
        priority=1,
        assignees=("77aa",),
        labels=("Bug", "db"),
        updated_at=datetime(2026, 3, 2, 9, 11, 12, 345000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "empty", ["description", "priority", "assignee", "labels", "parent", "updatedAt", "archivedAt"]
)
def test_a_null_part_is_as_good_as_none(empty):
    assert issue(**{empty: None}) == issue()


def test_a_blank_description_is_no_body():
    assert issue(description=" \n").body is None


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("triage", "Triage", Status.TODO),
        ("backlog", "Backlog", Status.TODO),
        ("unstarted", "Todo", Status.TODO),
        ("unstarted", "Blocked", Status.TODO),
        ("started", "In Progress", Status.IN_PROGRESS),
        ("started", "In Review", Status.IN_REVIEW),
        ("started", "Blocked", Status.BLOCKED),
        ("started", "On hold", Status.BLOCKED),
        ("started", "Unblocked", Status.IN_PROGRESS),
        ("completed", "Done", Status.DONE),
        ("completed", "In Review", Status.DONE),
        ("canceled", "Canceled", Status.CANCELED),
        ("duplicate", "Duplicate", Status.CANCELED),
        ("someday", "Done", Status.TODO),
        ("started", None, Status.IN_PROGRESS),
    ],
)
def test_a_state_is_placed(kind, name, expected):
    assert issue(state={"type": kind, "name": name}).status is expected


@pytest.mark.parametrize(
    ("status_map", "expected"),
    [
        ({"Waiting": Status.BLOCKED}, Status.BLOCKED),
        ({"waiting": Status.BLOCKED}, Status.BLOCKED),
        ({"WAITING": Status.CANCELED, "Waiting": Status.BLOCKED}, Status.BLOCKED),
        ({"Other": Status.BLOCKED}, Status.DONE),
    ],
)
def test_the_projects_status_map_comes_before_the_type(status_map, expected):
    context = ExportContext(workspace="acme", status_map=status_map)
    assert issue(context, state={"type": "completed", "name": "Waiting"}).status is expected


@pytest.mark.parametrize(
    ("names", "parent", "expected"),
    [
        ([], None, IssueType.TASK),
        (["db"], None, IssueType.TASK),
        (["BUG"], None, IssueType.BUG),
        (["Chore"], None, IssueType.CHORE),
        (["Feature"], None, IssueType.STORY),
        (["story"], None, IssueType.STORY),
        (["story", "Epic"], None, IssueType.EPIC),
        (["Bug"], {"id": "1"}, IssueType.SUBTASK),
        ([], {}, IssueType.SUBTASK),
    ],
)
def test_a_type_is_told_by_parent_and_labels(names, parent, expected):
    assert issue(labels=labels(*names), parent=parent).issue_type is expected


@pytest.mark.parametrize(
    ("priority", "expected"),
    [(0, None), (1, 0), (2, 1), (3, 2), (4, 3), (2.0, 1), (5, None), (1.5, None), (None, None)],
)
def test_a_priority_is_placed(priority, expected):
    assert issue(priority=priority).priority == expected


@pytest.mark.parametrize(
    ("priority", "label", "expected"),
    [(4, "Low", 4), (4, None, 4), (4, "LOW", 4), (3, "Medium", 2), (0, "No priority", None)],
)
def test_the_projects_priority_map_comes_first(priority, label, expected):
    context = ExportContext(workspace="acme", priority_map={"Low": 4})
    assert issue(context, priority=priority, priorityLabel=label).priority == expected


@pytest.mark.parametrize(
    ("element", "field", "problem"),
    [
        ({"id": "1", "title": "x"}, "state", "add `state { type name }` to the query"),
        ({"id": "1", "state": {"type": "backlog"}}, "title", "add `title` to the query"),
        ({"title": "x", "state": {"type": "backlog"}}, "id", "add `id` to the query"),
        (record(state={"name": "Later"}), "state.type", "add `state { type name }` to the query"),
        (record(id=""), "id", "expected text of length >= 1"),
        (record(title=None), "title", "expected text, found null"),
        (record(state="Later"), "state", "expected object, found text"),
        (record(priority="high"), "priority", "expected float or null, found text"),
        (record(labels={"nodes": [{"id": "1"}]}), "labels.nodes[0].name", "add `labels(first: 50)"),
        (record(updatedAt="soon"), "updatedAt", "expected an ISO 8601 time"),
        (record(updatedAt="2026-03-02T09:11:12"), "updatedAt", "a time with an offset"),
        (None, None, "expected object, found null"),
    ],
)
def test_a_bad_record_is_named_by_place_and_field(element, field, problem):
    document = {"data": {"issues": {"nodes": [element]}}}
    with pytest.raises(RecordError) as caught:
        list(read_export(io.BytesIO(json.dumps(document).encode()), BOUND))
    assert (caught.value.place, caught.value.field) == ("data.issues.nodes[0]", field)
    assert problem in caught.value.problem
