"""How long a command takes beside `python -c pass`, with few and many distributions installed.

Run it from the repository, in an environment with both plugins; it takes a minute or two, and
120 MB of disk:

    python benchmarks/startup.py
    python benchmarks/startup.py --imports

It makes an environment of its own in a temporary directory: a venv whose site-packages has copies
of Trackwire, both plugins and what they need, compiled to bytecode, and as many other
distributions as `--others` says, each with a package and metadata of usual size, every third with
entry points. Trackwire's command is a console script there, as an installer writes it. The
project, made and filled through it, is bound to Jira and has an issue.

Each command runs in a process of its own, in turn with all others, and the medians are shown:
milliseconds from start to end, milliseconds of CPU, and the ratio of each to that of
`python -c pass` in the same environment; peak memory in MiB. On a busy machine the ratio of the
CPU time is the steadier one.

`--imports` shows instead where the imports of three commands spend their time, with the fewest
others (`-X importtime`): the shares of each package's own modules, each module's least of the runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from machine import afterwards, machine, print_machine
from measuring import Measured, begin, middle, print_table, say
from options import parser_for, positive
from startup_environment import Command, Environment

HEADINGS = ("others", "command", "wall ms", "ratio", "CPU ms", "ratio", "peak MiB")
OURS = frozenset({"trackwire", "trackwire_jira", "trackwire_linear"})
ALL = "all, ms"
LEAST_SHARE = 0.02

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
IMPORTED = ("--version", "route", "publish --dry-run")
"""The commands whose imports are told apart."""

Shares = Mapping[str, int]
"""Microseconds of each group of modules."""


def main() -> None:
    """Measure, and print a line for each command and size."""
    options = arguments()
    begin()
    with tempfile.TemporaryDirectory() as kept:
        about = machine(Path(kept)) | {"runs": str(options.repeat)}
        environment = Environment(Path(kept))
        if options.imports:
            print_shares(environment, options, about)
            return
        records = []
        for others in sorted(options.others):
            environment.grow(others)
            records += measured(environment, others, options.repeat)
    about = afterwards(about)
    if options.json:
        print(json.dumps({"machine": about, "results": records}, indent=2))
        return
    print_machine(about)
    print_table(HEADINGS, map(cells, records), words=2)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_for(__doc__)
    parser.add_argument(
        "--others",
        nargs="+",
        type=positive,
        default=[20, 300],
        help="how many other distributions (default: 20 300)",
    )
    parser.add_argument("--repeat", type=positive, default=31, help="runs (default: 31)")
    parser.add_argument(
        "--imports", action="store_true", help="tell instead where the imports' time goes"
    )
    return parser.parse_args()


def measured(environment: Environment, others: int, repeat: int) -> list[dict[str, Any]]:
    """Run every command so many times, in turn; the ratios are to `python -c pass`."""
    runs: dict[str, list[Measured]] = {command.title: [] for command in COMMANDS}
    for command in COMMANDS:
        environment.run(command)
    for number in range(repeat):
        say(f"{others} others: round {number + 1} of {repeat}")
        for command in COMMANDS:
            runs[command.title].append(environment.run(command))
    floor = medians(runs[PASS.title])
    return [
        {
            "others": others,
            "command": title,
            **(own := medians(taken)),
            "ratio": own["seconds"] / floor["seconds"],
            "cpu_ratio": own["cpu"] / floor["cpu"],
        }
        for title, taken in runs.items()
    ]


def medians(runs: list[Measured]) -> Measured:
    """Take the median of each figure."""
    return {name: middle(runs, name) for name in ("seconds", "cpu", "mebibytes")}


def cells(record: dict[str, Any]) -> list[str]:
    """Write a record as a line of the table."""
    return [
        str(record["others"]),
        f"`{record['command']}`",
        f"{1000 * record['seconds']:.1f}",
        f"{record['ratio']:.2f}",
        f"{1000 * record['cpu']:.1f}",
        f"{record['cpu_ratio']:.2f}",
        f"{record['mebibytes']:.1f}",
    ]


def print_shares(
    environment: Environment, options: argparse.Namespace, about: dict[str, str]
) -> None:
    """Measure and print where the imports of some commands spend their time."""
    environment.grow(min(options.others))
    shares = {}
    for command in COMMANDS:
        if command.title in IMPORTED:
            say(f"imports of {command.title}")
            shares[command.title] = import_shares(environment, command, options.repeat)
    about = afterwards(about | {"others": str(min(options.others))})
    if options.json:
        print(json.dumps({"machine": about, "microseconds": shares}, indent=2))
        return
    print_machine(about)
    print_table(("imports of", *(f"`{title}`" for title in shares)), share_cells(shares))


def import_shares(environment: Environment, command: Command, repeat: int) -> Shares:
    """Return the microseconds that the modules of each group take by themselves."""
    runs = [environment.import_times(command) for _ in range(repeat)]
    groups: Counter[str] = Counter()
    for module in runs[0]:
        groups[group_of(module)] += min(run.get(module, 0) for run in runs)
    return dict(groups.most_common())


def group_of(module: str) -> str:
    """Name what a module belongs to."""
    package = module.partition(".")[0]
    if package in OURS:
        return "Trackwire and its plugins"
    return "the standard library" if package in sys.stdlib_module_names else package


def share_cells(shares: Mapping[str, Shares]) -> Iterator[list[str]]:
    """Yield a line for each group that has its share of a command's imports, and the whole."""
    totals = {title: sum(each.values()) for title, each in shares.items()}
    groups: Counter[str] = Counter()
    for each in shares.values():
        groups.update(each)
    rest = dict.fromkeys(shares, 1.0)
    for group, _ in groups.most_common():
        parts = {title: each.get(group, 0) / totals[title] for title, each in shares.items()}
        if max(parts.values()) >= LEAST_SHARE:
            rest = {title: rest[title] - part for title, part in parts.items()}
            yield [group, *(f"{part:.0%}" if part else "-" for part in parts.values())]
    yield ["the rest", *(f"{part:.0%}" for part in rest.values())]
    yield [ALL, *(f"{total / 1000:.1f}" for total in totals.values())]


if __name__ == "__main__":
    main()
