"""What each hostile distribution does to a project that does not need it: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile.hostile_set import HOSTILE, INTERRUPTED, Hostile

if TYPE_CHECKING:
    from hostile.desk import Desk

each_hostile = pytest.mark.parametrize("hostile", HOSTILE, ids=str)
each_loadable = pytest.mark.parametrize(
    "hostile", [each for each in HOSTILE if each.commands is not INTERRUPTED], ids=str
)
ROUTED = ("kanban", "kanban_board", "B1")


@pytest.fixture
def beside(desk: Desk, hostile: Hostile) -> Desk:
    """A user whose project is bound to the sound provider beside the hostile one."""
    desk.bind("kanban", "kanban")
    desk.install(hostile)
    return desk


@each_hostile
def test_sound_provider_publishes_with_its_route_and_without_a_word_of_the_other(
    beside: Desk, hostile: Hostile
) -> None:
    beside.apart = False  # nothing of the other is loaded
    done = beside.publish()
    assert (done.code, done.stderr, beside.sent()) == (0, "", [ROUTED])


@each_loadable
def test_doctor_warns_of_it_and_finds_the_route_of_the_sound_one(
    beside: Desk, hostile: Hostile
) -> None:
    done = beside.run("doctor", "--json")
    found = [(f["state"], f["subject"]) for f in done.document["findings"]]
    routes = [f["text"] for f in done.document["findings"] if f["subject"] == "route"]
    assert (done.code, ("warning", "plugin") in found, routes) == (0, True, ["kanban_board B1"])
