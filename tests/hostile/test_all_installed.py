"""All hostile distributions installed and none switched off, beside trackwire-jira and -linear.

Nearly all of them claim one name, so none of these is loaded, the endless one included; each of
the others claims a name alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hostile.hostile_set import ENDLESS, HOSTILE, SWITCH, distribution_names

if TYPE_CHECKING:
    from hostile.desk import Desk

ROUTES = {"jira": ("jira", "jira_project", "B1"), "linear": ("linear", "linear_team", "B1")}
BROKEN = {each.distribution for each in (*HOSTILE, ENDLESS)}
each_sound = pytest.mark.parametrize("provider", sorted(ROUTES))


@pytest.fixture
def crowd(desk: Desk, provider: str) -> Desk:
    """A user whose project is bound to a sound provider, with everything switched on."""
    desk.bind(provider)
    desk.user.setenv(SWITCH, "")
    desk.apart = True
    return desk


def rows(desk: Desk) -> list[dict[str, Any]]:
    desk.user.setenv(SWITCH, "")
    desk.apart = True
    listed: list[dict[str, Any]] = desk.run("providers", "--json").document["providers"]
    return listed


def test_providers_lists_every_distribution(desk: Desk) -> None:
    fakes = {r["distribution"] for r in rows(desk) if r["distribution"].startswith("fake-")}
    assert fakes == distribution_names()


def test_providers_calls_every_hostile_distribution_broken(desk: Desk) -> None:
    assert {r["distribution"] for r in rows(desk) if r["outcome"] == "broken"} >= BROKEN


def test_providers_lists_the_sound_ones_as_registered(desk: Desk) -> None:
    registered = {r["distribution"] for r in rows(desk) if r["outcome"] == "registered"}
    assert registered == {"fake-beads", "fake-kanban", "trackwire-jira", "trackwire-linear"}


@each_sound
def test_doctor_names_every_hostile_distribution(crowd: Desk) -> None:
    findings = crowd.run("doctor", "--json").document["findings"]
    text = " ".join(f["text"] for f in findings if f["subject"] == "plugin")
    assert [dist for dist in sorted(BROKEN) if f"{dist} " not in text] == []


@each_sound
def test_doctor_finds_the_plugin_in_use(crowd: Desk, provider: str) -> None:
    findings = crowd.run("doctor", "--json").document["findings"]
    sound = [f["text"] for f in findings if (f["subject"], f["state"]) == ("plugin", "ok")]
    assert sound[0].startswith(f"{provider}: trackwire-{provider} ")


@each_sound
def test_sound_provider_publishes_with_its_route(crowd: Desk, provider: str) -> None:
    done = crowd.publish()
    assert (done.code, crowd.sent()) == (0, [ROUTES[provider]])


def test_provider_that_all_claim_publishes_nothing(desk: Desk) -> None:
    desk.bind("acme")
    desk.user.setenv(SWITCH, "")
    done = desk.run("publish", "--hub", desk.hub.url)
    assert (done.code, desk.hub.connections) == (1, 0)
