"""Whatever is not registered publishes null/null: on the set of plugins of this environment.

Each test does the same to four providers, of which the set has none, one or two. What a project
needs is in its own file and in wire form, so that no plugin is needed to get there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result
from keyring.backends.null import Keyring as NoKeyring
from matrix.expected import PLUGINS
from scripted_server import ScriptedServer, accepting

from trackwire.cli import main

CANONICAL = {
    "jira": ("jira_project", "project_key"),
    "linear": ("linear_team", "team_id"),
}
LISTED = {
    **{name: (*declared, f"trackwire-{name}") for name, declared in CANONICAL.items()},
    "cardmill": ("cardmill_board", "board_id", "cardmill-trackwire"),
    "acme_tracker": ("acme_tracker_project", "project_key", "acme-tracker-trackwire"),
}
"""What `providers` tells of each plugin that an environment may hold."""
WORKSPACE = "acme.example"
NULL = (None, None)
each_provider = pytest.mark.parametrize("provider", ["jira", "linear", "beads", "notion"])


def expected_pair(provider: str, resource_id: str = "ACME") -> tuple[str | None, str | None]:
    """Return the resource routing that a publish is to carry on this set of plugins."""
    return (CANONICAL[provider][0], resource_id) if provider in PLUGINS else NULL


def issue(provider: str, number: int) -> dict[str, object]:
    """Return an issue in wire form, every field of it set."""
    return {
        "ref": {
            "system": provider,
            "workspace": WORKSPACE,
            "id": str(number),
            "key": f"ACME-{number}",
            "url": f"https://{WORKSPACE}/{number}",
        },
        "title": f"Mend sail {number}",
        "body": "Torn.\n",
        "status": "blocked",
        "issue_type": "bug",
        "priority": 0,
        "assignees": ["5b10a"],
        "labels": ["sea"],
        "updated_at": "2026-11-01T10:00:00Z",
    }


@dataclass
class Project:
    """A project with a hub, driven by the command line.

    Args:
        root: Its directory.
        hub: The hub.
    """

    root: Path
    hub: ScriptedServer = field(repr=False)

    def bind(self, provider: str, resource_id: str = "ACME") -> None:
        """Bind it as a clone of somebody's repository is bound, and read two issues."""
        key = CANONICAL.get(provider, ("", "project_key"))[1]
        config = self.root / ".kittify" / "config.yaml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(
            "project:\n  uuid: 6f1b0f0e-52b4-4c8e-9a37-1f4f0f7b8a11\n  slug: rocket\n"
            f"tracker:\n  provider: {provider}\n  workspace: {WORKSPACE}\n"
            f'trackwire:\n  fields:\n    {key}: "{resource_id}"\n'
        )
        lines = "".join(json.dumps(issue(provider, number)) + "\n" for number in (1, 2))
        done = self.run("import", "--format", "jsonl", "-", given=lines)
        assert done.exit_code == 0, done.output

    def run(self, *arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, ["-C", str(self.root), *arguments], input=given)

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def publish(self, *options: str) -> tuple[Result, dict[str, Any]]:
        """Publish to the hub, and return the result and the snapshot that arrived."""
        self.hub.script(accepting())
        done = self.run("publish", "--hub", self.hub.url, *options)
        assert done.exit_code == 0, done.output
        return done, json.loads(self.hub.requests[-1].decoded)


@pytest.fixture
def project(
    tmp_path: Path, scripted_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """A directory of a user who has nothing but a token of the hub."""
    for name in tuple(os.environ):
        if name.startswith("TRACKWIRE_"):
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("TRACKWIRE_HUB_TOKEN", "fake-hub-token")
    root = tmp_path / "rocket"
    root.mkdir()
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield Project(root, scripted_server)
    keyring.set_keyring(before)


def pair(document: dict[str, Any]) -> tuple[str | None, str | None]:
    return document["external_resource_type"], document["external_resource_id"]


def test_exactly_the_plugins_of_the_set_are_registered(project: Project) -> None:
    listed = project.json("providers")["providers"]
    told = ("name", "resource_type", "credential_key", "distribution", "outcome")
    assert [tuple(row[name] for name in told) for row in listed] == [
        (name, *LISTED[name], "registered") for name in sorted(PLUGINS)
    ]


@pytest.mark.usefixtures("project")
def test_installed_command_lists_the_set() -> None:
    command = Path(sysconfig.get_path("scripts")) / "trackwire"
    done = subprocess.run([command, "providers", "--json"], capture_output=True, check=True)
    assert {row["name"] for row in json.loads(done.stdout)["providers"]} == PLUGINS


@each_provider
def test_route_is_the_wire_pair_on_the_set_and_else_null(project: Project, provider: str) -> None:
    project.bind(provider)
    assert pair(project.json("route")) == expected_pair(provider)


@each_provider
def test_route_says_why_it_is_so(project: Project, provider: str) -> None:
    project.bind(provider)
    reason = "routed" if provider in PLUGINS else "provider_unregistered"
    assert project.json("route")["routing_reason"] == reason


@each_provider
def test_publish_carries_the_wire_pair_on_the_set_and_else_null(
    project: Project, provider: str
) -> None:
    project.bind(provider)
    _, snapshot = project.publish()
    assert pair(snapshot) == expected_pair(provider)


@each_provider
def test_both_fields_follow_the_workspace_on_every_set(project: Project, provider: str) -> None:
    project.bind(provider)
    _, snapshot = project.publish()
    assert list(snapshot)[:4] == [
        *("provider", "workspace", "external_resource_type", "external_resource_id")
    ]


@each_provider
def test_null_route_is_told_in_one_line_and_a_route_is_not(project: Project, provider: str) -> None:
    project.bind(provider)
    done, _ = project.publish()
    told = (
        f"note: the route is null/null: no plugin is installed for {provider}; "
        "see: trackwire providers"
    )
    assert done.stderr.splitlines() == ([] if provider in PLUGINS else [told])


@each_provider
def test_published_issues_are_the_same_on_every_set(project: Project, provider: str) -> None:
    project.bind(provider)
    _, snapshot = project.publish()
    assert snapshot["issues"] == [issue(provider, 1), issue(provider, 2)]


@each_provider
def test_required_routing_sends_what_is_on_the_set_and_nothing_else(
    project: Project, provider: str
) -> None:
    project.bind(provider)
    project.hub.script(accepting())
    done = project.run("publish", "--hub", project.hub.url, "--require-routing")
    on_the_set = provider in PLUGINS
    assert (done.exit_code, len(project.hub.requests)) == ((0, 1) if on_the_set else (1, 0))


@each_provider
@pytest.mark.parametrize("named", ["{}", "trackwire-{}"], ids=["entry-point", "distribution"])
def test_blocked_publishes_null_on_every_set(
    project: Project, provider: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKWIRE_DISABLE_PLUGINS", named.format(provider))
    project.bind(provider)
    _, snapshot = project.publish()
    assert pair(snapshot) == NULL


@each_provider
def test_other_plugins_that_are_blocked_change_no_route(
    project: Project, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = sorted({*CANONICAL, "beads", "notion"} - {provider})
    monkeypatch.setenv("TRACKWIRE_DISABLE_PLUGINS", ",".join(others))
    project.bind(provider)
    _, snapshot = project.publish()
    assert pair(snapshot) == expected_pair(provider)


@pytest.mark.parametrize("provider", sorted(CANONICAL))
def test_rebinding_to_another_resource_routes_to_it_on_the_set(
    project: Project, provider: str
) -> None:
    project.bind(provider, "ACME")
    project.publish()
    project.bind(provider, "BETA")
    _, snapshot = project.publish()
    assert pair(snapshot) == expected_pair(provider, "BETA")


@pytest.mark.parametrize("provider", sorted(CANONICAL))
def test_key_changes_with_a_rebinding_where_the_route_does(project: Project, provider: str) -> None:
    for resource_id in ("ACME", "BETA"):
        project.bind(provider, resource_id)
        project.publish()
    keys = {request.headers["idempotency-key"] for request in project.hub.requests}
    assert len(keys) == (2 if provider in PLUGINS else 1)


@pytest.mark.parametrize("provider", sorted(CANONICAL))
def test_rebinding_to_a_provider_off_the_set_leaves_no_route_behind(
    project: Project, provider: str
) -> None:
    project.bind(provider)
    project.publish()
    project.bind("notion")
    _, snapshot = project.publish()
    assert (snapshot["provider"], pair(snapshot)) == ("notion", NULL)


@pytest.mark.parametrize("provider", sorted(CANONICAL))
def test_binding_back_routes_as_before(project: Project, provider: str) -> None:
    for bound in (provider, "notion", provider):
        project.bind(bound)
        _, snapshot = project.publish()
    assert pair(snapshot) == expected_pair(provider)
