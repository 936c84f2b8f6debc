"""The Linear connector against the emulated API.

What users of other tools lost data to, and the test that it does not happen here:

    the index lags behind writes        test_an_update_that_shows_late_is_read_by_the_next_pull
                                        (test_pull_linear_store)
    times in another timezone           test_the_window_is_asked_for_with_an_offset_from_utc
    pages that shift during a run       test_no_issue_is_skipped_while_others_change
    deleted issues that linger          test_a_deleted_issue_goes_with_the_next_census
                                        (test_pull_linear_store)
    an expired token that answers 200   test_an_error_in_a_success_is_never_an_empty_page
    limits ignored, or hammered         test_a_spent_budget_is_never_asked_again_before_its_reset
    custom names of states, priorities  test_names_that_nothing_places_are_reported
    localized names of states           test_a_states_type_places_it_whatever_its_name
    results cut at 50                   test_all_issues_are_read, test_all_labels_are_read
    'query too complex'                 test_a_query_that_is_too_complex_is_asked_for_by_halves
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from emulators.linear_accounts import API_KEY, CLIENT_ID, CLIENT_SECRET, Budget
from emulators.linear_graph import load_schema
from emulators.linear_kit import Vault, connect, context_of, discover, new_emulator, verify
from emulators.linear_model import Issue, Model, State, Team, fill
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from trackwire.connector import ConnectContext, Identity, Page, Resource, Unplaced
from trackwire.errors import CursorError, TrackerDeferred, TrackerError
from trackwire.fetching import TrackerClient
from trackwire.model import Status

if TYPE_CHECKING:
    from emulators.linear import LinearEmulator

pytestmark = [pytest.mark.needs_linear, pytest.mark.needs_hub]


@pytest.fixture
def emulator() -> Iterator[LinearEmulator]:
    emulator = new_emulator()
    yield emulator
    emulator.assert_described()


@pytest.fixture
def model(emulator: LinearEmulator) -> Model:
    return emulator.model


@pytest.fixture
def team(model: Model) -> Team:
    found = model.team("ENG")
    assert found is not None
    return found


def make(model: Model, team: Team, count: int, **parts: Any) -> list[Issue]:
    made = []
    for _ in range(count):
        model.clock.advance(60)
        made.append(model.create(team, **parts))
    return made


def read(context: ConnectContext, since: datetime | None = None, cursor: str | None = None) -> Any:
    return list(connect(context).pages(since, cursor))


def ids_of(pages: list[Page]) -> set[str]:
    return {issue.ref.id for page in pages for issue in page.issues}


def waited(context: ConnectContext) -> float:
    assert isinstance(context.client, TrackerClient)
    return context.client.waited


def queries(emulator: LinearEmulator, name: str) -> list[dict[str, Any]]:
    asked = [seen.json for seen in emulator.requests if seen.path == "/graphql"]
    return [each["variables"] for each in asked if each["query"].startswith(f"query {name}(")]


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("cursors", ["issue", "offset"])
def test_all_issues_are_read(emulator, model, team, descending, cursors):
    emulator.set(descending=descending, cursors=cursors)
    make(model, team, 61)
    with context_of(emulator, team.id, page_size=7) as context:
        assert ids_of(read(context)) == set(model.issues_of(team))


def test_issues_of_one_instant_are_all_read(emulator, model, team):
    for _ in range(23):
        model.create(team)
    with context_of(emulator, team.id, page_size=5) as context:
        assert ids_of(read(context)) == set(model.issues_of(team))


@pytest.mark.parametrize("descending", [True, False])
def test_issues_that_differ_by_less_than_is_shown_are_all_read(emulator, model, team, descending):
    emulator.set(descending=descending)
    for number in range(12):
        if number % 4 == 0:
            model.clock.advance(0.001)
        model.create(team, microseconds=number * 80)
    with context_of(emulator, team.id, page_size=3) as context:
        assert ids_of(read(context)) == set(model.issues_of(team))


def test_a_page_size_of_one_reads_everything(emulator, model, team):
    make(model, team, 3)
    model.create(team)
    with context_of(emulator, team.id, page_size=1) as context:
        assert ids_of(read(context)) == set(model.issues_of(team))


def test_an_empty_team_is_one_last_page(emulator, team):
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    assert (page.issues, page.gone, page.cursor) == ([], [], None)


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("cursors", ["issue", "offset"])
@pytest.mark.parametrize("change", ["edit", "archive", "delete"])
@pytest.mark.parametrize("which", ["read", "unread", "last read"])
def test_no_issue_is_skipped_while_others_change(
    emulator, model, team, descending, cursors, change, which
):
    emulator.set(descending=descending, cursors=cursors)
    issues = make(model, team, 12)
    in_turn = issues[::-1] if descending else issues
    changed = {"read": in_turn[0], "last read": in_turn[3], "unread": in_turn[9]}[which]

    def happen() -> None:
        model.clock.advance(60)
        getattr(model, change)(changed)

    with context_of(emulator, team.id, page_size=4) as context:
        connector = connect(context)
        emulator.before_nth(2, happen)
        untouched = {issue.id for issue in issues} - {changed.id}
        assert ids_of(list(connector.pages(None, None))) >= untouched


def test_only_what_changed_since_then_is_read(emulator, model, team):
    issues = make(model, team, 4)
    since = datetime(2026, 3, 2, 12, 3, 0, 123000, tzinfo=UTC)
    with context_of(emulator, team.id) as context:
        assert ids_of(read(context, since)) == {issues[2].id, issues[3].id}


def test_the_window_is_asked_for_with_an_offset_from_utc(emulator, model, team):
    local = datetime(2026, 3, 29, 3, 30, tzinfo=UTC).astimezone()
    with context_of(emulator, team.id) as context:
        read(context, local)
    (asked,) = queries(emulator, "Issues")
    assert datetime.fromisoformat(asked["filter"]["updatedAt"]["gte"]) == local


def test_without_a_time_there_is_no_filter_by_time(emulator, team):
    with context_of(emulator, team.id) as context:
        read(context)
    (asked,) = queries(emulator, "Issues")
    assert asked["filter"] == {"team": {"id": {"eq": team.id}}}


@pytest.mark.parametrize("way", ["archive", "trash"])
def test_an_issue_put_away_is_gone(emulator, model, team, way):
    kept, gone = make(model, team, 2)
    getattr(model, way)(gone)
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    assert ([i.ref.id for i in page.issues], page.gone) == ([kept.id], [gone.id])


def test_another_teams_issues_are_not_read(emulator, model, team):
    make(model, model.add_team("OPS"), 1)
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    assert (page.issues, page.gone) == ([], [])


def test_an_issue_that_moved_here_has_its_new_key_and_its_old_id(emulator, model, team):
    issue = make(model, model.add_team("OPS"), 1)[0]
    model.move(issue, team)
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    assert [(i.ref.id, i.ref.key) for i in page.issues] == [(issue.id, "ENG-1")]


def test_an_issue_that_says_it_is_another_teams_is_gone(emulator, team):
    node = {"id": "1", "title": "T", "state": {"type": "started"}, "labels": {}}
    node |= {"team": {"id": "another"}, "updatedAt": "2026-03-02T12:00:00.000Z"}
    listed = {"nodes": [node], "pageInfo": {"hasNextPage": False}}
    body = json.dumps({"data": {"issues": listed}}).encode()
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(200, {"content-type": "application/json"}, body)
        (page,) = connector.pages(None, None)
    assert (page.issues, page.gone) == ([], ["1"])


def test_a_read_goes_on_behind_a_cursor(emulator, model, team):
    make(model, team, 9)
    with context_of(emulator, team.id, page_size=4) as context:
        first = next(connect(context).pages(None, None))
        rest = read(context, cursor=first.cursor)
        assert ids_of([first, *rest]) == set(model.issues_of(team))


def test_a_read_goes_on_though_the_api_has_forgotten_its_cursors(emulator, model, team):
    for _ in range(9):
        model.create(team)
    with context_of(emulator, team.id, page_size=2) as context:
        first = next(connect(context).pages(None, None))
        emulator.forget_cursors()
        rest = read(context, cursor=first.cursor)
        assert ids_of([first, *rest]) == set(model.issues_of(team))


@pytest.mark.parametrize("cursor", ["", "{", "null", '{"gte":"yesterday"}', '{"after":5}'])
def test_a_cursor_of_another_make_is_refused(emulator, team, cursor):
    with context_of(emulator, team.id) as context, pytest.raises(CursorError):
        read(context, cursor=cursor)


def test_all_labels_are_read(emulator, model, team):
    names = tuple(f"label {n}" for n in range(531))
    model.create(team, labels=names)
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    assert page.issues[0].labels == names


class ListsOfNoLength(Visitor):
    """Collects the lists that a query asks for without a `first`."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.found: list[str] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        kind = get_named_type(self.types.get_type())
        names = {argument.name.value for argument in node.arguments or ()}
        if kind is not None and kind.name.endswith("Connection") and "first" not in names:
            self.found.append(node.name.value)


def lists_of_no_length(text: str) -> list[str]:
    types = TypeInfo(load_schema())
    collector = ListsOfNoLength(types)
    visit(parse(text), TypeInfoVisitor(types, collector))
    return collector.found


def test_a_list_of_no_length_would_be_found():
    assert lists_of_no_length("{ issues { nodes { labels(first: 1) { nodes { name } } } } }") == [
        "issues"
    ]


def test_every_list_in_every_query_says_how_much_it_asks_for(emulator, model, team):
    make(model, team, 1, labels=tuple("abcdefghijklm"))
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        list(connector.pages(None, None))
        list(connector.census())
        discover(context)
        verify(context)
    texts = {seen.json["query"] for seen in emulator.requests}
    assert len(texts) == 5
    assert [name for text in texts for name in lists_of_no_length(text)] == []


def test_a_states_type_places_it_whatever_its_name(emulator, model, team):
    make(model, team, 1, state=State("completed", "Erledigt"))
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    assert (page.issues[0].status, page.unplaced) == (Status.DONE, [])


def test_names_that_nothing_places_are_reported(emulator, model, team):
    make(model, team, 2, state=State("someday", "Icebox"), priority=7, priority_label="Whim")
    with context_of(emulator, team.id) as context:
        (page,) = read(context)
    names = [Unplaced("status", "Icebox"), Unplaced("priority", "Whim")]
    assert (page.issues[0].status, page.unplaced) == (Status.TODO, names * 2)


def test_the_census_lists_what_is_there_and_nothing_else(emulator, model, team):
    kept, archived, trashed, moved, deleted = make(model, team, 5)
    model.archive(archived)
    model.trash(trashed)
    model.move(moved, model.add_team("OPS"))
    model.delete(deleted)
    with context_of(emulator, team.id) as context:
        listed = [one for some in connect(context).census() for one in some]
    assert [(one.id, one.updated_at) for one in listed] == [
        (kept.id, datetime(2026, 3, 2, 12, 1, 0, 123000, tzinfo=UTC))
    ]


def test_the_census_lists_more_issues_than_a_page_holds(emulator, model, team):
    fill(model, 600, body_bytes=1)
    with context_of(emulator, team.id) as context:
        listed = [one.id for some in connect(context).census() for one in some]
    assert (len(listed), set(listed)) == (600, set(model.issues_of(team)))


def test_issues_are_read_by_their_ids(emulator, model, team):
    issues = make(model, team, 5)
    other = make(model, model.add_team("OPS"), 1)[0]
    wanted = [issues[1].id, issues[3].id, other.id, "11111111-2222-4333-8444-555555555555"]
    with context_of(emulator, team.id, page_size=1) as context:
        page = connect(context).fetch(wanted)
    assert ({i.ref.id for i in page.issues}, page.cursor) == ({issues[1].id, issues[3].id}, None)


def test_a_query_that_is_too_complex_is_asked_for_by_halves(emulator, model, team):
    make(model, team, 40)
    emulator.most_complex = 600
    with context_of(emulator, team.id) as context:
        pages = read(context)
    asked = [variables["first"] for variables in queries(emulator, "Issues")]
    assert ids_of(pages) == set(model.issues_of(team))
    assert list(dict.fromkeys(asked)) == [250, 125, 62, 31, 15]


def test_the_largest_page_is_within_what_the_documentation_allows(emulator, model, team):
    make(model, team, 1)
    with context_of(emulator, team.id) as context:
        read(context)
    assert emulator.sizes == [250]


def test_a_query_that_is_too_complex_for_one_issue_is_an_error(emulator, team):
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.most_complex = 1
        with pytest.raises(TrackerError, match="Query too complex"):
            list(connector.pages(None, None))


def test_halving_asks_for_no_wait(emulator, model, team):
    emulator.most_complex = 600
    notices: list[str] = []
    with context_of(emulator, team.id, notices=notices) as context:
        read(context)
    assert notices == []


@pytest.mark.parametrize("name", ["requests_budget", "complexity_budget"])
def test_a_spent_budget_is_never_asked_again_before_its_reset(emulator, model, team, name):
    make(model, team, 30)
    size = 3 if name == "requests_budget" else 400
    setattr(emulator, name, Budget(size, seconds=50))
    with context_of(emulator, team.id, page_size=4) as context:
        assert ids_of(read(context)) == set(model.issues_of(team))
    assert emulator.refused_too_early == 0


def test_a_wait_for_a_budget_is_told_in_words(emulator, model, team):
    emulator.requests_budget = Budget(2, seconds=50)
    notices: list[str] = []
    with context_of(emulator, team.id, notices=notices) as context:
        read(context)
    assert len(notices) == 1
    assert "asks to wait" in notices[0]


def test_a_reset_beyond_the_patience_puts_the_pull_off(emulator, team):
    emulator.requests_budget = Budget(2, seconds=3600)
    with context_of(emulator, team.id, max_wait=60) as context:
        connector = connect(context)
        with pytest.raises(TrackerDeferred):
            list(connector.pages(None, None))


@pytest.mark.parametrize("status", [200, 400])
def test_a_rate_limit_is_waited_for_whatever_its_status(emulator, model, team, status):
    make(model, team, 1)
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.error_next("RATELIMITED", status=status, times=2)
        assert ids_of(list(connector.pages(None, None))) == set(model.issues_of(team))
        assert waited(context) >= 2 * 59


def test_a_rate_limit_that_never_ends_puts_the_pull_off(emulator, team):
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.error_next("RATELIMITED", status=200, times=1000)
        with pytest.raises(TrackerDeferred):
            list(connector.pages(None, None))


def test_an_edge_that_refuses_without_json_is_waited_for(emulator, model, team):
    make(model, team, 1)
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(429, {"Retry-After": "0"}, b"<html>slow down</html>")
        assert ids_of(list(connector.pages(None, None))) == set(model.issues_of(team))
        assert waited(context) >= 1


@pytest.mark.parametrize("fault", ["cut_next", "truncate_next"])
def test_a_cut_connection_is_tried_again(emulator, model, team, fault):
    make(model, team, 5)
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        getattr(emulator, fault)()
        assert ids_of(list(connector.pages(None, None))) == set(model.issues_of(team))


def test_a_server_error_is_tried_again(emulator, model, team):
    make(model, team, 5)
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(500, times=2)
        assert ids_of(list(connector.pages(None, None))) == set(model.issues_of(team))


def test_a_malformed_answer_is_an_error(emulator, model, team):
    make(model, team, 5)
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.malform_next()
        with pytest.raises(TrackerError, match="is not JSON"):
            list(connector.pages(None, None))


@pytest.mark.parametrize(
    "data", [None, {"issues": {"nodes": [], "pageInfo": {"hasNextPage": False}}}]
)
def test_an_error_in_a_success_is_never_an_empty_page(emulator, team, data):
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.error_next("INTERNAL_SERVER_ERROR", "It went wrong", data=data)
        with pytest.raises(TrackerError, match=r"\(HTTP 200\): It went wrong"):
            list(connector.pages(None, None))


def test_an_answer_without_data_names_it(emulator, team):
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(200, {"content-type": "application/json"}, b'{"data": null}')
        with pytest.raises(TrackerError, match="field data: expected object, found null"):
            list(connector.pages(None, None))


def test_errors_of_another_form_are_an_error_still(emulator, team):
    page = {"issues": {"nodes": [], "pageInfo": {"hasNextPage": False}}}
    body = json.dumps({"data": page, "errors": ["oops"]}).encode()
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(200, {"content-type": "application/json"}, body)
        with pytest.raises(TrackerError, match=r"field errors\[0\]: expected object, found text"):
            list(connector.pages(None, None))


def test_an_issue_without_a_time_is_named_by_its_field(emulator, model, team):
    make(model, team, 1)
    node = {"id": "1", "title": "T", "state": {"type": "started"}, "labels": {}, "team": {}}
    page = {"issues": {"nodes": [node], "pageInfo": {}}}
    body = json.dumps({"data": page}).encode()
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(200, {"content-type": "application/json"}, body)
        with pytest.raises(TrackerError, match=r"field data\.issues\.nodes\[0\]\.updatedAt"):
            list(connector.pages(None, None))


def test_a_page_that_says_another_follows_but_not_where_is_an_error(emulator, team):
    page = {"issues": {"nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}}
    body = json.dumps({"data": page}).encode()
    with context_of(emulator, team.id) as context:
        connector = connect(context)
        emulator.answer_next(200, {"content-type": "application/json"}, body)
        with pytest.raises(TrackerError, match="not where it begins"):
            list(connector.pages(None, None))


def test_a_web_page_names_the_field_of_the_address(emulator, team):
    html = {"content-type": "text/html"}
    emulator.answer_next(200, html, b"<html><title>Log in</title></html>")
    with context_of(emulator, team.id) as context, pytest.raises(TrackerError, match="api_url"):
        connect(context)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "trackwire credentials set api_key"),
        (403, "trackwire discover linear"),
        (404, "check the address"),
        (410, "newer version of the provider's plugin"),
    ],
)
def test_a_refusal_has_its_remedy(emulator, team, status, remedy):
    emulator.answer_next(status)
    with context_of(emulator, team.id) as context, pytest.raises(TrackerError, match=remedy):
        connect(context)


def test_a_forbidden_query_has_its_remedy(emulator, team):
    emulator.error_next("FORBIDDEN", "Forbidden", status=200)
    remedy = "trackwire discover linear"
    with context_of(emulator, team.id) as context, pytest.raises(TrackerError, match=remedy):
        connect(context)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_bad_key_is_told_with_its_remedy(emulator, team, status):
    emulator.auth_status = status
    vault = Vault({"api_key": "lin_api_obviously-wrong-key"})
    with (
        context_of(emulator, team.id, vault=vault) as context,
        pytest.raises(TrackerError, match="trackwire credentials set api_key"),
    ):
        connect(context)


def test_an_api_key_goes_bare(emulator, team):
    with context_of(emulator, team.id) as context:
        connect(context)
    assert {seen.headers["authorization"] for seen in emulator.requests} == {API_KEY}


def test_queries_go_to_the_very_address(emulator, team):
    with context_of(emulator, team.id) as context:
        connect(context)
    assert {(seen.method, seen.path) for seen in emulator.requests} == {("POST", "/graphql")}


def test_a_key_of_a_team_is_resolved_to_its_id(emulator, model, team):
    make(model, team, 1)
    with context_of(emulator, "eng") as context:
        assert ids_of(read(context)) == set(model.issues_of(team))


def test_a_team_that_is_not_there_is_named_with_the_remedy(emulator):
    with (
        context_of(emulator, "NOPE") as context,
        pytest.raises(TrackerError, match=r"no team 'NOPE'.*trackwire discover linear"),
    ):
        connect(context)


def test_a_team_that_the_account_may_not_see_is_as_good_as_none(emulator, team):
    emulator.set(hidden=frozenset({team.id}))
    with context_of(emulator, team.id) as context, pytest.raises(TrackerError, match="no team"):
        connect(context)


def test_a_key_that_the_team_had_before_is_no_teams(emulator, model, team):
    model.rename_team(team, "CORE")
    with context_of(emulator, "ENG") as context, pytest.raises(TrackerError, match="no team 'ENG'"):
        connect(context)


def test_a_team_is_found_however_many_there_are(emulator, model):
    for number in range(120):
        model.add_team(f"T{number}")
    with context_of(emulator, "T119") as context:
        assert verify(context).resource == Resource(model.team("T119").id, "Team T119", "T119")


@pytest.mark.parametrize("workspace", ["acme", "ACME", "linear.app/acme", "Acme Incorporated"])
def test_the_bound_organization_is_recognized(emulator, team, workspace):
    with context_of(emulator, team.id, workspace=workspace) as context:
        connect(context)


def test_an_organization_that_was_renamed_is_recognized(emulator, team):
    emulator.set(url_key="acme-new", previous_url_keys=("acme",))
    with context_of(emulator, team.id) as context:
        connect(context)


@pytest.mark.parametrize("ask", [connect, verify])
def test_another_organization_is_named_with_the_binding(emulator, team, ask):
    with (
        context_of(emulator, team.id, workspace="beta") as context,
        pytest.raises(TrackerError, match=r"organisation 'acme', but.* workspace is 'beta'"),
    ):
        ask(context)


def test_a_team_of_another_organization_than_the_credentials_is_told_as_that(emulator):
    with (
        context_of(emulator, "THEIRS", workspace="beta") as context,
        pytest.raises(TrackerError, match="the credentials are of the organisation 'acme'"),
    ):
        connect(context)


def test_verify_tells_who_and_what_is_seen(emulator, team):
    with context_of(emulator, "ENG") as context:
        assert verify(context) == Identity(
            account="Ana Anatoli",
            deployment="organisation Acme Incorporated",
            timezone="Europe/Berlin",
            resource=Resource(team.id, "Team ENG", "ENG"),
        )


def test_verify_shows_no_e_mail_address(emulator, team):
    emulator.set(account="ana@example.test")
    with context_of(emulator, team.id) as context:
        assert verify(context).account == "user-ana"


@pytest.mark.parametrize("bound", ["NOPE", None])
def test_verify_says_that_no_team_is_seen(emulator, bound):
    with context_of(emulator, bound) as context:
        assert verify(context).resource is None


def test_discover_lists_all_teams_with_the_value_to_bind(emulator, model):
    teams = [model.team("ENG"), *(model.add_team(f"T{number}") for number in range(250))]
    with context_of(emulator, None) as context:
        assert discover(context) == [Resource(t.id, t.name, t.key) for t in teams]


@pytest.fixture
def oauth(emulator: LinearEmulator) -> Vault:
    """The vault of an account whose access token has expired."""
    access, refresh = emulator.accounts.issue()
    emulator.accounts.access_tokens.discard(access)
    application = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return Vault({"access_token": access, "refresh_token": refresh, **application})


def test_an_access_token_goes_as_bearer(emulator, team):
    access, _ = emulator.accounts.issue()
    with context_of(emulator, team.id, vault=Vault({"access_token": access})) as context:
        connect(context)
    assert emulator.requests[-1].headers["authorization"] == f"Bearer {access}"


def test_an_access_token_stands_before_an_api_key(emulator, team):
    access, _ = emulator.accounts.issue()
    vault = Vault({"access_token": access, "api_key": API_KEY})
    with context_of(emulator, team.id, vault=vault) as context:
        connect(context)
    assert emulator.requests[-1].headers["authorization"] == f"Bearer {access}"


@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_expired_access_token_is_renewed(emulator, model, team, oauth, status):
    emulator.auth_status = status
    make(model, team, 1)
    with context_of(emulator, team.id, vault=oauth) as context:
        assert ids_of(read(context)) == set(model.issues_of(team))
    assert oauth.values["access_token"] in emulator.accounts.access_tokens


def test_an_access_token_that_cannot_be_renewed_is_told_with_its_remedy(emulator, team, oauth):
    del oauth.values["refresh_token"]
    with (
        context_of(emulator, team.id, vault=oauth) as context,
        pytest.raises(TrackerError, match="trackwire credentials set access_token"),
    ):
        connect(context)


def test_a_refresh_token_that_was_used_before_is_refused_with_the_remedy(emulator, team, oauth):
    emulator.accounts.refresh_tokens.clear()
    with (
        context_of(emulator, team.id, vault=oauth) as context,
        pytest.raises(TrackerError, match=r"invalid_grant.*credentials set refresh_token"),
    ):
        connect(context)


def test_no_refusal_shows_a_secret(emulator, team, oauth, caplog):
    caplog.set_level("DEBUG")
    emulator.accounts.refresh_tokens.clear()  # the refusal repeats the token that was sent
    with (
        context_of(emulator, team.id, vault=oauth) as context,
        pytest.raises(TrackerError) as caught,
    ):
        connect(context)
    told = f"{caught.value} {caught.value!r} {context!r} {caplog.text}"
    assert [name for name, value in oauth.values.items() if value in told] == []


def test_an_error_that_repeats_the_key_shows_none(emulator, team):
    emulator.error_next("FORBIDDEN", f"the key {API_KEY} may not do this", status=400)
    with context_of(emulator, team.id) as context, pytest.raises(TrackerError) as caught:
        connect(context)
    assert "the key **** may not do this" in str(caught.value)
