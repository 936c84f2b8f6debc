"""`trackwire plugin new`: what it makes is a plugin that works as it is."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trackwire.testing import Emulator, FaultyApi, RecordingHub, SampleIssue, SampleTracker

if TYPE_CHECKING:
    from e2e.conftest import User

NEW = ("plugin", "new", "acme-tracker")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ISSUES = [
    SampleIssue(id=str(number), title=f"issue {number}", updated_at=START + timedelta(hours=number))
    for number in range(1, 13)
]


def put_on_path(user: User, plugin: Path, site: Path) -> None:
    """Have it found as if it were installed: its metadata are what its pyproject.toml says."""
    declared = tomllib.loads((plugin / "pyproject.toml").read_text())["project"]
    dist, version = declared["name"], declared["version"]
    info = site / f"{dist.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
    points = [
        line
        for group, entries in declared["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(points))
    for directory in (site, plugin / "src"):
        user.on_path(directory)


@pytest.fixture
def plugin(user: User, tmp_path: Path) -> Path:
    """A new plugin, as if it were installed for other processes."""
    plugin = tmp_path / "acme-tracker-trackwire"
    user.does(*NEW, "--directory", str(plugin))
    put_on_path(user, plugin, tmp_path / "site")
    return plugin


@pytest.fixture
def emulator(plugin: Path) -> Emulator:
    """The tracker that the plugin is made for."""
    source = plugin / "src" / "acme_tracker_trackwire" / "conformance.py"
    return runpy.run_path(str(source))["AcmeTrackerEmulator"]()


@pytest.fixture
def tracker(user: User, emulator: Emulator) -> Iterator[FaultyApi]:
    """That tracker on loopback; the user has its token."""
    with FaultyApi(emulator, "ACME", ISSUES) as api:
        user.setenv("TRACKWIRE_ACME_TRACKER_API_TOKEN", emulator.credentials["api_token"])
        user.setenv("TRACKWIRE_ACME_TRACKER_BASE_URL", api.url)
        yield api


@pytest.fixture
def hub(user: User) -> Iterator[RecordingHub]:
    """A hub that the user is logged in to."""
    with RecordingHub() as hub:
        user.setenv("TRACKWIRE_HUB_URL", hub.url)
        user.setenv("TRACKWIRE_HUB_TOKEN", "made-up-hub-token")
        yield hub


def does(user: User, *arguments: str) -> str:
    """Run a command that is to succeed in a process of its own."""
    done = user.process(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bind(user: User, url: str = "https://tracker.example") -> None:
    values = ("--set", f"base_url={url}", "--set", "project_key=ACME")
    does(user, "bind", "acme-tracker", "--workspace", "acme", *values)


def test_default_place_is_a_directory_here_named_after_the_distribution(user: User) -> None:
    does(user, *NEW)
    assert (user.project / "acme-tracker-trackwire" / "pyproject.toml").is_file()


def test_every_file_is_named(user: User, tmp_path: Path) -> None:
    told = user.does(*NEW, "--directory", str(tmp_path / "new")).splitlines()
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert {f"  {path.relative_to(tmp_path / 'new')}" for path in files} <= set(told)


def test_document_tells_names_files_and_next_steps(user: User, tmp_path: Path) -> None:
    document = user.json(*NEW, "--directory", str(tmp_path / "new"))
    assert document["ok"] is True
    assert document["provider"] == "acme_tracker"
    assert document["distribution"] == "acme-tracker-trackwire"
    assert document["directory"] == str(tmp_path / "new")
    assert "pyproject.toml" in document["files"]
    assert "trackwire plugin check acme_tracker" in document["next"]


def test_next_steps_hold_for_a_place_with_a_blank_in_its_name(user: User, tmp_path: Path) -> None:
    steps = user.json(*NEW, "--directory", str(tmp_path / "a place"))["next"]
    assert any(f"'{tmp_path}/a place[test]'" in step for step in steps)
    marked = subprocess.run(["bash", "-euc", steps[-1]], capture_output=True, text=True)
    assert marked.returncode == 0
    assert "/a place/src/acme_tracker_trackwire/connector.py:" in marked.stdout


def test_options_reach_the_plugin(user: User, tmp_path: Path) -> None:
    names = ("--resource-type", "acme_board", "--credential-key", "board", "--title", "Acme Boards")
    user.does(*NEW, "--directory", str(tmp_path / "new"), *names)
    put_on_path(user, tmp_path / "new", tmp_path / "site")
    (row,) = (row for row in user.json("providers")["providers"] if row["name"] == "acme_tracker")
    assert row["resource_type"] == "acme_board"
    assert row["credential_key"] == "board"
    assert row["title"] == "Acme Boards"


def test_bad_name_ends_with_one_that_would_do(user: User) -> None:
    error = user.fails("plugin", "new", "class", code=2)
    assert error.endswith("choose another, such as class-tracker")


def test_directory_that_is_not_empty_is_refused(user: User, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    error = user.fails(*NEW, "--directory", str(tmp_path), code=2)
    assert error == f"{tmp_path} is not empty; name another place with --directory"


def test_name_that_an_installed_plugin_claims_is_told(acme: User, tmp_path: Path) -> None:
    done = acme.run("plugin", "new", "acme", "--directory", str(tmp_path / "new"))
    assert done.exit_code == 0
    assert "note: acme-plugin 1.2 already claims the provider acme" in done.stderr


def test_name_that_nobody_claims_needs_no_note(user: User, tmp_path: Path) -> None:
    assert user.run(*NEW, "--directory", str(tmp_path / "new")).stderr == ""


def test_its_own_tests_pass(user: User, plugin: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=plugin,
        env=user.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_check_of_it_passes(user: User, plugin: Path) -> None:
    with user.start("plugin", "check", "acme-tracker", "--json") as check:
        document = json.loads(check.communicate()[0])
    (checked,) = document["plugins"]
    others = [v for v in checked["verdicts"] if v["outcome"] not in {"passed", "not_concerned"}]
    assert others == []
    assert check.returncode == 0


def test_providers_lists_it(user: User, plugin: Path) -> None:
    (line,) = [
        line for line in does(user, "providers").splitlines() if line.startswith("acme_tracker")
    ]
    assert line.split() == [
        *("acme_tracker", "Acme", "Tracker", "acme_tracker_project", "project_key"),
        *("acme-tracker-trackwire", "0.1.0", "registered"),
    ]


def test_import_and_publish_carry_its_route(
    user: User, emulator: Emulator, hub: RecordingHub, tmp_path: Path
) -> None:
    held = SampleTracker(resource_id="ACME", issues=ISSUES, page_size=100)
    saved = tmp_path / "saved.json"
    saved.write_bytes(emulator.export(held, ISSUES))
    bind(user)
    does(user, "import", str(saved))
    does(user, "publish")
    (document,) = hub.documents
    assert document["external_resource_type"] == "acme_tracker_project"
    assert document["external_resource_id"] == "ACME"
    assert len(document["issues"]) == len(ISSUES)


def test_pull_and_publish_carry_its_route(
    user: User, tracker: FaultyApi, hub: RecordingHub
) -> None:
    bind(user, tracker.url)
    does(user, "pull")
    does(user, "publish")
    (document,) = hub.documents
    assert document["external_resource_type"] == "acme_tracker_project"
    assert document["external_resource_id"] == "ACME"
    assert sorted(issue["title"] for issue in document["issues"]) == sorted(
        issue.title for issue in ISSUES
    )


def test_discover_lists_what_can_be_bound(user: User, tracker: FaultyApi) -> None:
    assert "ACME" in does(user, "discover", "acme-tracker", "--workspace", "acme")


def test_doctor_tells_the_account_and_the_project(user: User, tracker: FaultyApi) -> None:
    bind(user, tracker.url)
    told = user.process("doctor").stdout
    assert re.search(r"ok +tracker +it knows u-1", told)
    assert re.search(r"ok +tracker +the account sees ACME \(Rocket\)", told)
