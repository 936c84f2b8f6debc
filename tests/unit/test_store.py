"""Issues, mappings and checkpoints of scopes, as the store keeps them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from projectkit import PROVIDER, SCOPE, WORKSPACE, make_issue

from trackwire import database
from trackwire.errors import LockedError, StoreError
from trackwire.model import Checkpoint, Issue
from trackwire.scope import Fill, Scope, ScopeState, Upserted
from trackwire.store import TrackerSqliteStore
from trackwire.upserting import BATCH_BYTES

OTHER = Scope(PROVIDER, WORKSPACE, "B2")
NONE = Scope(PROVIDER, WORKSPACE)
STRANGE_IDS = ["a\0b", "a", "\U0001f680", "Ä", "ä", " 1", "1", "'\"", "a\nb", "🏳️‍🌈", "\uffff"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackerSqliteStore]:
    with TrackerSqliteStore(tmp_path / "store.sqlite") as store:
        yield store


def ids(store: TrackerSqliteStore, scope: Scope = SCOPE) -> list[str]:
    return [issue.ref.id for issue in store.list_issues(scope)]


def issues(*external_ids: str, title: str = "a title") -> list[Issue]:
    return [make_issue(external_id, title=title) for external_id in external_ids]


def dated(external_id: str, day: int | None, *, title: str = "a title") -> Issue:
    time = None if day is None else datetime(2026, 11, day, tzinfo=UTC)
    return make_issue(external_id, title=title, updated_at=time)


def found(store: TrackerSqliteStore, name: str) -> Issue:
    issue = store.find_issue(SCOPE, name)
    assert issue is not None
    return issue


VERSIONS = st.builds(
    dated,
    st.sampled_from("12"),
    st.sampled_from([None, 19, 20, 21]),
    title=st.sampled_from("ab"),
)


def test_id_of_a_store_stays(store: TrackerSqliteStore) -> None:
    with TrackerSqliteStore(store.path) as reopened:
        assert reopened.id == store.id


def test_stores_have_ids_of_their_own(store: TrackerSqliteStore, tmp_path: Path) -> None:
    with TrackerSqliteStore(tmp_path / "other.sqlite") as other:
        assert other.id != store.id


def test_issue_comes_back_as_it_was_written(store: TrackerSqliteStore) -> None:
    issue = make_issue(
        "7",
        url="https://site.example/7",
        body="Zeile\n\0\U0001f680",
        priority=0,
        assignees=("a", "b"),
        labels=("x",),
        updated_at=datetime(2026, 11, 20, 8, 15, 30, 123000, timezone(timedelta(hours=1))),
    )
    store.upsert_issues(SCOPE, [issue])
    assert list(store.list_issues(SCOPE)) == [issue]


def test_issue_bytes_are_the_wire_form(store: TrackerSqliteStore) -> None:
    issue = make_issue("7", body="Füße")
    store.upsert_issues(SCOPE, [issue])
    assert list(store.issue_bytes(SCOPE)) == [msgspec.json.encode(issue)]


def test_issue_is_stored_with_the_sha256_of_its_wire_form(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("7")])
    (row,) = store._connection.execute("SELECT wire, sha256 FROM issue").fetchall()
    assert hashlib.sha256(row[0]).digest() == row[1]


def test_issues_survive_closing(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1"))
    store.close()
    with TrackerSqliteStore(store.path) as reopened:
        assert ids(reopened) == ["1"]


def test_new_issues_count_as_created(store: TrackerSqliteStore) -> None:
    assert store.upsert_issues(SCOPE, issues("1", "2")) == Upserted(created=2)


def test_same_issues_count_as_unchanged(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2"))
    assert store.upsert_issues(SCOPE, issues("1", "2")) == Upserted(unchanged=2)


def test_changed_issue_counts_as_updated(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2"))
    changed = issues("1", title="another title")
    assert store.upsert_issues(SCOPE, changed) == Upserted(updated=1)


def test_upsert_leaves_the_other_issues(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2"))
    store.upsert_issues(SCOPE, issues("3"))
    assert ids(store) == ["1", "2", "3"]


def test_last_issue_of_an_id_wins(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [*issues("1", title="first"), *issues("1", title="last")])
    assert [issue.title for issue in store.list_issues(SCOPE)] == ["last"]


def test_last_issue_of_an_id_wins_across_batches(store: TrackerSqliteStore) -> None:
    between = issues(*(str(number) for number in range(10, 2010)))
    store.upsert_issues(SCOPE, [*issues("1", title="first"), *between, *issues("1", title="last")])
    assert found(store, "1").title == "last"


BETWEEN = pytest.mark.parametrize(
    "between",
    [[], issues("2"), [make_issue("2", body="x" * BATCH_BYTES)]],
    ids=["nothing", "a short issue", "an issue that ends the batch"],
)


@BETWEEN
def test_older_issue_of_an_id_never_wins_over_a_newer_one_that_is_kept(
    store: TrackerSqliteStore, between: list[Issue]
) -> None:
    newer, older = dated("1", 20, title="newer"), dated("1", 19, title="older")
    store.upsert_issues(SCOPE, [newer, *between, older], keep_newer=True)
    assert found(store, "1").title == "newer"


@BETWEEN
def test_older_issue_of_an_id_wins_where_newer_ones_are_not_kept(
    store: TrackerSqliteStore, between: list[Issue]
) -> None:
    newer, older = dated("1", 20, title="newer"), dated("1", 19, title="older")
    store.upsert_issues(SCOPE, [newer, *between, older])
    assert found(store, "1").title == "older"


@BETWEEN
def test_issue_that_was_revived_may_change_at_the_same_time_again(
    store: TrackerSqliteStore, between: list[Issue]
) -> None:
    store.upsert_issues(SCOPE, [dated("1", 19)])
    store.mark_gone(SCOPE, ["1"])
    revived, changed = dated("1", 20), dated("1", 20, title="changed")
    store.upsert_issues(SCOPE, [revived, *between, changed], keep_newer=True)
    assert found(store, "1").title == "changed"


@BETWEEN
def test_each_issue_of_an_id_counts(store: TrackerSqliteStore, between: list[Issue]) -> None:
    first, last = dated("1", 19), dated("1", 20, title="changed")
    changes = store.upsert_issues(SCOPE, [first, *between, first, last], keep_newer=True)
    assert changes == Upserted(created=1 + len(between), updated=1, unchanged=1)


@given(data=st.data())
def test_issues_are_written_as_if_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    drawn = data.draw(st.lists(st.lists(VERSIONS, max_size=8), max_size=3))
    keep_newer = data.draw(st.booleans())
    folder = tmp_path_factory.mktemp("stores")
    with (
        TrackerSqliteStore(folder / "together.sqlite") as together,
        TrackerSqliteStore(folder / "apart.sqlite") as apart,
    ):
        for versions in drawn:
            one_by_one = Upserted()
            for version in versions:
                one_by_one += apart.upsert_issues(SCOPE, [version], keep_newer=keep_newer)
            at_once = together.upsert_issues(SCOPE, versions, keep_newer=keep_newer)
            assert at_once == one_by_one
            assert list(together.issue_bytes(SCOPE)) == list(apart.issue_bytes(SCOPE))
            for store in (together, apart):
                store.mark_gone(SCOPE, ["1"])


def test_counts_add_up_across_batches(store: TrackerSqliteStore) -> None:
    numbers = [str(number) for number in range(2500)]
    store.upsert_issues(SCOPE, issues(*numbers[:1200]))
    assert store.upsert_issues(SCOPE, issues(*numbers)) == Upserted(created=1300, unchanged=1200)


def test_issues_are_ordered_by_external_id_as_text(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("9", "10", "1", "100"))
    assert ids(store) == ["1", "10", "100", "9"]


def test_strange_ids_are_ordered_by_code_point(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues(*STRANGE_IDS))
    assert ids(store) == sorted(STRANGE_IDS)


def test_strange_ids_are_recognized_when_they_come_again(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues(*STRANGE_IDS))
    again = store.upsert_issues(SCOPE, issues(*STRANGE_IDS), replace=True)
    assert again == Upserted(unchanged=len(STRANGE_IDS))


@pytest.mark.parametrize("name", STRANGE_IDS)
def test_issue_with_a_strange_id_is_found(store: TrackerSqliteStore, name: str) -> None:
    store.upsert_issues(SCOPE, issues(*STRANGE_IDS))
    found = store.find_issue(SCOPE, name)
    assert found is not None
    assert found.ref.id == name


def test_replacing_hides_what_is_not_among_the_issues(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2", "3"))
    assert store.upsert_issues(SCOPE, issues("2"), replace=True) == Upserted(unchanged=1, gone=2)
    assert ids(store) == ["2"]


def test_issue_that_is_gone_is_not_found(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2"))
    store.upsert_issues(SCOPE, issues("2"), replace=True)
    assert store.find_issue(SCOPE, "1") is None


def test_issue_that_is_gone_is_gone_once(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2"))
    store.upsert_issues(SCOPE, issues("2"), replace=True)
    assert store.upsert_issues(SCOPE, issues("2"), replace=True) == Upserted(unchanged=1)


def test_issue_that_returns_counts_as_created(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2"))
    store.upsert_issues(SCOPE, issues("2"), replace=True)
    assert store.upsert_issues(SCOPE, issues("1")) == Upserted(created=1)
    assert ids(store) == ["1", "2"]


def test_replacing_across_batches_keeps_every_one_of_them(store: TrackerSqliteStore) -> None:
    numbers = [str(number) for number in range(1500)]
    store.upsert_issues(SCOPE, issues(*numbers, "old"))
    assert store.upsert_issues(SCOPE, issues(*numbers), replace=True).gone == 1


def test_replacing_one_scope_leaves_the_others(store: TrackerSqliteStore) -> None:
    for scope in (SCOPE, OTHER, NONE):
        store.upsert_issues(scope, issues("1", "2"))
    store.upsert_issues(OTHER, issues("3"), replace=True)
    assert [ids(store, scope) for scope in (SCOPE, OTHER, NONE)] == [["1", "2"], ["3"], ["1", "2"]]


def test_scopes_differ_by_provider_workspace_and_resource(store: TrackerSqliteStore) -> None:
    scopes = [SCOPE, OTHER, NONE, Scope(PROVIDER, "other", "B1"), Scope("other", WORKSPACE, "B1")]
    for number, scope in enumerate(scopes):
        store.upsert_issues(scope, issues(str(number)))
    assert [ids(store, scope) for scope in scopes] == [["0"], ["1"], ["2"], ["3"], ["4"]]


def test_unknown_scope_is_empty_and_never_filled(store: TrackerSqliteStore) -> None:
    assert (ids(store), store.scope_state(SCOPE)) == ([], ScopeState(scope=SCOPE))


def test_asking_for_a_scope_does_not_make_it_known(store: TrackerSqliteStore) -> None:
    store.fill(SCOPE), store.scope_state(SCOPE), store.get_checkpoint(SCOPE), ids(store)
    assert store.scopes() == []


def test_scope_state_counts_issues_that_are_there_and_mappings(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1", "2", "3"))
    store.upsert_issues(SCOPE, issues("1", "2"), replace=True)
    store.put_mapping(SCOPE, "WP01", make_issue("1"))
    assert store.scope_state(SCOPE) == ScopeState(scope=SCOPE, issue_count=2, mapping_count=1)


def test_scopes_are_listed_by_name(store: TrackerSqliteStore) -> None:
    for scope in (OTHER, NONE, SCOPE):
        store.upsert_issues(scope, [])
    assert [state.scope for state in store.scopes()] == [NONE, SCOPE, OTHER]


@pytest.mark.parametrize("fill", Fill)
def test_fill_is_remembered_of_its_scope(store: TrackerSqliteStore, fill: Fill) -> None:
    store.set_fill(SCOPE, fill)
    assert (store.fill(SCOPE), store.fill(OTHER)) == (fill, Fill.NEVER)
    assert store.scope_state(SCOPE).fill is fill


def test_checkpoint_of_a_new_scope_is_null(store: TrackerSqliteStore) -> None:
    assert store.get_checkpoint(SCOPE) == Checkpoint()


def test_checkpoint_is_remembered_of_its_scope(store: TrackerSqliteStore) -> None:
    checkpoint = Checkpoint(
        cursor="page\0 2", updated_since=datetime(2026, 11, 20, 8, 15, 30, 408000, UTC)
    )
    store.set_checkpoint(SCOPE, checkpoint)
    assert store.get_checkpoint(SCOPE) == checkpoint
    assert store.get_checkpoint(OTHER) == Checkpoint()


def test_checkpoint_can_be_taken_back(store: TrackerSqliteStore) -> None:
    store.set_checkpoint(SCOPE, Checkpoint(cursor="page 2"))
    store.set_checkpoint(SCOPE, Checkpoint())
    assert store.get_checkpoint(SCOPE) == Checkpoint()


def test_issue_is_found_by_its_key_in_any_case(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("10012", key="ACME-12")])
    found = store.find_issue(SCOPE, "acme-12")
    assert found is not None
    assert found.ref.id == "10012"


def test_id_is_preferred_to_another_issues_key(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("1", key="2"), make_issue("2", key="1")])
    found = store.find_issue(SCOPE, "2")
    assert found is not None
    assert found.ref.id == "2"


def test_issue_of_another_scope_is_not_found(store: TrackerSqliteStore) -> None:
    store.upsert_issues(OTHER, issues("1"))
    assert store.find_issue(SCOPE, "1") is None


def test_mapping_says_which_issue_the_work_package_is(store: TrackerSqliteStore) -> None:
    mapping = store.put_mapping(SCOPE, "WP01", make_issue("7", url="https://site.example/7"))
    assert (mapping.system, mapping.workspace) == (PROVIDER, WORKSPACE)
    assert (mapping.wp_id, mapping.external_id, mapping.external_key, mapping.external_url) == (
        "WP01",
        "7",
        "B1-7",
        "https://site.example/7",
    )
    assert mapping.created_at == mapping.updated_at


def test_mappings_are_ordered_by_work_package_then_id_as_text(store: TrackerSqliteStore) -> None:
    for wp_id, external_id in (("WP02", "1"), ("WP01", "9"), ("WP01", "10")):
        store.put_mapping(SCOPE, wp_id, make_issue(external_id))
    listed = [(m.wp_id, m.external_id) for m in store.list_mappings(SCOPE)]
    assert listed == [("WP01", "10"), ("WP01", "9"), ("WP02", "1")]


def test_mapping_made_twice_stays_as_it_is(store: TrackerSqliteStore) -> None:
    first = store.put_mapping(SCOPE, "WP01", make_issue("7"))
    assert store.put_mapping(SCOPE, "WP01", make_issue("7")) == first
    assert list(store.list_mappings(SCOPE)) == [first]


def test_mapping_of_an_issue_with_a_new_key_keeps_when_it_was_made(
    store: TrackerSqliteStore,
) -> None:
    first = store.put_mapping(SCOPE, "WP01", make_issue("7"))
    second = store.put_mapping(SCOPE, "WP01", make_issue("7", key="MOVED-1"))
    assert (second.external_key, second.created_at) == ("MOVED-1", first.created_at)
    assert second.updated_at > first.updated_at
    assert list(store.list_mappings(SCOPE)) == [second]


def test_mapping_follows_an_issue_that_moved_to_another_key(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("7", key="OLD-7"), make_issue("8")])
    made = store.put_mapping(SCOPE, "WP01", make_issue("7", key="OLD-7"))
    other = store.put_mapping(SCOPE, "WP02", make_issue("8"))
    store.upsert_issues(SCOPE, [make_issue("7", key="NEW-1", url="https://site.example/NEW-1")])
    moved, untouched = store.list_mappings(SCOPE)
    assert (moved.external_key, moved.external_url) == ("NEW-1", "https://site.example/NEW-1")
    assert moved.created_at == made.created_at
    assert moved.updated_at > made.updated_at
    assert untouched == other


def test_mapping_stays_as_it_is_when_its_issue_changes_but_not_its_key(
    store: TrackerSqliteStore,
) -> None:
    store.upsert_issues(SCOPE, [make_issue("7")])
    made = store.put_mapping(SCOPE, "WP01", make_issue("7"))
    store.upsert_issues(SCOPE, [make_issue("7", title="another title")])
    assert list(store.list_mappings(SCOPE)) == [made]


def test_issue_of_another_scope_is_not_marked_as_gone(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("7")])
    assert store.mark_gone(OTHER, ["7"]) == 0
    assert store.issue_count(SCOPE) == 1


def test_marking_no_issue_as_gone_counts_none(store: TrackerSqliteStore) -> None:
    assert store.mark_gone(SCOPE, []) == 0


def test_mapping_belongs_to_its_scope(store: TrackerSqliteStore) -> None:
    store.put_mapping(SCOPE, "WP01", make_issue("7"))
    assert list(store.list_mappings(OTHER)) == []


def test_removed_mapping_is_gone(store: TrackerSqliteStore) -> None:
    store.put_mapping(SCOPE, "WP01", make_issue("7"))
    assert store.remove_mapping(SCOPE, "WP01", "7")
    assert list(store.list_mappings(SCOPE)) == []


def test_removing_an_unknown_mapping_says_so(store: TrackerSqliteStore) -> None:
    store.put_mapping(OTHER, "WP01", make_issue("7"))
    assert not store.remove_mapping(SCOPE, "WP01", "7")


def failing() -> Iterator[Issue]:
    yield from issues(*(str(number) for number in range(1200)))
    raise ValueError("the stream breaks")


def test_issues_that_break_off_write_nothing(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("old"))
    with pytest.raises(ValueError, match="the stream breaks"):
        store.upsert_issues(SCOPE, failing())
    assert ids(store) == ["old"]


def test_store_can_be_replaced_after_a_replacement_that_broke_off(
    store: TrackerSqliteStore,
) -> None:
    store.upsert_issues(SCOPE, issues("old"))
    with pytest.raises(ValueError, match="the stream breaks"):
        store.upsert_issues(SCOPE, failing(), replace=True)
    assert store.upsert_issues(SCOPE, issues("old"), replace=True) == Upserted(unchanged=1)


@pytest.mark.parametrize("failure", [ValueError("late"), KeyboardInterrupt()])
def test_writes_of_one_block_are_dropped_together(
    store: TrackerSqliteStore, failure: BaseException
) -> None:
    def write_and_fail() -> None:
        with store.writing():
            store.upsert_issues(SCOPE, issues("1"))
            store.set_fill(SCOPE, Fill.COMPLETE)
            store.set_checkpoint(SCOPE, Checkpoint(cursor="x"))
            store.put_mapping(SCOPE, "WP01", make_issue("1"))
            raise failure

    with pytest.raises(type(failure)):
        write_and_fail()
    assert (store.scopes(), ids(store)) == ([], [])


def test_reading_joins_a_block_of_writes(store: TrackerSqliteStore) -> None:
    with store.writing():
        store.upsert_issues(SCOPE, issues("1"))
        with store.reading():
            assert ids(store) == ["1"]


_WRITE = """
import sys
from pathlib import Path
from trackwire.store import TrackerSqliteStore
sys.path.insert(0, sys.argv[2])
from projectkit import SCOPE, make_issue

with TrackerSqliteStore(Path(sys.argv[1])) as store:
    with store.writing():
        store.upsert_issues(SCOPE, [make_issue("new")])
        print("written", flush=True)
    print("kept", flush=True)
"""

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.close()
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_readers_see_one_state_while_another_process_writes(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("old"))
    with store.reading():
        seen = [ids(store)]
        writer = start(_WRITE, store.path, Path(__file__).parents[1])
        written = line_of(writer)
        seen.append(ids(store))
    with writer:
        assert (written, line_of(writer)) == ("written", "kept")
    assert seen == [["old"], ["old"]]
    assert ids(store) == ["new", "old"]


def test_store_that_another_process_holds_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 30)
    with (
        TrackerSqliteStore(tmp_path / "store.sqlite") as store,
        start(_HOLD, store.path) as holder,
    ):
        assert line_of(holder) == "held"
        with pytest.raises(LockedError, match=r"store\.sqlite: another process is writing"):
            store.upsert_issues(SCOPE, issues("1"))
        holder.communicate()
        assert store.upsert_issues(SCOPE, issues("1")) == Upserted(created=1)


def test_full_store_keeps_what_it_had(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("old"))
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    many = issues(*(str(number) for number in range(2000)))
    with pytest.raises(StoreError, match=r"store\.sqlite: database or disk is full; nothing was"):
        store.upsert_issues(SCOPE, many)
    assert ids(store) == ["old"]


def test_closed_store_leaves_no_other_file(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, issues("1"))
    store.close()
    assert list(store.path.parent.iterdir()) == [store.path]


def test_unreadable_rows_are_an_error_that_names_the_store(store: TrackerSqliteStore) -> None:
    with closing(database.connect(store.path)) as connection:
        connection.execute("DROP TABLE mapping")
    with pytest.raises(StoreError, match=r"store\.sqlite: no such table: mapping"):
        list(store.list_mappings(SCOPE))


def test_version_with_a_time_replaces_one_without(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("1", title="imported", updated_at=None)])
    pulled = make_issue("1", title="pulled", updated_at=datetime(2026, 11, 20, tzinfo=UTC))
    store.upsert_issues(SCOPE, [pulled], keep_newer=True)
    assert [issue.title for issue in store.list_issues(SCOPE)] == ["pulled"]
