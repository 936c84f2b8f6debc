"""Reading saved answers of Linear's GraphQL API."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from trackwire_linear import read_export, trackwire_provider

from trackwire.errors import RecordError
from trackwire.provider import (
    ExportContext,
    Exported,
    ExportedIssue,
    MoreFollows,
    MorePrecedes,
)

BOUND = ExportContext(workspace="acme", credentials={"team_id": "ENG"})


def record(number: int, **parts):
    state = {"type": "unstarted", "name": "Todo"}
    return {
        "id": f"id-{number}",
        "identifier": f"ENG-{number}",
        "title": "T",
        "state": state,
        **parts,
    }


def connection(*nodes, more=False):
    return {"issues": {"nodes": list(nodes), "pageInfo": {"hasNextPage": more, "endCursor": "c"}}}


def read(document) -> list[Exported]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(read_export(io.BytesIO(data), BOUND))


def keys(document) -> list[str | None]:
    return [found.issue.ref.key for found in read(document) if isinstance(found, ExportedIssue)]


def test_the_provider_declares_its_routing():
    provider = trackwire_provider()
    declared = (provider.name, provider.resource_type, provider.credential_key)
    assert declared == ("linear", "linear_team", "team_id")


def test_keys_tokens_and_the_application_are_secret():
    fields = trackwire_provider().credential_fields
    assert [field.name for field in fields if field.secret] == [
        *("api_key", "access_token", "refresh_token", "client_id", "client_secret")
    ]


def test_an_access_token_stands_in_for_the_api_key():
    fields = trackwire_provider().fields_by_name
    assert fields["access_token"].instead_of == "api_key"


def test_no_secret_but_the_api_key_is_required():
    fields = trackwire_provider().credential_fields
    assert [field.name for field in fields if field.secret and field.required] == ["api_key"]


def test_the_secret_goes_to_the_public_endpoint_unless_another_is_given():
    fields = trackwire_provider().credential_fields
    assert [(field.name, field.default) for field in fields if field.origin] == [
        ("api_url", "https://api.linear.app/graphql")
    ]


def test_the_plugin_is_imported_without_the_libraries_of_its_reader():
    code = (
        "import sys, trackwire_linear; trackwire_linear.trackwire_provider();"
        "print(sorted({'httpx', 'ijson', 'msgspec'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("wrap", "place"),
    [
        (lambda page: {"data": page}, "data.issues.nodes[0]"),
        (lambda page: {"data": {"team": page}}, "data.team.issues.nodes[0]"),
        (lambda page: {"data": {"project": page}}, "data.project.issues.nodes[0]"),
        (lambda page: page, "issues.nodes[0]"),
        (lambda page: {"team": page}, "team.issues.nodes[0]"),
    ],
)
def test_the_list_of_issues_is_found_wherever_it_is(wrap, place):
    (found,) = read(wrap(connection(record(1))))
    assert (found.place, found.issue.ref.key) == (place, "ENG-1")


@pytest.mark.parametrize("gone", [{"archivedAt": "2026-03-02T09:11:12.345Z"}, {"trashed": True}])
def test_an_issue_that_is_gone_is_left_out(gone):
    assert keys(connection(record(1, **gone), record(2, trashed=False))) == ["ENG-2"]


def test_a_foreign_issue_comes_with_its_reason():
    (found,) = read(connection(record(1, team={"key": "OPS"})))
    assert found.foreign == "field team.key is 'OPS', but the binding's team_id is 'ENG'"


def test_a_page_that_is_not_the_last_says_that_more_follows():
    more = MoreFollows("data.team.issues.pageInfo.hasNextPage is true")
    assert read({"data": {"team": connection(record(1), more=True)}})[-1] == more


def test_nothing_follows_from_the_pages_of_an_issues_own_lists():
    labels = {"nodes": [], "pageInfo": {"hasNextPage": True}}
    children = connection(more=True)["issues"]
    page = connection(record(1, labels=labels, children=children, issues=children))
    assert not any(isinstance(found, MoreFollows) for found in read(page))


@pytest.mark.parametrize("errors_first", [True, False])
@pytest.mark.parametrize("data", [None, connection(), connection(record(1))])
def test_an_answer_with_errors_is_never_a_page(errors_first, data):
    parts = [("errors", [{"message": "Query too complex"}, {"message": "More"}]), ("data", data)]
    with pytest.raises(RecordError, match=r"issues may be missing: Query too complex$"):
        read(dict(parts if errors_first else reversed(parts)))


def test_an_empty_list_of_errors_is_none():
    assert keys({"errors": [], "data": connection(record(1))}) == ["ENG-1"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"errors": [{"extensions": {"code": "RATELIMITED"}}]}, "missing: RATELIMITED"),
        ({"data": {"team": None}}, "expected a saved answer of Linear's GraphQL API"),
        ({"data": {"issues": {"edges": []}}}, "expected a saved answer of Linear's GraphQL API"),
        ({"data": {"teams": {"nodes": [connection()]}}}, "expected a saved answer"),
        ([connection()], "expected a saved answer"),
        ("text", "expected a saved answer"),
        ({"data": {"a": connection(), "b": connection()}}, "data.a.issues.nodes and data.b"),
        (b'{"data": {"issues": {"nodes": [', "not valid JSON"),
        (b"<html>Log in</html>", "not valid JSON"),
    ],
)
def test_another_document_is_refused_with_what_is_wrong(document, message):
    with pytest.raises(RecordError, match=message.replace(".", r"\.")):
        read(document)


def test_the_first_bad_record_stops_the_reading_at_its_place():
    page = connection(record(1), record(2, title=None), record(3))
    issues = read_export(io.BytesIO(json.dumps(page).encode()), BOUND)
    next(issues)
    with pytest.raises(RecordError, match=r"^issues\.nodes\[1\], field title: "):
        next(issues)


def test_a_page_that_is_not_the_first_says_that_more_precedes():
    page = connection(record(1))
    page["issues"]["pageInfo"] = {"hasPreviousPage": True, "hasNextPage": False}
    assert read(page)[-1] == MorePrecedes("issues.pageInfo.hasPreviousPage is true")
