"""Paging: when a search ends, and how it goes on behind an issue that was read."""

from __future__ import annotations

import httpx
import pytest
from trackwire_jira import search as search_module
from trackwire_jira.search import Query, Search
from trackwire_jira.shapes import Stub
from trackwire_jira.site import open_site

from trackwire.errors import TrackerError

QUERY = Query(Stub, ("updated",), 100, 'project = "ACME"')
CLOUD_SEARCH = "/rest/api/3/search/jql"
SERVER_SEARCH = "/rest/api/2/search"


def stubs(*ids: int):
    fields = {"updated": "2026-03-02T10:00:00.000+0000"}
    return [{"id": str(number), "fields": fields} for number in ids]


def cloud_page(*ids: int, token=None, **more):
    return {"issues": stubs(*ids)} | ({"nextPageToken": token} if token else {}) | more


def server_page(*ids: int, total: int, start=0):
    return {"startAt": start, "total": total, "issues": stubs(*ids)}


def search(jira) -> Search:
    return Search(open_site(jira.context()))


def ids_of(rows) -> list[str]:
    return [row.id for row in rows]


def all_ids(jira) -> list[str]:
    return [row.id for rows, _ in search(jira).by_id(QUERY) for row in rows]


def asked(jira, path, name) -> list:
    return [body.get(name) for body in jira.bodies(path)]


def test_cloud_is_asked_for_the_listed_fields_alone(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(1))
    search(cloud).first(QUERY, "id ASC")
    assert cloud.bodies(CLOUD_SEARCH) == [
        {"jql": 'project = "ACME" ORDER BY id ASC', "fields": ["updated"], "maxResults": 100}
    ]


def test_data_center_is_asked_by_its_own_endpoint(server):
    server.answer(SERVER_SEARCH, server_page(1, total=1))
    search(server).first(QUERY, "id ASC")
    jql = 'project = "ACME" ORDER BY id ASC'
    request = {"jql": jql, "fields": ["updated"], "maxResults": 100, "startAt": 0}
    assert server.bodies(SERVER_SEARCH) == [request]


def test_a_short_page_is_not_the_end(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(1, token="a"), cloud_page(1, 2))
    assert all_ids(cloud) == ["1", "2"]


def test_a_last_page_with_a_token_is_the_end(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(1, token="a", isLast=True))
    assert all_ids(cloud) == ["1"]


def test_an_empty_page_with_a_token_is_not_the_end(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(token="a"), cloud_page(1))
    assert all_ids(cloud) == ["1"]
    assert asked(cloud, CLOUD_SEARCH, "nextPageToken") == [None, "a"]


def test_a_token_that_comes_twice_is_an_error(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(token="a"))
    with pytest.raises(TrackerError, match="same nextPageToken twice"):
        all_ids(cloud)


def test_pages_without_an_issue_come_to_an_end(cloud, monkeypatch):
    monkeypatch.setattr(search_module, "_MOST_PAGES", 3)
    cloud.answer(CLOUD_SEARCH, *(cloud_page(token=token) for token in "abcd"))
    with pytest.raises(TrackerError, match="3 pages in a row"):
        all_ids(cloud)


def test_data_center_ends_by_its_total(server):
    server.answer(SERVER_SEARCH, server_page(1, 2, total=3), server_page(2, 3, total=2))
    assert all_ids(server) == ["1", "2", "3"]


def test_an_empty_page_before_the_total_is_an_error(server):
    server.answer(SERVER_SEARCH, server_page(total=3))
    with pytest.raises(TrackerError, match="no issue behind the first 0, of 3"):
        all_ids(server)


@pytest.mark.parametrize(("missing", "kept"), [("total", "issues"), ("issues", "total")])
def test_a_page_that_lacks_a_part_is_no_end_but_an_error(server, missing, kept):
    page = server_page(1, total=1)
    server.answer(SERVER_SEARCH, {kept: page[kept]})
    with pytest.raises(TrackerError, match=missing):
        all_ids(server)


def test_a_page_of_cloud_without_issues_is_no_end_but_an_error(cloud):
    cloud.answer(CLOUD_SEARCH, {"isLast": True})
    with pytest.raises(TrackerError, match="issues"):
        all_ids(cloud)


def test_the_next_page_begins_at_the_last_issue_that_was_read(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(1, 2, token="a"), cloud_page(2, 3))
    assert all_ids(cloud) == ["1", "2", "3"]
    assert asked(cloud, CLOUD_SEARCH, "jql") == [
        'project = "ACME" ORDER BY id ASC',
        'project = "ACME" AND id >= 2 ORDER BY id ASC',
    ]


def test_where_the_last_issue_was_deleted_the_one_before_serves(cloud):
    gone = httpx.Response(400, json={"errorMessages": ["A value with ID '2' does not exist"]})
    cloud.answer(CLOUD_SEARCH, cloud_page(1, 2, token="a"), gone, cloud_page(1, 3))
    assert all_ids(cloud) == ["1", "2", "3"]


def test_where_the_last_issue_was_moved_the_one_before_serves(cloud):
    # Jira then compares with the keys of another project, and finds nothing
    cloud.answer(CLOUD_SEARCH, cloud_page(1, 2, token="a"), cloud_page(), cloud_page(1, 3))
    assert all_ids(cloud) == ["1", "2", "3"]


def test_where_all_the_last_issues_are_gone_the_search_begins_again(cloud):
    pages = (cloud_page(1, 2, token="a"), cloud_page(), cloud_page(), cloud_page(3, 4))
    cloud.answer(CLOUD_SEARCH, *pages)
    assert all_ids(cloud) == ["1", "2", "3", "4"]


def test_another_refusal_than_of_the_query_is_no_missing_issue(cloud):
    cloud.answer(CLOUD_SEARCH, cloud_page(1, token="a"), httpx.Response(403, json={}))
    with pytest.raises(TrackerError, match="HTTP 403"):
        all_ids(cloud)


def test_a_page_of_one_issue_still_gets_ahead(server):
    one = Query(Stub, ("updated",), 1, 'project = "ACME"')
    pages = (server_page(1, total=2), server_page(1, 2, total=2))
    server.answer(SERVER_SEARCH, *pages)
    assert [ids_of(rows) for rows, _ in search(server).by_id(one)] == [["1"], ["2"]]
    assert asked(server, SERVER_SEARCH, "maxResults") == [1, 2]


def test_a_server_that_gives_one_issue_a_page_still_gets_ahead(server):
    pages = (server_page(1, total=2), server_page(1, total=2), server_page(2, total=2))
    server.answer(SERVER_SEARCH, *pages)
    assert all_ids(server) == ["1", "2"]
    assert asked(server, SERVER_SEARCH, "startAt") == [0, 0, 1]


def test_a_removed_endpoint_says_to_update_the_plugin(cloud):
    removed = {"errorMessages": ["The requested API has been removed."]}
    cloud.answer(CLOUD_SEARCH, removed, status=410)
    with pytest.raises(TrackerError, match="update trackwire-jira"):
        all_ids(cloud)


def test_cloud_gives_issues_by_their_ids_without_a_search(cloud):
    cloud.answer("/rest/api/3/issue/bulkfetch", {"issues": stubs(1), "issueErrors": []})
    assert ids_of(search(cloud).of_ids(QUERY, ["1", "7"])) == ["1"]
    assert cloud.bodies("/bulkfetch") == [{"issueIdsOrKeys": ["1", "7"], "fields": ["updated"]}]


def test_issues_that_cloud_could_not_give_for_now_are_an_error(cloud):
    errors = [{"id": "1", "errorMessage": "too large"}]
    cloud.answer("/rest/api/3/issue/bulkfetch", {"issues": [], "issueErrors": errors})
    with pytest.raises(TrackerError, match="could not give 1 "):
        search(cloud).of_ids(QUERY, ["1"])


def test_data_center_may_be_asked_for_ids_that_are_not_there(server):
    server.answer(SERVER_SEARCH, server_page(1, total=1))
    assert ids_of(search(server).of_ids(QUERY, ["1", "7"])) == ["1"]
    (request,) = server.bodies(SERVER_SEARCH)
    assert request["validateQuery"] is False
    assert request["jql"] == 'project = "ACME" AND id in (1, 7) ORDER BY id ASC'


def test_a_project_is_never_asked_for_without_validation(server):
    server.answer(SERVER_SEARCH, server_page(1, total=1))
    all_ids(server)
    assert asked(server, SERVER_SEARCH, "validateQuery") == [None]
