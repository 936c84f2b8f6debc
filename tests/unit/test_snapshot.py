"""The bytes of a snapshot, and the file that they are spooled to."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from projectkit import PROVIDER, SCOPE, WORKSPACE, make_issue

from trackwire.errors import LockedError, StoreError
from trackwire.model import Checkpoint, DoctrineMode, FieldOwner, Issue, IssueType, Status
from trackwire.project import Binding, TrackerProjectConfig
from trackwire.routing import ResourceRouting, RoutingReason
from trackwire.snapshot import Snapshot, remove_leftovers, spooled
from trackwire.store import TrackerSqliteStore

CONTRACTS = next(
    parent / "contracts"
    for parent in Path(__file__).resolve().parents
    if (parent / "contracts" / "schemas").is_dir()
)
SCHEMA = json.loads((CONTRACTS / "schemas" / "snapshot.schema.json").read_text())
ROUTED = ResourceRouting("acme_board", "B1", RoutingReason.ROUTED)
UNROUTED = ResourceRouting(None, None, RoutingReason.NO_PROVIDER)
UUID = "6f1b0f0e-52b4-4c8e-9a37-1f4f0f7b8a11"
AT = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC)


def make_config(
    owners: Mapping[str, FieldOwner] | None = None, slug: str | None = "sign-in"
) -> TrackerProjectConfig:
    binding = Binding(
        provider=PROVIDER,
        workspace=WORKSPACE,
        doctrine_mode=DoctrineMode.SPLIT_OWNERSHIP,
        doctrine_field_owners=owners or {},
    )
    return TrackerProjectConfig(
        root=Path("unused"), project_uuid=UUID, project_slug=slug, binding=binding
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackerSqliteStore]:
    with TrackerSqliteStore(tmp_path / "store.sqlite") as store:
        yield store


@contextmanager
def spooling(
    store: TrackerSqliteStore,
    *,
    config: TrackerProjectConfig | None = None,
    routing: ResourceRouting = ROUTED,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Snapshot]:
    directory = store.path.parent
    with spooled(directory, store, SCOPE, config or make_config(), routing, progress) as snapshot:
        yield snapshot


def render(store: TrackerSqliteStore, **options: Any) -> bytes:
    with spooling(store, **options) as snapshot:
        return snapshot.body.path.read_bytes()


def spools(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("spool-*"))


def test_body_is_what_the_contract_says_byte_for_byte(store: TrackerSqliteStore) -> None:
    issue = make_issue("7", body="Füße\n", priority=1, labels=("x",), updated_at=AT)
    store.upsert_issues(SCOPE, [issue])
    store.set_checkpoint(SCOPE, Checkpoint(updated_since=AT))
    assert render(store, config=make_config({"title": FieldOwner.LOCAL})).decode() == (
        '{"provider":"acme","workspace":"site.example",'
        '"external_resource_type":"acme_board","external_resource_id":"B1",'
        '"doctrine_mode":"split_ownership","doctrine_field_owners":{"title":"local"},'
        f'"project_uuid":"{UUID}","project_slug":"sign-in",'
        '"issues":[{"ref":{"system":"acme","workspace":"site.example","id":"7","key":"B1-7",'
        '"url":null},"title":"a title","body":"Füße\\n","status":"todo","issue_type":"task",'
        '"priority":1,"assignees":[],"labels":["x"],"updated_at":"2026-11-20T08:15:30Z"}],'
        '"mappings":[],'
        '"checkpoint":{"cursor":null,"updated_since":"2026-11-20T08:15:30Z"}}'
    )


def test_eleven_fields_stand_in_the_contracts_order(store: TrackerSqliteStore) -> None:
    members = json.loads(render(store), object_pairs_hook=lambda pairs: [n for n, _ in pairs])
    assert tuple(members) == tuple(SCHEMA["properties"])


def test_null_route_is_written_as_two_nulls(store: TrackerSqliteStore) -> None:
    document = json.loads(render(store, routing=UNROUTED))
    pair = document["external_resource_type"], document["external_resource_id"]
    assert pair == (None, None)


def test_field_owners_stand_by_name(store: TrackerSqliteStore) -> None:
    owners = dict.fromkeys(("title", "body", "status"), FieldOwner.SHARED)
    body = render(store, config=make_config(owners))
    assert list(json.loads(body)["doctrine_field_owners"]) == ["body", "status", "title"]


def test_issues_that_are_gone_are_not_in_it(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("1"), make_issue("2")])
    store.upsert_issues(SCOPE, [make_issue("2")], replace=True)
    assert [issue["ref"]["id"] for issue in json.loads(render(store))["issues"]] == ["2"]


def test_body_knows_its_size_digest_and_counts(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue(str(n), body="x" * 900) for n in range(300)])
    store.put_mapping(SCOPE, "WP01", make_issue("7"))
    with spooling(store) as snapshot:
        content = snapshot.body.path.read_bytes()
    assert (snapshot.body.size, snapshot.body.sha256) == (
        len(content),
        hashlib.sha256(content).digest(),
    )
    assert (snapshot.issue_count, snapshot.mapping_count) == (300, 1)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(
    datetime(1000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9998, 1, 1),  # noqa: DTZ001 - likewise
    timezones=OFFSETS,
)
ISSUES = st.builds(
    make_issue,
    WORD,
    key=st.none() | TEXT,
    url=st.none() | TEXT,
    title=TEXT,
    body=st.none() | TEXT,
    status=st.sampled_from(Status),
    issue_type=st.sampled_from(IssueType),
    priority=st.none() | st.integers(0, 4),
    assignees=st.lists(TEXT, max_size=2).map(tuple),
    labels=st.lists(TEXT, max_size=2).map(tuple),
    updated_at=st.none() | TIMES,
)
STATES = st.fixed_dictionaries(
    {
        "issues": st.lists(ISSUES, max_size=8, unique_by=lambda issue: issue.ref.id),
        "mapped": st.lists(ISSUES, max_size=3),
        "checkpoint": st.builds(
            Checkpoint, cursor=st.none() | TEXT, updated_since=st.none() | TIMES
        ),
        "owners": st.dictionaries(TEXT, st.sampled_from(FieldOwner), max_size=3),
        "slug": st.none() | TEXT,
    }
)


def render_state(state: Mapping[str, Any], issues: list[Issue]) -> bytes:
    with (
        tempfile.TemporaryDirectory() as directory,
        TrackerSqliteStore(Path(directory) / "store.sqlite") as store,
    ):
        for issue in issues:
            store.upsert_issues(SCOPE, [issue])
        for issue in state["mapped"]:
            store.put_mapping(SCOPE, "WP01", issue)
        store.set_checkpoint(SCOPE, state["checkpoint"])
        return render(store, config=make_config(state["owners"], state["slug"]))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(STATES)
def test_snapshot_of_any_store_is_valid_by_the_contracts_schema(state: dict[str, Any]) -> None:
    document = json.loads(render_state(state, state["issues"]))
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(document)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(STATES, st.randoms(use_true_random=False))
def test_issues_stand_by_id_whatever_order_they_came_in(state: dict[str, Any], random: Any) -> None:
    shuffled = list(state["issues"])
    random.shuffle(shuffled)
    ids = [issue["ref"]["id"] for issue in json.loads(render_state(state, shuffled))["issues"]]
    assert ids == sorted(ids)


def test_two_stores_of_the_same_state_render_the_same_bytes(tmp_path: Path) -> None:
    issues = [make_issue(str(number), title=f"title {number}") for number in range(50)]
    bodies = []
    for name, order in (("one", issues), ("two", issues[::-1])):
        (tmp_path / name).mkdir()
        with TrackerSqliteStore(tmp_path / name / "store.sqlite") as store:
            store.upsert_issues(SCOPE, [make_issue("7", title="an earlier title")])
            store.upsert_issues(SCOPE, order)
            store.set_checkpoint(SCOPE, Checkpoint(updated_since=AT))
            bodies.append(render(store))
    assert bodies[0] == bodies[1]


def test_rendering_again_gives_the_same_bytes(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("1"), make_issue("2")])
    assert render(store) == render(store)


def test_spool_is_private_and_beside_the_store(store: TrackerSqliteStore) -> None:
    with spooling(store) as snapshot:
        assert stat.S_IMODE(snapshot.body.path.stat().st_mode) == 0o600
        assert snapshot.body.path.parent == store.path.parent


def test_spool_is_removed_when_it_is_done_with(store: TrackerSqliteStore) -> None:
    with spooling(store):
        assert len(spools(store.path.parent)) == 1
    assert spools(store.path.parent) == []


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_spool_is_removed_after_a_failure(
    store: TrackerSqliteStore, failure: type[BaseException]
) -> None:
    with pytest.raises(failure), spooling(store):
        raise failure
    assert spools(store.path.parent) == []


def test_store_is_free_while_the_spool_is_used(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue("1")])
    with spooling(store) as snapshot, TrackerSqliteStore(store.path) as other:
        other.upsert_issues(SCOPE, [make_issue("2")])
        assert b'"id":"2"' not in snapshot.body.path.read_bytes()


def test_issues_mappings_and_checkpoint_are_of_one_state(
    store: TrackerSqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackwire.database.BUSY_TIMEOUT_MS", 30)
    store.upsert_issues(SCOPE, [make_issue("1")])

    def map_an_issue(_: int) -> None:
        with TrackerSqliteStore(store.path) as other, suppress(LockedError):
            other.put_mapping(SCOPE, "WP01", make_issue("1"))

    assert json.loads(render(store, progress=map_an_issue))["mappings"] == []


def test_progress_is_told_how_many_issues_are_rendered(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue(str(number)) for number in range(12_000)])
    told: list[int] = []
    render(store, progress=told.append)
    assert told == [10_000, 12_000]


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let no write make a file larger, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_is_told_of_the_snapshot_and_leaves_nothing(store: TrackerSqliteStore) -> None:
    store.upsert_issues(SCOPE, [make_issue(str(n), body="x" * 1000) for n in range(500)])
    with (
        files_limited_to(200_000),
        pytest.raises(StoreError, match=r"the snapshot cannot be written: .*; nothing was sent"),
    ):
        render(store)
    assert spools(store.path.parent) == []


def test_busy_store_leaves_no_spool(
    store: TrackerSqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackwire.database.BUSY_TIMEOUT_MS", 30)
    with TrackerSqliteStore(store.path) as reader:
        store._connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LockedError):
            render(reader)
        store._connection.execute("ROLLBACK")
    assert spools(store.path.parent) == []


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.parametrize("process", [dead_process, os.getpid, lambda: 10**30, lambda: "garbage"])
def test_leftover_of_no_running_publish_is_removed(
    tmp_path: Path, process: Callable[[], object]
) -> None:
    (tmp_path / f"spool-{process()}-0a0b0c0d.json").touch()
    remove_leftovers(tmp_path)
    assert spools(tmp_path) == []


def test_spool_of_a_live_process_is_kept(tmp_path: Path) -> None:
    name = f"spool-{os.getppid()}-0a0b0c0d.json"
    (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert spools(tmp_path) == [name]


def test_spool_of_a_live_process_of_another_user_is_kept(
    public_path: Path,
    unprivileged: Callable[[], AbstractContextManager[None]],
    foreign_process: int,
) -> None:
    name = f"spool-{foreign_process}-0a0b0c0d.json"
    (public_path / name).touch()
    with unprivileged():
        remove_leftovers(public_path)
    assert spools(public_path) == [name]


def test_spool_in_use_by_this_process_is_kept(store: TrackerSqliteStore) -> None:
    with spooling(store) as snapshot:
        remove_leftovers(store.path.parent)
        assert snapshot.body.path.exists()


def test_other_files_are_no_leftovers(store: TrackerSqliteStore) -> None:
    remove_leftovers(store.path.parent)
    assert store.path.exists()
