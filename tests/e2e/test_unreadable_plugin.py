"""An installed distribution that may be a provider's plugin and cannot be read, at the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

SITE = Path(__file__).resolve().parents[1] / "data" / "dists" / "unreadable"
UNREADABLE = "fake-unreadable 1.0: its entry_points.txt (line 2) cannot be read"
REMEDY = "reinstall or uninstall fake-unreadable"


@pytest.fixture
def unclaimed(user: Any) -> Any:
    """A user whose project is bound to notion, with an issue at hand; then the unreadable came."""
    user.does("bind", "notion", "--workspace", "w")
    user.does(
        *("import", "-", "--format", "jsonl"),
        given=user.lines("1", workspace="w", system="notion"),
    )
    user.on_path(SITE)
    return user


@pytest.mark.parametrize("command", ["route", "publish --dry-run"])
def test_provider_that_nobody_claims_has_no_route(unclaimed: Any, command: str) -> None:
    message = unclaimed.fails(*command.split(), code=1)
    assert UNREADABLE in message
    assert REMEDY in message


def test_publish_for_a_provider_that_nobody_claims_sends_nothing(
    unclaimed: Any, scripted_server: ScriptedServer
) -> None:
    unclaimed.does("login", scripted_server.url, "--token-stdin", given="hushhush")
    asked_by_login = scripted_server.connections
    assert UNREADABLE in unclaimed.fails("publish", code=1)
    assert scripted_server.connections == asked_by_login


def test_provider_that_nobody_claims_is_unregistered_with_the_distribution_switched_off(
    unclaimed: Any,
) -> None:
    unclaimed.setenv("TRACKWIRE_DISABLE_PLUGINS", "fake-unreadable")
    assert unclaimed.json("route")["routing_reason"] == "provider_unregistered"


def test_provider_with_a_sound_plugin_is_not_hindered(bound: Any) -> None:
    bound.on_path(SITE)
    assert bound.json("publish", "--dry-run")["external_resource_id"] == "B1"


def test_providers_names_distribution_version_and_remedy(acme: Any) -> None:
    acme.on_path(SITE)
    rows = {row["distribution"]: row for row in acme.json("providers")["providers"]}
    row = rows["fake-unreadable"]
    assert (row["name"], row["version"], row["outcome"]) == (None, "1.0", "broken")
    assert row["reason"].startswith(UNREADABLE)
    assert REMEDY in row["reason"]


def test_providers_says_the_reason_once_to_people(user: Any) -> None:
    user.on_path(SITE)
    assert [line for line in user.does("providers").splitlines() if REMEDY in line] == [
        f"{UNREADABLE}, so its plugin is not known; {REMEDY}, or switch it off with "
        "TRACKWIRE_DISABLE_PLUGINS=fake-unreadable"
    ]


def plugin_findings(user: Any, code: int) -> list[tuple[str, str, str]]:
    return [
        (found["state"], found["text"], found["remedy"])
        for found in user.json("doctor", code=code)["findings"]
        if found["subject"] == "plugin" and "fake-unreadable" in found["text"]
    ]


def test_doctor_finds_it_wrong_where_it_may_be_what_is_needed(unclaimed: Any) -> None:
    ((state, text, remedy),) = plugin_findings(unclaimed, 1)
    assert (state, UNREADABLE in text, REMEDY in remedy) == ("wrong", True, True)


def test_doctor_finds_it_wrong_where_nothing_is_bound(user: Any) -> None:
    user.on_path(SITE)
    ((state, text, remedy),) = plugin_findings(user, 1)
    assert (state, text.startswith(UNREADABLE), REMEDY in remedy) == ("wrong", True, True)


def test_doctor_warns_of_it_where_a_sound_plugin_is_bound(bound: Any) -> None:
    bound.on_path(SITE)
    ((state, text, _),) = plugin_findings(bound, 0)
    assert (state, text.startswith(UNREADABLE)) == ("warning", True)
