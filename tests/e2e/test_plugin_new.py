"""`trackwire plugin new`: what it makes is a plugin that works as it is."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trackwire.errors import UsageError
from trackwire.scaffold import draw
from trackwire.testing import Answer, Emulator, FaultyApi, RecordingHub, SampleIssue, SampleTracker

if TYPE_CHECKING:
    from e2e.conftest import User

    from trackwire.testing.faults import Occasion

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
def plugin(user: User, tmp_path: Path) -> Iterator[Path]:
    """A new plugin, as if it were installed; afterwards, its modules are forgotten."""
    plugin = tmp_path / "acme-tracker-trackwire"
    user.does(*NEW, "--directory", str(plugin))
    put_on_path(user, plugin, tmp_path / "site")
    yield plugin
    for name in [name for name in sys.modules if name.startswith("acme_tracker_trackwire")]:
        del sys.modules[name]


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


def bind(user: User, url: str = "https://tracker.example") -> None:
    values = ("--set", f"base_url={url}", "--set", "project_key=ACME")
    user.does("bind", "acme-tracker", "--workspace", "acme", *values)


def test_default_place_is_a_directory_here_named_after_the_distribution(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(user.project)
    user.does(*NEW)
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
    listed = json.loads(user.process("providers", "--json").stdout)["providers"]
    (row,) = (row for row in listed if row["name"] == "acme_tracker")
    assert row["resource_type"] == "acme_board"
    assert row["credential_key"] == "board"
    assert row["title"] == "Acme Boards"


def test_help_tells_the_longest_name(user: User) -> None:
    longest = int(re.search(r"(\d+)\s+characters at most", user.does("plugin", "new", "-h"))[1])
    assert draw("a" * longest).name == "a" * longest
    with pytest.raises(UsageError):
        draw("a" * (longest + 1))


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


def test_rules_that_show_that_it_reads_its_tracker_are_kept(user: User, plugin: Path) -> None:
    rules = ("import-quick", "publish-carries-route", "export-in-order", "pull-many-pages")
    chosen = [word for rule in rules for word in ("--rule", rule)]
    document = user.json("plugin", "check", "acme-tracker", *chosen)
    assert document["counts"]["passed"] == len(rules)


def test_providers_lists_it(user: User, plugin: Path) -> None:
    told = user.process("providers").stdout.splitlines()
    (line,) = [line for line in told if line.startswith("acme_tracker")]
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
    user.does("import", str(saved))
    user.does("publish")
    (document,) = hub.documents
    assert document["external_resource_type"] == "acme_tracker_project"
    assert document["external_resource_id"] == "ACME"
    assert len(document["issues"]) == len(ISSUES)


def test_pull_and_publish_carry_its_route(
    user: User, tracker: FaultyApi, hub: RecordingHub
) -> None:
    bind(user, tracker.url)
    user.does("pull")
    user.does("publish")
    (document,) = hub.documents
    assert document["external_resource_type"] == "acme_tracker_project"
    assert document["external_resource_id"] == "ACME"
    assert sorted(issue["title"] for issue in document["issues"]) == sorted(
        issue.title for issue in ISSUES
    )


@pytest.mark.parametrize(
    ("known", "unknown"), [(b'"open"', b'"parked"'), (b'"normal"', b'"whenever"')]
)
def test_pull_tells_a_name_that_it_cannot_place(
    user: User, tracker: FaultyApi, known: bytes, unknown: bytes
) -> None:
    def rename(occasion: Occasion) -> Answer:
        assert known in occasion.answer.body
        return replace(occasion.answer, body=occasion.answer.body.replace(known, unknown))

    tracker.issues = [replace(issue, priority=2) for issue in ISSUES]
    tracker.plan(rename, times=None, pages=True)
    bind(user, tracker.url)
    assert unknown.decode().strip('"') in user.run("pull").output


def test_discover_lists_what_can_be_bound(user: User, tracker: FaultyApi) -> None:
    assert "ACME" in user.does("discover", "acme-tracker", "--workspace", "acme")


def test_doctor_tells_the_account_and_the_project(user: User, tracker: FaultyApi) -> None:
    bind(user, tracker.url)
    told = user.run("doctor").stdout
    assert re.search(r"ok +tracker +it knows u-1", told)
    assert re.search(r"ok +tracker +the account sees ACME \(Rocket\)", told)
