"""A user of the new plugin: its directory is named by SCAFFOLDED, and its wheel is installed."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trackwire.testing import Emulator, FaultyApi, RecordingHub, SampleIssue

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ISSUES = [
    SampleIssue(id=str(number), title=f"issue {number}", updated_at=START + timedelta(hours=number))
    for number in range(1, 13)
]


@dataclass
class User:
    """Somebody who types commands in an empty directory; `trackwire` and `python` are on the path.

    Args:
        here: The directory.
        environ: The environment.
    """

    here: Path
    environ: dict[str, str] = field(repr=False)

    def types(self, script: str, where: Path | None = None) -> str:
        """Run what is to succeed, and return what it says."""
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=where or self.here,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sits_at(self, script: str) -> Any:
        """Run it on a terminal."""
        import pexpect  # type: ignore[import-untyped]  # ships no annotations

        return pexpect.spawn(
            "bash",
            ["-euc", script],
            cwd=str(self.here),
            env=self.environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 200),
        )


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A copy of what `trackwire plugin new acme-tracker` made."""
    copy = tmp_path / "plugin"
    shutil.copytree(os.environ["SCAFFOLDED"], copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with an empty home."""
    home, here = tmp_path / "home", tmp_path / "rocket"
    home.mkdir()
    here.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKWIRE_")}
    programs = Path(sys.executable).parent
    return User(
        here,
        {
            **kept,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PATH": f"{programs}{os.pathsep}{kept['PATH']}",
        },
    )


@pytest.fixture
def emulator() -> Emulator:
    """The tracker that the plugin is made for, as installed."""
    conformance = importlib.import_module("acme_tracker_trackwire.conformance")
    return conformance.AcmeTrackerEmulator()


@pytest.fixture
def tracker(emulator: Emulator) -> Iterator[FaultyApi]:
    """That tracker on loopback."""
    with FaultyApi(emulator, "ACME", ISSUES) as api:
        yield api


@pytest.fixture
def hub(user: User) -> Iterator[RecordingHub]:
    """A hub that the user is logged in to."""
    with RecordingHub() as hub:
        user.environ |= {"TRACKWIRE_HUB_URL": hub.url, "TRACKWIRE_HUB_TOKEN": "made-up-hub-token"}
        yield hub
