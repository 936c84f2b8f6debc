"""Whole pulls of an emulated Linear team into a store, undisturbed and disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from emulators.linear_kit import connect, context_of, new_emulator
from emulators.linear_model import Issue, State, fill
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from trackwire.connecting import guarded
from trackwire.connector import Listed
from trackwire.errors import TrackerError
from trackwire.project import Binding
from trackwire.pulling import Pull, PullReport, pull
from trackwire.scope import Fill, Scope
from trackwire.store import TrackerSqliteStore

pytestmark = [pytest.mark.needs_linear, pytest.mark.needs_hub]

PAGE_SIZE = 4
SCOPE = Scope("linear", "acme", "the-team")
BINDING = Binding(provider="linear", workspace="acme")


class BoundTeam:
    """A team at the emulator, and the store that its issues are pulled into."""

    def __init__(self, stack: ExitStack, folder: Path, page_size: int | None = PAGE_SIZE) -> None:
        self.emulator = new_emulator()
        self.model = self.emulator.model
        (self.team,) = self.model.teams.values()
        self.elsewhere = self.model.add_team("OPS")
        self.store = stack.enter_context(TrackerSqliteStore(folder / "store.db"))
        self.context = stack.enter_context(
            context_of(self.emulator, self.team.id, page_size=page_size)
        )

    def make(self, count: int, **parts: Any) -> list[Issue]:
        made = []
        for _ in range(count):
            self.model.clock.advance(60)
            made.append(self.model.create(self.team, **parts))
        return made

    def pull(self, **options: Any) -> PullReport:
        connector = guarded(connect(self.context), "trackwire-linear", BINDING)
        request = Pull(
            connector=connector, scope=SCOPE, store=self.store, fingerprint="same", **options
        )
        return pull(request)

    def stored(self) -> dict[str, tuple[str, str]]:
        issues = self.store.list_issues(SCOPE)
        return {issue.ref.id: (str(issue.ref.key), issue.title) for issue in issues}

    def truth(self) -> dict[str, tuple[str, str]]:
        issues = self.model.issues_of(self.team).values()
        return {issue.id: (issue.identifier, issue.title) for issue in issues}


@pytest.fixture
def bound(tmp_path: Path) -> Iterator[BoundTeam]:
    with ExitStack() as stack:
        bound = BoundTeam(stack, tmp_path)
        yield bound
    bound.emulator.assert_described()


def test_the_first_pull_fills_the_scope(bound):
    bound.make(11)
    report = bound.pull()
    assert (bound.stored(), report.fill) == (bound.truth(), Fill.COMPLETE)


def test_no_issue_is_read_twice_while_nothing_changes(bound):
    bound.make(11)
    assert bound.pull().issues == 11


def test_the_next_pull_reads_what_changed(bound):
    issues = bound.make(11)
    bound.pull()
    bound.model.clock.advance(7200)
    bound.model.edit(issues[3], title="Changed")
    report = bound.pull()
    assert (bound.stored(), report.changes.updated) == (bound.truth(), 1)


def test_an_update_that_shows_late_is_read_by_the_next_pull(bound):
    late, *_ = bound.make(3)
    bound.pull()
    bound.model.lag = 600
    bound.model.clock.advance(60)
    bound.model.edit(late, title="Changed, shown late")
    bound.model.lag = 0
    bound.make(1)
    bound.pull()
    bound.model.clock.advance(600)
    bound.pull()
    assert bound.stored() == bound.truth()


def test_a_deleted_issue_goes_with_the_next_census(bound):
    gone, *_ = bound.make(5)
    bound.pull()
    bound.model.delete(gone)
    report = bound.pull(full=True)
    assert (bound.stored(), report.changes.gone) == (bound.truth(), 1)


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[BoundTeam]:
    """A team of three pages of the census, of which one issue changes behind the first."""
    with ExitStack() as stack:
        changing = BoundTeam(stack, tmp_path, page_size=None)
        fill(changing.model, 600, body_bytes=1)
        yield changing
    changing.emulator.assert_described()


def pull_while_one_that_was_listed(change: str, bound: BoundTeam) -> Issue:
    issues = list(bound.model.issues_of(bound.team).values())
    listed = issues[-100] if bound.emulator.settings.descending else issues[100]

    def happen(seen: Any) -> None:
        asked = seen.json
        if asked["query"].startswith("query Census") and asked["variables"]["after"]:
            bound.model.clock.advance(60)
            if bound.model.find(listed.id) == listed:
                getattr(bound.model, change)(listed)

    bound.emulator.before_request(happen)
    assert bound.pull().census
    return listed


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("cursors", ["issue", "offset"])
@pytest.mark.parametrize("change", ["edit", "archive", "delete"])
def test_no_issue_is_lost_to_a_census_while_others_change(changing, descending, cursors, change):
    changing.emulator.set(descending=descending, cursors=cursors)
    before = set(changing.truth())
    changed = pull_while_one_that_was_listed(change, changing)
    assert changing.stored().keys() | {changed.id} == before


def test_an_issue_that_the_census_missed_is_asked_for_by_its_id(changing):
    changing.emulator.set(cursors="offset")
    changed = pull_while_one_that_was_listed("archive", changing)
    asked = [seen.json["variables"].get("filter", {}) for seen in changing.emulator.requests]
    missed = {each for wanted in asked if "id" in wanted for each in wanted["id"]["in"]}
    assert len(missed - {changed.id}) == 1


def test_an_issue_put_away_that_the_census_lists_is_not_stored(bound, monkeypatch):
    _, away = bound.make(2)
    bound.model.archive(away)
    connector = connect(bound.context)
    census = connector.census
    monkeypatch.setattr(connector, "census", lambda: [*census(), [Listed(away.id)]])
    pull(Pull(connector=connector, scope=SCOPE, store=bound.store, fingerprint="same"))
    assert bound.stored() == bound.truth()


@pytest.mark.parametrize("stamped", [True, False])
def test_an_issue_that_moves_away_goes_with_the_next_census(bound, stamped):
    moved, *_ = bound.make(5)
    bound.pull()
    bound.model.move(moved, bound.elsewhere, stamped=stamped)
    bound.pull(full=True)
    assert bound.stored() == bound.truth()


@pytest.mark.parametrize("way", ["archive", "trash"])
def test_an_issue_put_away_goes_with_the_next_pull(bound, way):
    gone, *_ = bound.make(5)
    bound.pull()
    bound.model.clock.advance(60)
    getattr(bound.model, way)(gone)
    bound.pull()
    assert bound.stored() == bound.truth()


def test_an_issue_that_comes_back_is_there_again(bound):
    back, *_ = bound.make(5)
    bound.model.archive(back)
    bound.pull()
    bound.model.clock.advance(60)
    bound.model.restore(back)
    bound.pull()
    assert bound.stored() == bound.truth()


def test_a_team_that_is_out_of_sight_empties_nothing(bound):
    bound.make(5)
    bound.pull()
    stored = bound.stored()
    connector = connect(bound.context)
    bound.emulator.set(hidden=frozenset({bound.team.id}))
    request = Pull(connector=connector, scope=SCOPE, store=bound.store, fingerprint="f", full=True)
    with pytest.raises(TrackerError, match="lose their rights"):
        pull(request)
    assert bound.stored() == stored


@pytest.mark.parametrize("descending", [True, False])
def test_an_interrupted_pull_goes_on_and_ends_with_the_same_store(bound, descending):
    bound.emulator.set(descending=descending)
    issues = bound.make(13)
    connector = connect(bound.context)
    pages = connector.pages

    def stopping(since: Any, cursor: Any) -> Any:
        for number, page in enumerate(pages(since, cursor)):
            if number == 2:
                raise KeyboardInterrupt
            yield page

    connector.pages = stopping  # type: ignore[method-assign]  # as a person would
    request = Pull(connector=connector, scope=SCOPE, store=bound.store, fingerprint="same")
    with pytest.raises(KeyboardInterrupt):
        pull(request)
    assert 0 < len(bound.stored()) < 13
    bound.model.clock.advance(60)
    bound.model.edit(issues[0], title="Changed meanwhile")
    bound.model.edit(issues[12], title="Changed meanwhile")
    report = bound.pull()
    bound.pull()
    assert (report.resumed, bound.stored()) == (True, bound.truth())


def test_an_interrupted_pull_goes_on_though_the_api_has_forgotten_its_cursors(bound):
    for _ in range(11):
        bound.model.create(bound.team)
    bound.pull(limit=8)
    bound.emulator.forget_cursors()
    report = bound.pull()
    assert (report.complete, bound.stored()) == (True, bound.truth())


class PullsBetweenChanges(RuleBasedStateMachine):
    """Changes and pulls at random; after the last pull the store is as the tracker is.

    Of the pulls that read changes alone nothing is missing or stale; the one that takes a census
    leaves nothing else either.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.bound = BoundTeam(self.stack, folder)
        self.count = 0
        self.overlap = timedelta(0)

    @initialize(
        descending=st.booleans(),
        cursors=st.sampled_from(["issue", "offset"]),
        overlap=st.sampled_from([timedelta(0), timedelta(hours=1)]),
    )
    def begin(self, descending, cursors, overlap):
        self.overlap = overlap
        self.bound.emulator.set(descending=descending, cursors=cursors)
        self.bound.make(6)

    @property
    def here(self) -> list[Issue]:
        return sorted(self.bound.model.issues_of(self.bound.team).values(), key=lambda i: i.id)

    def change(self, kind: str, place: int) -> None:
        model, here = self.bound.model, self.here
        model.clock.advance(1)
        self.count += 1
        if kind == "create" or not here:
            model.create(self.bound.team, title=f"New {self.count}")
            return
        issue = here[place % len(here)]
        if kind == "edit":
            model.edit(issue, title=f"Changed {self.count}", state=State("started", "Doing"))
        elif kind == "move":
            model.move(issue, self.bound.elsewhere)
        else:
            getattr(model, kind)(issue)

    kinds = st.sampled_from(
        ["create", "create", "edit", "edit", "archive", "trash", "move", "delete"]
    )
    places = st.integers(0, 30)

    @rule(kind=kinds, place=places, times=st.integers(1, 4))
    def change_now(self, kind, place, times):
        for step in range(times):
            self.change(kind, place + step)

    @rule(place=places)
    def create_many_at_once(self, place):
        for _ in range(PAGE_SIZE + 2):
            self.count += 1
            self.bound.model.create(self.bound.team, title=f"Bulk {self.count}")

    @rule(seconds=st.sampled_from([1, 120, 4000]))
    def pass_time(self, seconds):
        self.bound.model.clock.advance(seconds)

    @rule(lag=st.sampled_from([0, 45, 900]))
    def lag(self, lag):
        self.bound.model.lag = lag if self.overlap else 0

    @rule()
    def turn_round(self):
        self.bound.emulator.set(descending=not self.bound.emulator.settings.descending)

    @rule()
    def forget_cursors(self):
        self.bound.emulator.forget_cursors()

    @rule(
        kind=kinds,
        place=places,
        edits=st.integers(0, 9),
        request=st.integers(2, 6),
        limit=st.sampled_from([None, None, 3, 7]),
    )
    def pull_while_it_changes(self, kind, place, edits, request, limit):
        for step in range(edits):
            self.change("edit", place + step)
        self.bound.emulator.before_nth(request, lambda: self.change(kind, place), "/graphql")
        self.try_pull(limit=limit)

    @rule(fault=st.sampled_from(["cut_next", "malform_next"]))
    def pull_through_a_fault(self, fault):
        getattr(self.bound.emulator, fault)()
        self.try_pull()

    def pull(self, **options: Any) -> PullReport:
        return self.bound.pull(overlap=self.overlap, **options)

    def try_pull(self, **options: Any) -> None:
        with suppress(TrackerError):  # what it could not read, the last pull reads
            self.pull(**options)

    def teardown(self) -> None:
        try:
            self.bound.emulator.forget_orders()
            self.bound.model.clock.advance(1000)
            if self.pull().resumed:
                self.pull()
            assert self.bound.stored().items() >= self.bound.truth().items()
            self.pull(accept_gone=True)
            assert self.bound.stored() == self.bound.truth()
            self.bound.emulator.assert_described()
        finally:
            self.stack.close()


TestPullsBetweenChanges = PullsBetweenChanges.TestCase
TestPullsBetweenChanges.settings = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
