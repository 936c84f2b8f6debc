"""What the check of requests lets through and what it does not."""

from __future__ import annotations

import json

import pytest

from emulators.described import Seen, load_description

CLOUD = load_description("jira-cloud")
SEARCH = "/rest/api/3/search/jql"


def request(method: str, path: str, query: str = "", body: object = None) -> Seen:
    content = b"" if body is None else json.dumps(body).encode()
    return Seen(method, path, query, {"content-type": "application/json; charset=utf-8"}, content)


@pytest.mark.parametrize(
    "seen",
    [
        request("GET", SEARCH, "jql=a&maxResults=100&fields=summary%2Cstatus&fields=key"),
        request("GET", SEARCH, "reconcileIssues=1,2,3&failFast=false"),
        request("POST", SEARCH, body={"jql": "a", "fields": ["key"], "reconcileIssues": [1]}),
        request("GET", "/rest/api/2/serverInfo"),
        request("GET", "/rest/api/3/project/search", "maxResults=100&orderBy=key"),
        request("GET", "/rest/api/3/project/ACME"),
        request("POST", "/rest/api/3/issue/bulkfetch", body={"issueIdsOrKeys": ["1"] * 100}),
        request("GET", "/_edge/tenant_info"),
    ],
)
def test_an_allowed_request_has_no_faults(seen):
    assert CLOUD.faults(seen) == []


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        (request("GET", "/rest/api/3/nothing"), "no such operation"),
        (request("DELETE", SEARCH), "no such operation"),
        (request("GET", SEARCH, "startAt=0"), "'startAt' was unexpected"),
        (request("GET", SEARCH, "maxResults=many"), "query.maxResults: 'many' is not of type"),
        (request("GET", SEARCH, "failFast=yes"), "query.failFast: 'yes' is not of type"),
        (request("GET", SEARCH, "jql=a&jql=b"), "jql is given twice"),
        (request("GET", SEARCH, "reconcileIssues=" + ",".join(["1"] * 51)), "reconcileIssues"),
        (request("GET", SEARCH, body={"jql": "a"}), "body: the operation takes none"),
        (request("POST", SEARCH, body={"jql": "a", "startAt": 0}), "'startAt' was unexpected"),
        (request("POST", SEARCH, body={"fields": "key"}), "body.fields: 'key' is not of type"),
        (request("POST", SEARCH, body={"nextPageToken": None}), "body.nextPageToken: None"),
        (request("POST", SEARCH), "body: no JSON"),
        (Seen("POST", SEARCH, "", {"content-type": "text/plain"}, b"{}"), "is text/plain"),
        (
            request("POST", "/rest/api/3/issue/bulkfetch", body={"issueIdsOrKeys": ["1"] * 101}),
            "body.issueIdsOrKeys",
        ),
        (request("POST", "/rest/api/3/issue/bulkfetch", body={}), "'issueIdsOrKeys' is a required"),
        (
            request("GET", "/rest/api/3/project/search", "maxResults=101"),
            "greater than the maximum",
        ),
    ],
)
def test_a_fault_is_named_with_its_operation(seen, fault):
    found = CLOUD.faults(seen)
    assert len(found) == 1
    assert fault in found[0]
    assert found[0].startswith(f"{seen.method} ")


def test_an_answer_with_a_member_too_many_has_a_fault():
    answer = {"issues": [], "isLast": True, "total": 0}
    assert "'total' was unexpected" in CLOUD.answer_faults("GET", SEARCH, answer)[0]


def test_data_center_takes_the_paging_that_cloud_does_not():
    seen = request("GET", "/rest/api/2/search", "jql=a&startAt=50&maxResults=50&fields=key")
    assert load_description("jira-datacenter").faults(seen) == []
