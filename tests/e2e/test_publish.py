"""`trackwire publish` against a hub in a process of its own."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_server import ScriptedServer, accepting

from trackwire.lock import project_lock

pytestmark = pytest.mark.needs_hub

REPORT = {
    *("ok", "status_code", "endpoint", "idempotency_key", "replayed", "provider", "workspace"),
    *("external_resource_type", "external_resource_id", "routing_reason", "issue_count"),
    *("mapping_count", "body_bytes", "body_sha256", "attempts", "resolution"),
}


@pytest.fixture
def silent_hub() -> Iterator[str]:
    """The address of a hub that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def absent_hub() -> str:
    """The address of a hub that is not there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def workspace(user: Any) -> str:
    return user.json("status")["workspace"]


def test_exact_route_is_resolved(publisher: Any, hub: Any) -> None:
    hub.add_mapping("rocket", workspace(publisher), "--type", "acme_board", "--id", "B1")
    done = publisher.json("publish")
    assert done["external_resource_type"] == "acme_board"
    assert done["external_resource_id"] == "B1"
    assert done["resolution"]["status"] == "resolved"
    assert done["resolution"]["project"] == "rocket"


def test_workspace_is_fallen_back_to(publisher: Any, hub: Any) -> None:
    hub.add_mapping("garden", workspace(publisher))
    shown = publisher.does("publish")
    assert "project garden, by its workspace only" in shown


def test_unknown_route_is_queued_at_the_hub(publisher: Any, hub: Any) -> None:
    assert publisher.json("publish")["resolution"]["status"] == "queued"
    waiting = [entry["workspace"] for entry in hub.run("queue")["queue"]]
    assert workspace(publisher) in waiting


def test_null_route_says_so_and_is_delivered(publisher: Any) -> None:
    publisher.setenv("TRACKWIRE_DISABLE_PLUGINS", "acme")
    publisher.does(
        "import",
        "--format",
        "jsonl",
        "-",
        given=publisher.lines("1", workspace=workspace(publisher)),
    )
    done = publisher.run("publish")
    assert done.exit_code == 0
    assert "null/null: the plugin for acme is switched off" in done.stderr


def test_report_has_every_member(publisher: Any) -> None:
    assert set(publisher.json("publish")) >= REPORT


def test_dry_run_has_the_same_members(publisher: Any) -> None:
    assert set(publisher.json("publish", "--dry-run")) == set(publisher.json("publish"))


def test_dry_run_sends_and_records_nothing(publisher: Any, hub: Any) -> None:
    assert "nothing was sent" in publisher.does("publish", "--dry-run")
    assert publisher.json("status")["publishes"] == []
    assert workspace(publisher) not in [e["workspace"] for e in hub.run("queue")["queue"]]


def test_dry_run_foretells_key_and_digest(publisher: Any) -> None:
    foretold = publisher.json("publish", "--dry-run")
    sent = publisher.json("publish")
    told = ("idempotency_key", "body_sha256", "body_bytes", "issue_count", "endpoint")
    assert {name: sent[name] for name in told} == {name: foretold[name] for name in told}


def test_dry_run_needs_no_hub(bound: Any) -> None:
    done = bound.json("publish", "--dry-run")
    assert done["endpoint"] is None
    assert done["idempotency_key"] is None


def test_output_is_the_exact_body(publisher: Any) -> None:
    copy = publisher.home / "body.json"
    sent = publisher.json("publish", "--output", str(copy))
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == sent["body_sha256"]
    assert len(json.loads(copy.read_bytes())["issues"]) == 2
    assert copy.stat().st_mode & 0o777 == 0o600


def test_output_that_cannot_be_written_sends_nothing(publisher: Any) -> None:
    publisher.fails("publish", "--output", str(publisher.home / "no" / "body.json"), code=2)
    assert publisher.json("status")["publishes"] == []


def test_same_state_again_is_replayed(publisher: Any) -> None:
    first, again = publisher.json("publish"), publisher.json("publish")
    assert (first["status_code"], first["replayed"]) == (201, False)
    assert (again["status_code"], again["replayed"]) == (200, True)
    assert again["idempotency_key"] == first["idempotency_key"]


def test_changed_state_has_another_key(publisher: Any) -> None:
    first = publisher.json("publish")
    publisher.does("import", "-", given=publisher.cards("3"))
    again = publisher.json("publish")
    assert again["replayed"] is False
    assert again["idempotency_key"] != first["idempotency_key"]


def test_status_shows_the_publish(publisher: Any) -> None:
    publisher.does("publish")
    assert "published  delivered" in publisher.does("status")


def test_required_routing_refuses_a_null_route(publisher: Any) -> None:
    publisher.setenv("TRACKWIRE_DISABLE_PLUGINS", "acme")
    message = publisher.fails("publish", "--require-routing", code=1)
    assert "nothing was sent" in message
    assert publisher.json("status")["publishes"] == []


def test_required_routing_lets_a_route_pass(publisher: Any) -> None:
    assert publisher.json("publish", "--require-routing")["ok"] is True


def test_broken_plugin_sends_nothing(publisher: Any) -> None:
    publisher.install("acme", "raise RuntimeError", dist="rival")
    assert "acme-plugin 1.2 (" in publisher.fails("publish", code=1)


def test_scope_that_was_never_filled_is_refused_naming_the_filled_ones(publisher: Any) -> None:
    publisher.setenv("TRACKWIRE_ACME_BOARD", "B9")
    message = publisher.fails("publish", code=1)
    assert f"acme at {workspace(publisher)}, B1" in message
    assert "--allow-empty" in message


def test_allowed_empty_snapshot_is_delivered(publisher: Any) -> None:
    publisher.setenv("TRACKWIRE_ACME_BOARD", "B9")
    assert publisher.json("publish", "--allow-empty")["issue_count"] == 0


def test_partly_filled_scope_is_refused_unless_meant(publisher: Any) -> None:
    publisher.setenv("TRACKWIRE_ACME_BOARD", "B9")
    publisher.does("import", "-", given=publisher.cards("7", next=True))
    assert "--partial" in publisher.fails("publish", code=1)
    assert publisher.json("publish", "--partial")["issue_count"] == 1


def test_no_hub_is_wrong_usage(bound: Any) -> None:
    assert "trackwire login URL" in bound.fails("publish", code=2)


def test_hub_from_the_environment(bound: Any, hub: Any) -> None:
    bound.setenv("TRACKWIRE_HUB_URL", hub.url)
    bound.setenv("TRACKWIRE_HUB_TOKEN", hub.token)
    assert bound.json("publish")["endpoint"].startswith(hub.url)


@pytest.mark.parametrize("token", ["", "no-token"])
def test_missing_or_wrong_token_names_the_login(bound: Any, hub: Any, token: str) -> None:
    bound.setenv("TRACKWIRE_HUB_TOKEN", token)
    failed = bound.json("publish", "--hub", hub.url, code=1)
    assert failed["status_code"] == 401
    assert "trackwire login" in failed["error"]


def test_stored_token_goes_to_no_other_hub(publisher: Any, hub: Any) -> None:
    other = hub.url.replace("127.0.0.1", "localhost")
    assert publisher.json("publish", "--hub", other, code=1)["status_code"] == 401


def test_absent_hub_is_worth_repeating(publisher: Any, absent_hub: str) -> None:
    failed = publisher.json("publish", "--hub", absent_hub, "--timeout", "0.3", code=75)
    assert set(failed) >= REPORT
    assert failed["ok"] is False
    assert publisher.json("status")["publishes"][0]["state"] == "pending"


def test_silent_hub_is_given_up_in_time(publisher: Any, silent_hub: str) -> None:
    failed = publisher.json("publish", "--hub", silent_hub, "--timeout", "0.3", code=75)
    assert failed["attempts"] == 1


def test_failed_publish_is_repeated_under_the_same_key(publisher: Any, absent_hub: str) -> None:
    options = ("--hub", absent_hub, "--timeout", "0.2")
    keys = {publisher.json("publish", *options, code=75)["idempotency_key"] for _ in range(2)}
    assert len(keys) == 1


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_unusable_timeout_is_wrong_usage(bound: Any, absent_hub: str, seconds: str) -> None:
    message = bound.fails("publish", "--hub", absent_hub, "--timeout", seconds, code=2)
    assert "--timeout" in message


@pytest.mark.parametrize("address", ["ftp://hub", "hub.example", "http://hub.example", "https://"])
def test_unusable_address_is_wrong_usage(bound: Any, address: str) -> None:
    bound.fails("publish", "--hub", address, code=2)


def test_second_publish_gives_up_at_its_timeout_naming_the_first(
    publisher: Any, silent_hub: str
) -> None:
    with publisher.start("publish", "--hub", silent_hub) as first:
        wait_for_the_ledger(publisher, first)
        message = publisher.fails("publish", "--timeout", "0.2", code=75)
        first.kill()
        first.communicate()
    assert f"trackwire publish (process {first.pid}) is working" in message


def test_second_publish_waits_for_the_first(publisher: Any) -> None:
    with project_lock(publisher.project, "publish"):
        second = publisher.start("publish", "--json")
        line = second.stderr.readline()
        assert second.poll() is None
    with second:
        stdout, _ = second.communicate(timeout=60)
    assert line.startswith("note: waiting up to 120 s for trackwire publish")
    assert json.loads(stdout)["ok"] is True


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_publish_that_is_cut_short_is_repeated_under_the_same_key(
    publisher: Any, silent_hub: str, end: int
) -> None:
    with publisher.start("publish", "--hub", silent_hub) as process:
        wait_for_the_ledger(publisher, process)
        process.send_signal(end)
        process.communicate(timeout=20)
    (entry,) = publisher.json("status")["publishes"]
    assert entry["state"] == "pending"
    options = ("--hub", silent_hub, "--timeout", "0.2")
    again = publisher.json("publish", *options, code=75)
    assert again["idempotency_key"] == entry["idempotency_key"]


def test_interrupted_publish_exits_130_and_leaves_no_body_behind(
    publisher: Any, silent_hub: str
) -> None:
    with publisher.start("publish", "--hub", silent_hub) as process:
        wait_for_the_ledger(publisher, process)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr == "interrupted\n"
    assert bodies(publisher) == []


def test_next_publish_removes_the_body_that_a_killed_one_left(
    publisher: Any, silent_hub: str
) -> None:
    with publisher.start("publish", "--hub", silent_hub) as process:
        wait_for_the_ledger(publisher, process)
        process.kill()
        process.communicate(timeout=20)
    assert bodies(publisher) != []
    publisher.does("publish")
    assert bodies(publisher) == []


def wait_for_the_ledger(user: Any, process: Any) -> None:
    while not user.json("status")["publishes"]:
        assert process.poll() is None


def bodies(user: Any) -> list[Path]:
    return [
        path
        for path in (user.project / ".kittify" / "trackwire").iterdir()
        if path.name not in {".gitignore", "lock", "lock.holder"} and ".sqlite" not in path.name
    ]


@pytest.mark.parametrize("own", ["config.yaml", "trackwire/store.sqlite", "trackwire/body.json"])
def test_output_is_not_written_over_the_projects_own_files(bound: Any, own: str) -> None:
    path = bound.project / ".kittify" / own
    before = path.read_bytes() if path.exists() else None
    message = bound.fails("publish", "--dry-run", "--output", str(path), code=2)
    assert "the project's own files" in message
    assert (path.read_bytes() if path.exists() else None) == before


def test_refusal_of_an_empty_scope_says_what_the_environment_changed(bound: Any) -> None:
    bound.setenv("TRACKWIRE_ACME_BOARD", "B2")
    done = bound.run("publish", "--dry-run")
    assert done.exit_code == 1
    assert "TRACKWIRE_ACME_BOARD overrides another value" in done.stderr


def test_hub_that_does_not_say_how_it_resolved_is_said_to_be_silent(
    bound: Any, scripted_server: ScriptedServer
) -> None:
    scripted_server.script(accepting(resolution=None), accepting(resolution=None))
    shown = bound.does("publish", "--hub", scripted_server.url)
    assert "resolution   the hub did not say" in shown
    assert bound.json("publish", "--hub", scripted_server.url)["resolution"] is None
