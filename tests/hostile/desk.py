"""Who works at the command line beside a hostile distribution, and how one is installed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostile.hostile_set import DISTS, INSTALLED, SWITCH, Hostile, distribution_names
from scripted_server import ScriptedServer, accepting

from trackwire.provider import is_provider_name

if TYPE_CHECKING:
    from userkit import User

SOUND = "kanban"
_KEYS = {"jira": "project_key", "linear": "team_id"}


def put(user: User, *folders: str) -> None:
    """Have the distributions of these folders installed, and none else of the set."""
    if INSTALLED:
        kept = {f"fake-{folder.replace('_', '-')}" for folder in folders}
        user.setenv(SWITCH, ",".join(sorted(distribution_names() - kept)))
    else:
        for folder in folders:
            user.on_path(DISTS / folder)


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)

    @property
    def error(self) -> str:
        """The one line that says why it failed."""
        (line,) = (line for line in self.stderr.splitlines() if line.startswith("error: "))
        return line


@dataclass
class Desk:
    """A user whose project is bound, a hub, and what is installed.

    Args:
        user: The user.
        hub: The hub.
        apart: Whether commands are run in processes of their own.
    """

    user: User
    hub: ScriptedServer = field(repr=False)
    stocked: Callable[..., Path] = field(repr=False)
    apart: bool = False

    def bind(self, name: str, *folders: str) -> None:
        """Bind the project to a provider, with two issues that were read with these installed."""
        shutil.copytree(self.stocked(name, *folders), self.user.project, dirs_exist_ok=True)

    def install(self, hostile: Hostile) -> None:
        """Install a hostile distribution and a sound one."""
        self.apart = hostile.apart
        put(self.user, *hostile.folders, SOUND)

    def run(self, *arguments: str) -> Done:
        """Run a command, with the hub at hand."""
        if self.apart:
            done = self.user.process(*arguments)
            return Done(done.returncode, done.stdout, done.stderr)
        result = self.user.run(*arguments)
        return Done(result.exit_code, result.stdout, result.stderr)

    def publish(self) -> Done:
        """Publish to the hub, which accepts."""
        self.hub.script(accepting())
        return self.run("publish", "--hub", self.hub.url, "--json")

    def sent(self) -> list[tuple[str, str | None, str | None]]:
        """Return provider and route of each snapshot that has arrived, and refuse other calls."""
        assert self.hub.connections == len(self.hub.requests)
        documents = [json.loads(request.decoded) for request in self.hub.requests]
        parts = ("provider", "external_resource_type", "external_resource_id")
        return [tuple(document[part] for part in parts) for document in documents]


def stock(user: User, name: str, *folders: str) -> Path:
    """Bind a project to a provider, read two issues with these installed, and return it."""
    key = _KEYS.get(name, "board")
    user.config.parent.mkdir()
    user.config.write_text(
        "project:\n  uuid: 6f1b0f0e-52b4-4c8e-9a37-1f4f0f7b8a11\n  slug: rocket\n"
        f"tracker:\n  provider: {name}\n  workspace: site.example\n"
        f'trackwire:\n  fields:\n    {key}: "B1"\n',
        encoding="utf-8",
    )
    if is_provider_name(name):
        put(user, *folders)
        lines = user.lines("1", "2", system=name)
        user.does("import", "-", "--format", "jsonl", given=lines)
    return user.project
