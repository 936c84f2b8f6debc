"""The environment that `startup.py` measures in: a venv with Trackwire, a project, and others."""

from __future__ import annotations

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from made_distribution import make_distribution
from measuring import Measured, say

MEASURED = ("trackwire", "trackwire-jira", "trackwire-linear")
PROVIDER, WORKSPACE = "jira", "acme.atlassian.net"
ISSUE = {
    "ref": {"system": PROVIDER, "workspace": WORKSPACE, "id": "10001"},
    "title": "Sign in with a passkey",
    "status": "todo",
    "issue_type": "task",
}
MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the unit of ru_maxrss

SCRIPT = """\
#!{python}
import sys
from {module} import {attribute}
if __name__ == "__main__":
    sys.exit({attribute}())
"""

# Small, because a process begins with the peak memory of the one that starts it.
STARTER = """
import posix, sys, time
sink = posix.open("/dev/null", posix.O_WRONLY)
to_sink = [(posix.POSIX_SPAWN_DUP2, sink, 1)]
began = time.perf_counter()
child = posix.posix_spawn(sys.argv[1], sys.argv[1:], posix.environ, file_actions=to_sink)
_, status, used = posix.wait4(child, 0)
seconds = time.perf_counter() - began
print(status, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True)
class Command:
    """What is measured.

    Args:
        title: Its name in the table.
        words: What is typed; the first is a program of the environment.
        environ: Variables that it needs.
    """

    title: str
    words: tuple[str, ...]
    environ: Mapping[str, str]


class Environment:
    """A venv with Trackwire in it, and a bound project.

    Args:
        directory: Where to make it; empty.
    """

    def __init__(self, directory: Path) -> None:
        say("making an environment")
        venv.create(directory / "venv", symlinks=True)
        self._bin = directory / "venv" / "bin"
        self._site = next((directory / "venv" / "lib").glob("python*")) / "site-packages"
        self._others = 0
        self._project = directory / "project"
        self._project.mkdir()
        home = str(directory)
        self._environ = {
            "PATH": f"{self._bin}{os.pathsep}{os.defpath}",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), home),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        for distribution in needed(MEASURED):
            install(distribution, self._site)
        self._compile()
        self._write_script()
        self._bind()

    def grow(self, others: int) -> None:
        """Have as many other distributions as that."""
        say(f"installing {others - self._others} other distributions")
        for number in range(self._others, others):
            make_distribution(number, self._site)
        self._others = others
        self._compile()

    def run(self, command: Command) -> Measured:
        """Run a command, and tell what its process took."""
        words = (self._program(command), *command.words[1:])
        starter = (sys.executable, "-I", "-S", "-c", STARTER)
        told = self._output((*starter, *words), {**self._environ, **command.environ})
        status, seconds, cpu, peak = map(float, told.split())
        if status:
            raise SystemExit(f"{command.title} failed")
        return {"seconds": seconds, "cpu": cpu, "mebibytes": peak / MEBIBYTE}

    def import_times(self, command: Command) -> dict[str, int]:
        """Run a command, and return the microseconds of each module's own import."""
        done = subprocess.run(
            (self._program(command), *command.words[1:]),
            cwd=self._project,
            env={**self._environ, **command.environ, "PYTHONPROFILEIMPORTTIME": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{command.title}: {done.stderr}")
        rows = re.findall(r"^import time: +(\d+) \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE)
        return {module: int(microseconds) for microseconds, module in rows}

    def _program(self, command: Command) -> str:
        return str(self._bin / command.words[0])

    def _compile(self) -> None:
        compileall.compile_dir(self._site, quiet=1)

    def _write_script(self) -> None:
        (point,) = metadata.distribution("trackwire").entry_points.select(
            group="console_scripts", name="trackwire"
        )
        path = self._bin / point.name
        path.write_text(
            SCRIPT.format(python=self._bin / "python", module=point.module, attribute=point.attr)
        )
        path.chmod(0o755)

    def _bind(self) -> None:
        script = str(self._bin / "trackwire")
        route = ("--workspace", WORKSPACE, "--set", "project_key=ENG")
        self._output((script, "bind", PROVIDER, *route), self._environ)
        issue = json.dumps(ISSUE) + "\n"
        self._output((script, "import", "-", "--format", "jsonl"), self._environ, issue)

    def _output(self, words: Sequence[str], environ: Mapping[str, str], given: str = "") -> str:
        done = subprocess.run(
            words,
            cwd=self._project,
            env=environ,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout


def needed(names: Sequence[str]) -> Iterator[metadata.Distribution]:
    """Find distributions and all that they need here.

    Args:
        names: The distributions.

    Raises:
        SystemExit: One of the names is not installed.
    """
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name in names:
                raise SystemExit(
                    f"{name} is not installed: install it in this environment ({sys.prefix}), "
                    "and run the benchmark again"
                ) from None
            continue  # it is needed by another Python or system
        yield distribution
        for requirement in distribution.requires or ():
            if "extra ==" not in requirement:
                bare = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
                waiting.append(re.sub(r"[-_.]+", "-", bare).lower())


def install(distribution: metadata.Distribution, site: Path) -> None:
    """Copy a distribution's files; of an editable one, what it leads to."""
    for file in distribution.files or ():
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        source = Path(str(distribution.locate_file(file)))
        if source.suffix == ".pth" and (tree := Path(source.read_text().strip())).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(tree, site, ignore=ignore, dirs_exist_ok=True)
        else:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, site / file)
