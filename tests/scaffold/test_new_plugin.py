"""What `trackwire plugin new` made, built and installed beside the core: it works as it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from trackwire.scaffold import draw, render, write

if TYPE_CHECKING:
    from scaffold.conftest import User

    from trackwire.testing import Emulator, FaultyApi, RecordingHub

SETTINGS = Path(__file__).resolve().parents[2] / "pyproject.toml"
PACKAGE = "acme_tracker_trackwire"


def test_wheel_holds_every_file_of_the_package_and_nothing_beside_it(plugin: Path) -> None:
    made = {path.name for path in (plugin / "src" / PACKAGE).iterdir()}
    installed = {
        file.as_posix()
        for file in metadata.files("acme-tracker-trackwire") or []
        if ".dist-info" not in file.parts[0] and "__pycache__" not in file.parts
    }
    assert installed == {f"{PACKAGE}/{name}" for name in made}


def test_package_that_is_imported_is_the_wheels(user: User) -> None:
    where = user.types(f"python -c 'import {PACKAGE}; print({PACKAGE}.__file__)'")
    assert "site-packages" in where


def test_providers_lists_it(user: User) -> None:
    (line,) = [
        line for line in user.types("trackwire providers").splitlines() if "acme_tracker" in line
    ]
    assert line.split()[-4:] == ["project_key", "acme-tracker-trackwire", "0.1.0", "registered"]


def test_steps_of_its_ci_pass(user: User, plugin: Path) -> None:
    workflow = YAML(typ="safe").load(plugin / ".github" / "workflows" / "ci.yml")
    steps = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    shutil.rmtree(plugin / "src")
    install, tests, check = steps
    assert install == 'python -m pip install ".[test]"'
    assert re.search(r"\d+ passed in", user.types(tests, plugin))
    assert "FAILED" not in user.types(check, plugin)


def test_commands_of_its_readme_pull_and_publish_with_its_route(
    user: User, plugin: Path, tracker: FaultyApi, hub: RecordingHub, emulator: Emulator
) -> None:
    readme = (plugin / "README.md").read_text()
    (block,) = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    with user.sits_at(block) as session:
        for prompt, answer in (
            ("base_url: ", tracker.url),
            (f"api_token (for {tracker.url}): ", emulator.credentials["api_token"]),
            ("project_key (Enter takes ACME; a number from 1 to 1, or the value): ", ""),
        ):
            session.expect_exact(prompt)
            session.sendline(answer)
        told = session.read()
    assert session.exitstatus == 0, told
    (document,) = hub.documents
    assert document["external_resource_type"] == "acme_tracker_project"
    assert document["external_resource_id"] == "ACME"
    assert len(document["issues"]) == len(tracker.issues)


def test_what_a_run_leaves_behind_is_ignored_by_git(user: User, plugin: Path) -> None:
    user.types("git init -q && git add . && python -m venv --without-pip .venv", plugin)
    user.types("python -m compileall -q src && mkdir dist && touch dist/a.whl", plugin)
    told = user.types("git status --porcelain", plugin).splitlines()
    assert "A  .gitignore" in told
    assert [line for line in told if not line.startswith("A  ")] == []


def test_readme_names_every_place_to_change(user: User, plugin: Path) -> None:
    readme = (plugin / "README.md").read_text()
    (command,) = re.findall(r"^    (grep .*)$", readme, re.MULTILINE)
    marked = {line.partition(":")[0] for line in user.types(command, plugin).splitlines()}
    section = readme.partition("## Make it yours")[2].partition("## Test")[0]
    assert marked == set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


@pytest.fixture(
    params=[
        ("acme-tracker", None, None),
        ("a", "a", "b"),
        ("abcdefghijkl-mnopqrstuvwx", f"{'t' * 27}_{'u' * 12}", "k" * 25),
    ],
    ids=["usual", "shortest", "longest"],
)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The files of plugins whose names are as short and as long as can be."""
    name, resource_type, key = request.param
    title = None if key is None else key.upper()
    blueprint = draw(name, title=title, resource_type=resource_type, credential_key=key)
    write(render(blueprint), tmp_path / "source")
    return tmp_path / "source"


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_files_are_in_the_style_of_this_project(command: str, source: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command.split(), "--no-cache", "--config", SETTINGS],
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_types_are_sound(source: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            tmp_path / "cache",
            *("src", "tests"),
        ],
        cwd=source,
        env={**os.environ, "MYPYPATH": "src"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
