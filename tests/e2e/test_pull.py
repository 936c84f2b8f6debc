"""`trackwire pull`: the live tracker into the store, on loopback."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from projectkit import LIVE_PLUGIN, TRACKER_TOKEN, LiveTracker, running_tracker
from ruamel.yaml import YAML

from trackwire.lock import project_lock

BIND = ("bind", "acme", "--workspace", "site.example")


@pytest.fixture
def tracker() -> Iterator[LiveTracker]:
    """The made-up tracker with five cards."""
    with running_tracker("1", "2", "3", "4", "5") as made:
        yield made


@pytest.fixture
def reader(user: Any, tracker: LiveTracker) -> Any:
    """A user whose project is bound to the board B1 of the tracker."""
    user.install("acme", LIVE_PLUGIN)
    given = json.dumps({"base_url": tracker.url, "token": TRACKER_TOKEN, "board": "B1"})
    user.does(*BIND, "--credentials-stdin", given=given)
    return user


def ids(user: Any) -> list[str]:
    body = user.home / "body.json"
    user.does("publish", "--dry-run", "--output", str(body))
    return [issue["ref"]["id"] for issue in json.loads(body.read_text())["issues"]]


def test_first_pull_reads_every_issue(reader: Any) -> None:
    shown = reader.does("pull")
    assert shown.startswith("acme at site.example, B1: 5 created, 0 updated, 0 unchanged, 0 gone")
    assert ids(reader) == ["1", "2", "3", "4", "5"]


def test_pull_fills_the_scope_completely(reader: Any) -> None:
    reader.does("pull")
    assert reader.json("status")["scope"]["fill"] == "complete"


def test_next_pull_reads_what_has_changed(reader: Any, tracker: LiveTracker) -> None:
    reader.does("pull")
    tracker.put("2", 30, title="other")
    document = reader.json("pull", "--overlap", "0")
    assert (document["issues"], document["updated"], document["unchanged"]) == (2, 1, 1)


def test_issue_that_is_gone_at_the_tracker_is_gone_here(reader: Any, tracker: LiveTracker) -> None:
    reader.does("pull")
    tracker.cards.pop()
    assert reader.json("pull", "--full")["gone"] == 1
    assert ids(reader) == ["1", "2", "3", "4"]


def test_loss_of_more_than_half_is_refused_unless_it_is_meant(
    reader: Any, tracker: LiveTracker
) -> None:
    reader.does("pull")
    del tracker.cards[1:]
    assert "--accept-gone" in reader.fails("pull", "--full", code=1)
    assert ids(reader) == ["1", "2", "3", "4", "5"]
    assert reader.json("pull", "--full", "--accept-gone")["gone"] == 4


def test_limit_ends_a_pull_and_the_next_goes_on(reader: Any) -> None:
    first = reader.json("pull", "--limit", "3")
    assert (first["issues"], first["complete"], first["fill"]) == (3, False, "partial")
    second = reader.json("pull")
    assert (second["resumed"], second["complete"], second["fill"]) == (True, True, "complete")
    assert ids(reader) == ["1", "2", "3", "4", "5"]


def test_scope_that_is_filled_in_part_is_not_published(reader: Any) -> None:
    reader.does("pull", "--limit", "3")
    assert "trackwire pull" in reader.fails("publish", "--dry-run", code=1)


def test_publish_before_the_first_pull_says_to_pull(reader: Any) -> None:
    assert "Run: trackwire pull" in reader.fails("publish", "--dry-run", code=1)


def test_mapping_to_an_issue_that_is_not_at_hand_says_to_pull(reader: Any) -> None:
    assert "trackwire pull" in reader.fails("map", "add", "WP01", "77", code=2)


def test_names_without_a_place_come_with_the_lines_that_place_them(
    reader: Any, tracker: LiveTracker
) -> None:
    tracker.put("6", 40, status='Wartet: "auf" Ä #1')
    tracker.put("7", 41, status='Wartet: "auf" Ä #1')
    shown = reader.does("pull")
    assert "2 issues" in shown
    lines = shown.splitlines()
    added = lines[lines.index("trackwire:") + 1 :]
    config = reader.config.read_text().replace(
        "trackwire:\n", "\n".join(["trackwire:", *added, ""])
    )
    reader.config.write_text(config)
    assert list(YAML().load(config)["trackwire"]["status_map"]) == ['Wartet: "auf" Ä #1']
    again = reader.json("pull")
    assert (again["full"], again["unplaced"]) == (True, [])


def test_names_without_a_place_are_in_the_document(reader: Any, tracker: LiveTracker) -> None:
    tracker.put("6", 40, status="odd")
    assert reader.json("pull")["unplaced"] == [{"kind": "status", "name": "odd", "issues": 1}]


def test_refused_token_is_said_with_its_remedy_and_not_shown(
    reader: Any, tracker: LiveTracker
) -> None:
    reader.does("credentials", "set", "token", "--stdin", "--origin", tracker.url, given="hush-bad")
    message = reader.fails("pull", code=1)
    assert "401" in message
    assert "hush-bad" not in message


def test_missing_token_is_refused_before_any_request(reader: Any, tracker: LiveTracker) -> None:
    reader.does("credentials", "remove", "token")
    message = reader.fails("pull", code=1)
    assert "token is not set (Profile, API tokens); run: trackwire credentials set token" in message
    assert tracker.requests == []


def test_binding_without_a_resource_is_refused_with_the_command(user: Any) -> None:
    user.install("acme", LIVE_PLUGIN)
    user.does(*BIND)
    message = user.fails("pull", code=1)
    assert "board is not set" in message
    assert "--set board=" in message


def test_provider_without_plugin_is_refused_with_what_to_do_instead(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    assert "--format jsonl" in user.fails("pull", code=2)


def test_blocked_plugin_is_refused_with_the_variable(reader: Any) -> None:
    reader.setenv("TRACKWIRE_DISABLE_PLUGINS", "acme")
    assert "TRACKWIRE_DISABLE_PLUGINS" in reader.fails("pull", code=2)


def test_plugin_that_reads_no_live_tracker_is_named(bound: Any) -> None:
    message = bound.fails("pull", code=2)
    assert "acme-plugin 1.2 does not read the live tracker" in message
    assert "import" in message


def test_address_that_only_the_projects_file_names_gets_no_secret(
    reader: Any, tracker: LiveTracker
) -> None:
    with running_tracker("1") as other:
        text = reader.config.read_text().replace(tracker.url, other.url)
        reader.config.write_text(text)
        message = reader.fails("pull", code=1)
        assert f"token is not sent to {other.url}" in message
        assert [authorized for _, authorized in other.requests if authorized] == []


def test_plain_http_beyond_loopback_is_refused(reader: Any, tracker: LiveTracker) -> None:
    text = reader.config.read_text().replace(tracker.url, "http://acme.example")
    reader.config.write_text(text)
    message = reader.fails("pull", code=2)
    assert "base_url" in message
    assert "plain http" in message


def test_failure_says_how_far_it_came_and_what_was_read_is_kept(
    reader: Any, tracker: LiveTracker
) -> None:
    reader.does("pull", "--limit", "2")
    tracker.answers.extend([None, (403, {})])
    document = reader.json("pull", code=1)
    assert document["ok"] is False
    assert document["complete"] is False
    assert reader.json("status")["scope"]["issue_count"] == 2


def test_tracker_that_asks_to_wait_too_long_is_worth_repeating(
    reader: Any, tracker: LiveTracker
) -> None:
    tracker.answers.append((429, {"Retry-After": "3600"}))
    assert "asks to wait 3600 s" in reader.fails("pull", "--max-wait", "10", code=75)


def test_second_pull_at_once_says_who_is_at_work(reader: Any) -> None:
    with project_lock(reader.project, "pull"):
        done = reader.process("pull")
    assert done.returncode == 75
    assert "trackwire pull (process " in done.stderr


def test_interrupted_pull_exits_130_keeps_its_pages_and_goes_on(
    reader: Any, tracker: LiveTracker
) -> None:
    tracker.pages_before_hold = 1
    with reader.start("pull") as process:
        assert tracker.reached.wait(30)
        working = reader.json("status")["at_work"]
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    tracker.release.set()
    assert working == "pull"
    assert process.returncode == 130
    assert stderr.splitlines() == [
        "interrupted; what was read is kept, and the next pull goes on from there"
    ]
    status = reader.json("status")
    assert (status["scope"]["issue_count"], status["pull"]["interrupted"]) == (2, True)
    assert "interrupted; run: trackwire pull" in reader.does("status")
    assert reader.json("pull")["resumed"] is True
    assert ids(reader) == ["1", "2", "3", "4", "5"]


def test_interrupted_pull_leaves_a_document_with_json(reader: Any, tracker: LiveTracker) -> None:
    tracker.pages_before_hold = 1
    with reader.start("pull", "--json") as process:
        assert tracker.reached.wait(30)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=30)
    assert json.loads(stdout)["ok"] is False


def test_killed_pull_goes_on_from_its_last_page(reader: Any, tracker: LiveTracker) -> None:
    tracker.pages_before_hold = 2
    with reader.start("pull") as process:
        assert tracker.reached.wait(30)
        process.kill()
    tracker.release.set()
    status = reader.json("status")
    assert (status["scope"]["issue_count"], status["at_work"]) == (4, None)
    assert reader.json("pull")["issues"] == 1
    assert ids(reader) == ["1", "2", "3", "4", "5"]


def test_status_says_when_the_last_pull_reached_its_end(reader: Any) -> None:
    before = datetime.now(UTC)
    reader.does("pull")
    said = reader.json("status")["pull"]["completed_at"]
    assert before <= datetime.fromisoformat(said) <= datetime.now(UTC)
    assert "to the end" in reader.does("status")


def test_since_with_an_offset_reads_what_changed_then(reader: Any) -> None:
    reader.does("pull")
    document = reader.json("pull", "--since", "2026-11-01T11:03:00+01:00")
    assert document["issues"] == 2


def test_since_without_an_offset_is_local_time_and_says_so(reader: Any) -> None:
    reader.environ["TZ"] = "America/New_York"
    done = reader.process("pull", "--since", "2026-11-01T05:03:00", "--json")
    assert "local time: 2026-11-01T05:03:00-05:00" in done.stderr
    assert json.loads(done.stdout)["issues"] == 2


def test_since_in_the_future_is_refused(reader: Any) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    assert "in the future" in reader.fails("pull", "--since", later.isoformat(), code=2)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "0001-01-01"])
def test_since_that_is_no_time_is_refused_with_an_example(reader: Any, text: str) -> None:
    assert "2026-11-01T08:00:00Z" in reader.fails("pull", "--since", text, code=2)


def test_since_and_full_exclude_each_other(reader: Any) -> None:
    assert "leave out" in reader.fails("pull", "--full", "--since", "2026-11-01T00:00Z", code=2)


@pytest.mark.parametrize("option", ["--limit", "--overlap", "--max-wait"])
@pytest.mark.parametrize("value", ["-1", "nan", "inf"])
def test_amount_that_cannot_be_is_refused(reader: Any, option: str, value: str) -> None:
    assert option in reader.fails("pull", option, value, code=2)


def test_terminal_shows_progress_and_the_result(reader: Any) -> None:
    with reader.terminal("pull") as session:
        shown = session.read()
    assert "5 created" in shown
    assert "issues on" in shown


def test_pull_off_a_terminal_says_nothing_beside_its_result(reader: Any) -> None:
    done = reader.process("pull")
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_pull_since_a_time_that_is_cut_short_says_so(reader: Any) -> None:
    reader.does("pull")
    shown = reader.does("pull", "--since", "2026-11-01T10:00:00+00:00", "--limit", "2")
    assert "not to the end of what changed since then" in shown
