"""What the emulator of Jira Data Center does that Cloud's does not."""

from __future__ import annotations

import httpx
import pytest

from emulators.described import load_description
from emulators.jira_datacenter import JiraDataCenter

pytestmark = pytest.mark.needs_hub

API = "rest/api/2"
BY_UPDATED = 'project = "ACME" ORDER BY updated ASC, id ASC'
DESCRIPTION = load_description("jira-datacenter")


class Client(httpx.Client):
    """Holds every answer of 200 against the description."""

    def send(self, request, **options):
        answer = super().send(request, **options)
        path = request.url.path.removeprefix("/jira")
        if answer.status_code == 200:
            assert DESCRIPTION.answer_faults(request.method, path, answer.json()) == []
        return answer

    def search(self, jql=BY_UPDATED, **arguments):
        return self.get(f"{API}/search", params={"jql": jql, **arguments})


@pytest.fixture
def jira():
    with JiraDataCenter(path="/jira") as site:
        site.add_project("ACME")
        yield site


@pytest.fixture
def client(jira):
    with Client(base_url=jira.url, headers={"Authorization": f"Bearer {jira.token}"}) as client:
        yield client


def ids(answer):
    return [int(issue["id"]) for issue in answer.json()["issues"]]


def test_the_server_says_that_it_is_no_cloud(client):
    info = client.get(f"{API}/serverInfo").json()
    assert (info["deploymentType"], info["version"]) == ("Server", "10.3.1")
    assert info["baseUrl"] == str(client.base_url).rstrip("/")


def test_the_account_has_a_key_and_a_timezone(jira, client):
    jira.timezone = "Europe/Berlin"
    account = client.get(f"{API}/myself").json()
    assert (account["key"], account["timeZone"]) == ("5b10ac8d82e05b22cc7d4ef5", "Europe/Berlin")
    assert "accountId" not in account


def test_wrong_credentials_are_answered_with_a_page(jira):
    with httpx.Client(base_url=jira.url, auth=("ana", jira.token)) as client:
        answer = client.get(f"{API}/myself")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")


def test_an_expired_token_is_answered_200_with_nothing_and_a_header(jira, client):
    jira.create("ACME")
    jira.token_expired = True
    answer = client.search()
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
    assert answer.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"


def test_projects_are_one_list(jira, client):
    jira.add_project("BETA")
    assert [project["key"] for project in client.get(f"{API}/project").json()] == ["ACME", "BETA"]
    assert client.get(f"{API}/project/BETA").json()["key"] == "BETA"
    assert client.get(f"{API}/project/NONE").status_code == 404


def test_a_search_pages_by_offset_with_a_total(jira, client):
    jira.populate("ACME", 5)
    pages = [client.search(startAt=start, maxResults=2) for start in (0, 2, 4)]
    assert [ids(page) for page in pages] == [[10001, 10002], [10003, 10004], [10005]]
    assert [page.json()["total"] for page in pages] == [5, 5, 5]


def test_an_edit_between_two_pages_shifts_the_rest(jira, client):
    jira.populate("ACME", 5)
    until = jira.clock.milliseconds
    jira.before_page(2, lambda: jira.edit(10001))
    jql = f'project = "ACME" AND updated < {until} ORDER BY updated ASC'
    found = [n for start in (0, 2, 4) for n in ids(client.search(jql, startAt=start, maxResults=2))]
    assert found == [10001, 10002, 10004, 10005]


def test_a_page_holds_a_thousand_at_most(jira, client):
    jira.populate("ACME", 1001)
    page = client.search(maxResults=5000, fields="key")
    assert (len(ids(page)), page.json()["maxResults"]) == (1000, 1000)


def test_a_short_page_says_how_many_it_could_hold(jira, client):
    jira.populate("ACME", 3)
    jira.page_limit = 2
    page = client.search()
    assert (len(ids(page)), page.json()["maxResults"], page.json()["total"]) == (2, 2, 3)


def test_by_default_a_search_gives_all_fields_with_wiki_markup(jira, client):
    jira.create("ACME", description="h1. Title")
    fields = client.search().json()["issues"][0]["fields"]
    assert (fields["summary"], fields["description"]) == ("A summary", "h1. Title")
    assert "hierarchyLevel" not in fields["issuetype"]


def test_a_search_may_be_posted(jira, client):
    jira.create("ACME")
    answer = client.post(f"{API}/search", json={"jql": BY_UPDATED, "fields": ["key"]})
    assert ids(answer) == [10001]


def test_a_search_without_bounds_is_answered(jira, client):
    jira.create("ACME")
    assert ids(client.search("ORDER BY updated ASC")) == [10001]


def test_an_unknown_id_is_an_error_unless_the_query_is_not_validated(jira, client):
    jira.create("ACME")
    jql = "id in (10001, 99)"
    assert client.search(jql).status_code == 400
    assert ids(client.search(jql, validateQuery="false")) == [10001]


@pytest.mark.parametrize(
    "path", [f"{API}/search/jql", f"{API}/project/search", "rest/api/3/serverInfo"]
)
def test_what_only_cloud_has_is_answered_404_and_a_violation(jira, client, path):
    assert client.get(path).status_code == 404
    assert len(jira.door.take_violations()) == 1


def test_nothing_is_outside_of_the_sites_path(jira, client):
    assert client.get(jira.url.removesuffix("/jira") + f"/{API}/serverInfo").status_code == 404
    assert "outside of the API" in jira.door.take_violations()[0]
