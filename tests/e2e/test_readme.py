"""Every command of the README is run in order, in a fresh home, and does what the README says."""

from __future__ import annotations

import configparser
import importlib.resources
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from docs.blocks import README, ROOT, blocks_of
from docs.newcomer import Newcomer, newcomer_at

if TYPE_CHECKING:
    from emulators.jira_cloud import JiraCloud

pytestmark = [pytest.mark.needs_hub, pytest.mark.needs_jira, pytest.mark.needs_linear]

README_TEXT = README.read_text(encoding="utf-8")
BLOCKS = blocks_of(README)
SHELL = [block.content for block in BLOCKS if block.kind == "sh"]
INSTALL_AND_RUN = "python3 -m pip install uv && python3 -m uv run "


def only(language: str) -> str:
    (text,) = [block.content for block in BLOCKS if block.kind == language]
    return text


def block(containing: str) -> str:
    (text,) = [text for text in SHELL if containing in text]
    return text


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    return newcomer_at(tmp_path_factory.mktemp("newcomer"))


@dataclass(frozen=True)
class Bound:
    """What was shown on the way to a bound project.

    Args:
        asked: By login and bind, on a terminal.
        pulled: By doctor and pull.
        imported: By the imports.
    """

    asked: str
    pulled: str
    imported: str


@pytest.fixture(scope="module")
def hub_token(newcomer: Newcomer) -> Iterator[str]:
    """The token that the hub block printed; its hub runs meanwhile, on a port of its own."""
    *before, serve = block("trackwire hub serve").strip().rsplit("\n", 1)
    assert serve == "trackwire hub serve"
    token = re.search(r"^\S{20,}$", newcomer.types("\n".join(before)), re.MULTILINE)[0]
    with newcomer.serves():
        yield token


@pytest.fixture(scope="module")
def jira() -> Iterator[JiraCloud]:
    """A site with two projects that the newcomer's token can see."""
    from emulators.jira_cloud import JiraCloud

    with JiraCloud() as site:
        for key in ("ACME", "OTHER"):
            site.add_project(key)
        site.populate("ACME", 120)
        yield site


@pytest.fixture(scope="module")
def project(newcomer: Newcomer, hub_token: str, jira: JiraCloud) -> Bound:
    """A project that is bound, and has issues."""
    folder = newcomer.home / "my-project"
    folder.mkdir()
    with newcomer.sits_at(block("trackwire login")) as session:
        session.expect_exact("Token: ")
        session.sendline(hub_token)
        shown = ""
        for prompt, answer in (
            ("base_url: ", jira.url),
            ("email (optional): ", jira.email),
            (f"api_token (for {jira.url}): ", jira.token),
            ("project_key (a number from 1 to 2, or the value): ", "1"),
        ):
            session.expect_exact(prompt)
            shown += str(session.before)
            session.sendline(answer)
        shown += session.read()
    assert session.exitstatus == 0
    pulled = newcomer.types(block("trackwire pull"), "my-project")
    sample = importlib.resources.files("trackwire.demo") / "jira-search.json"
    answer = sample.read_text().replace("ROCKET", "ACME").replace("rocketworks", "acme")
    (folder / "search.json").write_text(answer)
    ref = {"system": "jira", "workspace": "acme.atlassian.net", "id": "900", "key": "ACME-900"}
    line = {"ref": ref, "title": "t", "status": "todo", "issue_type": "task"}
    (folder / "issues.jsonl").write_text(json.dumps(line) + "\n")
    return Bound(shown, pulled, newcomer.types(block("trackwire import"), "my-project"))


def test_every_block_is_run_by_a_test_here() -> None:
    run = ("trackwire demo", "tox", "trackwire hub serve", "trackwire login")
    others = ("trackwire pull", "trackwire import", "trackwire publish", "_TRACKWIRE_COMPLETE")
    installed = (only("toml"), only("python"))
    commands = [block(part) for part in (*run, *others)]
    assert [*commands, *installed] == [block.content for block in BLOCKS]


def test_first_command_is_the_demo(newcomer: Newcomer) -> None:
    command = block("trackwire demo").strip()
    assert command.startswith(INSTALL_AND_RUN)
    assert "by its exact route" in newcomer.types(command.removeprefix(INSTALL_AND_RUN))


def tox_environments() -> set[str]:
    """The environments that a bare `tox` runs."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    listed = tox["tox"]["env_list"].replace("\n", " ")
    expanded = subprocess.run(["bash", "-c", f"echo {listed}"], capture_output=True, text=True)
    return set(expanded.stdout.replace(",", " ").split())


def test_second_command_runs_what_ci_runs(tmp_path: Path) -> None:
    said = tmp_path / "said"
    python = tmp_path / "bin" / "python3"
    script = tmp_path / ".ci" / "run"
    for folder in (python.parent, script.parent):
        folder.mkdir()
    python.write_text(f'#!/bin/sh\necho "$@" >> {said}\n')
    python.chmod(0o755)
    shutil.copy(ROOT / ".ci" / "run", script)
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([script], env={"PATH": path, "HOME": str(tmp_path)}, check=True)
    (command,) = [line for line in said.read_text().splitlines() if " tox run " in line]
    options, _, environments = command.rpartition(" -e ")
    assert block("tox").strip() == f"{INSTALL_AND_RUN}tox"
    assert options.startswith("-m uv run ")
    assert set(environments.split(",")) == tox_environments()


def test_port_that_the_readme_names_is_the_hubs_own(newcomer: Newcomer) -> None:
    assert "default: 8731" in newcomer.types("trackwire hub serve --help")


def test_bind_makes_the_directory_a_project(newcomer: Newcomer, project: Bound) -> None:
    assert "my-project a project" in project.asked
    assert (newcomer.home / "my-project" / ".kittify" / "config.yaml").is_file()


def test_bind_lists_the_projects_to_choose_from(project: Bound) -> None:
    assert re.search(r"1 +ACME", project.asked)
    assert re.search(r"2 +OTHER", project.asked)


def test_doctor_finds_nothing_wrong_and_the_pull_reads_every_issue(
    project: Bound,
) -> None:
    assert "wrong" not in project.pulled
    assert "120 created" in project.pulled
    assert "complete" in project.pulled


def test_issues_are_imported_from_both_files(project: Bound) -> None:
    # those that the pull has read are updated, by their ids
    assert re.search(r"search\.json: (4 created|0 created, 4 updated)", project.imported)
    assert "issues.jsonl: 1 created" in project.imported


def test_publish_shows_how_the_hub_resolved_the_route(newcomer: Newcomer, project: Bound) -> None:
    shown = newcomer.types(block("trackwire publish"), "my-project")
    assert "jira_project ACME" in shown
    assert "project rocket, by its exact route" in shown
    assert "the hub had it already" in newcomer.types("trackwire publish", "my-project")


@pytest.mark.parametrize(
    ("variable", "value", "command", "effect"),
    [
        ("TRACKWIRE_JIRA_PROJECT_KEY", "OTHER", "route", "OTHER"),
        ("TRACKWIRE_HUB_URL", "https://a.example", "publish --dry-run", "https://a.example"),
        ("TRACKWIRE_HUB_TOKEN", "wrong", "publish || true", "HTTP 401"),
        ("TRACKWIRE_DISABLE_PLUGINS", "jira", "route", "provider_blocked"),
    ],
)
def test_variable_that_the_readme_names_has_an_effect(
    newcomer: Newcomer, project: Bound, variable: str, value: str, command: str, effect: str
) -> None:
    assert f"`{variable}`" in README_TEXT
    assert effect not in newcomer.types(f"trackwire {command}", "my-project")
    assert effect in newcomer.types(f"{variable}={value} trackwire {command}", "my-project")


def test_completion_of_each_shell_is_what_the_readme_says(newcomer: Newcomer) -> None:
    bash, zsh, fish = block("_TRACKWIRE_COMPLETE").strip().splitlines()
    assert "trackwire" in newcomer.types(f"{bash}\ncomplete -p trackwire")
    inner = re.search(r"\$\((.*)\)", zsh)[1]
    assert "#compdef trackwire" in newcomer.types(inner)
    assert "complete --no-files --command trackwire" in newcomer.types(fish.partition(" | ")[0])


def test_provider_in_one_screen_publishes_its_route(newcomer: Newcomer, hub_token: str) -> None:
    site = newcomer.home / "site"
    declared = tomllib.loads(only("toml"))["project"]
    info = site / f"acme_trackwire-{declared['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: {declared['version']}\n"
    )
    (group, points), *_ = declared["entry-points"].items()
    (info / "entry_points.txt").write_text(
        f"[{group}]\n" + "".join(f"{name} = {module}\n" for name, module in points.items())
    )
    (module,) = [block.file for block in BLOCKS if block.kind == "python"]
    (site / module).write_text(only("python"))
    folder = newcomer.home / "ships"
    folder.mkdir()
    ref = {"system": "acme", "workspace": "acme.example", "id": "1"}
    line = {"ref": ref, "title": "t", "status": "todo", "issue_type": "task"}
    (folder / "issues.jsonl").write_text(json.dumps(line) + "\n")
    (command,) = re.findall(r"`(trackwire bind acme [^`]*)`", README_TEXT)
    hub = f"http://127.0.0.1:{newcomer.port}"
    paths = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    environ = {"PYTHONPATH": paths, "TRACKWIRE_HUB_URL": hub, "TRACKWIRE_HUB_TOKEN": hub_token}
    newcomer.environ, before = newcomer.environ | environ, newcomer.environ
    listed = newcomer.types("trackwire providers", "ships")
    read = "trackwire import issues.jsonl --format jsonl"
    shown = newcomer.types(f"{command}\n{read}\ntrackwire publish", "ships")
    checked = newcomer.types("trackwire plugin check acme", "ships")
    newcomer.environ = before
    assert ", 0 broken" in checked
    assert re.search(r"acme .*acme-trackwire +0\.1\.0 +registered", listed)
    assert "acme_board SHIP" in shown
    assert "delivered    201" in shown


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README_TEXT)
    assert [target for target in targets if not (ROOT / target).exists()] == []
