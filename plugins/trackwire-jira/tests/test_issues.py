"""From one issue of Jira's to the wire form."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from trackwire_jira.export import read_export

from trackwire.errors import RecordError
from trackwire.model import ExternalRef, Issue, IssueType, Status
from trackwire.provider import ExportContext

BOUND = ExportContext(
    workspace="acme.atlassian.net",
    credentials={"base_url": "https://acme.atlassian.net", "project_key": "ACME"},
)


def record(*, fields=None, **parts):
    return {
        "id": "10012",
        "key": "ACME-12",
        "self": "https://acme.atlassian.net/rest/api/3/issue/10012",
        "fields": {"summary": "Cold cache", "status": {"name": "Open"}, **(fields or {})},
        **parts,
    }


def exported(element, context=BOUND):
    (found,) = read_export(io.BytesIO(json.dumps(element).encode()), context)
    return found


def issue(context=BOUND, **fields) -> Issue:
    return exported(record(fields=fields), context).issue


def test_every_part_of_an_issue_is_mapped():
    fields = {
        "description": "Wait for *it*.",
        "status": {"name": "Doing", "statusCategory": {"key": "indeterminate"}},
        "issuetype": {"name": "Bug", "subtask": False},
        "priority": {"name": "High"},
        "assignee": {"accountId": "5b10a", "displayName": "Mia", "emailAddress": "mia@acme.test"},
        "labels": ["db", "cache"],
        "updated": "2026-03-02T10:11:12.345+0100",
        "project": {"key": "ACME"},
        "customfield_10010": {"any": ["thing"]},
    }
    assert issue(**fields) == Issue(
        ref=ExternalRef(
            system="jira",
            workspace="acme.atlassian.net",
            id="10012",
            key="ACME-12",
            url="https://acme.atlassian.net/browse/ACME-12",
        ),
        title="Cold cache",
        body="Wait for *it*.",
        status=Status.IN_PROGRESS,
        issue_type=IssueType.BUG,
        priority=1,
        assignees=("5b10a",),
        labels=("db", "cache"),
        updated_at=datetime(2026, 3, 2, 9, 11, 12, 345000, tzinfo=UTC),
    )


def test_an_issue_of_the_least_parts_is_a_task_to_do():
    found = issue()
    assert (found.status, found.issue_type) == (Status.TODO, IssueType.TASK)


@pytest.mark.parametrize("empty", ["description", "priority", "resolution", "assignee", "labels"])
def test_a_null_field_is_as_good_as_none(empty):
    assert issue(**{empty: None}) == issue()


def test_a_rich_text_description_becomes_plain_text():
    paragraph = {"type": "paragraph", "content": [{"type": "text", "text": "Cold."}]}
    assert issue(description={"type": "doc", "version": 1, "content": [paragraph]}).body == "Cold."


@pytest.mark.parametrize("blank", ["", " \n", {"type": "doc", "content": []}])
def test_a_blank_description_is_no_body(blank):
    assert issue(description=blank).body is None


@pytest.mark.parametrize(
    ("name", "category", "resolution", "expected"),
    [
        ("Ready", "new", None, Status.TODO),
        ("Offen", "new", None, Status.TODO),
        ("Blocked", "new", None, Status.TODO),
        ("In Arbeit", "indeterminate", None, Status.IN_PROGRESS),
        ("Done", "indeterminate", None, Status.IN_PROGRESS),
        ("Code Review", "indeterminate", None, Status.IN_REVIEW),
        ("Blocked by vendor", "indeterminate", None, Status.BLOCKED),
        ("On Hold", "indeterminate", None, Status.BLOCKED),
        ("Unblocked", "indeterminate", None, Status.IN_PROGRESS),
        ("Fertig", "done", None, Status.DONE),
        ("In Review", "done", None, Status.DONE),
        ("Closed", "done", "Fixed", Status.DONE),
        ("Closed", "done", "Won't Fix", Status.CANCELED),
        ("Closed", "done", "Won\u2019t Do", Status.CANCELED),
        ("Closed", "done", "Duplicate", Status.CANCELED),
        ("Closed", "done", "Cannot Reproduce", Status.CANCELED),
        ("Cancelled", "done", None, Status.CANCELED),
        ("Canceled", "done", "Done", Status.CANCELED),
        ("Rejected", "done", None, Status.CANCELED),
        ("Reopened", "indeterminate", "Won't Fix", Status.IN_PROGRESS),
        ("Open", None, None, Status.TODO),
        ("Reopened", None, None, Status.TODO),
        ("To Do", None, None, Status.TODO),
        ("In Progress", None, None, Status.IN_PROGRESS),
        ("in review", None, None, Status.IN_REVIEW),
        ("Blocked", None, None, Status.BLOCKED),
        ("Resolved", None, "Fixed", Status.DONE),
        ("Closed", None, "Won't Fix", Status.CANCELED),
        ("Done", None, None, Status.DONE),
        ("Cancelled", None, None, Status.CANCELED),
        ("Done", "undefined", None, Status.DONE),
        ("IceBox", None, None, Status.TODO),
        ("Shipped", None, "Fixed", Status.DONE),
    ],
)
def test_a_status_is_placed(name, category, resolution, expected):
    status = {"name": name, **({"statusCategory": {"key": category}} if category else {})}
    found = issue(status=status, resolution={"name": resolution} if resolution else None)
    assert found.status is expected


@pytest.mark.parametrize(
    ("status_map", "expected"),
    [
        ({"Waiting": Status.BLOCKED}, Status.BLOCKED),
        ({"waiting": Status.BLOCKED}, Status.BLOCKED),
        ({"WAITING": Status.CANCELED, "Waiting": Status.BLOCKED}, Status.BLOCKED),
        ({"Other": Status.BLOCKED}, Status.DONE),
    ],
)
def test_the_projects_status_map_comes_before_the_category(status_map, expected):
    context = ExportContext(workspace="acme", status_map=status_map)
    found = issue(context, status={"name": "Waiting", "statusCategory": {"key": "done"}})
    assert found.status is expected


@pytest.mark.parametrize(
    ("issue_type", "expected"),
    [
        ({"name": "Sub-task", "subtask": True}, IssueType.SUBTASK),
        ({"name": "Technical task", "subtask": True}, IssueType.SUBTASK),
        ({"name": "Unteraufgabe", "hierarchyLevel": -1}, IssueType.SUBTASK),
        ({"name": "Initiative", "hierarchyLevel": 2}, IssueType.EPIC),
        ({"name": "Epos", "hierarchyLevel": 1, "subtask": False}, IssueType.EPIC),
        ({"name": "Epic", "subtask": False}, IssueType.EPIC),
        ({"name": "Story", "hierarchyLevel": 0}, IssueType.STORY),
        ({"name": "New Feature"}, IssueType.STORY),
        ({"name": "Improvement"}, IssueType.STORY),
        ({"name": "BUG"}, IssueType.BUG),
        ({"name": "Defect"}, IssueType.BUG),
        ({"name": "Chore"}, IssueType.CHORE),
        ({"name": "Technical task", "subtask": False}, IssueType.CHORE),
        ({"name": "Task"}, IssueType.TASK),
        ({"name": "Incident"}, IssueType.TASK),
        ({"name": None}, IssueType.TASK),
        (None, IssueType.TASK),
    ],
)
def test_a_type_is_placed(issue_type, expected):
    assert issue(issuetype=issue_type).issue_type is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *zip(["Highest", "High", "Medium", "Low", "Lowest"], range(5), strict=True),
        *zip(["Blocker", "Critical", "Major", "Minor", "Trivial"], range(5), strict=True),
        ("major", 2),
        ("P1", None),
        (None, None),
    ],
)
def test_a_priority_is_placed(name, expected):
    assert issue(priority={"name": name}).priority == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("P1", 0), ("p1", 0), ("High", 4), ("Medium", 2), ("P9", None)]
)
def test_the_projects_priority_map_comes_first(name, expected):
    context = ExportContext(workspace="acme", priority_map={"P1": 0, "High": 4})
    assert issue(context, priority={"name": name}).priority == expected


@pytest.mark.parametrize(
    ("assignee", "expected"),
    [
        ({"accountId": "5b10a", "key": "JIRAUSER1", "name": "mia"}, ("5b10a",)),
        ({"key": "JIRAUSER1", "name": "mia"}, ("JIRAUSER1",)),
        ({"name": "mia"}, ("mia",)),
        ({"name": "mia@acme.test"}, ()),
        ({"key": "mia@acme.test", "name": "mia"}, ("mia",)),
        ({"emailAddress": "mia@acme.test", "displayName": "Mia"}, ()),
    ],
)
def test_an_assignee_is_the_stable_account_id_and_never_an_address(assignee, expected):
    assert issue(assignee=assignee).assignees == expected


@pytest.mark.parametrize(
    ("base_url", "self_url", "expected"),
    [
        ("https://acme.atlassian.net/", None, "https://acme.atlassian.net/browse/ACME-12"),
        ("acme.atlassian.net", None, "https://acme.atlassian.net/browse/ACME-12"),
        ("https://host/jira", "https://old/rest/api/2/issue/1", "https://host/jira/browse/ACME-12"),
        (
            None,
            "http://localhost:8090/jira/rest/api/latest/issue/1",
            "http://localhost:8090/jira/browse/ACME-12",
        ),
        (None, "https://host/rest/agile/1.0/issue/1", "https://host/browse/ACME-12"),
        (None, "https://mia:word@host:8443/rest/api/2/issue/1", "https://host:8443/browse/ACME-12"),
        (None, "https://api.atlassian.com/ex/jira/11-22/rest/api/3/issue/1", None),
        (None, "https://[host/rest/api/3/issue/1", None),
        (None, "nothing", None),
        (None, None, None),
    ],
)
def test_the_page_of_an_issue(base_url, self_url, expected):
    context = ExportContext(workspace="acme", credentials={"base_url": base_url})
    assert exported(record(self=self_url), context).issue.ref.url == expected


def test_an_issue_without_a_key_has_no_page():
    assert exported(record(key=None)).issue.ref.url is None


@pytest.mark.parametrize(
    ("element", "field", "problem"),
    [
        ({"key": "ACME-1", "fields": {"summary": {"value": "x"}}}, "id", "numeric id"),
        (record(id=""), "id", "expected text of length >= 1"),
        (record(id=7), "id", "expected text, found int"),
        ({"id": "1", "key": "ACME-1"}, "fields", "name it in the `fields`"),
        (record(fields={"summary": None}), "fields.summary", "expected text, found null"),
        ({"id": "1", "fields": {"summary": "x"}}, "fields.status", "name it in the `fields`"),
        (record(fields={"status": {"id": "3"}}), "fields.status.name", "it is missing"),
        (record(fields={"status": None}), "fields.status", "expected object, found null"),
        (record(fields={"labels": "db"}), "fields.labels", "expected array or null"),
        (record(fields={"labels": ["db", 3]}), "fields.labels[1]", "expected text, found int"),
        (record(fields={"updated": "yesterday"}), "fields.updated", "'yesterday' is no ISO 8601"),
        (record(fields={"updated": "2026-03-02T10:11:12"}), "fields.updated", "has no offset"),
        (record(fields={"updated": 1772409600000}), "fields.updated", "expected text or null"),
    ],
)
def test_a_bad_record_is_named_by_place_and_field(element, field, problem):
    with pytest.raises(RecordError) as caught:
        exported([element])
    assert (caught.value.place, caught.value.field) == ("[0]", field)
    assert problem in caught.value.problem
