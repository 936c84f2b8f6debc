"""A plugin whose import never ends: who needs it is told and can stop, and nobody else waits."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from inspect import signature
from typing import TYPE_CHECKING

import pytest
from hostile.hostile_set import ENDLESS, SWITCH

from trackwire.registry import ProviderRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile.desk import Desk

STILL_LOADING = (
    "note: still loading fake-endless 1.0 (fake_endless); interrupt with Ctrl-C, and switch it "
    f"off with {SWITCH}=fake-endless\n"
)
IMPATIENT = """
from trackwire.registry import ProviderRegistry
ProviderRegistry.__init__.__kwdefaults__["slow_after"] = 0.2
from trackwire.cli import main
main()
"""


@pytest.fixture
def needy(desk: Desk) -> Desk:
    """A user whose project is bound to the name that the distribution claims."""
    desk.bind(ENDLESS.name)
    desk.install(ENDLESS)
    return desk


@contextlib.contextmanager
def waiting(desk: Desk, *command: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a command, and give it with the first line that it says on standard error."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=desk.user.project,
        env=desk.user.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process, process.stderr.readline()
        finally:
            process.kill()


def test_person_is_told_of_a_load_after_some_seconds_without_asking_for_it() -> None:
    assert 0 < signature(ProviderRegistry).parameters["slow_after"].default <= 10


@pytest.mark.parametrize("command", ["providers", "route", "publish", "doctor"])
def test_command_that_needs_it_tells_what_it_waits_for_and_sends_nothing_when_interrupted(
    needy: Desk, command: str
) -> None:
    needy.user.setenv("TRACKWIRE_HUB_URL", needy.hub.url)
    with waiting(needy, "-c", IMPATIENT, command) as (process, line):
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    told = "note: interrupted while loading fake-endless 1.0 (fake_endless)\ninterrupted\n"
    assert (line, process.returncode, stdout, stderr) == (STILL_LOADING, 130, "", told)
    assert needy.hub.connections == 0


def test_sound_provider_publishes_with_its_route_beside_it(desk: Desk) -> None:
    desk.bind("kanban", "kanban")
    desk.install(ENDLESS)
    done = desk.publish()
    assert (done.code, done.stderr, desk.sent()) == (0, "", [("kanban", "kanban_board", "B1")])


def test_switched_off_it_is_not_loaded(needy: Desk) -> None:
    needy.user.setenv(SWITCH, "acme")
    assert needy.run("route", "--json").document["routing_reason"] == "provider_blocked"
