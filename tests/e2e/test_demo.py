"""`trackwire demo`."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trackwire.demo import stories
from trackwire.errors import TrackwireError

pytestmark = [pytest.mark.needs_hub, pytest.mark.needs_jira, pytest.mark.needs_linear]


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


def test_terminated_demo_leaves_nothing_behind(user: Any) -> None:
    temporary = user.home / "tmp"
    temporary.mkdir()
    user.environ["TMPDIR"] = str(temporary)
    with user.start("demo", start_new_session=True) as process:
        while "listening on" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []
    assert processes_of(user.home) == []


@pytest.fixture
def staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its home, and a directory of modules before all others."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / "modules").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    return tmp_path


def ended(staged: Path) -> bool:
    return not list((staged / "tmp").iterdir()) and not processes_of(staged / "tmp")


def test_step_that_fails_is_named_with_its_error(staged: Path) -> None:
    (staged / "modules" / "sqlalchemy.py").write_text("raise OSError('no database today')\n")
    with pytest.raises(TrackwireError) as caught:
        stories.run(lambda _: None)
    step = "the demo's step failed with exit code 1: trackwire hub token create"
    assert str(caught.value).startswith(step)
    assert "no database today" in str(caught.value)
    assert ended(staged)


def test_hub_that_does_not_start_is_told_with_its_error(staged: Path) -> None:
    (staged / "modules" / "uvicorn.py").write_text("raise OSError('no sockets today')\n")
    with pytest.raises(TrackwireError) as caught:
        stories.run(lambda _: None)
    assert str(caught.value).startswith("the demo's hub did not start: ")
    assert "no sockets today" in str(caught.value)
    assert ended(staged)


def test_hub_that_does_not_stop_is_killed(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    address = "print('http://127.0.0.1:9', flush=True)\n"
    uvicorn = staged / "modules" / "uvicorn.py"
    uvicorn.write_text(f"{deaf}{address}while True:\n    signal.pause()\n")
    monkeypatch.setattr(stories, "_STOP_SECONDS", 0.1)
    home = staged / "tmp"
    with stories._hub(stories._Stage(home, lambda _: None)):
        assert processes_of(home)
    assert processes_of(home) == []


def test_story_that_is_resolved_in_another_way_is_told(
    staged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmapped = dataclasses.replace(stories.STORIES[0], mapping=None)
    monkeypatch.setattr(stories, "STORIES", (unmapped,))
    with pytest.raises(TrackwireError, match="hub said queued, and resolved was to be seen"):
        stories.run(lambda _: None)
    assert ended(staged)
