"""`trackwire demo`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.needs_hub, pytest.mark.needs_plugins]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The demo with `--json`, run once: its result, its story, and what it left behind."""
    home = tmp_path_factory.mktemp("demo")
    temporary = home / "tmp"
    temporary.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKWIRE_")}
    planted = {"TRACKWIRE_HUB_URL": "http://127.0.0.1:9", "TRACKWIRE_JIRA_PROJECT_KEY": "MINE"}
    done = subprocess.run(
        [sys.executable, "-m", "trackwire", "demo", "--json"],
        cwd=home,
        env=kept | planted | {"HOME": str(home), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["stories"], done.stderr, home


def test_three_stories_are_resolved_in_three_ways(shown: Any) -> None:
    stories, _, _ = shown
    assert [story["resolution"]["status"] for story in stories] == [
        "resolved",
        "workspace_fallback",
        "queued",
    ]


def test_two_stories_carry_a_route(shown: Any) -> None:
    stories, _, _ = shown
    assert [story["external_resource_type"] for story in stories] == [
        "jira_project",
        "linear_team",
        None,
    ]


def test_users_own_environment_has_no_say(shown: Any) -> None:
    stories, _, _ = shown
    assert stories[0]["external_resource_id"] == "ROCKET"


def test_story_shows_the_commands(shown: Any) -> None:
    _, story, _ = shown
    for command in ("bind jira", "bind linear", "bind notion", "publish", "hub queue"):
        assert f"$ trackwire {command}" in story


def test_story_shows_the_three_resolutions(shown: Any) -> None:
    _, story, _ = shown
    for resolution in ("by its exact route", "by its workspace only", "queued: "):
        assert resolution in story


def test_nothing_is_left_behind(shown: Any) -> None:
    _, _, home = shown
    assert list(home.iterdir()) == [home / "tmp"]
    assert list((home / "tmp").iterdir()) == []


def test_no_process_is_left_behind(shown: Any) -> None:
    _, _, home = shown
    assert processes_of(home) == []


def test_interrupted_demo_exits_130_and_leaves_nothing_behind(user: Any) -> None:
    temporary = user.home / "tmp"
    temporary.mkdir()
    user.environ["TMPDIR"] = str(temporary)
    with user.start("demo", start_new_session=True) as process:
        while "listening on" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "interrupted"
    assert list(temporary.iterdir()) == []
    assert processes_of(user.home) == []


def processes_of(home: Path) -> list[str]:
    """The processes that were started for a home."""
    running = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            running += [entry.parent.name] if bytes(home) in entry.read_bytes() else []
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return running


def test_demo_without_plugins_says_what_to_install(user: Any) -> None:
    user.setenv("TRACKWIRE_DISABLE_PLUGINS", "jira,linear")
    failed = user.json("demo", code=1)
    assert "pip install trackwire-jira trackwire-linear" in failed["error"]


def test_demo_without_the_hubs_libraries_says_what_to_install(
    user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackwire.cli.hub.find_spec", lambda _: None)
    assert 'pip install "trackwire[hub]"' in user.fails("demo", code=1)
