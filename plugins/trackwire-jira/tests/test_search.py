"""Pages of a search: what is asked for, where a page ends, and where the next one begins."""

from __future__ import annotations

import pytest
from trackwire_jira.search import Search
from trackwire_jira.shapes import Stub
from trackwire_jira.site import open_site

from trackwire.errors import TrackerError

CLOUD_SEARCH = "/rest/api/3/search/jql"
SERVER_SEARCH = "/rest/api/2/search"


def stubs(*ids: int):
    return [{"id": str(number)} for number in ids]


def server_page(*ids: int, total: int):
    return {"total": total, "issues": stubs(*ids)}


def search(jira) -> Search[Stub]:
    return Search(open_site(jira.context()), "ACME", Stub, ("id",), 50)


def page(jira, path, answer, token=None) -> tuple[list[str], str | None]:
    """Return the ids of a page and the token of the next."""
    jira.answer(path, answer)
    rows, behind = search(jira).page(token, "id ASC")
    return [row.id for row in rows], behind


def test_cloud_is_asked_for_the_listed_fields_alone(cloud):
    page(cloud, CLOUD_SEARCH, {"issues": []})
    assert cloud.bodies(CLOUD_SEARCH) == [
        {"jql": 'project = "ACME" ORDER BY id ASC', "fields": ["id"], "maxResults": 50}
    ]


def test_data_center_is_asked_by_its_own_endpoint(server):
    page(server, SERVER_SEARCH, server_page(total=0))
    request = {"jql": 'project = "ACME" ORDER BY id ASC', "fields": ["id"], "maxResults": 50}
    assert server.bodies(SERVER_SEARCH) == [request | {"startAt": 0}]


def test_clauses_narrow_the_project_and_never_leave_it(server):
    server.answer(SERVER_SEARCH, server_page(total=0))
    search(server).page(None, "id ASC", "id = 1", "updated >= 2")
    (request,) = server.bodies(SERVER_SEARCH)
    assert request["jql"] == 'project = "ACME" AND id = 1 AND updated >= 2 ORDER BY id ASC'


def test_a_short_page_of_clouds_is_not_the_end(cloud):
    answer = {"issues": stubs(1), "nextPageToken": "a"}
    assert page(cloud, CLOUD_SEARCH, answer) == (["1"], "a")


def test_an_empty_page_of_clouds_is_not_the_end(cloud):
    assert page(cloud, CLOUD_SEARCH, {"issues": [], "nextPageToken": "a"}) == ([], "a")


@pytest.mark.parametrize(
    "last", [{}, {"isLast": True}, {"isLast": True, "nextPageToken": "a"}, {"nextPageToken": ""}]
)
def test_a_page_of_clouds_without_a_token_or_said_to_be_the_last_is_the_end(cloud, last):
    assert page(cloud, CLOUD_SEARCH, {"issues": stubs(1), **last}) == (["1"], None)


def test_clouds_token_is_sent_with_the_same_query(cloud):
    cloud.answer(CLOUD_SEARCH, {"issues": []})
    pages = search(cloud)
    pages.page(None, "id ASC")
    pages.page("a", "id ASC")
    first, second = cloud.bodies(CLOUD_SEARCH)
    assert second == first | {"nextPageToken": "a"}


def test_data_center_counts_what_came_and_not_what_was_asked_for(server):
    answer = server_page(1, total=3)
    assert page(server, SERVER_SEARCH, answer, token="1") == (["1"], "2")
    assert server.bodies(SERVER_SEARCH)[0]["startAt"] == 1


@pytest.mark.parametrize("total", [3, 2, 0])
def test_data_center_ends_by_its_total_though_it_shrinks(server, total):
    assert page(server, SERVER_SEARCH, server_page(3, total=total), token="2") == (["3"], None)


def test_a_page_of_data_center_that_begins_elsewhere_is_an_error(server):
    answer = {**server_page(1, 2, total=5), "startAt": 0}
    with pytest.raises(TrackerError, match="from place 2 on, and gave it from place 0"):
        page(server, SERVER_SEARCH, answer, token="2")


def test_a_place_behind_a_total_that_shrank_is_the_end_wherever_the_page_begins(server):
    answer = {**server_page(1, 2, total=2), "startAt": 0}
    assert page(server, SERVER_SEARCH, answer, token="2") == (["1", "2"], None)


def test_an_empty_page_before_the_total_is_an_error(server):
    with pytest.raises(TrackerError, match="no issue behind 2, of 3"):
        page(server, SERVER_SEARCH, server_page(total=3), token="2")


@pytest.mark.parametrize(("missing", "kept"), [("total", "issues"), ("issues", "total")])
def test_a_page_that_lacks_a_part_is_no_end_but_an_error(server, missing, kept):
    answer = server_page(1, total=1)
    with pytest.raises(TrackerError, match=missing):
        page(server, SERVER_SEARCH, {kept: answer[kept]})


def test_a_page_of_cloud_without_issues_is_no_end_but_an_error(cloud):
    with pytest.raises(TrackerError, match="issues"):
        page(cloud, CLOUD_SEARCH, {"isLast": True})


def test_a_removed_endpoint_says_to_update_the_plugin(cloud):
    cloud.answer(CLOUD_SEARCH, {"errorMessages": ["The API has been removed."]}, status=410)
    with pytest.raises(TrackerError, match="update trackwire-jira"):
        search(cloud).page(None, "id ASC")


def test_cloud_gives_issues_by_their_ids_without_a_search(cloud):
    cloud.answer("/rest/api/3/issue/bulkfetch", {"issues": stubs(1), "issueErrors": []})
    assert [row.id for row in search(cloud).of_ids(["1", "7"])] == ["1"]
    assert cloud.bodies("/bulkfetch") == [{"issueIdsOrKeys": ["1", "7"], "fields": ["id"]}]


def test_issues_that_cloud_could_not_give_for_now_are_an_error(cloud):
    errors = [{"id": "1", "errorMessage": "too large"}]
    cloud.answer("/rest/api/3/issue/bulkfetch", {"issues": [], "issueErrors": errors})
    with pytest.raises(TrackerError, match="could not give 1 "):
        search(cloud).of_ids(["1"])
