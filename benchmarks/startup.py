"""How long a command takes beside `python -c pass`, with few and many distributions installed.

Run it from the repository, in an environment with both plugins:

    python benchmarks/startup.py [--others 20 300] [--repeat 31] [--json]
    python benchmarks/startup.py --imports=route

It makes an environment of its own in a temporary directory: a venv whose site-packages has copies
of Trackwire, both plugins and what they need, compiled to bytecode, and as many other
distributions as `--others` says, each with a package and metadata of usual size, every third with
entry points. Trackwire's command is a console script there, as an installer writes it. The
project, made and filled through it, is bound to Jira and has an issue.

Each command runs in a process of its own, in turn with all others, and the medians are shown:
milliseconds from start to end, milliseconds of CPU, and the ratio of each to that of
`python -c pass` in the same environment; peak memory in MiB. On a busy machine the ratio of the
CPU time is the steadier one. `--imports` shows instead where the imports of one command spend
their time (`-X importtime`): each package's own part, the least of the runs.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

MEASURED = ("trackwire", "trackwire-jira", "trackwire-linear")
PROVIDER, WORKSPACE = "jira", "acme.atlassian.net"
ISSUE = {
    "ref": {"system": PROVIDER, "workspace": WORKSPACE, "id": "10001"},
    "title": "Sign in with a passkey",
    "status": "todo",
    "issue_type": "task",
}
MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the unit of ru_maxrss
HEADING = "others  command                 wall ms   ratio   CPU ms   ratio  peak MiB"

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


@dataclass(frozen=True)
class Run:
    """What one process took: seconds in all and of CPU, and peak memory in MiB."""

    seconds: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Figures:
    """The medians of a command's runs; the ratios are to `python -c pass`."""

    others: int
    command: str
    wall_ms: float
    wall_ratio: float
    cpu_ms: float
    cpu_ratio: float
    peak_mib: float


COMPLETION = {"_TRACKWIRE_COMPLETE": "bash_complete", "COMP_WORDS": "trackwire pub"}
PASS = Command("python -c pass", ("python", "-c", "pass"), {})
COMMANDS = (
    PASS,
    Command('python -c "import click"', ("python", "-c", "import click"), {}),
    Command("--version", ("trackwire", "--version"), {}),
    Command("--help", ("trackwire", "--help"), {}),
    Command("completion of pub", ("trackwire",), COMPLETION | {"COMP_CWORD": "1"}),
    Command("route", ("trackwire", "route"), {}),
    Command("status", ("trackwire", "status"), {}),
    Command("publish --dry-run", ("trackwire", "publish", "--dry-run"), {}),
)


class Environment:
    """A venv with Trackwire in it, and a bound project.

    Args:
        directory: Where to make it; empty.
    """

    def __init__(self, directory: Path) -> None:
        tell("making an environment")
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
        tell(f"installing {others - self._others} other distributions")
        for number in range(self._others, others):
            make_distribution(number, self._site)
        self._others = others
        self._compile()

    def run(self, command: Command) -> Run:
        """Run a command, and tell what it took."""
        words = (self._program(command), *command.words[1:])
        starter = (sys.executable, "-I", "-S", "-c", STARTER)
        told = self._output((*starter, *words), {**self._environ, **command.environ})
        status, seconds, cpu, peak = map(float, told.split())
        if status:
            raise SystemExit(f"{command.title} failed")
        return Run(seconds, cpu, peak / MEBIBYTE)

    def import_times(self, command: Command) -> dict[str, int]:
        """Run a command, and return the microseconds of each module's own import."""
        done = subprocess.run(
            (self._program(command), *command.words[1:]),
            cwd=self._project,
            env={**self._environ, **command.environ, "PYTHONPROFILEIMPORTTIME": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
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
            words, cwd=self._project, env=environ, input=given, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout


def needed(names: Sequence[str]) -> Iterator[metadata.Distribution]:
    """Find distributions and all that they need, as far as it is installed."""
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another Python or system
            continue
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


def make_distribution(number: int, site: Path) -> None:
    """Write a distribution: a package, and metadata of usual size (a median of 4 to 5 KiB)."""
    name = f"sample_{number:03}"
    package, info = site / name, site / f"{name}-1.{number}.dist-info"
    package.mkdir()
    info.mkdir()
    modules = [f"{name}/module_{index:02}.py" for index in range(20)]
    for path in (f"{name}/__init__.py", *modules):
        (site / path).write_text(f'"""A module of {name}."""\n')
    lines = (
        "Metadata-Version: 2.4",
        f"Name: {name}",
        f"Version: 1.{number}",
        "Summary: Stands for a distribution that has nothing to do with Trackwire",
        *(f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(8, 15)),
        *(f"Requires-Dist: sample_{(number + step) % 300:03}>=1.0" for step in range(1, 7)),
        "Description-Content-Type: text/markdown",
        "",
        *("A line of the long description, as a distribution's page shows it." for _ in range(60)),
    )
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "INSTALLER").write_text("benchmark\n")
    if number % 3 == 0:
        points = f"[console_scripts]\n{name} = {name}:main\n\n[sample.plugins]\na = {name}:plugin\n"
        (info / "entry_points.txt").write_text(points)
    record = [f"{path},sha256={'0' * 43},40" for path in (f"{name}/__init__.py", *modules)]
    (info / "RECORD").write_text("\n".join(record) + "\n")


def measured(environment: Environment, others: int, repeat: int) -> list[Figures]:
    """Run every command so many times, in turn."""
    runs: dict[str, list[Run]] = {command.title: [] for command in COMMANDS}
    for command in COMMANDS:
        environment.run(command)
    for number in range(repeat):
        tell(f"{others} others: round {number + 1} of {repeat}")
        for command in COMMANDS:
            runs[command.title].append(environment.run(command))
    medians = {title: middle(taken) for title, taken in runs.items()}
    floor = medians[PASS.title]
    return [
        Figures(
            others=others,
            command=title,
            wall_ms=1000 * run.seconds,
            wall_ratio=run.seconds / floor.seconds,
            cpu_ms=1000 * run.cpu,
            cpu_ratio=run.cpu / floor.cpu,
            peak_mib=run.peak,
        )
        for title, run in medians.items()
    ]


def middle(runs: Sequence[Run]) -> Run:
    """Take the median of each figure."""
    return Run(
        seconds=statistics.median(run.seconds for run in runs),
        cpu=statistics.median(run.cpu for run in runs),
        peak=statistics.median(run.peak for run in runs),
    )


def import_shares(environment: Environment, command: Command, repeat: int) -> dict[str, int]:
    """Return the microseconds that the modules of each package take by themselves."""
    runs = [environment.import_times(command) for _ in range(repeat)]
    packages: Counter[str] = Counter()
    for module in runs[0]:
        package = module.partition(".")[0]
        packages[package] += min(run.get(module, 0) for run in runs)
    return dict(packages.most_common())


def main() -> None:
    """Measure, and print a line for each command and size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--others", nargs="+", type=positive, default=[20, 300])
    parser.add_argument("--repeat", type=positive, default=31)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--imports", metavar="COMMAND", choices=[c.title for c in COMMANDS])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        environment = Environment(Path(directory))
        if options.imports:
            command = next(each for each in COMMANDS if each.title == options.imports)
            environment.grow(min(options.others))
            print_shares(import_shares(environment, command, options.repeat), as_json=options.json)
            return
        figures = []
        for others in sorted(options.others):
            environment.grow(others)
            figures += measured(environment, others, options.repeat)
    print_figures(figures, as_json=options.json)


def print_figures(figures: Sequence[Figures], *, as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        print(json.dumps([asdict(each) for each in figures]))
        return
    print(HEADING)
    for each in figures:
        print(
            f"{each.others:>6}  {each.command:<24}{each.wall_ms:>7.1f}{each.wall_ratio:>8.2f}"
            f"{each.cpu_ms:>9.1f}{each.cpu_ratio:>8.2f}{each.peak_mib:>10.1f}"
        )


def print_shares(shares: Mapping[str, int], *, as_json: bool) -> None:
    """Print the time of each package that has a hundredth of the whole, and the rest's."""
    if as_json:
        print(json.dumps(shares))
        return
    total = sum(shares.values())
    shown = {package: taken for package, taken in shares.items() if taken >= total / 100}
    rest = total - sum(shown.values())
    for package, taken in {**shown, "(others)": rest, "(all)": total}.items():
        print(f"{package:<24}{taken / 1000:>7.1f} ms{taken / total:>7.0%}")


def positive(text: str) -> int:
    """Read a number that is at least one."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def tell(progress: str) -> None:
    """Say on standard error how far the work is."""
    print(progress, file=sys.stderr)


if __name__ == "__main__":
    main()
