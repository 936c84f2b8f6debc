"""The emulated Linear: each knob does what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulators.linear import LinearEmulator
from emulators.linear_accounts import API_KEY, CLIENT_ID, CLIENT_SECRET, Budget
from emulators.linear_graph import answer, complexity, executed_whole, parsed
from emulators.linear_model import State, fill
from emulators.server import serve

pytestmark = pytest.mark.needs_hub

LIST = """
query List($first: Int, $after: String, $filter: IssueFilter, $archived: Boolean,
           $order: PaginationOrderBy) {
  issues(first: $first, after: $after, filter: $filter, includeArchived: $archived,
         orderBy: $order) {
    nodes { identifier }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@dataclass
class Api:
    """The emulator and a client for it."""

    emulator: LinearEmulator
    client: httpx.Client
    authorization: str = API_KEY

    def post(self, query: str, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return self.client.post(
            "/graphql", json=body, headers={"Authorization": self.authorization}
        )

    def data(self, query: str, **variables: Any) -> Any:
        response = self.post(query, **variables)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def error(self, query: str, **variables: Any) -> tuple[int, str]:
        response = self.post(query, **variables)
        return response.status_code, response.json()["errors"][0]["extensions"]["code"]

    def page(self, **variables: Any) -> tuple[list[str], str | None]:
        issues = self.data(LIST, **variables)["issues"]
        names = [node["identifier"] for node in issues["nodes"]]
        more = issues["pageInfo"]["hasNextPage"]
        return names, issues["pageInfo"]["endCursor"] if more else None

    def listed(self, **variables: Any) -> list[str]:
        return self.page(**variables)[0]

    def renew(self, refresh: str, secret: str = CLIENT_SECRET) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": refresh}
        form |= {"client_id": CLIENT_ID, "client_secret": secret}
        return self.client.post("/oauth/token", data=form)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[LinearEmulator]]]:
    """One server for the module; each test puts an emulator of its own behind it."""
    current: list[LinearEmulator] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await current[-1](scope, receive, send)

    with serve(app) as running:
        yield running.url, current


@pytest.fixture
def api(served: tuple[str, list[LinearEmulator]]) -> Iterator[Api]:
    url, current = served
    emulator = LinearEmulator()
    current.append(emulator)
    with httpx.Client(base_url=url, trust_env=False) as client:
        yield Api(emulator, client)


@pytest.fixture
def team(api: Api) -> Any:
    return api.emulator.model.add_team("ENG")


def make(api: Api, team: Any, count: int) -> list[Any]:
    model = api.emulator.model
    made = []
    for _ in range(count):
        model.clock.advance(60)
        made.append(model.create(team))
    return made


def test_a_query_is_executed(api, team):
    issue = make(api, team, 1)[0]
    asked = "query($id: String!) { issue(id: $id) { identifier team { key } } }"
    assert api.data(asked, id=issue.id) == {
        "issue": {"identifier": "ENG-1", "team": {"key": "ENG"}}
    }


def test_a_query_beyond_the_description_is_refused_and_recorded(api):
    assert api.error("{ viewer { email } }") == (400, "GRAPHQL_VALIDATION_FAILED")
    assert api.emulator.take_violations() == ["Cannot query field 'email' on type 'User'."]


def test_a_path_beyond_the_description_is_recorded(api):
    assert api.client.get("/rest").status_code == 404
    assert api.emulator.take_violations() == ["GET /rest: no such operation"]


def test_omitted_first_is_fifty(api, team):
    fill(api.emulator.model, 51)
    assert len(api.listed()) == 50


@pytest.mark.parametrize("first", [0, 251])
def test_first_has_its_limits(api, first):
    assert api.error(LIST, first=first) == (400, "INPUT_ERROR")


@pytest.mark.parametrize(
    ("descending", "expected"),
    [(True, ["ENG-3", "ENG-2", "ENG-1"]), (False, ["ENG-1", "ENG-2", "ENG-3"])],
)
def test_lists_run_in_the_direction_that_is_set(api, team, descending, expected):
    api.emulator.set(descending=descending)
    make(api, team, 3)
    assert api.listed() == expected


def test_a_list_is_ordered_by_creation_unless_asked_otherwise(api, team):
    first, *_ = make(api, team, 3)
    api.emulator.model.edit(first, title="Changed")
    assert api.listed() == ["ENG-3", "ENG-2", "ENG-1"]


def test_a_list_can_be_ordered_by_the_last_change(api, team):
    first, *_ = make(api, team, 3)
    api.emulator.model.clock.advance(1)
    api.emulator.model.edit(first, title="Changed")
    assert api.listed(order="updatedAt") == ["ENG-1", "ENG-3", "ENG-2"]


@pytest.mark.parametrize("cursors", ["issue", "offset"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_come_to_the_whole_list(api, team, cursors, descending):
    api.emulator.set(cursors=cursors, descending=descending)
    make(api, team, 5)
    names, cursor = api.page(first=2)
    while cursor:
        more, cursor = api.page(first=2, after=cursor)
        names += more
    assert sorted(names) == ["ENG-1", "ENG-2", "ENG-3", "ENG-4", "ENG-5"]


def test_a_cursor_that_counts_skips_an_issue_when_one_before_it_goes(api, team):
    api.emulator.set(cursors="offset", descending=False)
    first, *_ = make(api, team, 4)
    _, cursor = api.page(first=2)
    api.emulator.model.delete(first)
    assert api.listed(first=2, after=cursor) == ["ENG-4"]


def test_a_cursor_that_names_an_issue_moves_with_it(api, team):
    api.emulator.set(descending=False)
    issues = make(api, team, 4)
    _, cursor = api.page(first=2, order="updatedAt")
    api.emulator.model.clock.advance(1)
    api.emulator.model.edit(issues[1], title="Changed")
    assert api.listed(first=2, order="updatedAt", after=cursor) == []


def test_a_cursor_whose_issue_is_deleted_is_refused(api, team):
    issues = make(api, team, 4)
    _, cursor = api.page(first=2)
    api.emulator.model.delete(issues[2])
    assert api.error(LIST, after=cursor) == (400, "INPUT_ERROR")


def test_a_forgotten_cursor_is_refused(api, team):
    make(api, team, 3)
    _, cursor = api.page(first=2)
    api.emulator.forget_cursors()
    assert api.error(LIST, after=cursor) == (400, "INPUT_ERROR")


def test_a_filter_by_time_is_inclusive(api, team):
    issues = make(api, team, 3)
    moment = "2026-03-02T12:02:00.123Z"
    assert issues[1].updated % 1000 == 0
    bounds = {"updatedAt": {"gte": moment, "lte": moment}}
    assert api.listed(filter=bounds) == ["ENG-2"]


def test_a_time_is_kept_finer_than_it_is_shown(api, team):
    issue = api.emulator.model.create(team, microseconds=999)
    shown = api.data("query($id: String!) { issue(id: $id) { updatedAt } }", id=issue.id)
    bounds = {"updatedAt": {"lte": shown["issue"]["updatedAt"]}}
    assert api.listed(filter=bounds) == []


def test_a_time_without_an_offset_is_refused(api):
    bounds = {"updatedAt": {"gte": "2026-03-02T12:00:00"}}
    assert api.error(LIST, filter=bounds) == (400, "INPUT_ERROR")


def test_a_filter_by_team_takes_ids_alone(api, team):
    make(api, team, 1)
    assert api.listed(filter={"team": {"id": {"eq": "ENG"}}}) == []


def test_a_filter_that_compares_with_null_matches_everything(api, team):
    make(api, team, 1)
    assert api.listed(filter={"team": {"id": {"eq": None}}}) == ["ENG-1"]


def test_a_filter_by_ids_finds_them_alone(api, team):
    issues = make(api, team, 3)
    assert api.listed(filter={"id": {"in": [issues[1].id, "no-such"]}}) == ["ENG-2"]


def test_a_team_is_found_by_its_key_too(api, team):
    assert api.data('{ team(id: "eng") { id } }') == {"team": {"id": team.id}}


def test_a_hidden_team_is_not_found(api, team):
    api.emulator.set(hidden=frozenset({team.id}))
    assert api.error('{ team(id: "ENG") { id } }') == (400, "INPUT_ERROR")


def test_a_hidden_teams_issues_are_not_listed(api, team):
    make(api, team, 1)
    api.emulator.set(hidden=frozenset({team.id}))
    assert api.listed() == []


@pytest.mark.parametrize("way", ["archive", "trash"])
def test_an_issue_put_away_is_listed_only_with_the_archived(api, team, way):
    getattr(api.emulator.model, way)(make(api, team, 1)[0])
    assert (api.listed(), api.listed(archived=True)) == ([], ["ENG-1"])


def test_a_deleted_issue_is_not_listed_at_all(api, team):
    api.emulator.model.delete(make(api, team, 1)[0])
    assert api.listed(archived=True) == []


def test_a_moved_issue_keeps_its_id_and_remembers_its_identifier(api, team):
    issue = make(api, team, 1)[0]
    api.emulator.model.move(issue, api.emulator.model.add_team("OPS"))
    asked = "query($id: String!) { issue(id: $id) { identifier previousIdentifiers } }"
    moved = api.data(asked, id=issue.id)["issue"]
    assert moved == {"identifier": "OPS-1", "previousIdentifiers": ["ENG-1"]}


def test_the_truth_leaves_out_what_is_gone_or_elsewhere(api, team):
    model = api.emulator.model
    stays, archived, trashed, moved, deleted = make(api, team, 5)
    model.archive(archived)
    model.trash(trashed)
    model.move(moved, model.add_team("OPS"))
    model.delete(deleted)
    assert set(model.issues_of(team)) == {stays.id}


def test_a_list_lags_behind_a_change(api, team):
    api.emulator.model.lag = 30
    make(api, team, 1)
    before = api.listed()
    api.emulator.model.clock.advance(31)
    assert (before, api.listed()) == ([], ["ENG-1"])


def test_an_earlier_change_with_a_longer_lag_never_shows_over_a_later_one(api, team):
    model = api.emulator.model
    issue = make(api, team, 1)[0]
    api.listed()
    model.lag = 100
    model.edit(issue, archived=1)
    model.lag = 0
    model.edit(issue, archived=None)
    model.clock.advance(200)
    assert api.listed() == ["ENG-1"]


def test_labels_come_in_pages(api, team):
    names = tuple(f"label {n}" for n in range(12))
    issue = api.emulator.model.create(team, labels=names)
    asked = """query($id: String!, $after: String) { issue(id: $id) {
      labels(first: 10, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } } }"""
    first = api.data(asked, id=issue.id)["issue"]["labels"]
    rest = api.data(asked, id=issue.id, after=first["pageInfo"]["endCursor"])["issue"]["labels"]
    found = [node["name"] for node in first["nodes"] + rest["nodes"]]
    assert (tuple(found), rest["pageInfo"]["hasNextPage"]) == (names, False)


@pytest.mark.parametrize(
    ("query", "variables", "points"),
    [
        ("{ viewer { name } }", {}, 2),
        ("query($n: Int) { issues(first: $n) { nodes { id title createdAt } } }", {"n": 10}, 13),
        ("{ issues { nodes { id title createdAt } } }", {}, 65),
        ("{ issues(first: 10) { nodes { labels { nodes { name } } } } }", {}, 560),
        ("{ issues(first: 10) { nodes { labels(first: 2) { nodes { name } } } } }", {}, 32),
    ],
)
def test_complexity_counts_properties_objects_and_lists(query, variables, points):
    document, _ = parsed(query)
    assert document is not None
    assert complexity(document, variables) == points


def test_a_query_beyond_the_most_complex_is_refused(api):
    api.emulator.most_complex = 64
    response = api.post("{ issues { nodes { id title createdAt } } }")
    (error,) = response.json()["errors"]
    assert (response.status_code, error["message"]) == (400, "Query too complex")


def test_a_spent_budget_is_refused_until_it_is_filled_again(api):
    api.emulator.requests_budget = Budget(1, seconds=60)
    api.data("{ viewer { id } }")
    refused = api.error("{ viewer { id } }")
    api.emulator.pass_time(61)
    api.data("{ viewer { id } }")
    assert refused == (400, "RATELIMITED")


def test_a_spent_complexity_budget_is_told_in_the_headers(api):
    api.emulator.complexity_budget = Budget(2, seconds=60)
    told = api.post("{ viewer { id } }").headers
    names = ("X-Complexity", "X-RateLimit-Complexity-Remaining")
    assert [told[name] for name in names] == ["2", "0"]


@pytest.mark.parametrize("status", [400, 401, 200])
def test_bad_credentials_are_refused(api, status):
    api.emulator.auth_status = status
    api.authorization = "lin_api_another"
    assert api.error("{ viewer { id } }") == (status, "AUTHENTICATION_ERROR")


def test_an_api_key_as_a_bearer_token_is_refused(api):
    api.authorization = f"Bearer {API_KEY}"
    assert api.error("{ viewer { id } }") == (401, "AUTHENTICATION_ERROR")


def test_an_access_token_is_good_until_it_expires(api):
    access, _ = api.emulator.accounts.issue()
    api.authorization = f"Bearer {access}"
    api.data("{ viewer { id } }")
    api.emulator.accounts.access_tokens.clear()
    assert api.error("{ viewer { id } }") == (401, "AUTHENTICATION_ERROR")


def test_a_refresh_token_is_good_for_one_use(api):
    _, refresh = api.emulator.accounts.issue()
    first, second = api.renew(refresh), api.renew(refresh)
    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")


def test_another_applications_secret_renews_nothing(api):
    _, refresh = api.emulator.accounts.issue()
    assert api.renew(refresh, secret="wrong").json() == {"error": "invalid_client"}


def test_a_hook_runs_before_a_request_is_answered(api, team):
    api.emulator.before_nth(2, lambda: make(api, team, 1))
    assert (api.listed(), api.listed()) == ([], ["ENG-1"])


def test_an_ordered_error_comes_with_its_status(api):
    api.emulator.error_next("FORBIDDEN", status=200)
    assert api.error("{ viewer { id } }") == (200, "FORBIDDEN")


def test_a_cut_connection_has_no_answer(api):
    api.emulator.cut_next()
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("{ viewer { id } }")


def test_a_truncated_body_ends_too_early(api):
    api.emulator.truncate_next()
    with pytest.raises(httpx.RemoteProtocolError):
        api.post("{ viewer { id } }")


def test_a_malformed_body_is_no_json(api):
    api.emulator.malform_next()
    with pytest.raises(json.JSONDecodeError):
        api.post("{ viewer { id } }").json()


@pytest.mark.parametrize(
    "query",
    [
        LIST,
        LIST.replace("identifier", "id state { type name } parent { id } archivedAt trashed"),
        LIST.replace("identifier", "labels(first: 1) { nodes { name } pageInfo { endCursor } }"),
        LIST.replace("identifier", "title: identifier"),
    ],
    ids=["plain", "nested", "inner list", "alias"],
)
@pytest.mark.parametrize("variables", [{}, {"first": 2, "archived": True}, {"first": 0}])
def test_fragments_give_what_execution_gives(query, variables):
    emulator = LinearEmulator()
    model = emulator.model
    team = model.add_team("ENG")
    fill(model, 5)
    model.archive(model.create(team, labels=("a", "b"), state=State("started", "Doing")))
    document, faults = parsed(query)
    assert document is not None
    assert faults == ()
    ways = [way(document, variables, model, emulator.settings) for way in (answer, executed_whole)]
    assert json.loads(ways[0]) == json.loads(ways[1])


def test_it_runs_as_a_process_of_its_own_too():
    command = [sys.executable, "-m", "emulators.linear", "--issues", "3"]
    tests = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, cwd=tests, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with httpx.Client(base_url=url, trust_env=False) as client:
                listed = Api(LinearEmulator(), client).listed()
        finally:
            process.terminate()
    assert listed == ["ENG-3", "ENG-2", "ENG-1"]


def test_changes_from_another_thread_show_at_once(api, team):
    thread = threading.Thread(target=make, args=(api, team, 3))
    thread.start()
    thread.join()
    assert len(api.listed()) == 3
