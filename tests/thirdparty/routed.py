"""What the plugins of this environment declare, and a publish of a project bound to one."""

from __future__ import annotations

import json
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from userkit import User

    from trackwire.testing import RecordingHub

ROUTES = {
    "cardmill": ("cardmill_board", "board_id", "4117"),
    "jira": ("jira_project", "project_key", "ACME"),
    "linear": ("linear_team", "team_id", "abc-123-def"),
}
"""Resource type, credential key and an id, by provider."""

Sent = tuple[CompletedProcess[str], dict[str, Any]]


def publish(user: User, hub: RecordingHub, provider: str) -> Sent:
    """Bind a project as a clone is, read an issue in wire form, and publish it.

    Returns:
        How the publish ended, and the snapshot that the hub got.
    """
    _, key, resource_id = ROUTES[provider]
    user.config.parent.mkdir()
    user.config.write_text(
        f"tracker:\n  provider: {provider}\n  workspace: site.example\n"
        f'trackwire:\n  fields:\n    {key}: "{resource_id}"\n'
    )
    (user.project / "issues.jsonl").write_text(user.lines("1", system=provider))
    imported = user.process("import", "--format", "jsonl", "issues.jsonl")
    assert imported.returncode == 0, imported.stderr
    done = user.process("publish", "--hub", hub.url)
    assert done.returncode == 0, done.stderr
    (snapshot,) = hub.documents
    return done, snapshot


def pair(snapshot: dict[str, Any]) -> tuple[str | None, str | None]:
    return snapshot["external_resource_type"], snapshot["external_resource_id"]


def providers(user: User) -> dict[str, Any]:
    """Return what `trackwire providers` lists, by name."""
    done = user.process("providers", "--json")
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["providers"]}
