"""What each hostile distribution does to the project that needs it: it stops, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile.hostile_set import HOSTILE, INTERRUPTED, Hostile

if TYPE_CHECKING:
    from hostile.desk import Desk

TOLD = [each for each in HOSTILE if each.commands is not INTERRUPTED]
each_told = pytest.mark.parametrize("hostile", TOLD, ids=str)
each_needed = pytest.mark.parametrize("hostile", [h for h in TOLD if h.bindable], ids=str)
each_refused = pytest.mark.parametrize("hostile", [h for h in TOLD if not h.bindable], ids=str)


def assert_explained(text: str, hostile: Hostile) -> None:
    """Fail unless a text names distribution and version, what is wrong, and what mends it."""
    assert hostile.told in text
    assert hostile.problem in text
    assert text.endswith(hostile.remedy)
    assert "\n" not in text


@pytest.fixture
def needy(desk: Desk, hostile: Hostile) -> Desk:
    """A user whose project is bound to the name that the distribution breaks."""
    desk.bind(hostile.name)
    desk.install(hostile)
    return desk


@each_told
def test_providers_says_what_became_of_it_and_why_and_lists_the_sound_one(
    needy: Desk, hostile: Hostile
) -> None:
    done = needy.run("providers", "--json")
    rows = done.document["providers"]
    assert ("fake-kanban", "registered") in {(r["distribution"], r["outcome"]) for r in rows}
    ((version, outcome, reason),) = {
        (row["version"], row["outcome"], row["reason"])
        for row in rows
        if row["distribution"] == hostile.distribution
        and row["name"] in {hostile.name, None}  # nobody knows what one claims that is unreadable
    }
    assert (done.code, version, outcome) == (0, hostile.version, hostile.commands.providers)
    assert_explained(reason, hostile)


@each_needed
def test_route_stops_and_says_why(needy: Desk, hostile: Hostile) -> None:
    done = needy.run("route")
    assert (done.code, done.stdout) == (hostile.commands.route, "")
    assert_explained(done.error, hostile)


@each_needed
def test_publish_sends_nothing_and_says_why(needy: Desk, hostile: Hostile) -> None:
    done = needy.run("publish", "--hub", needy.hub.url)
    assert (done.code, needy.hub.connections) == (hostile.commands.publish, 0)
    assert_explained(done.error, hostile)


@each_told
def test_doctor_finds_it_wrong_and_says_why(needy: Desk, hostile: Hostile) -> None:
    done = needy.run("doctor", "--json")
    (finding,) = (
        finding
        for finding in done.document["findings"]
        if finding["subject"] == "plugin" and hostile.problem in finding["text"]
    )
    assert (done.code, finding["state"]) == (hostile.commands.doctor, "wrong")
    assert hostile.told in finding["text"]
    assert finding["remedy"] == hostile.remedy


@each_refused
def test_route_of_a_project_that_is_bound_to_an_ill_formed_name_is_refused(
    needy: Desk, hostile: Hostile
) -> None:
    assert needy.run("route").code == hostile.commands.route


@each_refused
def test_publish_of_a_project_that_is_bound_to_an_ill_formed_name_sends_nothing(
    needy: Desk, hostile: Hostile
) -> None:
    done = needy.run("publish", "--hub", needy.hub.url)
    assert (done.code, needy.hub.connections) == (hostile.commands.publish, 0)


@pytest.mark.parametrize("command", ["route", "publish", "doctor"])
@pytest.mark.parametrize("hostile", [h for h in HOSTILE if h.folder == "look_alike"], ids=str)
def test_name_that_nobody_claims_sends_nothing_where_a_claim_may_only_look_like_it(
    desk: Desk, hostile: Hostile, command: str
) -> None:
    desk.bind("notion")
    desk.install(hostile)
    done = desk.run(command)
    assert (done.code, desk.hub.connections) == (1, 0)
    assert hostile.told in done.stdout + done.stderr
    assert hostile.remedy in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["providers", "route", "publish", "doctor"])
@pytest.mark.parametrize("hostile", [h for h in HOSTILE if h not in TOLD], ids=str)
def test_interruption_of_a_load_ends_the_command_and_names_the_distribution(
    needy: Desk, hostile: Hostile, command: str
) -> None:
    done = needy.run(command)
    assert (done.code, needy.hub.connections) == (130, 0)
    assert done.stderr.splitlines() == [
        f"note: interrupted while loading {hostile.told} (fake_{hostile.folder})",
        "interrupted",
    ]
