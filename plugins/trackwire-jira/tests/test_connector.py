"""What the connector asks for, and what it makes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from trackwire_jira.connector import connect

from trackwire.connector import Listed, Page, Unplaced
from trackwire.errors import CursorError, TrackerError
from trackwire.model import Status

SEARCH = "/rest/api/2/search"
CLOUD_SEARCH = "/rest/api/3/search/jql"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOON_MS = 1_772_452_800_000


def record(number: int, *, after: float = 0, **fields):
    updated = NOON + timedelta(seconds=after)
    return {
        "id": str(number),
        "key": f"ACME-{number}",
        "self": f"https://elsewhere.example/rest/api/2/issue/{number}",
        "fields": {
            "summary": f"Title {number}",
            "status": {"name": "Open", "statusCategory": {"key": "new"}},
            "updated": updated.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
            "project": {"key": "ACME"},
            **fields,
        },
    }


def server_page(*records, total=None):
    return {"issues": list(records), "total": len(records) if total is None else total}


def pages(jira, *answers, since=None, cursor=None, **changes) -> list[Page]:
    jira.answer(SEARCH, *answers)
    return list(connect(jira.context(**changes)).pages(since, cursor))


def page(jira, *records, **changes) -> Page:
    (found,) = pages(jira, server_page(*records), **changes)
    return found


def queries(jira, path=SEARCH) -> list[str]:
    return [body["jql"] for body in jira.bodies(path)]


def ids(page: Page) -> list[str]:
    return [issue.ref.id for issue in page.issues]


def test_without_a_time_the_whole_project_is_read_oldest_change_first(server):
    pages(server, server_page(record(1)))
    assert queries(server) == ['project = "ACME" ORDER BY updated ASC, id ASC']


def test_changes_are_asked_for_in_epoch_milliseconds_whatever_the_zone(server):
    since = NOON.astimezone(timezone(timedelta(hours=-5)))
    pages(server, server_page(), since=since)
    assert queries(server) == [
        f'project = "ACME" AND updated >= {NOON_MS} ORDER BY updated ASC, id ASC'
    ]


def test_a_time_within_a_minute_is_asked_for_from_its_minute_on(server):
    pages(server, server_page(), since=NOON + timedelta(seconds=59, microseconds=999))
    assert f"updated >= {NOON_MS} " in queries(server)[0]


@pytest.mark.parametrize("key", ["AND", "ORDER", "IN"])
def test_a_key_that_is_a_reserved_word_is_quoted(jira, key):
    jira.data_center()
    jira.answer(f"/rest/api/2/project/{key}", {"key": key, "name": key})
    pages(jira, server_page(), credentials={"project_key": key})
    assert queries(jira)[0].startswith(f'project = "{key}"')


def test_a_key_with_a_quote_stays_one_text(jira):
    jira.data_center()
    jira.answer('/rest/api/2/project/A"\\', {"key": 'A"\\', "name": "odd"})
    pages(jira, server_page(), credentials={"project_key": 'A"\\'})
    assert queries(jira)[0].startswith('project = "A\\"\\\\" ORDER BY')


def test_every_field_that_is_used_is_asked_for(server):
    pages(server, server_page())
    (request,) = server.bodies(SEARCH)
    assert set(request["fields"]) == {
        *("summary", "status", "issuetype", "description", "priority", "resolution"),
        *("assignee", "labels", "updated", "project"),
    }


def test_cloud_bodies_come_from_the_version_with_rich_text(cloud):
    cloud.answer(CLOUD_SEARCH, {"issues": [record(1)]})
    (found,) = connect(cloud.context()).pages(None, None)
    assert ids(found) == ["1"]


@pytest.mark.parametrize(("asked", "sent"), [(None, 100), (70, 70), (500, 500)])
def test_a_page_has_as_many_issues_as_were_asked_for(server, asked, sent):
    pages(server, server_page(), page_size=asked)
    assert server.bodies(SEARCH)[0]["maxResults"] == sent


def test_a_page_never_has_so_few_issues_that_none_could_be_met_again(server):
    pages(server, server_page(), page_size=1)
    assert server.bodies(SEARCH)[0]["maxResults"] == 10


def test_the_next_page_begins_at_one_of_the_last_changes_that_were_seen(server):
    first = server_page(*(record(n, after=n) for n in range(4)), total=5)
    found = pages(server, first, server_page(*(record(n, after=n) for n in range(1, 5))))
    assert [ids(page) for page in found] == [["0", "1", "2", "3"], ["4"]]
    assert f"AND updated >= {NOON_MS + 1000} ORDER" in queries(server)[1]


def test_changes_of_one_time_are_read_by_the_offset(server):
    first = server_page(record(1), record(2), total=3)
    found = pages(server, first, server_page(record(3), total=3), first)
    assert [ids(page) for page in found] == [["1", "2"], ["3"]]
    assert [body["startAt"] for body in server.bodies(SEARCH)] == [0, 2, 0]


def test_changes_of_one_time_are_read_by_clouds_token(cloud):
    first = {"issues": [record(1), record(2)], "nextPageToken": "a"}
    cloud.answer(CLOUD_SEARCH, first, {"issues": [record(3)]}, first)
    found = list(connect(cloud.context()).pages(None, None))
    assert [ids(page) for page in found] == [["1", "2"], ["3"]]
    assert [body.get("nextPageToken") for body in cloud.bodies(CLOUD_SEARCH)] == [None, "a", None]


def test_a_page_that_shows_its_times_in_reverse_does_not_cut_off_what_is_behind(cloud):
    """The index sorts by what it knows, and may lag behind the fields that come with a page."""
    lagging = [record(1, after=90), record(2, after=5)]
    first = {"issues": lagging, "nextPageToken": "a"}
    cloud.answer(CLOUD_SEARCH, first, first, {"issues": [record(3, after=200)]}, first)
    found = list(connect(cloud.context()).pages(None, None))
    assert {number for page in found for number in ids(page)} == {"1", "2", "3"}
    assert not [jql for jql in queries(cloud, CLOUD_SEARCH) if "<" in jql]


def test_a_page_that_lacks_what_was_seen_last_is_not_believed(server):
    """A server that keeps changes by the minute would skip what follows in that minute."""
    first = server_page(record(1), record(2, after=30), total=4)
    pages(server, first, server_page(record(4, after=70)), first, server_page(record(3)), first)
    assert [body["startAt"] for body in server.bodies(SEARCH)] == [0, 0, 0, 2, 0]


def test_the_last_page_alone_has_no_cursor(server):
    first = server_page(record(1), record(2, after=90), total=3)
    found = pages(server, first, server_page(record(2, after=90), record(3, after=95)))
    assert [page.cursor is None for page in found] == [False, True]


def test_reading_goes_on_behind_a_page_by_its_cursor(server):
    first = server_page(record(1), record(2, after=90), total=3)
    rest = server_page(record(2, after=90), record(3, after=95))
    begun, _ = pages(server, first, rest)
    (again,) = pages(server, rest, cursor=begun.cursor)
    assert (ids(again), queries(server)[-1]) == (["2", "3"], queries(server)[-2])


@pytest.mark.parametrize("cursor", ["", "garbage", "{}x", '{"start": "x"}', '{"token": "a"}', "[]"])
def test_a_cursor_of_another_kind_is_refused(server, cursor):
    with pytest.raises(CursorError):
        pages(server, server_page(), cursor=cursor)


def test_an_issue_of_another_project_is_gone(server):
    found = page(server, record(1), record(2, project={"key": "BETA"}))
    assert (ids(found), found.gone) == (["1"], ["2"])


def test_the_address_that_a_server_gives_itself_makes_no_issue_foreign(server):
    found = page(server, record(1), credentials={"base_url": "https://jira.example/jira"})
    assert [issue.ref.url for issue in found.issues] == ["https://jira.example/jira/browse/ACME-1"]


def test_issues_read_by_a_gateway_link_to_the_site(cloud):
    cloud.cloud(baseUrl="https://acme.atlassian.net")
    cloud.answer(CLOUD_SEARCH, {"issues": [record(1)]})
    credentials = {"base_url": "https://api.atlassian.com/ex/jira/11-aa"}
    (found,) = connect(cloud.context(credentials=credentials)).pages(None, None)
    assert found.issues[0].ref.url == "https://acme.atlassian.net/browse/ACME-1"


def named(status="Odd", category=None, **fields):
    return record(1, status={"name": status, "statusCategory": {"key": category}}, **fields)


@pytest.mark.parametrize(
    ("status", "category"),
    [("Odd", "new"), ("Seltsam", "done"), ("Open", None), ("Withdrawn", "undefined")],
)
def test_a_status_that_category_or_name_place_is_not_listed(server, status, category):
    assert page(server, named(status, category)).unplaced == []


@pytest.mark.parametrize("category", [None, "undefined"])
def test_a_status_that_nothing_places_is_listed_with_its_name(server, category):
    assert page(server, named("Odd", category)).unplaced == [Unplaced("status", "Odd")]


def test_a_status_that_the_project_maps_is_not_listed(server):
    found = page(server, named("Odd"), status_map={"odd": Status.BLOCKED})
    assert (found.issues[0].status, found.unplaced) == (Status.BLOCKED, [])


def test_a_priority_of_another_name_is_listed(server):
    found = page(server, record(1, priority={"name": "P1"}))
    assert found.unplaced == [Unplaced("priority", "P1")]


def test_a_priority_that_the_project_maps_is_not_listed(server):
    found = page(server, record(1, priority={"name": "P1"}), priority_map={"P1": 0})
    assert (found.issues[0].priority, found.unplaced) == (0, [])


@pytest.mark.parametrize("priority", [None, {"name": "Medium"}, {}])
def test_a_known_or_absent_priority_is_not_listed(server, priority):
    assert page(server, record(1, priority=priority)).unplaced == []


@pytest.mark.parametrize("updated", [None, "yesterday", "2026-03-02T12:00:00"])
def test_an_issue_whose_last_change_cannot_be_read_is_an_error(server, updated):
    with pytest.raises(TrackerError, match=r"issue ACME-1.*updated"):
        pages(server, server_page(record(1, updated=updated), total=2))


def test_an_issue_that_cannot_be_mapped_is_named(server):
    with pytest.raises(TrackerError, match=r"issue ACME-1, field fields\.updated"):
        pages(server, server_page(record(1, updated="yesterday")))


def test_the_census_asks_for_nothing_but_ids(server):
    server.answer(SEARCH, {"issues": [{"id": "1"}, {"id": "2"}], "total": 2})
    (listed,) = connect(server.context()).census()
    assert listed == [Listed("1"), Listed("2")]
    request = {"jql": 'project = "ACME" ORDER BY id ASC', "fields": ["id"]}
    assert server.bodies(SEARCH) == [request | {"maxResults": 1000, "startAt": 0}]


def test_the_census_of_cloud_takes_larger_pages(cloud):
    cloud.answer(CLOUD_SEARCH, {"issues": []})
    list(connect(cloud.context()).census())
    assert cloud.bodies(CLOUD_SEARCH)[0]["maxResults"] == 5000


def test_ids_that_are_no_numbers_are_not_asked_for(server):
    server.answer(SEARCH, server_page(record(1)))
    connector = connect(server.context())
    assert ids(connector.fetch(["1", "2) OR (1=1", "\u0661", ""])) == ["1"]
    assert "id in (1)" in queries(server)[0]


def test_without_an_id_nothing_is_asked_for(server):
    connector = connect(server.context())
    assert connector.fetch(["x"]) == Page()
    assert server.asked(SEARCH) == []


def test_an_issue_that_was_moved_away_is_gone_when_asked_for_by_its_id(cloud):
    answer = {"issues": [record(1), record(2, project={"key": "BETA"})], "issueErrors": []}
    cloud.answer("/rest/api/3/issue/bulkfetch", answer)
    found = connect(cloud.context()).fetch(["1", "2"])
    assert (ids(found), found.gone) == (["1"], ["2"])


def test_data_center_may_be_asked_for_ids_that_are_not_there(server):
    server.answer(SEARCH, server_page(record(1)))
    assert ids(connect(server.context()).fetch(["1", "7"])) == ["1"]
    (request,) = server.bodies(SEARCH)
    assert request["validateQuery"] is False
    assert request["jql"].startswith('project = "ACME" AND id in (1, 7) ORDER BY')


def test_ids_that_a_server_spreads_over_pages_are_all_read(server):
    first = server_page(record(1), total=2)
    server.answer(SEARCH, first, server_page(record(2), total=2), first)
    assert ids(connect(server.context()).fetch(["1", "2"])) == ["1", "2"]


def test_a_project_is_never_asked_for_without_validation(server):
    pages(server, server_page())
    assert "validateQuery" not in server.bodies(SEARCH)[0]


def test_a_cursor_holds_nothing_of_an_issue_but_its_id(server):
    begun, _ = pages(
        server, server_page(record(1), total=2), server_page(record(1), record(2, after=9))
    )
    assert begun.cursor is not None
    assert "Title" not in begun.cursor
    assert "ACME" not in begun.cursor


def test_an_issue_that_cannot_be_mapped_is_named_when_it_is_asked_for_by_its_id(cloud):
    cloud.answer("/rest/api/3/issue/bulkfetch", {"issues": [record(1, updated="yesterday")]})
    with pytest.raises(TrackerError, match=r"issue ACME-1, field fields\.updated"):
        connect(cloud.context()).fetch(["1"])
