"""Pulls from Jira Cloud and Jira Data Center, against emulators of both.

What users of other tools lost data to, and the test that this plugin does not:

| what | test |
|---|---|
| the search endpoint that was removed (HTTP 410) | test_the_removed_search_is_never_asked, test_a_search_that_is_removed_one_day_says_what_to_do |
| `updated` compared in the account's timezone | test_the_accounts_timezone_loses_no_update |
| a search index that lags behind | test_an_update_that_the_index_showed_late_is_read_by_the_next_pull |
| pages that shift in mid-pull | test_issues_that_change_while_a_pull_runs_hide_no_other, test_issues_that_go_while_the_census_runs_hide_no_other, the state machine |
| deleted and moved issues that linger | test_deleted_and_moved_issues_are_gone_after_a_full_pull |
| Data Center broken by what only Cloud has | every test, for an emulator fails its test for a request that its API does not describe |
| tokens with scopes | test_a_token_with_scopes_is_taken |
| an expired token that answers 200 with nothing | test_an_expired_token_takes_no_issue_away |
| 429 ignored, or `Retry-After: 0` hammered | test_a_rate_limit_is_waited_for |
| custom names of statuses and priorities | test_names_that_nothing_places_are_listed |
| localized names of statuses | test_a_localized_status_is_placed_by_its_category |
| rich text turned into mush | test_the_text_of_a_body_is_kept |
| keys that are reserved words of JQL | test_a_project_whose_key_is_a_reserved_word_is_read |
| results cut at 50 | test_a_site_with_smaller_pages_is_read_to_its_end |
"""  # noqa: E501 - the rows of a table

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from emulators.clock import Clock
from emulators.jira_model import IN_PROGRESS, Issue, Status
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from trackwire.connecting import opened
from trackwire.connector import ConnectContext, Unplaced
from trackwire.errors import TrackerError
from trackwire.fetching import new_client
from trackwire.model import Status as WireStatus
from trackwire.project import Binding
from trackwire.pulling import Pull, PullReport, pull
from trackwire.scope import Fill, Scope
from trackwire.secret import Secret
from trackwire.store import TrackerSqliteStore

if TYPE_CHECKING:
    from emulators.described import Seen
    from emulators.jira_site import JiraSite

    from trackwire.model import Issue as WireIssue

pytestmark = [pytest.mark.needs_hub, pytest.mark.needs_jira]

SCOPE = Scope("jira", "acme", "ACME")
BOUND = Binding(provider="jira", workspace="acme")
KINDS = ["cloud", "data center"]
HOUR = 3600.0
NO_OVERLAP = timedelta(0)


def make_jira(kind: str, **options: Any) -> JiraSite:
    """Return an emulator; it is imported here, for it needs what the core does without."""
    if kind == "cloud":
        from emulators.jira_cloud import JiraCloud

        return JiraCloud(**options)
    from emulators.jira_datacenter import JiraDataCenter

    return JiraDataCenter(path="/jira", **options)


class Project:
    """A project bound to an emulated site, with a store of its own."""

    def __init__(self, jira: JiraSite, store: TrackerSqliteStore, key: str = "ACME") -> None:
        self.jira = jira
        self.store = store
        self.key = key
        self.waits: list[float] = []
        self.page_size: int | None = None

    def pull(self, **options: Any) -> PullReport:
        """Pull with the real client, which waits without waiting."""
        from trackwire_jira import connect

        gateways = (self.jira.gateway,) if hasattr(self.jira, "gateway") else ()
        with new_client(
            self.jira.url, gateways=gateways, notify=lambda _: None, sleep=self.waits.append
        ) as client:
            context = ConnectContext(
                client=client,
                secret=lambda _: Secret(self.jira.token),
                keep_secrets=lambda _: None,
                workspace="acme",
                credentials={
                    "base_url": self.jira.url,
                    "email": getattr(self.jira, "email", None),
                    "project_key": self.key,
                },
                page_size=self.page_size,
                gateways=gateways,
            )
            request = {"fingerprint": "f", "scope": SCOPE, "store": self.store, **options}
            connector = opened(connect, context, "trackwire-jira", BOUND)
            return pull(Pull(connector=connector, **request))

    def held(self) -> dict[str, tuple[str, str, datetime | None]]:
        """Return key, title and last change of each stored issue, by its id."""
        return {
            issue.ref.id: (str(issue.ref.key), issue.title, issue.updated_at)
            for issue in self.issues()
        }

    def truth(self) -> dict[str, tuple[str, str, datetime | None]]:
        """Return the same of each issue that the site has."""
        issues = self.jira.issues_of(self.key)
        return {str(i.id): (i.key, i.summary, i.updated_at) for i in issues}

    def issues(self) -> list[WireIssue]:
        """Return what is stored."""
        return list(self.store.list_issues(SCOPE))


@contextmanager
def project_at(jira: JiraSite, directory: Path, key: str = "ACME") -> Iterator[Project]:
    with jira, TrackerSqliteStore(directory / "store.sqlite") as store:
        jira.add_project(key)
        jira.add_project("BETA")
        yield Project(jira, store, key)


@pytest.fixture(params=KINDS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project at a site of each kind, with pages of ten issues."""
    with project_at(make_jira(request.param), tmp_path) as project:
        project.page_size = 10
        yield project


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Project]:
    """A project at a Cloud site."""
    with project_at(make_jira("cloud"), tmp_path) as project:
        yield project


def test_a_first_pull_reads_every_issue(project):
    project.jira.populate("ACME", 42)
    report = project.pull()
    assert project.held() == project.truth()
    assert (report.changes.created, report.fill) == (42, Fill.COMPLETE)


def test_an_empty_project_is_read_completely(project):
    assert project.pull().fill is Fill.COMPLETE


def test_issues_that_all_changed_at_one_time_are_read(project):
    for _ in range(33):
        project.jira.create("ACME")
    project.pull()
    assert project.held() == project.truth()


def test_a_site_that_rounds_times_to_the_minute_is_read(project):
    project.jira.rounds_to_minute = True
    project.jira.populate("ACME", 33, apart_seconds=7)
    project.pull()
    assert project.held() == project.truth()


def test_a_later_pull_reads_what_changed_and_no_more_than_the_overlap(project):
    project.jira.populate("ACME", 20, apart_seconds=HOUR)
    project.pull()
    changed = project.jira.edit(project.jira.issues_of("ACME")[3], summary="changed")
    report = project.pull()
    assert project.held()[str(changed.id)][1] == "changed"
    assert (report.changes.updated, report.issues) == (1, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_accounts_timezone_loses_no_update(kind, tmp_path):
    night = datetime(2026, 3, 8, 6, 0, tzinfo=UTC)  # the clocks go forward at 7:00 UTC
    jira = make_jira(kind, timezone="America/New_York", clock=Clock(night))
    with project_at(jira, tmp_path) as project:
        for _ in range(12):
            project.jira.create("ACME")
            project.jira.clock.advance(HOUR / 4)
            project.pull(overlap=NO_OVERLAP)
        project.pull(overlap=NO_OVERLAP)
        assert project.held() == project.truth()


def test_an_update_that_the_index_showed_late_is_read_by_the_next_pull(project):
    late = project.jira.create("ACME", summary="old")
    project.jira.clock.advance(HOUR)
    project.pull()
    project.jira.lag(600, late)
    project.jira.edit(late, summary="new")
    project.jira.clock.advance(60)
    project.jira.create("ACME")
    project.pull()
    assert project.held()[str(late.id)][1] == "old"
    project.jira.clock.advance(HOUR / 2)
    project.pull()
    assert project.held() == project.truth()


def leaves(jira: JiraSite, issue: Issue, way: str) -> None:
    if way == "edit":
        jira.edit(issue, summary="changed")
    elif way == "move":
        jira.move(issue, "BETA")
    else:
        jira.delete(issue)


@pytest.mark.parametrize("way", ["edit", "move", "delete"])
@pytest.mark.parametrize("apart", [0, 1, 100])
def test_issues_that_change_while_a_pull_runs_hide_no_other(project, way, apart):
    jira = project.jira
    jira.create("ACME")
    project.pull()  # so that no census mends what the next pull misses
    jira.clock.advance(10 * HOUR)
    jira.populate("ACME", 80, apart_seconds=apart)
    leaving = iter(jira.issues_of("ACME")[1:13])
    for number in range(2, 8):
        for _ in range(2):
            jira.before_page(number, lambda: leaves(jira, next(leaving), way))
    report = project.pull()
    assert (next(leaving, None), report.census) == (None, False)
    unchanged = {item for item in project.truth().items() if item[1][1] != "changed"}
    assert unchanged <= project.held().items()


def test_a_change_in_a_minute_that_is_being_read_is_not_missed(project):
    jira = project.jira
    jira.rounds_to_minute = True
    jira.populate("ACME", 40, apart_seconds=0)
    project.pull()
    jira.clock.advance(10 * HOUR)
    for issue in jira.issues_of("ACME"):
        jira.clock.advance(1)
        jira.edit(issue, summary="second")
    first, *_, last = jira.issues_of("ACME")
    jira.before_page(3, lambda: jira.clock.advance(1))
    jira.before_page(3, lambda: jira.edit(first, summary="third"))  # it is behind what was read
    jira.before_page(4, lambda: jira.clock.advance(5 * HOUR))
    jira.before_page(4, lambda: jira.edit(last, summary="third"))
    project.pull()
    assert [jira.get(issue).summary for issue in (first, last)] == ["third", "third"]
    assert project.held() == project.truth()


@pytest.mark.parametrize("way", ["move", "delete"])
def test_issues_that_go_while_the_census_runs_hide_no_other(project, way):
    project.jira.populate("ACME", 80)
    project.pull()
    project.jira.page_limit = 5

    def go(seen: Seen) -> None:
        issues = project.jira.issues_of("ACME")
        if "/search" in seen.path and seen.json["fields"] == ["id"] and len(issues) > 70:
            leaves(project.jira, issues[0], way)

    project.jira.before_request(go)
    project.pull(full=True)
    assert len(project.jira.issues_of("ACME")) == 70
    assert project.truth().items() <= project.held().items()


def test_deleted_and_moved_issues_are_gone_after_a_full_pull(project):
    project.jira.populate("ACME", 12)
    project.pull()
    first, second, *_ = project.jira.issues_of("ACME")
    project.jira.delete(first)
    project.jira.move(second, "BETA")
    report = project.pull(full=True)
    assert report.changes.gone == 2
    assert project.held() == project.truth()


def test_an_issue_that_was_moved_here_unchanged_is_read_by_the_census(project):
    old = project.jira.create("BETA")
    project.jira.clock.advance(100 * HOUR)
    project.jira.populate("ACME", 3)
    project.pull()
    project.jira.move(old, "ACME")
    project.pull(full=True)
    assert str(old.id) in project.held()


@pytest.mark.parametrize("after", range(1, 9))
def test_an_interrupted_pull_goes_on_to_the_same_store(project, after):
    project.jira.populate("ACME", 40, apart_seconds=20)
    for _ in range(30):
        project.jira.create("ACME")
    project.jira.door.before_nth(
        after + 2, lambda: project.jira.door.answer_next(403), path="/rest"
    )
    with pytest.raises(TrackerError, match="HTTP 403"):
        project.pull()
    project.pull()
    assert project.held() == project.truth()


PULL = """
import pathlib
from trackwire.connector import ConnectContext
from trackwire.fetching import new_client
from trackwire.pulling import Pull, pull
from trackwire.scope import Scope
from trackwire.secret import Secret
from trackwire.store import TrackerSqliteStore
from trackwire_jira import connect

store, url, token = sys.argv[1:]
credentials = {"base_url": url, "email": "ana@example.test", "project_key": "ACME"}
with new_client(url, notify=print) as client, TrackerSqliteStore(pathlib.Path(store)) as held:
    context = ConnectContext(
        client=client,
        secret=lambda _: Secret(token),
        keep_secrets=print,
        workspace="acme",
        credentials=credentials,
        page_size=10,
    )
    scope = Scope("jira", "acme", "ACME")
    pull(Pull(connector=connect(context), scope=scope, store=held, fingerprint="f"))
"""


@pytest.mark.parametrize("page", [2, 5])
def test_a_pull_whose_process_was_killed_goes_on_to_the_same_store(
    project, start_python, tmp_path, page
):
    project.jira.populate("ACME", 40, apart_seconds=20)
    started: list[subprocess.Popen[str]] = []
    project.jira.before_page(page, lambda: started[0].kill())
    arguments = (tmp_path / "store.sqlite", project.jira.url, project.jira.token)
    started.append(start_python(PULL, *arguments))
    _, errors = started[0].communicate()
    assert started[0].returncode == -signal.SIGKILL, errors
    assert 0 < len(project.held()) < 40
    report = project.pull()
    assert (report.resumed, project.held()) == (True, project.truth())


def test_a_connection_that_is_cut_is_taken_up_again(project):
    project.jira.populate("ACME", 20)
    project.jira.door.cut_next(times=2, path="/search")
    project.jira.door.truncate_next(path="/search")
    project.pull()
    assert project.held() == project.truth()


def test_the_removed_search_is_never_asked(cloud):
    cloud.jira.populate("ACME", 3)
    cloud.pull()
    paths = {seen.path for seen in cloud.jira.requests if "search" in seen.path}
    assert paths == {"/rest/api/3/search/jql"}


def test_a_search_that_is_removed_one_day_says_what_to_do(project):
    project.jira.door.answer_next(410, path="/search")
    with pytest.raises(TrackerError, match="update trackwire-jira"):
        project.pull()


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_token_with_scopes_is_taken(scheme, tmp_path):
    jira = make_jira("cloud", scoped=True, gateway_schemes=[scheme])
    with project_at(jira, tmp_path) as project:
        project.jira.populate("ACME", 3)
        project.pull()
        assert project.held() == project.truth()


def test_a_token_that_is_wrong_says_how_to_set_another(project):
    project.jira.token_revoked = True
    with pytest.raises(TrackerError, match="trackwire credentials set api_token") as caught:
        project.pull()
    assert project.jira.token not in str(caught.value)


def test_an_expired_token_takes_no_issue_away(project):
    project.jira.populate("ACME", 20)
    project.pull()
    project.jira.before_page(2, lambda: setattr(project.jira, "token_expired", True))
    with pytest.raises(TrackerError, match="did not take the login"):
        project.pull(full=True)
    assert project.held() == project.truth()


def test_a_project_that_the_account_sees_no_more_takes_no_issue_away(project):
    project.jira.populate("ACME", 20)
    project.pull()
    project.jira.hide_project("ACME")
    with pytest.raises(TrackerError, match="sees no project with the key 'ACME'"):
        project.pull(full=True)
    assert project.held() == project.truth()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "least"), [("0", 1), ("7", 7)])
def test_a_rate_limit_is_waited_for(project, status, asked, least):
    project.jira.populate("ACME", 3)
    project.jira.door.answer_next(status, {"Retry-After": asked}, times=2, path="/search")
    project.pull()
    assert project.held() == project.truth()
    assert len(project.waits) == 2
    assert min(project.waits) >= least


def test_names_that_nothing_places_are_listed(project):
    for _ in range(3):
        project.jira.create("ACME", priority="P1")
    assert project.pull().unplaced == {Unplaced("priority", "P1"): 3}


def test_a_localized_status_is_placed_by_its_category(project):
    project.jira.create("ACME", status=Status("In Arbeit", "indeterminate"))
    project.jira.create("ACME", status=Status("Erledigt", "done"))
    report = project.pull()
    assert [issue.status for issue in project.issues()] == [
        WireStatus.IN_PROGRESS,
        WireStatus.DONE,
    ]
    assert report.unplaced == {}


def test_the_text_of_a_body_is_kept(project):
    project.jira.create("ACME", description="First line\nSecond \N{SNOWMAN} line")
    project.pull()
    (issue,) = project.issues()
    assert [line for line in (issue.body or "").splitlines() if line] == [
        "First line",
        "Second \N{SNOWMAN} line",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_whose_key_is_a_reserved_word_is_read(kind, tmp_path):
    with project_at(make_jira(kind), tmp_path, key="AND") as project:
        project.jira.populate("AND", 3)
        project.pull()
        assert project.held() == project.truth()


def test_a_site_with_smaller_pages_is_read_to_its_end(project):
    project.page_size = None
    project.jira.page_limit = 50
    project.jira.populate("ACME", 160)
    project.pull()
    assert project.held() == project.truth()


def test_empty_pages_with_more_behind_them_are_not_the_end(cloud):
    cloud.jira.populate("ACME", 3)
    cloud.jira.empty_pages_next(3)
    cloud.pull()
    assert cloud.held() == cloud.truth()


def test_a_page_that_leads_to_itself_is_an_error(cloud):
    cloud.jira.populate("ACME", 3)
    cloud.jira.loops = True
    cloud.jira.empty_pages_next(3)
    with pytest.raises(TrackerError, match="same page token twice"):
        cloud.pull()


class Pulling(RuleBasedStateMachine):
    """Edits and pulls in any order; after the last pull the store is the site's truth.

    Nothing is read twice for its own sake, and a census is rare, so that neither mends a miss.
    """

    kind: str

    @initialize(size=st.integers(6, 9), count=st.integers(1, 40))
    def begin(self, size: int, count: int) -> None:
        self.stack = ExitStack()
        directory = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        jira = make_jira(self.kind)
        self.project = self.stack.enter_context(project_at(jira, directory))
        self.jira = self.project.jira
        self.jira.page_limit = size
        self.moved: set[str] = set()  # a move leaves no sign but for the census
        self.jira.populate("ACME", count, apart_seconds=0)
        self.jira.create("BETA")
        self.project.pull()

    def issues(self, project: str = "ACME") -> list[Issue]:
        return self.jira.issues_of(project)

    def change(self, act: str, choice: int) -> None:
        project = "BETA" if act == "move in" else "ACME"
        issues = self.issues(project)
        if act == "create":
            self.jira.create("ACME")
        elif act == "advance":
            self.jira.clock.advance(choice * choice)
        elif issues:
            issue = issues[choice % len(issues)]
            if act == "edit":
                self.jira.edit(issue, summary=f"changed {choice}", status=IN_PROGRESS)
            elif act == "delete":
                self.jira.delete(issue)
            else:
                self.jira.move(issue, "BETA" if project == "ACME" else "ACME")
                self.moved.add(str(issue.id))

    acts = st.sampled_from(["create", "edit", "edit", "advance", "delete", "move", "move in"])
    choices = st.integers(0, 90)

    @rule(act=acts, choice=choices)
    def between_pulls(self, act: str, choice: int) -> None:
        self.change(act, choice)

    @rule(
        changes=st.lists(st.tuples(st.integers(2, 6), acts, choices), min_size=1, max_size=6),
        full=st.booleans(),
    )
    def pull_while_it_changes(self, changes: list[tuple[int, str, int]], full: bool) -> None:
        done = False

        def deed(act: str, choice: int) -> Callable[[], None]:
            return lambda: None if done else self.change(act, choice)

        for number, act, choice in changes:
            self.jira.before_page(number, deed(act, choice))
        self.project.pull(full=full, accept_gone=full, overlap=NO_OVERLAP)
        done = True

    @rule(apart=st.sampled_from([0, 1, 70]))
    def every_issue_changes(self, apart: int) -> None:
        for issue in self.issues():
            self.jira.clock.advance(apart)
            self.jira.edit(issue, summary="changed with all")

    @rule(pages=st.integers(1, 5))
    def pull_in_part(self, pages: int) -> None:
        self.project.pull(limit=pages, overlap=NO_OVERLAP)

    @rule()
    def a_pull_of_what_changed_misses_no_change(self) -> None:
        self.project.pull(overlap=NO_OVERLAP)  # ends what was interrupted before the changes
        assert self.project.pull(overlap=NO_OVERLAP).complete
        held = {number: state[2] for number, state in self.project.held().items()}
        stale = {
            number
            for number, (_, _, updated) in self.project.truth().items()
            if held.get(number) != updated and number not in self.moved
        }
        assert not stale

    def teardown(self) -> None:
        if not hasattr(self, "project"):
            return
        try:
            self.project.pull(full=True, accept_gone=True)
            assert self.project.held() == self.project.truth()
        finally:
            self.stack.close()


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_in_whatever_order_a_full_pull_ends_with_the_truth(kind):
    machine = type("PullingFrom", (Pulling,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking starts servers galore
            suppress_health_check=list(HealthCheck),
        ),
    )
