"""What the emulator of Jira Cloud does, knob by knob."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from emulators.described import load_description
from emulators.jira_cloud import CLOUD_ID, JiraCloud
from emulators.jira_model import Status

pytestmark = pytest.mark.needs_hub

BY_UPDATED = 'project = "ACME" ORDER BY updated ASC, id ASC'
SEARCH = "/rest/api/3/search/jql"
DESCRIPTION = load_description("jira-cloud")


class Client(httpx.Client):
    """Holds every answer of 200 against the description."""

    def send(self, request, **options):
        answer = super().send(request, **options)
        path = request.url.path.removeprefix(f"/ex/jira/{CLOUD_ID}")
        if answer.status_code == 200:
            assert DESCRIPTION.answer_faults(request.method, path, answer.json()) == []
        return answer

    def search(self, jql=BY_UPDATED, token=None, **arguments):
        more = {} if token is None else {"nextPageToken": token}
        return self.post(SEARCH, json={"jql": jql, **more, **arguments})

    def pages(self, **arguments):
        token = None
        while True:
            page = self.search(token=token, **arguments).json()
            yield [int(issue["id"]) for issue in page["issues"]]
            token = page.get("nextPageToken")
            assert page["isLast"] == (token is None)
            if token is None:
                return


def client_of(jira, url=None):
    return closing(Client(base_url=url or jira.url, auth=(jira.email, jira.token)))


@pytest.fixture
def jira():
    with JiraCloud() as site:
        site.add_project("ACME")
        yield site


@pytest.fixture
def client(jira):
    with client_of(jira) as client:
        yield client


def five_issues(jira):
    issues = []
    for _ in range(5):
        issues.append(jira.create("ACME").id)
        jira.clock.advance(60)
    return issues


def message_of(answer):
    return answer.json()["errorMessages"][0]


# the account and the site


def test_the_site_says_that_it_is_cloud(client):
    info = client.get("/rest/api/2/serverInfo").json()
    assert (info["deploymentType"], info["versionNumbers"]) == ("Cloud", [1001, 0, 0])


def test_the_account_shows_its_timezone(jira, client):
    jira.timezone = "America/New_York"
    assert client.get("/rest/api/3/myself").json()["timeZone"] == "America/New_York"


def test_wrong_credentials_are_answered_401(jira):
    with httpx.Client(base_url=jira.url, auth=(jira.email, "fake-other")) as client:
        assert client.get("/rest/api/3/myself").status_code == 401
        assert client.get("/rest/api/3/serverInfo").status_code == 401


def test_a_revoked_token_is_answered_401(jira, client):
    jira.token_revoked = True
    assert client.search().status_code == 401


def test_a_request_without_credentials_sees_nothing(jira):
    jira.create("ACME")
    with closing(Client(base_url=jira.url)) as client:
        assert client.search().json() == {"issues": [], "isLast": True}
        assert client.get("/rest/api/3/project/search").json()["total"] == 0
        assert client.get("/rest/api/3/project/ACME").status_code == 404
        assert client.get("/rest/api/3/myself").status_code == 401


def test_an_expired_token_is_answered_200_with_nothing_and_a_header(jira, client):
    jira.create("ACME")
    jira.token_expired = True
    answer = client.search()
    assert (answer.status_code, answer.json()["issues"]) == (200, [])
    assert answer.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"


def test_a_valid_token_has_another_login_reason(client):
    assert client.get("/rest/api/3/myself").headers["x-seraph-loginreason"] == "OK"


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_scoped_token_is_taken_by_the_gateway_alone(scheme):
    with JiraCloud(scoped=True, gateway_schemes=[scheme]) as jira, closing(Client()) as client:
        basic = httpx.BasicAuth(jira.email, jira.token)
        headers = {"Authorization": f"Bearer {jira.token}"} if scheme == "bearer" else {}
        auth = None if scheme == "bearer" else basic
        tenant = client.get(f"{jira.url}/_edge/tenant_info").json()
        path = f"{jira.gateway}/ex/jira/{tenant['cloudId']}/rest/api/3/myself"
        assert client.get(path, headers=headers, auth=auth).status_code == 200
        site = f"{jira.url}/rest/api/3/myself"
        assert client.get(site, headers=headers, auth=auth).status_code == 401


def test_a_gateway_may_take_one_scheme_alone():
    with JiraCloud(scoped=True, gateway_schemes=["bearer"]) as jira, client_of(jira) as client:
        path = f"{jira.gateway}/ex/jira/{CLOUD_ID}/rest/api/3/myself"
        assert client.get(path).status_code == 401


def test_the_gateway_has_nothing_outside_of_the_site(jira, client):
    assert client.get(f"{jira.gateway}/rest/api/3/myself").status_code == 404
    assert client.get(f"{jira.gateway}/ex/jira/other/rest/api/3/myself").status_code == 404
    assert len(jira.door.take_violations()) == 2


# projects


def test_projects_are_listed_by_pages(jira, client):
    jira.add_project("BETA", "Zweites Projekt")
    pages = [
        client.get("/rest/api/3/project/search", params={"startAt": n, "maxResults": 1}).json()
        for n in (0, 1)
    ]
    assert [(p["values"][0]["key"], p["isLast"], p["total"]) for p in pages] == [
        ("ACME", False, 2),
        ("BETA", True, 2),
    ]


def test_a_forbidden_project_is_as_one_that_is_not_there(jira, client):
    jira.hide_project("ACME")
    assert client.get("/rest/api/3/project/ACME").status_code == 404
    answer = client.search()
    assert answer.status_code == 400
    assert message_of(answer) == "The value 'ACME' does not exist for the field 'project'."


# searching


def test_by_default_a_search_gives_ids_alone(jira, client):
    issue = jira.create("ACME")
    assert client.search().json()["issues"] == [{"id": str(issue.id)}]


def test_asking_for_the_key_gives_no_fields(jira, client):
    jira.create("ACME")
    (found,) = client.search(fields=["key"]).json()["issues"]
    assert sorted(found) == ["id", "key", "self"]


def test_the_fields_that_are_asked_for_are_given(jira, client):
    done = Status("Erledigt", "done")
    jira.create("ACME", status=done, priority="Sehr hoch", assignee=None, labels=("ä",))
    arguments = {"fields": "status,priority,assignee,labels,updated", "jql": BY_UPDATED}
    fields = client.get(SEARCH, params=arguments).json()["issues"][0]["fields"]
    assert sorted(fields) == ["assignee", "labels", "priority", "status", "updated"]
    assert fields["status"]["name"] == "Erledigt"
    assert fields["status"]["statusCategory"]["key"] == "done"
    assert (fields["priority"]["name"], fields["assignee"]) == ("Sehr hoch", None)
    assert (fields["labels"], fields["updated"]) == (["ä"], "2026-03-02T12:00:00.123+0000")


@pytest.mark.parametrize(("kind", "level"), [("Epic", 1), ("Story", 0), ("Sub-task", -1)])
def test_an_issue_type_says_its_level(jira, client, kind, level):
    jira.create("ACME", kind=kind)
    found = client.search(fields=["issuetype"]).json()["issues"][0]["fields"]["issuetype"]
    assert (found["name"], found["hierarchyLevel"]) == (kind, level)
    assert found["subtask"] == (level < 0)


def test_a_resolution_is_null_until_there_is_one(jira, client):
    jira.create("ACME")
    jira.create("ACME", resolution="Won't Do")
    found = client.search(fields=["resolution"], jql="project = ACME ORDER BY id").json()["issues"]
    resolutions = [issue["fields"]["resolution"] for issue in found]
    assert (resolutions[0], resolutions[1]["name"]) == (None, "Won't Do")


def test_custom_fields_are_given_by_name_or_with_all(jira, client):
    jira.create("ACME", custom={"customfield_10016": 3.5})
    for fields in (["customfield_10016"], ["*all"], ["*all", "-summary"]):
        found = client.search(fields=fields).json()["issues"][0]["fields"]
        assert found["customfield_10016"] == 3.5
        assert ("summary" in found) == (fields == ["*all"])


def test_times_carry_the_accounts_offset(jira, client):
    jira.timezone = "America/New_York"
    jira.create("ACME")
    fields = client.search(fields=["updated"]).json()["issues"][0]["fields"]
    assert fields["updated"] == "2026-03-02T07:00:00.123-0500"


def test_version_3_gives_a_document_and_version_2_wiki_markup(jira, client):
    jira.create("ACME", description="h1. Title\nText")
    arguments = {"jql": BY_UPDATED, "fields": "description"}
    described = [
        client.get(f"/rest/api/{version}/search/jql", params=arguments).json()["issues"][0]
        for version in (2, 3)
    ]
    assert described[0]["fields"]["description"] == "h1. Title\nText"
    document = described[1]["fields"]["description"]
    assert [p["content"][0]["text"] for p in document["content"]] == ["h1. Title", "Text"]


def test_a_document_of_a_megabyte_comes_as_it_is(jira, client):
    text = {"type": "text", "text": "ß" * 2**20}
    adf = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}
    jira.create("ACME", adf=adf)
    assert client.search(fields=["description"]).json()["issues"][0]["fields"] == {
        "description": adf
    }


def test_a_page_of_ids_or_keys_holds_more_than_one_with_fields(jira, client):
    jira.populate("ACME", 120)
    sizes = [
        len(client.search(maxResults=5000, fields=fields).json()["issues"])
        for fields in (["id"], ["id", "key"], ["summary"])
    ]
    assert sizes == [120, 120, 100]


def test_a_search_holds_fifty_unless_told(jira, client):
    jira.populate("ACME", 60)
    assert len(client.search().json()["issues"]) == 50


def test_a_search_must_be_bounded(client):
    answer = client.search("ORDER BY updated ASC")
    assert (answer.status_code, "Unbounded" in message_of(answer)) == (400, True)


def test_a_query_that_is_not_valid_is_answered_with_jiras_words(client):
    answer = client.search("project = OR")
    assert answer.status_code == 400
    assert message_of(answer).startswith("Error in the JQL Query: 'OR' is a reserved JQL word")


def test_the_old_search_is_gone_and_a_violation(jira, client):
    answer = client.get("/rest/api/3/search", params={"jql": BY_UPDATED})
    assert (answer.status_code, "/search/jql" in message_of(answer)) == (410, True)
    assert len(jira.door.take_violations()) == 1


def test_a_request_that_the_description_does_not_allow_is_a_violation(jira, client):
    assert client.search(startAt=50).status_code == 400
    assert "'startAt' was unexpected" in jira.door.take_violations()[0]


def test_leaving_the_block_fails_for_a_violation():
    with (
        pytest.raises(AssertionError, match="startAt"),
        JiraCloud() as jira,
        client_of(jira) as client,
    ):
        client.search(startAt=50)


# pages


@pytest.mark.parametrize("style", ["offset", "keyset"])
def test_tokens_lead_through_all_pages(style):
    with JiraCloud(token_style=style) as jira, client_of(jira) as client:
        jira.add_project("ACME")
        issues = five_issues(jira)
        pages = list(client.pages(maxResults=2))
    assert pages == [issues[:2], issues[2:4], issues[4:]]


@pytest.mark.parametrize(("style", "skipped"), [("offset", 1), ("keyset", 0)])
def test_an_issue_that_leaves_the_window_shifts_pages_by_offset_alone(style, skipped):
    with JiraCloud(token_style=style) as jira, client_of(jira) as client:
        jira.add_project("ACME")
        issues = five_issues(jira)
        until = jira.clock.milliseconds
        jira.clock.advance(60)
        jira.before_page(2, lambda: jira.edit(issues[0]))
        jql = f'project = "ACME" AND updated < {until} ORDER BY updated ASC'
        found = [id_ for page in client.pages(jql=jql, maxResults=2) for id_ in page]
    assert len(set(issues) - set(found)) == skipped


def test_a_token_belongs_to_its_exact_query(jira, client):
    five_issues(jira)
    token = client.search(maxResults=2).json()["nextPageToken"]
    answer = client.search(BY_UPDATED + " ", token)
    assert (answer.status_code, "not valid" in message_of(answer)) == (400, True)


def test_a_token_lives_seven_days(jira, client):
    five_issues(jira)
    token = client.search(maxResults=2).json()["nextPageToken"]
    jira.clock.advance(7 * 86400)
    assert client.search(token=token).status_code == 200
    jira.clock.advance(0.001)
    answer = client.search(token=token)
    assert (answer.status_code, message_of(answer)) == (400, "The nextPageToken has expired.")


def test_short_pages_are_not_the_last(jira, client):
    issues = five_issues(jira)
    jira.page_limit = 1
    assert list(client.pages(maxResults=100)) == [[issue] for issue in issues]


def test_an_empty_page_may_carry_a_token(jira, client):
    issues = five_issues(jira)
    jira.empty_pages_next(2)
    assert list(client.pages(maxResults=3)) == [[], [], issues[:3], issues[3:]]


def test_a_token_may_lead_to_its_own_page(jira, client):
    five_issues(jira)
    jira.loops = True
    first = client.search(maxResults=2).json()["nextPageToken"]
    pages = [client.search(token=first, maxResults=2).json() for _ in range(2)]
    assert pages[0] == pages[1]
    assert pages[0]["nextPageToken"] == first


def test_a_hook_sees_the_searches_so_far_and_edits_before_the_next(jira, client):
    issues = five_issues(jira)
    jira.before_page(3, lambda: jira.delete(issues[4]))
    assert list(client.pages(maxResults=2)) == [issues[:2], issues[2:4], []]
    assert len(jira.searches) == 3


# the index, and what does not need it


def test_a_search_is_behind_by_the_lag_but_for_what_it_reconciles(jira, client):
    jira.lag(600)
    issue = jira.create("ACME")
    assert client.search().json()["issues"] == []
    assert client.search(reconcileIssues=[issue.id]).json()["issues"] == [{"id": str(issue.id)}]
    jira.clock.advance(600)
    assert len(client.search().json()["issues"]) == 1


def test_a_bulk_fetch_reads_what_is_there_by_id_and_key(jira, client):
    jira.lag(600)
    issues = five_issues(jira)
    names = [str(issues[3]), "ACME-1", "99", "ACME-99"]
    body = {"issueIdsOrKeys": names, "fields": ["summary"]}
    answer = client.post("/rest/api/3/issue/bulkfetch", json=body).json()
    assert [int(issue["id"]) for issue in answer["issues"]] == [issues[0], issues[3]]
    assert answer["issueErrors"] == []


def test_one_issue_is_read_as_it_is(jira, client):
    jira.lag(600)
    jira.create("ACME", summary="Now")
    answer = client.get("/rest/api/3/issue/ACME-1", params={"fields": "summary"})
    assert answer.json()["fields"] == {"summary": "Now"}
    assert client.get("/rest/api/3/issue/ACME-2").status_code == 404


def test_issues_are_counted_by_the_index(jira, client):
    five_issues(jira)
    answer = client.post("/rest/api/3/search/approximate-count", json={"jql": BY_UPDATED})
    assert answer.json() == {"count": 5}


# failing


def test_a_rate_limit_is_answered_as_ordered(jira, client):
    jira.door.answer_next(429, {"Retry-After": "7", "RateLimit-Reason": "jira-burst"})
    answers = [client.search() for _ in range(2)]
    assert [answer.status_code for answer in answers] == [429, 200]
    assert answers[0].headers["retry-after"] == "7"


def test_a_page_may_be_cut_off(jira, client):
    five_issues(jira)
    jira.door.truncate_next(path="/search")
    with pytest.raises(httpx.RemoteProtocolError):
        client.search()


# a process of its own


def test_it_runs_as_a_process_with_issues_in_it():
    arguments = ["--port", "0", "--issues", "130", "--project", "BULK"]
    process = subprocess.Popen(
        [sys.executable, "-m", "emulators.jira_cloud", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with process:
        facts = json.loads(process.stdout.readline())
        with closing(Client(base_url=facts["url"], auth=(facts["email"], facts["token"]))) as c:
            pages = list(c.pages(jql="project = BULK", fields=["summary"], maxResults=100))
        process.send_signal(signal.SIGTERM)
    assert list(map(len, pages)) == [100, 30]
