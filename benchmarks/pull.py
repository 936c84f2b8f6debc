"""How long a pull takes beside what the tracker itself takes to serve it.

Run it from the repository, in an environment with both plugins and the test dependencies:

    python benchmarks/pull.py
    python benchmarks/pull.py --issues 1000 10000 --delay 0.1 --repeat 1
    python benchmarks/pull.py --tracker cloud --issues 10000 --repeat 5 --where

An emulated tracker runs in a process of its own; `--delay` lets each answer take so many seconds
longer, as a real tracker's does. A first pull, which is not measured, records the requests that it
sends. The floor sends exactly these once more with a bare HTTP client and throws the answers away.
Floor and pull are measured in turn, each in a fresh process and after its imports; a line shows
the medians. `start s` is what comes before: the imports and opening the service. `again s` is a
second pull into the same project, with nothing changed. Peak memory is that of the whole process.

With the default sizes it takes a few minutes and up to 1 GB of disk; with a delay, so much longer
as its requests wait.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import afterwards, machine, print_machine
from measuring import Measured, begin, middle, print_table, run, say
from options import parser_for, positive, seconds
from pull_parts import ROLES, TRACKERS, WATCHED, Facts
from sampling import HEADINGS as SHARE_HEADINGS
from sampling import Samples, sampled
from sampling import rows as share_rows

ROOT = Path(__file__).resolve().parents[1]
EXIT_SECONDS = 10
HEADINGS = (
    *("tracker", "issues", "delay s", "requests", "floor s", "pull s", "ratio", "issues/s"),
    *("CPU s", "start s", "again s", "peak MiB"),
)


def main() -> None:
    """Measure, and print a line for each tracker and size."""
    options = arguments()
    if options.role:
        print(json.dumps(ROLES[options.role](Facts(**json.load(sys.stdin)))))
        return
    begin()
    with tempfile.TemporaryDirectory() as kept:
        about = machine(Path(kept)) | {"runs": str(options.repeat)}
    sizes = [(tracker, issues) for tracker in options.tracker for issues in options.issues]
    if options.where:
        results: list[Any] = where(*sizes[0], options)
    else:
        results = [measure(*size, options) for size in sizes]
    about = afterwards(about)
    if options.json:
        print(json.dumps({"machine": about, "results": results}, indent=2))
        return
    print_machine(about)
    if options.where:
        print_table(SHARE_HEADINGS, results, words=3)
    else:
        print_table(HEADINGS, map(cells, results))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_for(__doc__)
    parser.add_argument(
        "--tracker",
        nargs="+",
        choices=TRACKERS,
        default=list(TRACKERS),
        help="what is emulated (default: all three)",
    )
    parser.add_argument(
        "--issues",
        nargs="+",
        type=positive,
        default=[1000, 10_000, 100_000],
        help="the sizes (default: 1000 10000 100000)",
    )
    parser.add_argument(
        "--delay", type=seconds, default=0.0, help="seconds more for an answer (default: 0)"
    )
    parser.add_argument("--repeat", type=positive, default=3, help="runs (default: 3)")
    parser.add_argument(
        "--where",
        action="store_true",
        help="tell instead where the time goes, for the first tracker and size (needs py-spy)",
    )
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(tracker: str, issues: int, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one tracker with so many issues.

    Args:
        tracker: Its name in `TRACKERS`.
        issues: How many.
        options: What was asked for.
    """
    say(f"{tracker}, {issues:,} issues")
    floors, pulls, agains = [], [], []
    with recorded(tracker, issues, options) as facts:
        for number in range(options.repeat):
            say(f"    run {number + 1} of {options.repeat}")
            shutil.rmtree(facts.directory)
            floors.append(run(__file__, "floor", vars(facts)))
            pulls.append(run(__file__, "pull", vars(facts)))
            agains.append(run(__file__, "pull", vars(facts)))
    check_all_read(issues, (*pulls, *agains))
    figures = {name: middle(pulls, name) for name in ("seconds", "cpu", "start", "mebibytes")}
    return {
        "tracker": tracker,
        "issues": issues,
        "delay": options.delay,
        "requests": floors[0]["requests"],
        "floor": middle(floors, "seconds"),
        "again": middle(agains, "seconds"),
        **figures,
    }


def where(tracker: str, issues: int, options: argparse.Namespace) -> list[tuple[str, ...]]:
    """Tell where the time of a pull goes; the arguments are those of `measure`."""
    say(f"{tracker}, {issues:,} issues")
    samples: Samples = Counter()
    with recorded(tracker, issues, options) as facts:
        for number in range(options.repeat):
            say(f"    run {number + 1} of {options.repeat}")
            shutil.rmtree(facts.directory)
            samples += sampled(__file__, "pull", vars(facts), WATCHED)
    return list(share_rows(samples))


@contextmanager
def recorded(tracker: str, issues: int, options: argparse.Namespace) -> Iterator[Facts]:
    """Run the tracker, and record the requests of a first pull."""
    with (
        emulator(tracker, issues, options.delay) as access,
        tempfile.TemporaryDirectory() as kept,
    ):
        facts = Facts(tracker, access, f"{kept}/project", f"{kept}/requests.json")
        check_all_read(issues, [run(__file__, "record", vars(facts))])
        yield facts


def check_all_read(issues: int, results: Sequence[Measured]) -> None:
    """Refuse results of pulls that did not read every issue."""
    if any(result["issues"] != issues for result in results):
        raise SystemExit(f"not every one of {issues} issues was read")


def cells(record: dict[str, Any]) -> list[str]:
    """Write a record as a line of the table."""
    floor, pull = record["floor"], record["seconds"]
    return [
        record["tracker"],
        f"{record['issues']:,}",
        f"{record['delay']:.2f}",
        f"{record['requests']}",
        f"{floor:.2f}",
        f"{pull:.2f}",
        f"{pull / floor:.2f}",
        f"{record['issues'] / pull:,.0f}",
        f"{record['cpu']:.2f}",
        f"{record['start']:.2f}",
        f"{record['again']:.2f}",
        f"{record['mebibytes']:.0f}",
    ]


@contextmanager
def emulator(tracker: str, issues: int, delay: float) -> Iterator[dict[str, str]]:
    """Run an emulated tracker; yields how to get in."""
    command = (sys.executable, "-m", TRACKERS[tracker].module)
    arguments = ("--issues", str(issues), "--delay", str(delay))
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen(
        (*command, *arguments), env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield access_of(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(EXIT_SECONDS)


def access_of(told: str) -> dict[str, str]:
    """Read what an emulator says once it takes connections: Linear's its address alone."""
    if not told.startswith("http"):
        facts: dict[str, str] = json.loads(told)
        return facts
    sys.path.insert(0, str(ROOT / "tests"))
    from emulators.linear_accounts import API_KEY

    return {"url": f"{told.strip()}/graphql", "token": API_KEY, "project": "ENG"}


if __name__ == "__main__":
    main()
