"""Somebody with a fresh home who types what a document says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PORT = 8731
"""The port of the hub that documents speak of; each newcomer's hub has another."""


@dataclass
class Newcomer:
    """Somebody who types what a document says.

    Args:
        home: Their home, and where they begin.
        environ: Their environment; `trackwire` and `python3` are on its path.
        port: The port of their hub.
        places: Directories that documents name, and where they are here.
    """

    home: Path
    environ: dict[str, str] = field(repr=False)
    port: int = PORT
    places: dict[str, Path] = field(default_factory=dict)

    def types(self, script: str, where: str = ".") -> str:
        """Run a block off a terminal, and return what it wrote; it is to succeed."""
        done = subprocess.run(
            ["bash", "-euc", self.here(script)],
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
            ["-euc", self.here(script)],
            cwd=str(self.home),
            env=self.environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 200),
        )

    @contextmanager
    def serves(self) -> Iterator[None]:
        """Run this newcomer's hub meanwhile, on a port that is free."""
        command = [sys.executable, "-m", "trackwire", "hub", "serve", "--port", "0"]
        with subprocess.Popen(
            command, cwd=self.home, env=self.environ, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                self.port = int(process.stdout.readline().strip().rpartition(":")[2])
                yield
            finally:
                process.terminate()

    def here(self, script: str) -> str:
        """Return a text of a document with this newcomer's port and places."""
        for named, place in self.places.items():
            script = script.replace(named, str(place))
        return script.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{self.port}")

    def there(self, output: str) -> str:
        """Return what was written with the port that documents speak of."""
        return re.sub(rf"127\.0\.0\.1:{self.port}\b", f"127.0.0.1:{PORT}", output)


def newcomer_at(home: Path) -> Newcomer:
    """Return somebody whose empty home this is.

    Args:
        home: A directory.
    """
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
