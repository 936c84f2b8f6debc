"""Every command of the README is run in order, in a fresh home, and does what the README says."""

from __future__ import annotations

import configparser
import importlib.resources
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulators.jira_cloud import JiraCloud

pytestmark = [pytest.mark.needs_hub, pytest.mark.needs_jira, pytest.mark.needs_linear]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
INSTALL_AND_RUN = "python3 -m pip install uv && python3 -m uv run "


def only(language: str) -> str:
    (text,) = [text for found, text in BLOCKS if found == language]
    return text


def block(containing: str) -> str:
    (text,) = [text for text in SHELL if containing in text]
    return text


@dataclass
class Newcomer:
    """Somebody who types what the README says.

    Args:
        home: Their home, and where they begin.
        environ: Their environment; `trackwire` is on its path.
        port: The port of their hub.
    """

    home: Path
    environ: dict[str, str] = field(repr=False)
    port: int = 8731
    pulled: str = ""
    imported: str = ""

    def types(self, script: str, where: str = ".") -> str:
        """Run a block off a terminal."""
        done = subprocess.run(
            ["bash", "-euc", self._here(script)],
            cwd=self.home / where,
            env=self.environ,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def sits_at(self, script: str) -> Any:
        """Run a block on a terminal."""
        import pexpect  # type: ignore[import-untyped]  # ships no annotations

        return pexpect.spawn(
            "bash",
            ["-euc", self._here(script)],
            cwd=str(self.home),
            env=self.environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 200),
        )

    def _here(self, script: str) -> str:
        return script.replace("127.0.0.1:8731", f"127.0.0.1:{self.port}")


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    home = tmp_path_factory.mktemp("newcomer")
    programs = home / "bin"
    programs.mkdir()
    for name in ("trackwire", "python3"):
        program = programs / name
        module = "-m trackwire " if name == "trackwire" else ""
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module}"$@"\n')
        program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKWIRE_")}
    environ = {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PATH": f"{programs}{os.pathsep}{kept['PATH']}",
    }
    return Newcomer(home, environ)


@pytest.fixture(scope="module")
def hub_token(newcomer: Newcomer) -> Iterator[str]:
    """The token that the hub block printed; its hub runs meanwhile, on a port of its own."""
    *before, serve = block("trackwire hub serve").strip().rsplit("\n", 1)
    assert serve == "trackwire hub serve"
    token = re.search(r"^\S{20,}$", newcomer.types("\n".join(before)), re.MULTILINE)[0]
    with subprocess.Popen(
        [sys.executable, "-m", "trackwire", "hub", "serve", "--port", "0"],
        cwd=newcomer.home,
        env=newcomer.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            newcomer.port = int(process.stdout.readline().strip().rpartition(":")[2])
            yield token
        finally:
            process.terminate()


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
def project(newcomer: Newcomer, hub_token: str, jira: JiraCloud) -> str:
    """What the terminal showed when the project was bound; its issues are there then."""
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
    newcomer.pulled = newcomer.types(block("trackwire pull"), "my-project")
    sample = importlib.resources.files("trackwire.demo") / "jira-search.json"
    answer = sample.read_text().replace("ROCKET", "ACME").replace("rocketworks", "acme")
    (folder / "search.json").write_text(answer)
    ref = {"system": "jira", "workspace": "acme.atlassian.net", "id": "900", "key": "ACME-900"}
    line = {"ref": ref, "title": "t", "status": "todo", "issue_type": "task"}
    (folder / "issues.jsonl").write_text(json.dumps(line) + "\n")
    newcomer.imported = newcomer.types(block("trackwire import"), "my-project")
    return shown


def test_every_block_is_run_by_a_test_here() -> None:
    run = ("trackwire demo", "tox", "trackwire hub serve", "trackwire login")
    others = ("trackwire pull", "trackwire import", "trackwire publish", "_TRACKWIRE_COMPLETE")
    assert [block(part) for part in (*run, *others)] == SHELL


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


def test_bind_makes_the_directory_a_project(newcomer: Newcomer, project: str) -> None:
    assert "my-project a project" in project
    assert (newcomer.home / "my-project" / ".kittify" / "config.yaml").is_file()


def test_bind_lists_the_projects_to_choose_from(project: str) -> None:
    assert re.search(r"1 +ACME", project)
    assert re.search(r"2 +OTHER", project)


def test_doctor_finds_nothing_wrong_and_the_pull_reads_every_issue(
    newcomer: Newcomer, project: str
) -> None:
    assert "wrong" not in newcomer.pulled
    assert "120 created" in newcomer.pulled
    assert "complete" in newcomer.pulled


def test_issues_are_imported_from_both_files(newcomer: Newcomer, project: str) -> None:
    # those that the pull has read are updated, by their ids
    assert re.search(r"search\.json: (4 created|0 created, 4 updated)", newcomer.imported)
    assert "issues.jsonl: 1 created" in newcomer.imported


def test_publish_shows_how_the_hub_resolved_the_route(newcomer: Newcomer, project: str) -> None:
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
    newcomer: Newcomer, project: str, variable: str, value: str, command: str, effect: str
) -> None:
    assert f"`{variable}`" in README
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
    (module,) = re.findall(r"^`(\w+\.py)`:$", README, re.MULTILINE)
    (site / module).write_text(only("python"))
    folder = newcomer.home / "ships"
    folder.mkdir()
    (folder / "cards.json").write_text('{"cards": [{"id": "1", "title": "t"}]}')
    (command,) = re.findall(r"`(trackwire bind acme [^`]*)`", README)
    hub = f"http://127.0.0.1:{newcomer.port}"
    paths = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    environ = {"PYTHONPATH": paths, "TRACKWIRE_HUB_URL": hub, "TRACKWIRE_HUB_TOKEN": hub_token}
    newcomer.environ, before = newcomer.environ | environ, newcomer.environ
    listed = newcomer.types("trackwire providers", "ships")
    shown = newcomer.types(f"{command}\ntrackwire import cards.json\ntrackwire publish", "ships")
    newcomer.environ = before
    assert re.search(r"acme .*acme-trackwire +0\.1\.0 +registered", listed)
    assert "acme_board SHIP" in shown
    assert "delivered    201" in shown


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    root = Path(__file__).parents[2]
    assert [target for target in targets if not (root / target).exists()] == []
