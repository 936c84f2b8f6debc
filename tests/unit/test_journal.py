"""What a pull needs to go on survives, scope by scope."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from projectkit import SCOPE

from trackwire.journal import PullState, Run
from trackwire.scope import Fill, Scope
from trackwire.store import TrackerSqliteStore

OTHER = Scope("acme", "site.example", "B2")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RUN = Run(full=True, fingerprint="f", held=3, since=None, high=NOON)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackerSqliteStore]:
    with TrackerSqliteStore(tmp_path / "store.sqlite") as opened:
        yield opened


def test_scope_that_was_never_pulled_has_no_state(store: TrackerSqliteStore) -> None:
    assert store.journal.state(SCOPE) == PullState()


def test_read_in_progress_survives_the_store(tmp_path: Path) -> None:
    with TrackerSqliteStore(tmp_path / "kept.sqlite") as store:
        store.journal.go_on(SCOPE, RUN)
    with TrackerSqliteStore(tmp_path / "kept.sqlite") as store:
        assert store.journal.state(SCOPE) == PullState(run=RUN)


def test_read_in_progress_belongs_to_its_scope(store: TrackerSqliteStore) -> None:
    store.journal.go_on(SCOPE, RUN)
    assert store.journal.state(OTHER) == PullState()


def test_full_read_that_ended_leaves_its_fingerprint(store: TrackerSqliteStore) -> None:
    store.journal.go_on(SCOPE, RUN)
    store.journal.finish(SCOPE, RUN, NOON)
    assert store.journal.state(SCOPE) == PullState(fingerprint="f", pulled_at=NOON)


def test_read_of_changes_that_ended_leaves_no_fingerprint(store: TrackerSqliteStore) -> None:
    store.journal.finish(SCOPE, Run(full=False, fingerprint="f", held=3), NOON)
    assert store.journal.state(SCOPE) == PullState(pulled_at=NOON)


def test_full_read_that_ended_owes_a_census(store: TrackerSqliteStore) -> None:
    store.journal.counted(SCOPE, NOON)
    store.journal.finish(SCOPE, RUN, NOON)
    assert store.journal.state(SCOPE).census_at is None


@pytest.mark.parametrize(("stored_in", "left"), [("f", "f"), ("other", None)])
def test_issues_stored_in_another_form_leave_no_common_one(
    store: TrackerSqliteStore, stored_in: str, left: str | None
) -> None:
    store.journal.finish(SCOPE, RUN, NOON)
    store.journal.reform(SCOPE, stored_in)
    assert store.journal.state(SCOPE).fingerprint == left


def test_census_leaves_its_time(store: TrackerSqliteStore) -> None:
    store.journal.counted(SCOPE, NOON)
    assert store.journal.state(SCOPE) == PullState(census_at=NOON)


def test_distrust_forgets_the_read_in_progress_and_the_fingerprint(
    store: TrackerSqliteStore,
) -> None:
    store.journal.finish(SCOPE, RUN, NOON)
    store.journal.go_on(SCOPE, RUN)
    store.journal.distrust(SCOPE)
    assert store.journal.state(SCOPE) == PullState(pulled_at=NOON)


def test_distrust_of_a_scope_that_was_never_pulled_makes_nothing(
    store: TrackerSqliteStore,
) -> None:
    store.journal.distrust(SCOPE)
    assert store.scopes() == []


def test_state_is_part_of_the_callers_transaction(store: TrackerSqliteStore) -> None:
    def fail() -> None:
        with store.writing():
            store.set_fill(SCOPE, Fill.PARTIAL)
            store.journal.go_on(SCOPE, RUN)
            raise OSError("as if the disk were full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert store.journal.state(SCOPE) == PullState()
    assert store.fill(SCOPE) is Fill.NEVER
