"""The pull's course: what is read, kept, gone on with and said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from memory_tracker import START, MemoryTracker
from projectkit import SCOPE, make_issue

from trackwire.connector import Listed, Page, Unfit, Unplaced
from trackwire.errors import StoreError, TrackerDeferred, TrackerError
from trackwire.pulling import Pull, PullProgress, PullReport, pull
from trackwire.scope import Fill, Upserted
from trackwire.store import TrackerSqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackerSqliteStore]:
    with TrackerSqliteStore(tmp_path / "store.sqlite") as opened:
        yield opened


@pytest.fixture
def tracker() -> MemoryTracker:
    filled = MemoryTracker()
    filled.put(*map(str, range(10)))
    return filled


def pulled(tracker: Any, store: TrackerSqliteStore, **options: Any) -> PullReport:
    options = {"connector": tracker, "scope": SCOPE, "store": store, "fingerprint": "f"} | options
    return pull(Pull(**options))


def held(store: TrackerSqliteStore) -> dict[str, Any]:
    return {issue.ref.id: issue for issue in store.list_issues(SCOPE)}


def cut_at(page: int) -> Any:
    def cut(number: int) -> None:
        if number == page:
            raise TrackerDeferred("the connection was cut")

    return cut


def test_first_pull_reads_everything(tracker: MemoryTracker, store: TrackerSqliteStore) -> None:
    report = pulled(tracker, store)
    assert held(store) == tracker.issues
    assert (report.full, report.resumed, report.complete) == (True, False, True)
    assert (report.pages, report.issues, report.changes) == (4, 10, Upserted(created=10))
    assert report.fill is Fill.COMPLETE


def test_watermark_is_the_largest_change_that_was_read(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    assert store.get_checkpoint(SCOPE).updated_since == tracker.now
    assert store.get_checkpoint(SCOPE).cursor is None


def test_second_pull_reads_from_the_watermark_less_the_overlap(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    tracker.now += timedelta(hours=3)
    tracker.put("5")
    pulled(tracker, store)
    before = tracker.now
    report = pulled(tracker, store, overlap=timedelta(minutes=10))
    assert tracker.asked_since == [
        None,
        START + timedelta(seconds=10) - timedelta(hours=1),
        before - timedelta(minutes=10),
    ]
    assert (report.full, report.changes) == (False, Upserted(unchanged=1))


def test_change_that_the_index_showed_late_is_read_in_the_overlap(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.put("late", title="shown late")
    tracker.hidden.add("late")
    tracker.put("after")
    pulled(tracker, store)
    tracker.hidden.clear()
    pulled(tracker, store)
    assert held(store)["late"].title == "shown late"


def test_pull_without_changes_leaves_the_store_as_it_is(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    before = list(store.issue_bytes(SCOPE)), store.get_checkpoint(SCOPE)
    assert pulled(tracker, store).changes == Upserted(unchanged=10)
    assert (list(store.issue_bytes(SCOPE)), store.get_checkpoint(SCOPE)) == before


def test_empty_resource_is_complete_with_no_issue(store: TrackerSqliteStore) -> None:
    report = pulled(MemoryTracker(), store)
    assert (report.fill, report.issues, report.complete) == (Fill.COMPLETE, 0, True)
    assert store.get_checkpoint(SCOPE).updated_since is None


def test_older_version_of_a_lagging_index_changes_nothing(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    older = tracker.issues["9"]
    tracker.put("9", title="newer")
    pulled(tracker, store)
    tracker.issues["9"] = older
    assert pulled(tracker, store).changes.updated == 0
    assert held(store)["9"].title == "newer"


def test_full_pull_takes_the_trackers_word(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    older = tracker.issues["9"]
    tracker.put("9", title="newer")
    pulled(tracker, store)
    tracker.issues["9"] = older
    pulled(tracker, store, full=True)
    assert held(store) == tracker.issues


def test_content_that_changed_without_its_time_is_taken(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    tracker.issues["3"] = make_issue("3", title="other", updated_at=tracker.issues["3"].updated_at)
    pulled(tracker, store)
    assert held(store)["3"].title == "other"


def test_issue_that_comes_twice_is_kept_once(store: TrackerSqliteStore) -> None:
    issue = make_issue("1", updated_at=START)

    class Repeating(MemoryTracker):
        def pages(self, *_: Any) -> Iterator[Page]:
            yield Page(issues=[issue], cursor="1")
            yield Page(issues=[issue])

    tracker = Repeating()
    tracker.issues["1"] = issue
    assert pulled(tracker, store).changes == Upserted(created=1, unchanged=1)


def test_issue_that_the_page_says_is_gone_is_gone(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)

    class Archiving(MemoryTracker):
        def pages(self, *_: Any) -> Iterator[Page]:
            yield Page(gone=["4", "unknown"])

    report = pulled(Archiving(), store)
    assert report.changes.gone == 1
    assert "4" not in held(store)


def test_interrupted_pull_keeps_its_pages_and_is_filled_in_part(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.before_page = cut_at(3)
    with pytest.raises(TrackerDeferred) as caught:
        pulled(tracker, store)
    assert sorted(held(store)) == list("012345")
    assert store.fill(SCOPE) is Fill.PARTIAL
    report = caught.value.report
    assert isinstance(report, PullReport)
    assert (report.complete, report.pages, report.issues) == (False, 2, 6)


@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_interrupted_pull_goes_on_behind_its_last_page(
    tracker: MemoryTracker, store: TrackerSqliteStore, page: int
) -> None:
    tracker.before_page = cut_at(page)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    tracker.before_page = lambda _: None
    tracker.pages_read = 0
    report = pulled(tracker, store)
    assert tracker.pages_read == 4 - (page - 1)
    assert report.resumed is (page > 1)
    assert held(store) == tracker.issues
    assert store.fill(SCOPE) is Fill.COMPLETE
    assert store.get_checkpoint(SCOPE).updated_since == tracker.now


def test_interrupted_incremental_pull_goes_on_from_where_it_began(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    tracker.before_page = cut_at(tracker.pages_read + 3)
    tracker.now += timedelta(days=2)
    tracker.put(*map(str, range(20, 30)))
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    tracker.before_page = lambda _: None
    assert store.fill(SCOPE) is Fill.COMPLETE
    pulled(tracker, store)
    assert tracker.asked_since[-1] == tracker.asked_since[-2]
    assert held(store) == tracker.issues


def test_watermark_stays_until_the_pull_has_ended(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.before_page = cut_at(3)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    assert store.get_checkpoint(SCOPE).updated_since is None


def test_cursor_that_is_not_taken_any_more_begins_the_read_again(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.before_page = cut_at(3)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    tracker.before_page, tracker.cursors_hold = (lambda _: None), False
    notes: list[str] = []
    pulled(tracker, store, notify=notes.append)
    assert held(store) == tracker.issues
    assert notes == ["the tracker does not know the page any more; reading begins again"]


def test_full_pull_replaces_an_interrupted_incremental_one(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    tracker.before_page = cut_at(tracker.pages_read + 2)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    tracker.before_page = lambda _: None
    report = pulled(tracker, store, full=True)
    assert (report.full, report.resumed) == (True, False)
    assert tracker.asked_since[-1] is None


def test_full_pull_begins_anew_where_a_full_one_was_interrupted(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.before_page = cut_at(3)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    tracker.before_page = lambda _: None
    report = pulled(tracker, store, full=True)
    assert (report.resumed, report.issues) == (False, 10)


def test_other_fingerprint_reads_everything_again(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    notes: list[str] = []
    report = pulled(tracker, store, fingerprint="other", notify=notes.append)
    assert report.full
    assert "every issue is read again" in notes[0]
    assert not pulled(tracker, store, fingerprint="other").full


def test_other_fingerprint_does_not_go_on_with_an_interrupted_pull(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    tracker.before_page = cut_at(3)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    tracker.before_page = lambda _: None
    report = pulled(tracker, store, fingerprint="other")
    assert (report.full, report.resumed, report.issues) == (True, False, 10)


def test_maps_that_were_changed_and_changed_back_leave_no_issue_in_the_other_form(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store, fingerprint="A")
    before = dict(tracker.issues)
    tracker.issues = {
        k: make_issue(k, title="B", updated_at=i.updated_at) for k, i in before.items()
    }
    tracker.before_page = cut_at(tracker.pages_read + 3)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store, fingerprint="B")
    tracker.before_page, tracker.issues = (lambda _: None), before
    assert pulled(tracker, store, fingerprint="A").full
    assert held(store) == before


def test_read_beside_the_course_in_another_form_makes_the_next_pull_full(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store, fingerprint="A")
    pulled(tracker, store, fingerprint="B", since=tracker.now)
    assert pulled(tracker, store, fingerprint="A").full


def test_issues_that_came_in_another_way_make_the_next_pull_full(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    store.upsert_issues(SCOPE, [make_issue("5", title="imported", updated_at=START)])
    store.journal.distrust(SCOPE)
    assert pulled(tracker, store).full
    assert held(store) == tracker.issues


def test_imported_scope_stays_complete_while_the_first_pull_runs(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    store.upsert_issues(SCOPE, [make_issue("1", updated_at=START)])
    store.set_fill(SCOPE, Fill.COMPLETE)
    tracker.before_page = cut_at(2)
    with pytest.raises(TrackerDeferred):
        pulled(tracker, store)
    assert store.fill(SCOPE) is Fill.COMPLETE


@pytest.mark.parametrize("limit", [1, 3, 4, 9])
def test_limit_reads_so_many_issues_and_the_next_pull_goes_on(
    tracker: MemoryTracker, store: TrackerSqliteStore, limit: int
) -> None:
    report = pulled(tracker, store, limit=limit)
    assert (report.issues, report.complete, report.fill) == (limit, False, Fill.PARTIAL)
    assert len(held(store)) == limit
    assert pulled(tracker, store).resumed
    assert held(store) == tracker.issues
    assert store.get_checkpoint(SCOPE).updated_since == tracker.now


@pytest.mark.parametrize("limit", [1, 2, 4, 7])
def test_limited_pulls_reach_the_end_one_after_another(
    tracker: MemoryTracker, store: TrackerSqliteStore, limit: int
) -> None:
    for number in range(1, 12):
        report = pulled(tracker, store, limit=limit)
        assert len(held(store)) == min(10, number * limit)
        if report.complete:
            break
    assert held(store) == tracker.issues
    assert store.fill(SCOPE) is Fill.COMPLETE


def test_limited_full_pull_of_unchanged_issues_ends_at_the_limit(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    assert pulled(tracker, store, full=True, limit=4).issues == 4


@pytest.mark.parametrize("limit", [10, 11])
def test_limit_that_is_not_reached_completes_the_pull(
    tracker: MemoryTracker, store: TrackerSqliteStore, limit: int
) -> None:
    assert pulled(tracker, store, limit=limit).complete
    assert store.fill(SCOPE) is Fill.COMPLETE


def test_since_reads_what_changed_then_or_later(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    report = pulled(tracker, store, since=START + timedelta(seconds=8))
    assert sorted(held(store)) == list("789")
    assert (report.full, report.fill) == (False, Fill.PARTIAL)


def test_since_leaves_the_regular_course_as_it_was(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)
    before = store.get_checkpoint(SCOPE), store.journal.state(SCOPE)
    tracker.put("3", title="skipped")
    tracker.put("5")
    pulled(tracker, store, since=tracker.now)
    assert (store.get_checkpoint(SCOPE), store.journal.state(SCOPE)) == before
    pulled(tracker, store)
    assert held(store) == tracker.issues


def test_since_on_a_new_scope_is_followed_by_a_full_pull(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store, since=tracker.now)
    assert pulled(tracker, store).full
    assert held(store) == tracker.issues


def test_names_that_could_not_be_placed_are_counted(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    name = Unplaced("status", "Wartet")
    tracker.unplaced = (name,)
    assert pulled(tracker, store).unplaced == {name: 4}


def test_progress_is_told_after_each_page_and_through_the_census(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    told: list[PullProgress] = []
    pulled(tracker, store, progress=told.append)
    assert told[:4] == [PullProgress(n, page) for page, n in enumerate((3, 6, 9, 10), start=1)]
    assert told[4:] == [PullProgress(10, 4, listed) for listed in (2, 4, 6, 8, 10)]


def test_issue_that_is_edited_between_pages_is_read_in_its_new_version(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    edits = {2: lambda: tracker.put("0", title="edited")}
    tracker.before_page = lambda number: edits.pop(number, lambda: None)()
    pulled(tracker, store)
    assert held(store)["0"].title == "edited"


def test_issue_dated_in_the_future_moves_no_watermark(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    watermark = tracker.now
    future = datetime.now(UTC) + timedelta(hours=20)
    tracker.issues["odd"] = make_issue("odd", updated_at=future)
    pulled(tracker, store)
    assert "odd" in held(store)
    assert store.get_checkpoint(SCOPE).updated_since == watermark


def test_issue_that_is_unfit_is_told_and_the_others_are_kept(store: TrackerSqliteStore) -> None:
    unfit = Unfit("7", "issue B1-7: longer than 8388608 bytes")

    class Odd(MemoryTracker):
        def pages(self, *arguments: Any) -> Iterator[Page]:
            for page in super().pages(*arguments):
                yield replace(page, unfit=[unfit])

        def census(self) -> Iterator[Any]:
            yield [*next(super().census()), Listed("7")]

        def fetch(self, ids: Any) -> Page:
            return replace(super().fetch(ids), unfit=[unfit])

    tracker = Odd()
    tracker.put("1", "2")
    report = pulled(tracker, store)
    assert (report.unfit, report.fill) == ((unfit,), Fill.COMPLETE)
    assert held(store) == tracker.issues


def test_full_pull_with_more_unfit_issues_than_fit_ones_does_not_fill_the_scope(
    store: TrackerSqliteStore,
) -> None:
    class Odd(MemoryTracker):
        def pages(self, *arguments: Any) -> Iterator[Page]:
            for page in super().pages(*arguments):
                yield Page(unfit=[Unfit(i.ref.id, "odd") for i in page.issues], cursor=page.cursor)

    tracker = Odd()
    tracker.put("1", "2")
    with pytest.raises(TrackerError, match="2 issues cannot be taken in, and 0 can"):
        pulled(tracker, store)
    assert store.fill(SCOPE) is Fill.PARTIAL


def test_older_version_of_an_issue_that_became_unfit_stays(store: TrackerSqliteStore) -> None:
    class Odd(MemoryTracker):
        def fetch(self, ids: Any) -> Page:
            return Page(unfit=[Unfit(key, "odd") for key in ids])

    tracker = Odd()
    tracker.put("1", "2", "3")
    pulled(tracker, store)
    tracker.hidden.add("2")
    pulled(tracker, store, full=True)
    assert "2" in held(store)


def test_page_that_is_not_kept_is_not_reported(
    tracker: MemoryTracker, store: TrackerSqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise StoreError("the disk is full")

    tracker.page_size = 100
    monkeypatch.setattr(store.journal, "finish", fail)
    with pytest.raises(StoreError) as caught:
        pulled(tracker, store)
    report = caught.value.report
    assert isinstance(report, PullReport)
    assert (report.complete, report.pages, report.issues) == (False, 0, 0)
    assert held(store) == {}


def test_issue_that_comes_twice_on_one_page_lets_the_pull_go_on(store: TrackerSqliteStore) -> None:
    issue = make_issue("1", updated_at=START)

    class Doubling(MemoryTracker):
        def pages(self, *_: Any) -> Iterator[Page]:
            yield Page(issues=[issue, issue])

    tracker = Doubling()
    tracker.issues["1"] = issue
    assert pulled(tracker, store).complete


def test_pages_that_say_more_than_half_is_gone_are_noted(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    pulled(tracker, store)

    class Archiving(MemoryTracker):
        def pages(self, *_: Any) -> Iterator[Page]:
            yield Page(gone=list("012345"))

    notes: list[str] = []
    pulled(Archiving(), store, notify=notes.append)
    assert "6 of 10 issues are archived" in notes[0]


@pytest.mark.parametrize("page", [None, 3])
def test_store_has_no_journal_beside_it_after_a_pull(
    tracker: MemoryTracker, store: TrackerSqliteStore, page: int | None
) -> None:
    if page is None:
        pulled(tracker, store)
    else:
        tracker.before_page = cut_at(page)
        with pytest.raises(TrackerDeferred):
            pulled(tracker, store)
    assert [path.name for path in store.path.parent.iterdir()] == [store.path.name]


def test_failure_of_the_tracker_reports_what_was_kept(
    tracker: MemoryTracker, store: TrackerSqliteStore
) -> None:
    def refuse(number: int) -> None:
        if number == 2:
            raise TrackerError("no")

    tracker.before_page = refuse
    with pytest.raises(TrackerError) as caught:
        pulled(tracker, store)
    assert isinstance(caught.value.report, PullReport)
    assert caught.value.report.changes == Upserted(created=3)
