"""`trackwire doctor`: what is wrong, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from projectkit import LIVE_PLUGIN, TRACKER_TOKEN, LiveTracker, running_tracker
from scripted_server import ScriptedServer, dripping

from trackwire.doctor import network

BIND = ("bind", "acme", "--workspace", "site.example")


@pytest.fixture
def tracker() -> Iterator[LiveTracker]:
    """The made-up tracker with two cards."""
    with running_tracker("1", "2") as made:
        yield made


@pytest.fixture
def patient(user: Any, tracker: LiveTracker) -> Any:
    """A user whose project is bound to the board B1 of the tracker, and has no hub."""
    user.install("acme", LIVE_PLUGIN)
    given = json.dumps({"base_url": tracker.url, "token": TRACKER_TOKEN, "board": "B1"})
    user.does(*BIND, "--credentials-stdin", given=given)
    return user


def findings(user: Any, subject: str, code: int, *options: str) -> list[tuple[str, str, str]]:
    document = user.json("doctor", *options, code=code)
    assert document["ok"] is (code == 0)
    return [
        (found["state"], found["text"], found["remedy"] or "")
        for found in document["findings"]
        if found["subject"] == subject
    ]


def test_sound_project_has_nothing_wrong(patient: Any) -> None:
    patient.does("pull")
    done = patient.run("doctor")
    assert done.exit_code == 0
    assert "wrong" not in done.stdout


def test_identity_deployment_and_timezone_are_told(patient: Any) -> None:
    (known, seen) = findings(patient, "tracker", 0)
    assert known[1] == "it knows Ada; Acme 9; the account's timezone is Europe/Berlin"
    assert seen[1] == "the account sees B1 (First)"


def test_credentials_are_told_with_their_source_and_without_their_value(patient: Any) -> None:
    patient.setenv("TRACKWIRE_ACME_EMAIL", "me@site.example")
    shown = patient.does("doctor")
    assert f"token: from user workspace ({patient.credentials})" in shown
    assert "email: from environment (TRACKWIRE_ACME_EMAIL)" in shown
    assert TRACKER_TOKEN not in shown
    assert "me@site.example" not in shown


def test_missing_credential_is_wrong_and_the_tracker_is_not_asked(
    patient: Any, tracker: LiveTracker
) -> None:
    patient.does("credentials", "remove", "token")
    wrong = [found for found in findings(patient, "credentials", 1) if found[0] == "wrong"]
    assert wrong[0][1] == "token: not set (Profile, API tokens)"
    assert f"trackwire credentials set token --origin {tracker.url}" in wrong[0][2]
    assert tracker.requests == []


def test_refused_token_is_wrong(patient: Any, tracker: LiveTracker) -> None:
    patient.does("credentials", "set", "token", "--stdin", given="bad")
    ((state, text, remedy),) = findings(patient, "tracker", 1)
    assert state == "wrong"
    assert "401" in text
    assert remedy.startswith("the tracker does not take the credentials")


def test_tracker_that_answers_a_byte_now_and_then_does_not_hold_the_doctor(
    user: Any, scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "TRACKER_SECONDS", 0.3)
    scripted_server.script(*[dripping(b"HTTP/1.1 200 OK\r\n" * 1000, 0.02)] * 3)
    user.install("acme", LIVE_PLUGIN)
    given = json.dumps({"base_url": scripted_server.url, "token": TRACKER_TOKEN, "board": "B1"})
    user.does(*BIND, "--credentials-stdin", given=given)
    ((state, text, _),) = findings(user, "tracker", 1)
    assert state == "wrong"
    assert scripted_server.url in text


def test_resource_that_the_account_does_not_see_is_wrong(
    patient: Any, tracker: LiveTracker
) -> None:
    tracker.boards.clear()
    (_, (state, text, remedy)) = findings(patient, "tracker", 1)
    assert (state, "does not see B1" in text) == ("wrong", True)
    assert "trackwire discover acme" in remedy


def test_resource_that_has_another_id_at_the_tracker_is_told(
    patient: Any, tracker: LiveTracker
) -> None:
    text = LIVE_PLUGIN.replace("if r.id == mine", "if r.key == 'ONE'")
    next(patient.home.glob("site/acme_plugin_*.py")).write_text(text)
    tracker.boards[0]["id"] = "B7"
    done = patient.process("doctor", "--json")
    told = [f for f in json.loads(done.stdout)["findings"] if f["subject"] == "tracker"][-1]
    assert (told["state"], "bound as B1 is B7" in told["text"]) == ("warning", True)
    assert "--set board=B7" in told["remedy"]


def test_missing_resource_is_wrong(patient: Any) -> None:
    patient.config.write_text(patient.config.read_text().replace('board: "B1"', 'board: ""'))
    ((state, text, remedy),) = findings(patient, "route", 1)
    assert (state, "board is blank" in text) == ("wrong", True)
    assert "trackwire discover acme" in remedy


def test_secret_that_is_not_for_the_projects_address_is_wrong_and_not_sent(patient: Any) -> None:
    with running_tracker() as other:
        text = patient.config.read_text()
        old = next(line for line in text.splitlines() if "base_url" in line)
        patient.config.write_text(text.replace(old, f'    base_url: "{other.url}"'))
        wrong = [f for f in findings(patient, "credentials", 1) if f[0] == "wrong"]
        assert f"token is not sent to {other.url}" in wrong[0][1]
        assert f"trackwire credentials set token --origin {other.url}" in wrong[0][2]
        assert [authorized for _, authorized in other.requests if authorized] == []


def test_secret_that_is_not_sent_is_told_once(patient: Any, tracker: LiveTracker) -> None:
    text = patient.config.read_text().replace(tracker.url, "https://other.example")
    patient.config.write_text(text)
    assert patient.run("doctor").stdout.count("is not sent to") == 1
    ((state, _, remedy),) = findings(patient, "tracker", 1)
    assert (state, remedy) == ("warning", "see credentials")


def test_unknown_key_of_ours_is_wrong(patient: Any) -> None:
    patient.config.write_text(patient.config.read_text() + "  status_mpa:\n    New: done\n")
    wrong = [found for found in findings(patient, "project", 1) if found[0] == "wrong"]
    assert "trackwire.status_mpa is no key of trackwire's" in wrong[0][1]
    assert wrong[0][2] == "write status_map"


@pytest.mark.parametrize("command", ["pull", "status"])
def test_unknown_key_of_ours_is_noted(patient: Any, command: str) -> None:
    patient.config.write_text(patient.config.read_text() + "  status_mpa:\n    New: done\n")
    assert "trackwire.status_mpa is no key of trackwire's" in patient.run(command).stderr


def test_remedy_stands_on_a_line_of_its_own(patient: Any) -> None:
    patient.config.write_text(patient.config.read_text().replace('board: "B1"', 'board: ""'))
    lines = patient.run("doctor").stdout.splitlines()
    (place,) = [n for n, line in enumerate(lines) if line.endswith("board is blank")]
    assert lines[place + 1].strip().startswith("run: trackwire bind acme")


def test_credentials_list_shows_a_secret_that_would_not_be_sent(patient: Any) -> None:
    text = patient.config.read_text()
    old = next(line for line in text.splitlines() if "base_url" in line)
    patient.config.write_text(text.replace(old, '    base_url: "https://other.example"'))
    rows = {row["field"]: row for row in patient.json("credentials", "list")["credentials"]}
    assert "is not sent to https://other.example" in rows["token"]["note"]
    assert rows["token"]["value"] == "****"


def test_plain_http_beyond_loopback_is_wrong(patient: Any, tracker: LiveTracker) -> None:
    text = patient.config.read_text().replace(tracker.url, "http://acme.example")
    patient.config.write_text(text)
    wrong = [text for state, text, _ in findings(patient, "credentials", 1) if state == "wrong"]
    assert "plain http" in wrong[0]


def test_disagreement_of_environment_and_project_is_a_warning(patient: Any) -> None:
    patient.setenv("TRACKWIRE_ACME_BOARD", "B2")
    told = [text for state, text, _ in findings(patient, "credentials", 1) if state == "warning"]
    assert "TRACKWIRE_ACME_BOARD overrides another value" in told[0]


def test_outside_a_project_plugins_and_hub_are_looked_at(user: Any) -> None:
    user.install("acme", LIVE_PLUGIN)
    done = user.run("doctor")
    assert done.exit_code == 0
    assert "acme: acme-plugin 1.2 is in use" in done.stdout
    assert "is no project" in done.stdout
    assert "none is named" in done.stdout


def test_broken_plugin_of_the_binding_is_wrong_and_the_rest_is_looked_at(user: Any) -> None:
    user.install("acme", "raise SystemExit('no')")
    user.config.parent.mkdir()
    user.config.write_text("tracker: {provider: acme, workspace: site.example}\n")
    (state, text, _) = findings(user, "plugin", 1)[0]
    assert (state, "acme-plugin 1.2" in text) == ("wrong", True)
    assert findings(user, "hub", 1)


def test_broken_plugin_of_another_provider_is_a_warning(patient: Any) -> None:
    patient.install("other", "raise SystemExit('no')")
    states = [state for state, text, _ in findings(patient, "plugin", 0) if "other" in text]
    assert states == ["warning"]


def test_blocked_plugin_is_a_warning(patient: Any) -> None:
    patient.setenv("TRACKWIRE_DISABLE_PLUGINS", "acme")
    (state, text, _) = findings(patient, "plugin", 0)[0]
    assert (state, "TRACKWIRE_DISABLE_PLUGINS" in text) == ("warning", True)


def test_malformed_configuration_is_wrong_and_the_rest_is_looked_at(patient: Any) -> None:
    patient.config.write_text("tracker: [\n")
    ((state, text, _),) = findings(patient, "project", 1)
    assert (state, str(patient.config) in text) == ("wrong", True)
    assert findings(patient, "plugin", 1)


def test_provider_that_is_not_in_normal_form_was_rewritten(patient: Any) -> None:
    patient.config.write_text(
        patient.config.read_text().replace("provider: acme", "provider: ACME")
    )
    told = [text for state, text, _ in findings(patient, "project", 0) if state == "warning"]
    assert "'ACME'" in told[0]


def test_fields_of_another_provider_were_left_by_a_rewrite(patient: Any) -> None:
    text = patient.config.read_text().replace("board:", "project_key:")
    patient.config.write_text(text)
    wrong = [text for state, text, _ in findings(patient, "project", 1) if state == "wrong"]
    assert "project_key" in wrong[0]
    assert "another tool" in wrong[0]


def test_store_without_what_is_bound_may_come_from_a_rewrite(patient: Any) -> None:
    patient.does("pull")
    patient.config.write_text(patient.config.read_text().replace("site.example", "else.example"))
    told = [text for _, text, _ in findings(patient, "store", 1)]
    assert any("acme at site.example, B1" in text for text in told)


def test_pull_that_was_interrupted_is_told(patient: Any) -> None:
    patient.does("pull", "--limit", "1")
    told = findings(patient, "store", 0)
    assert ("warning", "a pull has begun and has not reached its end") in [f[:2] for f in told]


def test_store_that_was_never_filled_is_told(patient: Any) -> None:
    ((state, _, remedy),) = findings(patient, "store", 0)
    assert (state, "trackwire pull" in remedy) == ("warning", True)


def test_doctor_publishes_and_writes_nothing(patient: Any) -> None:
    before = {path: path.read_bytes() for path in patient.files()}
    patient.does("doctor")
    assert {path: path.read_bytes() for path in patient.files()} == before


@pytest.mark.needs_hub
def test_hub_that_takes_the_token_is_sound_and_gets_no_snapshot(patient: Any, hub: Any) -> None:
    patient.does("login", hub.url, "--token-stdin", given=hub.token)
    before = hub.run("queue")
    ((state, text, _),) = findings(patient, "hub", 0)
    assert (state, text) == ("ok", f"{hub.url} takes the token of trackwire login")
    assert hub.run("queue") == before


@pytest.mark.needs_hub
def test_hub_that_does_not_take_the_token_is_wrong(patient: Any, hub: Any) -> None:
    patient.setenv("TRACKWIRE_HUB_TOKEN", "hushhush")
    ((state, text, remedy),) = findings(patient, "hub", 1, "--hub", hub.url)
    assert (state, "401" in text) == ("wrong", True)
    assert f"trackwire login {hub.url}" in remedy
    assert "hushhush" not in text


def test_hub_that_is_not_reached_is_wrong(patient: Any) -> None:
    ((state, text, _),) = findings(patient, "hub", 1, "--hub", "http://127.0.0.1:9")
    assert (state, "cannot connect to http://127.0.0.1:9" in text) == ("wrong", True)


def test_server_that_is_no_hub_is_wrong(patient: Any, tracker: LiveTracker) -> None:
    ((state, text, _),) = findings(patient, "hub", 1, "--hub", tracker.url)
    assert (state, "does not answer as a hub" in text) == ("wrong", True)


def test_every_line_that_is_not_ok_says_what_to_do(patient: Any) -> None:
    patient.does("credentials", "remove", "token")
    document = patient.json("doctor", code=1)
    mute = [
        found
        for found in document["findings"]
        if found["state"] != "ok" and not found["remedy"] and "run: " not in found["text"]
    ]
    assert mute == []


def test_secret_that_no_request_can_carry_is_wrong(patient: Any, tracker: LiveTracker) -> None:
    patient.setenv("TRACKWIRE_ACME_TOKEN", f"{TRACKER_TOKEN}\nX: y")
    patient.setenv("TRACKWIRE_ACME_BASE_URL", tracker.url)
    ((state, text, remedy),) = findings(patient, "tracker", 1)
    assert (state, "line break" in text) == ("wrong", True)
    assert "trackwire credentials set token" in remedy
    assert tracker.requests == []


def test_resource_that_is_not_seen_and_cannot_be_listed_is_to_be_given_access(
    user: Any, tracker: LiveTracker
) -> None:
    user.install("acme", LIVE_PLUGIN.replace("discover=resources,", ""))
    given = json.dumps({"base_url": tracker.url, "token": TRACKER_TOKEN, "board": "B1"})
    user.does(*BIND, "--credentials-stdin", given=given)
    tracker.boards.clear()
    (_, (state, _, remedy)) = findings(user, "tracker", 1)
    assert (state, remedy) == ("wrong", "give the account access to it, or bind to another")


def test_binding_without_a_plugin_is_a_warning(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    state, text, remedy = findings(user, "plugin", 0)[0]
    assert (state, remedy) == ("warning", "install one; see: trackwire providers")
    assert text == "notion: no plugin is installed: publishes carry no route (null/null)"
