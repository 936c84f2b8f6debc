"""Somebody at the command line: a home and a project of their own, in this process or another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
from click.testing import CliRunner, Result
from keyring.backends.null import Keyring as NoKeyring

from trackwire.cli import main

if TYPE_CHECKING:
    import pytest


def private_environment(home: Path) -> dict[str, str]:
    """Return the environment of a user whose home this is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKWIRE_")}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "COLUMNS": "200",
    }


@dataclass
class User:
    """Somebody at the command line, in a home and a project of their own.

    Args:
        home: Where the user's own files lie.
        project: The directory that commands are run for.
        environ: The environment of other processes.
    """

    home: Path
    project: Path
    environ: dict[str, str] = field(repr=False)
    monkeypatch: pytest.MonkeyPatch = field(repr=False)

    @property
    def config(self) -> Path:
        return self.project / ".kittify" / "config.yaml"

    @property
    def credentials(self) -> Path:
        return self.home / ".config" / "trackwire" / "credentials.toml"

    def setenv(self, name: str, value: str) -> None:
        self.monkeypatch.setenv(name, value)
        self.environ[name] = value

    def run(self, *arguments: str, given: str | bytes | None = None) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(main, ["-C", str(self.project), *arguments], input=given)

    def does(self, *arguments: str, given: str | bytes | None = None) -> str:
        """Run a command that is to succeed, and return its standard output."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 0, done.output
        return done.stdout

    def fails(self, *arguments: str, code: int, given: str | bytes | None = None) -> str:
        """Run a command that is to fail, and return its one line of error."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == code, done.output
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        others = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
        assert lines == others
        assert len(lines) == 1
        return lines[0].removeprefix("error: ")

    def json(self, *arguments: str, code: int = 0, given: str | bytes | None = None) -> Any:
        """Run a command with `--json`, and return the only document on standard output."""
        done = self.run(*arguments, "--json", given=given)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        return subprocess.Popen(
            [sys.executable, "-m", "trackwire", *arguments],
            **(streams | {"stderr": subprocess.PIPE} | options),
            cwd=self.project,
            env=self.environ,
            text=True,
        )

    def process(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        with self.start(*arguments, **options) as process:
            stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def terminal(self, *arguments: str) -> Any:
        """Start a command on a terminal."""
        import pexpect  # type: ignore[import-untyped]  # ships no annotations

        return pexpect.spawn(
            sys.executable,
            ["-m", "trackwire", *arguments],
            cwd=str(self.project),
            env=self.environ,
            encoding="utf-8",
            timeout=20,
            dimensions=(40, 200),
        )

    def install(
        self, name: str, source: str, *, dist: str | None = None, entry: str | None = None
    ) -> None:
        """Install a plugin as a distribution, for this process and others."""
        site = self.home / "site"
        dist = dist or f"{name}-plugin"
        module = f"{dist.replace('-', '_')}_{abs(hash(self.home))}"
        info = site / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(
            f"[trackwire.providers]\n{entry or name} = {module}\n"
        )
        (site / f"{module}.py").write_text(source)
        self.on_path(site)

    def on_path(self, site: Path) -> None:
        """Have this process and others find distributions in a directory."""
        self.monkeypatch.syspath_prepend(site)
        others = self.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = dict.fromkeys([str(site), *filter(None, others)])
        self.environ["PYTHONPATH"] = os.pathsep.join(paths)

    @staticmethod
    def cards(*ids: str, **members: object) -> str:
        """Return an answer of the made-up tracker's API."""
        return json.dumps({"cards": [{"id": i, "title": f"card {i}"} for i in ids], **members})

    @staticmethod
    def lines(*ids: str, workspace: str = "site.example", system: str = "acme") -> str:
        """Return issues in wire form, one a line."""
        ref = {"system": system, "workspace": workspace}
        rest = {"title": "a title", "status": "todo", "issue_type": "task"}
        return "".join(json.dumps({"ref": {**ref, "id": i}, **rest}) + "\n" for i in ids)

    def files(self) -> Iterator[Path]:
        """Every file of the home and the project."""
        for place in (self.home, self.project):
            yield from (path for path in place.rglob("*") if path.is_file())


@contextmanager
def new_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """Make a user without anything stored; afterwards, the modules of fake plugins are forgotten.

    Args:
        place: An empty directory, for the home and the project.
        monkeypatch: What this process's environment is changed by.
    """
    home, project = place / "home", place / "rocket"
    home.mkdir()
    project.mkdir()
    environ = private_environment(home)
    for name in tuple(os.environ):
        if name.startswith("TRACKWIRE_"):
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, environ[name])
    modules = set(sys.modules)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield User(home, project, environ, monkeypatch)
    keyring.set_keyring(before)
    for name in set(sys.modules) - modules:
        if "_plugin_" in name or name.startswith("fake_"):
            del sys.modules[name]
