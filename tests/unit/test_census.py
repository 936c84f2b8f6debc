"""The census: what it finds missing, unlike and gone, and when it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from memory_tracker import START, MemoryTracker
from projectkit import SCOPE, make_issue

from trackwire.connector import Page, Unplaced
from trackwire.errors import TrackerDeferred, TrackerError
from trackwire.pulling import Pull, PullReport, pull
from trackwire.scope import Fill
from trackwire.store import TrackerSqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackerSqliteStore]:
    with TrackerSqliteStore(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def tracker(store: TrackerSqliteStore) -> MemoryTracker:
    filled = MemoryTracker()
    filled.put(*map(str, range(10)))
    pulled(filled, store)
    filled.now += timedelta(days=1)
    filled.censuses = 0
    filled.fetched.clear()
    return filled


def pulled(tracker: Any, store: TrackerSqliteStore, **options: Any) -> PullReport:
    options = {"connector": tracker, "scope": SCOPE, "store": store, "fingerprint": "f"} | options
    return pull(Pull(**options))


def held(store: TrackerSqliteStore) -> dict[str, Any]:
    return {issue.ref.id: issue for issue in store.list_issues(SCOPE)}


def cut_short() -> Iterator[Any]:
    raise TrackerDeferred("the connection was cut")


def days_later(days: float) -> Any:
    return time_machine.travel(datetime.now(UTC) + timedelta(days=days), tick=False)


def test_census_is_taken_by_the_first_pull(store: TrackerSqliteStore) -> None:
    tracker = MemoryTracker()
    tracker.put("1", "2")
    assert pulled(tracker, store).census
    assert tracker.censuses == 1


def test_census_is_not_taken_again_within_a_day(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    with days_later(0.99):
        assert not pulled(tracker, store).census
    assert tracker.censuses == 0


@pytest.mark.parametrize("days", [1.01, -1.0])
def test_census_is_taken_when_the_last_is_a_day_old_or_of_a_clock_set_back(
    tracker: MemoryTracker, store: TrackerSqliteStore, days: float
) -> None:
    with days_later(days):
        assert pulled(tracker, store).census
    assert tracker.censuses == 1


def test_issue_that_is_not_listed_is_gone(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.remove("3")
    assert pulled(tracker, store, full=True).changes.gone == 1
    assert held(store) == tracker.issues


def test_deleted_issue_is_gone_after_the_daily_census(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.remove("3")
    with days_later(1.01):
        assert pulled(tracker, store).changes.gone == 1
    assert held(store) == tracker.issues


def test_issue_that_moved_in_without_a_change_of_its_time_is_read(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.issues["moved"] = make_issue("moved", updated_at=START - timedelta(days=400))
    with days_later(1.01):
        assert pulled(tracker, store).changes.created == 1
    assert held(store) == tracker.issues


@pytest.mark.parametrize("times", [True, False])
def test_issue_that_moved_out_and_in_again_is_back(
    tracker: MemoryTracker, store: TrackerSqliteStore, times: bool
) -> None:
    tracker.lists_times = times
    issue = tracker.issues.pop("3")
    pulled(tracker, store, full=True)
    tracker.issues["3"] = issue
    with days_later(1.01):
        pulled(tracker, store)
    assert held(store) == tracker.issues


def test_update_that_every_page_missed_is_read_by_its_time(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    old = START - timedelta(days=400)
    tracker.issues["3"] = make_issue("3", title="restored", updated_at=old + timedelta(days=1))
    store.upsert_issues(SCOPE, [make_issue("3", updated_at=old)])
    with days_later(1.01):
        pulled(tracker, store)
    assert tracker.fetched == ["3"]
    assert held(store)["3"].title == "restored"


def test_same_time_in_another_timezone_is_no_difference(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    from datetime import timezone

    berlin = timezone(timedelta(hours=1))
    for key, issue in tracker.issues.items():
        tracker.issues[key] = make_issue(key, updated_at=issue.updated_at.astimezone(berlin))
    pulls = Pull(connector=tracker, scope=SCOPE, store=store, fingerprint="f")
    store.journal.open_census()
    for some in pulls.connector.census():
        store.journal.list_issues((one.id, one.updated_at) for one in some)
    difference = store.journal.compare(SCOPE)
    assert (difference.missing, difference.unlike, difference.absent) == ([], [], [])


def test_more_than_half_gone_is_refused_and_nothing_is_marked(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.remove(*map(str, range(6)))
    with pytest.raises(TrackerError, match="6 of the 10 issues") as caught:
        pulled(tracker, store, full=True)
    assert len(held(store)) == 10
    assert store.journal.state(SCOPE).doubt == str(caught.value)
    assert isinstance(caught.value.report, PullReport)
    assert not caught.value.report.census


def test_refused_census_is_taken_again_by_the_next_pull(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.remove(*map(str, range(6)))
    with days_later(1.01):
        for _ in range(2):
            with pytest.raises(TrackerError, match="6 of the 10 issues"):
                pulled(tracker, store)


def test_half_gone_is_believed(tracker: MemoryTracker, store: TrackerSqliteStore) -> None:
    tracker.remove(*map(str, range(5)))
    assert pulled(tracker, store, full=True).changes.gone == 5


def test_more_than_half_gone_is_accepted_when_told(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.remove(*map(str, range(10)))
    with pytest.raises(TrackerError):
        pulled(tracker, store, full=True)
    report = pulled(tracker, store, accept_gone=True)
    assert store.journal.state(SCOPE).doubt is None
    assert report.changes.gone == 10
    assert (held(store), store.fill(SCOPE)) == ({}, Fill.COMPLETE)


def test_issue_that_the_lagging_index_does_not_list_yet_stays(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.put("new")
    pulled(tracker, store)
    tracker.hidden.add("new")
    assert pulled(tracker, store, full=True).changes.gone == 0
    assert "new" in held(store)


def test_issue_that_changed_lately_and_was_deleted_is_gone(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.put("new", "newer")
    pulled(tracker, store)
    tracker.remove("new")
    assert pulled(tracker, store, full=True).changes.gone == 1
    assert held(store) == tracker.issues


def test_deleted_issue_that_the_lagging_index_still_shows_stays_gone(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.put("new", "newer")
    pulled(tracker, store)
    issue = tracker.issues.pop("new")
    pulled(tracker, store, full=True)
    tracker.issues["new"] = issue
    pulled(tracker, store)
    assert "new" not in held(store)


def test_census_that_is_cut_marks_nothing_and_is_taken_by_the_next_pull(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    whole = tracker.census

    def cut() -> Iterator[Any]:
        yield next(whole())
        raise TrackerDeferred("the connection was cut")

    tracker.census = cut  # type: ignore[method-assign]  # as a network would
    with days_later(1.01):
        with pytest.raises(TrackerDeferred):
            pulled(tracker, store)
        assert len(held(store)) == 10
        tracker.census = whole  # type: ignore[method-assign]  # the network is back
        tracker.remove("3")
        assert pulled(tracker, store).census
    assert held(store) == tracker.issues


def test_first_pull_that_is_cut_in_its_census_leaves_the_scope_filled_in_part(
    store: TrackerSqliteStore,
) -> None:
    tracker = MemoryTracker()
    tracker.put("1", "2", "3")
    whole, tracker.census = tracker.census, cut_short  # type: ignore[method-assign]  # as a network would
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    assert store.fill(SCOPE) is Fill.PARTIAL
    tracker.census = whole  # type: ignore[method-assign]  # the network is back
    report = pulled(tracker, store)
    assert (report.census, report.fill) == (True, Fill.COMPLETE)


def test_census_of_a_full_pull_that_was_cut_is_taken_by_the_next(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.remove("3")
    whole, tracker.census = tracker.census, cut_short  # type: ignore[method-assign]  # as a network would
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store, full=True)
    tracker.census = whole  # type: ignore[method-assign]  # the network is back
    assert pulled(tracker, store).changes.gone == 1
    assert held(store) == tracker.issues


def test_issues_of_another_site_in_place_of_all_are_refused(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    other = MemoryTracker()
    other.put(*(f"other{number}" for number in range(30)))
    with pytest.raises(TrackerError, match="10 of the 10 issues"):
        pulled(other, store, fingerprint="other address")
    assert set(map(str, range(10))) <= set(held(store))


def test_issues_that_are_listed_but_not_given_count_as_gone_for_the_guard(
    tracker: MemoryTracker, store: TrackerSqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in map(str, range(6)):
        tracker.issues[key] = make_issue(key, updated_at=START - timedelta(days=1))
    monkeypatch.setattr(tracker, "fetch", lambda _: Page())
    with (
        days_later(1.01),
        pytest.raises(TrackerError, match="6 of the 10 issues"),
    ):
        pulled(tracker, store)
    assert len(held(store)) == 10


def test_names_that_a_census_meets_are_counted(
    tracker: MemoryTracker, store: TrackerSqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = Unplaced("priority", "P1")
    issue = make_issue("in", updated_at=START - timedelta(days=400))
    tracker.issues["in"] = issue
    monkeypatch.setattr(tracker, "fetch", lambda _: Page(issues=[issue], unplaced=[name]))
    with days_later(1.01):
        assert pulled(tracker, store).unplaced == {name: 1}


def test_mapping_follows_an_issue_that_was_gone_and_came_back_with_another_key(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    store.put_mapping(SCOPE, "WP01", tracker.issues["3"])
    tracker.remove("3")
    pulled(tracker, store, full=True)
    tracker.put("3", key="B2-77")
    pulled(tracker, store)
    assert [mapping.external_key for mapping in store.list_mappings(SCOPE)] == ["B2-77"]


def test_many_issues_are_fetched_a_hundred_at_a_time(
    tracker: MemoryTracker, store: TrackerSqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = START - timedelta(days=400)
    for number in range(250):
        tracker.issues[f"m{number}"] = make_issue(f"m{number}", updated_at=old)
    sizes: list[int] = []
    fetch = tracker.fetch

    def counted(ids: Sequence[str]) -> Page:
        sizes.append(len(ids))
        return fetch(ids)

    monkeypatch.setattr(tracker, "fetch", counted)
    with days_later(1.01):
        pulled(tracker, store)
    assert sizes == [100, 100, 50]
    assert held(store) == tracker.issues
