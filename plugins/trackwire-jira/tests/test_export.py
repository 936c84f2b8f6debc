"""Reading saved answers of Jira's REST API."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from trackwire_jira import read_export, trackwire_provider

from trackwire.errors import RecordError
from trackwire.provider import (
    ExportContext,
    Exported,
    ExportedIssue,
    MoreFollows,
    MorePrecedes,
)

BOUND = ExportContext(workspace="acme", credentials={"project_key": "ACME"})


def record(number: int, **parts):
    fields = {"summary": f"Title {number}", "status": {"name": "Open"}}
    return {"id": str(10_000 + number), "key": f"ACME-{number}", "fields": fields, **parts}


def read(document) -> list[Exported]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(read_export(io.BytesIO(data), BOUND))


def keys(document) -> list[str | None]:
    return [found.issue.ref.key for found in read(document) if isinstance(found, ExportedIssue)]


def test_the_provider_declares_its_routing():
    provider = trackwire_provider()
    declared = (provider.name, provider.resource_type, provider.credential_key)
    assert declared == ("jira", "jira_project", "project_key")


def test_the_token_alone_is_secret_and_the_email_alone_personal():
    fields = trackwire_provider().credential_fields
    assert [field.name for field in fields if field.secret] == ["api_token"]
    assert [field.name for field in fields if field.personal] == ["email"]


def test_the_secret_goes_to_the_base_url():
    fields = trackwire_provider().credential_fields
    assert [field.name for field in fields if field.origin] == ["base_url"]


def test_the_plugin_is_imported_without_the_libraries_of_its_reader():
    code = (
        "import sys, trackwire_jira; trackwire_jira.trackwire_provider();"
        "print(sorted({'httpx', 'ijson', 'msgspec'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "document",
    [
        {"startAt": 0, "maxResults": 50, "total": 2, "issues": [record(1), record(2)]},
        {"issues": [record(1), record(2)], "isLast": True},
        [record(1), record(2)],
    ],
)
def test_a_page_or_an_array_of_issues_is_read_in_order(document):
    assert keys(document) == ["ACME-1", "ACME-2"]


def test_one_issue_is_read():
    assert keys(record(1)) == ["ACME-1"]


@pytest.mark.parametrize("document", [{"issues": [], "total": 0, "startAt": 0}, []])
def test_an_empty_page_has_no_issues(document):
    assert read(document) == []


@pytest.mark.parametrize(
    ("document", "place"),
    [({"issues": [record(1)]}, "issues[0]"), ([record(1)], "[0]"), (record(1), "the issue")],
)
def test_an_issue_comes_with_its_place(document, place):
    assert read(document)[0].place == place


def test_a_foreign_issue_comes_with_its_reason():
    (found,) = read([record(1, key="BETA-1")])
    assert found.foreign == "field key is 'BETA-1', but the binding's project_key is 'ACME'"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ({"issues": [record(1)], "nextPageToken": "abc"}, "nextPageToken is set"),
        ({"issues": [record(1)], "isLast": False}, "isLast is false"),
        ({"nextPageToken": "abc", "issues": [record(1)]}, "nextPageToken is set"),
        ({"startAt": 0, "total": 3, "issues": [record(1)]}, "total is 3, and this page ends at 1"),
        ({"issues": [record(1)], "startAt": 1, "total": 3}, "total is 3, and this page ends at 2"),
        ({"issues": [record(1)], "total": 2}, "total is 2, and this page ends at 1"),
    ],
)
def test_a_page_that_is_not_the_last_says_that_more_follows(page, reason):
    assert read(page)[-1] == MoreFollows(reason)


@pytest.mark.parametrize(
    "page",
    [
        {"issues": [record(1)], "isLast": True, "nextPageToken": None},
        {"startAt": 2, "total": 3, "issues": [record(1)]},
        {"issues": [record(1)]},
        [record(1)],
        {"issues": [record(1, total=9, isLast=False, nextPageToken="abc")]},
    ],
)
def test_nothing_follows_the_last_page(page):
    assert not any(isinstance(found, MoreFollows) for found in read(page))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"errorMessages": ["No project ACME."], "errors": {}}, "No project ACME."),
        ({"errorMessages": [], "errors": {"jql": "It is bad."}}, "jql: It is bad."),
        ({"errorMessages": "No login."}, "not with issues: No login."),
        ({"issues": {"nodes": []}}, "field issues: it is no array"),
        ({"hello": "world"}, "expected a saved answer of Jira's REST API"),
        ("text", "expected a saved answer of Jira's REST API"),
        ([{"issues": []}], "it is a search page, not an issue"),
        ([7], "expected object, found int"),
        ({"issues": [], "total": "many"}, "field total: expected int or null, found text"),
        (b'{"startAt": 0, "total": g2b, "issues": []}', "not valid JSON"),
        (b'{"issues": [', "not valid JSON"),
        (b"<html>Log in</html>", "not valid JSON"),
    ],
)
def test_another_document_is_refused_with_what_is_wrong(document, message):
    with pytest.raises(RecordError, match=message.replace("[", r"\[").replace(".", r"\.")):
        read(document)


def test_the_first_bad_record_stops_the_reading_at_its_place():
    issues = read_export(io.BytesIO(json.dumps([record(1), {}, record(3)]).encode()), BOUND)
    next(issues)
    with pytest.raises(RecordError, match=r"^\[1\], field id: it is missing"):
        next(issues)


def test_a_custom_field_larger_than_a_machine_number_is_no_hindrance():
    big = record(1)
    big["fields"]["customfield_10000"] = 9223372036854776000
    assert keys([big]) == ["ACME-1"]


def test_the_projects_workspace_is_the_issues_own():
    assert read(record(1))[0].issue.ref.workspace == "acme"


def test_a_page_that_is_not_the_first_says_that_more_precedes():
    page = {"startAt": 50, "total": 51, "issues": [record(1)]}
    assert read(page)[-1] == MorePrecedes("startAt is 50")


def test_nothing_precedes_the_first_page():
    page = {"startAt": 0, "total": 51, "issues": [record(1)]}
    assert not any(isinstance(found, MorePrecedes) for found in read(page))
