"""What a publish refuses, rehearses, writes out, records and reports."""

from __future__ import annotations

import errno
import json
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest
from projectkit import (
    ACCEPT,
    DEFER,
    LOSE,
    REFUSE,
    SCOPE,
    IdempotentHub,
    as_file,
    bind_project,
    fill,
    json_lines,
    make_issue,
    make_service,
    running_hub,
)

from trackwire.destination import endpoint_url
from trackwire.errors import (
    DeliveryDeferred,
    DeliveryError,
    ProjectError,
    ScopeError,
    StoreError,
    UsageError,
)
from trackwire.journal import Run
from trackwire.ledger import LedgerEntry, PublishState
from trackwire.lock import DATA_DIRECTORY, project_lock
from trackwire.provider import ExportContext, ExportedIssue, MoreFollows
from trackwire.publishing import PublishReport
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.service import TrackerService

HUB = "https://hub.example"


@pytest.fixture
def hub() -> Iterator[IdempotentHub]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def service(tmp_path: Path) -> TrackerService:
    bind_project(tmp_path)
    service = make_service(tmp_path)
    fill(service, json_lines("1", "2"))
    return service


def ledger_of(service: TrackerService) -> list[LedgerEntry]:
    with TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as store:
        return store.ledger.latest()


def spools(service: TrackerService) -> list[Path]:
    return list((service.root / DATA_DIRECTORY).glob("spool-*"))


def fill_in_part(root: Path) -> TrackerService:
    def reader(stream: BinaryIO, _: ExportContext) -> Iterator[ExportedIssue | MoreFollows]:
        yield ExportedIssue(make_issue(stream.read().decode()), "ids[0]")
        yield MoreFollows("more is true")

    service = make_service(root, read_export=reader)
    list(service.import_files([as_file(b"1", "page-1.json")]))
    return service


def test_accepted_publish_is_reported(service: TrackerService, hub: IdempotentHub) -> None:
    report = service.publish(hub=hub.url)
    assert (report.ok, report.dry_run, report.status_code, report.replayed) == (
        True,
        False,
        201,
        False,
    )
    assert (report.provider, report.workspace) == ("acme", "site.example")
    assert (report.external_resource_type, report.external_resource_id, report.routing_reason) == (
        "acme_board",
        "B1",
        "routed",
    )
    assert (report.issue_count, report.mapping_count, report.attempts) == (2, 0, 1)
    assert (report.endpoint, report.idempotency_key) == (endpoint_url(hub.url), hub.keys[0])
    assert report.body_bytes == len(hub.state)
    assert report.resolution is not None
    assert report.resolution.status == "queued"


def test_accepted_publish_is_recorded_with_how_it_was_resolved(
    service: TrackerService, hub: IdempotentHub
) -> None:
    report = service.publish(hub=hub.url)
    (entry,) = ledger_of(service)
    assert (entry.state, entry.detail, entry.issue_count, entry.route) == (
        PublishState.DELIVERED,
        "queued",
        2,
        str(SCOPE),
    )
    assert (entry.idempotency_key, entry.body_sha256) == (
        report.idempotency_key,
        report.body_sha256,
    )


def test_publish_of_unchanged_content_is_a_replay(
    service: TrackerService, hub: IdempotentHub
) -> None:
    service.publish(hub=hub.url)
    again = service.publish(hub=hub.url)
    assert (again.ok, again.replayed, again.status_code) == (True, True, 200)
    assert len(hub.accepted) == 1


def test_rebinding_changes_the_key(service: TrackerService, hub: IdempotentHub) -> None:
    service.publish(hub=hub.url)
    bind_project(service.root, board="B2")
    fill(service, json_lines("1", "2"))
    service.publish(hub=hub.url)
    assert len(set(hub.keys)) == 2


def test_going_back_is_accepted_anew(service: TrackerService, hub: IdempotentHub) -> None:
    service.publish(hub=hub.url)
    first = hub.state
    fill(service, json_lines("1"), replace_all=True)
    service.publish(hub=hub.url)
    fill(service, json_lines("1", "2"), replace_all=True)
    service.publish(hub=hub.url)
    assert (len(hub.accepted), hub.state) == (3, first)


def test_ledger_has_the_publish_before_the_first_byte_leaves(
    service: TrackerService, hub: IdempotentHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[LedgerEntry] = []
    answer = hub.answer

    def watching(key: str, body: bytes) -> object:
        seen.extend(ledger_of(service))
        return answer(key, body)

    monkeypatch.setattr(hub, "answer", watching)
    service.publish(hub=hub.url)
    assert [(entry.state, entry.idempotency_key) for entry in seen] == [
        (PublishState.PENDING, hub.keys[0])
    ]


def test_refused_publish_is_recorded_as_failed(service: TrackerService, hub: IdempotentHub) -> None:
    hub.plan.append(REFUSE)
    with pytest.raises(DeliveryError) as caught:
        service.publish(hub=hub.url)
    (entry,) = ledger_of(service)
    assert (entry.state, entry.detail) == (PublishState.FAILED, str(caught.value))


def test_refused_publish_is_reported_with_its_error(
    service: TrackerService, hub: IdempotentHub
) -> None:
    hub.plan.append(REFUSE)
    with pytest.raises(DeliveryError) as caught:
        service.publish(hub=hub.url)
    report = caught.value.report
    assert isinstance(report, PublishReport)
    assert (report.ok, report.status_code, report.attempts, report.error) == (
        False,
        422,
        1,
        str(caught.value),
    )
    assert report.idempotency_key == hub.keys[0]


def test_deferred_publish_stays_pending(service: TrackerService, hub: IdempotentHub) -> None:
    hub.plan.append(DEFER)
    with pytest.raises(DeliveryDeferred) as caught:
        service.publish(hub=hub.url)
    (entry,) = ledger_of(service)
    assert (entry.state, entry.detail) == (PublishState.PENDING, str(caught.value))


def test_publish_after_a_failed_one_has_the_same_key(
    service: TrackerService, hub: IdempotentHub
) -> None:
    hub.plan.extend([REFUSE, DEFER, ACCEPT])
    for failure in (DeliveryError, DeliveryDeferred):
        with pytest.raises(failure):
            service.publish(hub=hub.url)
    service.publish(hub=hub.url)
    assert len(set(hub.keys)) == 1
    assert ledger_of(service)[0].state is PublishState.DELIVERED


def test_retry_after_a_lost_answer_is_a_replay(service: TrackerService, hub: IdempotentHub) -> None:
    hub.plan.append(LOSE)
    report = service.publish(hub=hub.url)
    assert (report.attempts, report.replayed, len(hub.accepted)) == (2, True, 1)


def test_publish_that_cannot_set_out_is_recorded_as_failed(
    service: TrackerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example")
    with pytest.raises(UsageError) as caught:
        service.publish(hub=HUB)
    (entry,) = ledger_of(service)
    assert (entry.state, entry.detail) == (PublishState.FAILED, str(caught.value))


@pytest.mark.parametrize("deed", [ACCEPT, REFUSE, DEFER])
def test_no_spool_is_left_behind(service: TrackerService, hub: IdempotentHub, deed: str) -> None:
    hub.plan.append(deed)
    try:
        service.publish(hub=hub.url)
    except (DeliveryError, DeliveryDeferred):
        assert deed != ACCEPT
    assert (spools(service), len(hub.keys)) == ([], 1)


def test_spool_of_a_killed_publish_is_removed(service: TrackerService, hub: IdempotentHub) -> None:
    (service.root / DATA_DIRECTORY / f"spool-{10**12}-00000000.json").touch()
    service.publish(hub=hub.url)
    assert spools(service) == []


def test_dry_run_sends_and_records_nothing(service: TrackerService, hub: IdempotentHub) -> None:
    service.publish(hub=hub.url, dry_run=True)
    assert (hub.keys, ledger_of(service), spools(service)) == ([], [], [])


def test_dry_run_shows_what_the_publish_then_uses(
    service: TrackerService, hub: IdempotentHub
) -> None:
    shown = [service.publish(hub=hub.url, dry_run=True)]
    sent = [service.publish(hub=hub.url)]
    fill(service, json_lines("3"))
    shown.append(service.publish(hub=hub.url, dry_run=True))
    sent.append(service.publish(hub=hub.url))
    assert [(r.idempotency_key, r.body_sha256, r.endpoint, r.issue_count) for r in shown] == [
        (r.idempotency_key, r.body_sha256, r.endpoint, r.issue_count) for r in sent
    ]
    assert [(r.ok, r.dry_run, r.attempts) for r in shown] == [(True, True, 0)] * 2


def test_dry_run_needs_no_hub(service: TrackerService) -> None:
    report = service.publish(dry_run=True)
    assert (report.ok, report.endpoint, report.idempotency_key) == (True, None, None)


def test_dry_run_waits_for_nobody(service: TrackerService) -> None:
    with project_lock(service.root, "import"):
        assert service.publish(dry_run=True).ok


def test_publish_needs_a_hub(service: TrackerService) -> None:
    with pytest.raises(UsageError, match="no hub is named"):
        service.publish()


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan"), float("inf")])
def test_timeout_that_cannot_be_meant_sends_nothing(
    service: TrackerService, hub: IdempotentHub, timeout: float
) -> None:
    with pytest.raises(UsageError, match=f"the timeout is {timeout}; it takes seconds, more than"):
        service.publish(hub=hub.url, timeout=timeout)
    assert hub.keys == []


def test_output_is_the_body_that_was_sent(
    service: TrackerService, hub: IdempotentHub, tmp_path: Path
) -> None:
    service.publish(hub=hub.url, output=tmp_path / "body.json")
    assert (tmp_path / "body.json").read_bytes() == hub.state


def test_output_of_a_dry_run_is_the_body_that_is_then_sent(
    service: TrackerService, hub: IdempotentHub, tmp_path: Path
) -> None:
    service.publish(dry_run=True, output=tmp_path / "body.json")
    service.publish(hub=hub.url)
    assert (tmp_path / "body.json").read_bytes() == hub.state


def test_output_is_private(service: TrackerService, tmp_path: Path) -> None:
    service.publish(dry_run=True, output=tmp_path / "body.json")
    assert stat.S_IMODE((tmp_path / "body.json").stat().st_mode) == 0o600


def test_output_to_a_missing_directory_sends_nothing(
    service: TrackerService, hub: IdempotentHub, tmp_path: Path
) -> None:
    with pytest.raises(
        UsageError, match=r"absent/body\.json: the body cannot be written there: No"
    ):
        service.publish(hub=hub.url, output=tmp_path / "absent" / "body.json")
    assert (hub.keys, ledger_of(service), spools(service)) == ([], [], [])


def test_output_to_a_full_disk_leaves_the_old_file(
    service: TrackerService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "body.json"
    output.parent.mkdir()
    output.write_text("old")

    def breaking(_: BinaryIO, target: BinaryIO) -> None:
        target.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", breaking)
    with pytest.raises(UsageError, match="No space left on device; nothing was sent"):
        service.publish(dry_run=True, output=output)
    assert ([path.name for path in output.parent.iterdir()], output.read_text()) == (
        ["body.json"],
        "old",
    )


def test_output_to_a_full_device_is_an_error_and_leaves_the_device(
    service: TrackerService,
) -> None:
    with pytest.raises(UsageError, match="/dev/full: the body cannot be written there"):
        service.publish(dry_run=True, output=Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_required_routing_refuses_a_null_route(tmp_path: Path, hub: IdempotentHub) -> None:
    bind_project(tmp_path, board=None)
    service = make_service(tmp_path)
    fill(service, json_lines("1"))
    with pytest.raises(ProjectError, match="there is no route: board is not set; run: trackwire"):
        service.publish(hub=hub.url, require_routing=True)
    assert (hub.keys, ledger_of(service)) == ([], [])


def test_required_routing_lets_a_route_pass(service: TrackerService, hub: IdempotentHub) -> None:
    assert service.publish(hub=hub.url, require_routing=True).ok


def test_null_route_is_published_and_said(tmp_path: Path, hub: IdempotentHub) -> None:
    bind_project(tmp_path, board=None)
    told: list[str] = []
    service = make_service(tmp_path, notify=told.append)
    fill(service, json_lines("1"))
    report = service.publish(hub=hub.url)
    assert (report.external_resource_type, report.routing_reason) == (None, "id_missing")
    assert [line for line in told if line.startswith("the route is null/null: board is")] == told
    assert len(told) == 1


def test_scope_that_was_never_filled_is_refused(tmp_path: Path, hub: IdempotentHub) -> None:
    bind_project(tmp_path)
    with pytest.raises(ScopeError, match=r"nothing was ever read for acme at .*, B1\. Run: "):
        make_service(tmp_path).publish(hub=hub.url)
    assert hub.keys == []


def test_refusal_of_an_empty_scope_names_those_that_were_filled(
    service: TrackerService, hub: IdempotentHub
) -> None:
    bind_project(service.root, board=None)
    with pytest.raises(ScopeError, match=r"filled are: acme at site\.example, B1\."):
        service.publish(hub=hub.url)
    assert hub.keys == []


def test_empty_scope_is_published_when_allowed(tmp_path: Path, hub: IdempotentHub) -> None:
    bind_project(tmp_path)
    make_service(tmp_path).publish(hub=hub.url, allow_empty=True)
    assert json.loads(hub.state)["issues"] == []


def test_dry_run_of_an_empty_scope_is_refused_too(tmp_path: Path) -> None:
    bind_project(tmp_path)
    with pytest.raises(ScopeError):
        make_service(tmp_path).publish(dry_run=True)


def test_scope_filled_in_part_is_refused(tmp_path: Path, hub: IdempotentHub) -> None:
    bind_project(tmp_path)
    with pytest.raises(ScopeError, match=r"acme at site\.example, B1 is filled in part only"):
        fill_in_part(tmp_path).publish(hub=hub.url, allow_empty=True)
    assert hub.keys == []


def test_scope_filled_in_part_is_published_when_allowed(tmp_path: Path, hub: IdempotentHub) -> None:
    bind_project(tmp_path)
    fill_in_part(tmp_path).publish(hub=hub.url, partial=True)
    assert len(json.loads(hub.state)["issues"]) == 1


@pytest.mark.parametrize("interrupted", [True, False])
def test_publish_in_the_midst_of_a_pull_says_so(
    tmp_path: Path, hub: IdempotentHub, interrupted: bool
) -> None:
    told: list[str] = []
    bind_project(tmp_path)
    service = make_service(tmp_path, notify=told.append)
    fill(service, json_lines("1"))
    if interrupted:
        with TrackerSqliteStore(tmp_path / DATA_DIRECTORY / STORE_FILE) as store:
            store.journal.go_on(SCOPE, Run(full=False, fingerprint="f", held=1))
    service.publish(hub=hub.url)
    assert any("a pull was interrupted" in note for note in told) is interrupted


def test_partial_does_not_allow_an_empty_scope(tmp_path: Path) -> None:
    bind_project(tmp_path)
    with pytest.raises(ScopeError):
        make_service(tmp_path).publish(dry_run=True, partial=True)


def test_publish_in_no_project_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        make_service(tmp_path).publish(hub=HUB)
    assert list(tmp_path.iterdir()) == []


def test_issues_of_another_binding_are_not_published(
    service: TrackerService, hub: IdempotentHub
) -> None:
    bind_project(service.root, board="B2")
    fill(service, json_lines("9"))
    service.publish(hub=hub.url)
    assert [issue["ref"]["id"] for issue in json.loads(hub.state)["issues"]] == ["9"]


def test_publish_sends_what_the_project_is_bound_to_after_the_wait(
    tmp_path: Path, hub: IdempotentHub
) -> None:
    bind_project(tmp_path, board="B2")
    waiting = threading.Event()
    service = make_service(tmp_path, notify=lambda _: waiting.set())
    fill(service, json_lines("9"))
    bind_project(tmp_path)
    fill(service, json_lines("1"))
    worker = threading.Thread(target=service.publish, kwargs={"hub": hub.url})
    with project_lock(tmp_path, "bind"):
        worker.start()
        assert waiting.wait(30)
        bind_project(tmp_path, board="B2")
    worker.join()
    assert json.loads(hub.state)["external_resource_id"] == "B2"


def test_full_disk_sends_and_leaves_nothing(
    service: TrackerService, hub: IdempotentHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trackwire.snapshot._Digesting.finish", full)
    with pytest.raises(StoreError, match="No space left on device; nothing was sent"):
        service.publish(hub=hub.url)
    assert (hub.keys, ledger_of(service), spools(service)) == ([], [], [])
