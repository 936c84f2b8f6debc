"""Three projects and a hub: every step is a command that a user could type."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from trackwire.errors import TrackwireError
from trackwire.registry import ProviderRegistry

_STOP_SECONDS = 10
_TEAM = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One project that publishes.

    Args:
        title: What it shows.
        directory: The project's directory in the temporary home.
        bind: The arguments of `trackwire bind`.
        sample: The sample export.
        import_options: The options of `trackwire import`.
        mapping: The arguments of `trackwire hub mapping add`, or None where nobody added one.
        expected: How the hub resolves it.
    """

    title: str
    directory: str
    bind: tuple[str, ...]
    sample: str
    import_options: tuple[str, ...] = ()
    mapping: tuple[str, ...] | None
    expected: str

    @property
    def needs_plugin(self) -> bool:
        """Whether the story is about a provider with a plugin."""
        return self.expected != "queued"


STORIES = (
    Story(
        title="A Jira project that the hub knows by its exact route",
        directory="rocket",
        bind=(
            *("jira", "--workspace", "rocketworks.atlassian.net"),
            *("--set", "project_key=ROCKET"),
        ),
        sample="jira-search.json",
        mapping=(
            *("--provider", "jira", "--workspace", "rocketworks.atlassian.net"),
            *("--type", "jira_project", "--id", "ROCKET", "--project", "rocket-programme"),
        ),
        expected="resolved",
    ),
    Story(
        title="A Linear team of which the hub knows the workspace only",
        directory="greenhouse",
        bind=(
            *("linear", "--workspace", "greenhouse"),
            *("--set", "team_id=9d2e6c1e-3b54-4c19-9d41-6f0b8a1c2d3e"),
        ),
        sample="linear-team.json",
        mapping=(
            *("--provider", "linear", "--workspace", "greenhouse"),
            *("--project", "greenhouse-all"),
        ),
        expected="workspace_fallback",
    ),
    Story(
        title="A provider without a plugin: null/null, and a person maps it at the hub",
        directory="harbour",
        bind=("notion", "--workspace", "harbour"),
        sample="notion.jsonl",
        import_options=("--format", "jsonl"),
        mapping=None,
        expected="queued",
    ),
)


def run(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run every story in a temporary home against a hub process of its own.

    Args:
        tell: Told what happens, line by line.

    Returns:
        What each publish reported when it was repeated, as `trackwire publish --json` prints it:
        the hub then tells of its first answer again.

    Raises:
        TrackwireError: A step failed, or the hub resolved a story in another way than told.
    """
    _require_plugins()
    with tempfile.TemporaryDirectory(prefix="trackwire-demo-") as temporary:
        stage = _Stage(Path(temporary).resolve(), tell)
        tell("A hub, with a token for one team, and the mappings that people have made there:")
        token = stage.set_up_hub()
        with _hub(stage) as url:
            stage.show("login", url, "--token-stdin", standard_input=token)
            results = [_tell(story, stage) for story in STORIES]
            tell("\nWhat waits for a person at the hub:")
            stage.show("hub", "queue", *stage.at_hub)
            return results


def _require_plugins() -> None:
    registry = ProviderRegistry()
    names = [story.bind[0] for story in STORIES if story.needs_plugin]
    absent = [name for name in names if registry.provider(name) is None]
    if absent:
        packages = " ".join(f"trackwire-{name}" for name in absent)
        raise TrackwireError(
            f"the demo needs the provider plugins of {' and '.join(absent)}; "
            f"install them with: python -m pip install {packages}"
        )


class _Stage:
    """A temporary home in which commands run, shown with what they print."""

    def __init__(self, home: Path, tell: Callable[[str], None]) -> None:
        self.home = home
        self.database = home / "hub.sqlite"
        self.tell = tell
        self.environ = _private_environment(home, os.environ)

    def set_up_hub(self) -> str:
        created = self.run(
            *("hub", "token", "create", "--team", _TEAM, "--name", "demo"),
            *("--database", str(self.database), "--json"),
        )
        for story in STORIES:
            if story.mapping:
                self.show("hub", "mapping", "add", "--team", _TEAM, *story.mapping, *self.at_hub)
        return str(json.loads(created.stdout)["token"])

    @property
    def at_hub(self) -> tuple[str, str]:
        return ("--database", str(self.database))

    def show(self, *arguments: str, cwd: str = "", standard_input: str = "") -> None:
        self.tell(f"$ trackwire {shlex.join(arguments)}".replace(str(self.home), "~"))
        done = self.run(
            *arguments, cwd=cwd, standard_input=standard_input, errors_to=subprocess.STDOUT
        )
        for line in done.stdout.splitlines():
            self.tell(f"    {line}".replace(str(self.home), "~"))

    def run(
        self,
        *arguments: str,
        cwd: str = "",
        standard_input: str = "",
        errors_to: int = subprocess.PIPE,
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 - our own program, without a shell
            _command(*arguments),
            cwd=self.home / cwd,
            env=self.environ,
            input=standard_input,
            stdout=subprocess.PIPE,
            stderr=errors_to,
            text=True,
            check=False,
        )
        if done.returncode:
            *_, problem = ["no output", *(done.stderr or done.stdout).strip().splitlines()]
            raise TrackwireError(
                f"the demo's step failed with exit code {done.returncode}: "
                f"trackwire {shlex.join(arguments)}: {problem}"
            )
        return done


def _tell(story: Story, stage: _Stage) -> dict[str, Any]:
    (stage.home / story.directory).mkdir()
    stage.tell(f"\n{story.title}:")
    stage.show("bind", *story.bind, cwd=story.directory)
    with as_file(files("trackwire.demo") / story.sample) as sample:
        (stage.home / story.sample).write_bytes(sample.read_bytes())
    stage.show("import", *story.import_options, f"../{story.sample}", cwd=story.directory)
    stage.show("publish", cwd=story.directory)
    again: dict[str, Any] = json.loads(stage.run("publish", "--json", cwd=story.directory).stdout)
    if again["resolution"]["status"] != story.expected:
        raise TrackwireError(
            f"the hub said {again['resolution']['status']}, and {story.expected} was to be seen"
        )
    return again


@contextmanager
def _hub(stage: _Stage) -> Iterator[str]:
    process = subprocess.Popen(  # noqa: S603 - our own program, without a shell
        _command("hub", "serve", "--port", "0", *stage.at_hub),
        cwd=stage.home,
        env=stage.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            address = re.search(r"http://\S+", line)
            if address is None:
                problem = process.stderr.read() if process.stderr else ""
                raise TrackwireError(f"the demo's hub did not start: {problem.strip()}")
            stage.tell("$ trackwire hub serve --port 0 --database ~/hub.sqlite &")
            stage.tell(f"    {line.strip()}")
            yield address[0]
        finally:
            process.terminate()
            try:
                process.communicate(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trackwire", *arguments]


def _private_environment(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("TRACKWIRE_")}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
