"""What an import and a publish cost beside the plain way to do both.

Run it from the repository, in an environment with the Jira plugin (and, for `--hub`, the extra):

    python benchmarks/publish.py [--issues 10000 100000 1000000] [--text 600] [--ids sequential]
        [--commits-up-to 100000] [--repeat 3] [--hub] [--directory DIR] [--json]

The baseline commits row by row, loads everything and dumps it (`baseline.py`). Both get the same
file, and have to send the same bytes, to a receiver that throws them away (`receiving.py`). Each
part runs in a process of its own, baseline and Trackwire in turn; imports of modules come before
the clock starts. A line shows the medians; peak memory is that of the whole process.

`render` is the part of a publish before the request; `bare POST` sends the same bytes from a file
with the HTTP client alone, which no publish can beat. `publish, zstd` is a publish to a receiver
that takes compressed bodies, and with `--hub` there is one to the reference hub, which reads and
keeps them. Committing row by row takes its time: above `--commits-up-to`, the baseline's rows are
written in one transaction, and its import is `not run`. A million issues take it 5 GiB to dump.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from made_issues import IDS, write_lines
from measuring import Measured, machine, middle, print_table, run, say
from publish_parts import ROLES, Facts, bind, forget
from receiving import discarding_receiver, reference_hub

STAGES = {
    "import": ("baseline-import", "import"),
    "render": ("baseline-render", "render"),
    "publish": ("baseline-publish", "publish"),
    "import + publish": ("baseline", "trackwire"),
    "publish, zstd": (None, "publish-zstd"),
    "publish to the hub": (None, "publish-hub"),
    "bare POST": (None, "bare-post"),
}
"""Each line's name, and whose figures it shows: the baseline's and Trackwire's."""

HEADINGS = (
    *("issues", "stage", "baseline s", "s", "ratio", "baseline issues/s", "issues/s"),
    *("baseline MiB", "MiB"),
)

Results = dict[str, list[Measured]]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--issues", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--text", type=int, default=600, help="an issue's characters of text")
    parser.add_argument("--ids", choices=IDS, default="sequential")
    parser.add_argument("--commits-up-to", type=int, default=100_000, metavar="ISSUES")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--hub", action="store_true", help="publish to the reference hub too")
    parser.add_argument("--directory", type=Path, help="where to work, for its disk")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        print(json.dumps(ROLES[options.role](Facts(**json.load(sys.stdin)))))
        return
    with tempfile.TemporaryDirectory(dir=options.directory) as kept:
        about = machine(Path(kept)) | {
            "runs": str(options.repeat),
            "characters of text": str(options.text),
            "ids": options.ids,
        }
        results = {count: measure(count, options, Path(kept)) for count in options.issues}
    if options.json:
        print(json.dumps({"machine": about, "results": list(as_records(results))}, indent=2))
        return
    print(", ".join(f"{name}: {value}" for name, value in about.items()), end="\n\n")
    print_table(HEADINGS, map(cells, as_records(results)), words=2)


def measure(count: int, options: argparse.Namespace, home: Path) -> Results:
    """Measure one size, each part as often as was asked for.

    Args:
        count: How many issues.
        options: What was asked for.
        home: Where to work.
    """
    results: Results = defaultdict(list)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=home)))
        say(f"{count:,} issues: writing the file")
        write_lines(work / "issues.jsonl", count, options.text, IDS[options.ids])
        facts = Facts(
            lines=str(work / "issues.jsonl"),
            directory=str(work / "project"),
            database=str(work / "baseline.sqlite"),
            body=str(work / "body.json"),
            receiver=stack.enter_context(discarding_receiver()),
        )
        bind(Path(facts.directory))
        for number in range(options.repeat):
            forget(facts)
            say(f"{count:,} issues: run {number + 1} of {options.repeat}")
            for name, measured in one_run(facts, committing=count <= options.commits_up_to):
                results[name].append(measured)
            if options.hub:
                hub_home = stack.enter_context(tempfile.TemporaryDirectory(dir=work))
                with reference_hub(Path(hub_home)) as (url, token):
                    at_hub = replace(facts, receiver=url, token=token)
                    results["publish-hub"].append(run(__file__, "publish", asdict(at_hub)))
    check_same_work(count, results)
    return results


def one_run(facts: Facts, *, committing: bool) -> Iterator[tuple[str, Measured]]:
    """Measure each part once, in turn.

    Args:
        facts: What the processes have to know.
        committing: Whether the baseline commits row by row.

    Yields:
        The name in `STAGES` and what was measured.
    """

    def measured(role: str) -> Measured:
        say(f"    {role}")
        return run(__file__, role, asdict(facts))

    base = measured("baseline-import" if committing else "baseline-fill")
    yield "import", (own := measured("import"))
    yield "render", measured("render")
    yield "baseline-publish", (sent := measured("baseline-publish"))
    yield "baseline-render", sent["rendering"]
    if committing:
        yield "baseline-import", base
        yield "baseline", both(base, sent)
    yield "bare-post", measured("bare-post")
    yield "publish", (published := measured("publish"))
    yield "trackwire", both(own, published)
    yield "publish-zstd", measured("publish")  # the receiver has said that it takes it


def both(one: Measured, other: Measured) -> Measured:
    """Add up two parts; the peak is the higher one."""
    total = {name: one[name] + other[name] for name in ("seconds", "cpu")}
    return total | {"mebibytes": max(one["mebibytes"], other["mebibytes"])}


def check_same_work(count: int, results: Results) -> None:
    """Refuse results of parts that did not all read every issue and send the same bytes."""
    digests = {one["digest"] for each in results.values() for one in each if "digest" in one}
    counts = {one["issues"] for each in results.values() for one in each if "issues" in one}
    if len(digests) != 1 or counts != {count}:
        raise SystemExit(f"not the same work: {count} issues, {counts} read, digests {digests}")


def as_records(sizes: dict[int, Results]) -> Iterator[dict[str, Any]]:
    """Yield what a machine reads: medians for each size and stage, with the ratio."""
    for count, results in sizes.items():
        for stage, (theirs, ours) in STAGES.items():
            if ours not in results:
                continue
            base = summary(count, results.get(theirs or "", []))
            own = summary(count, results[ours])
            assert own is not None
            ratio = base and base["seconds"] / own["seconds"]
            yield {
                "issues": count,
                "stage": stage,
                "has_baseline": theirs is not None,
                "baseline": base,
                "trackwire": own,
                "ratio": ratio,
            }


def summary(count: int, runs: list[Measured]) -> Measured | None:
    """Take the medians of the runs, or None where there were none."""
    if not runs:
        return None
    medians = {name: middle(runs, name) for name in ("seconds", "cpu", "mebibytes")}
    return medians | {"issues_per_second": count / medians["seconds"]}


def cells(record: dict[str, Any]) -> list[str]:
    """Write a record as a line of the table."""
    base, own, absent = record["baseline"], record["trackwire"], "-"
    if record["has_baseline"] and base is None:
        absent = "not run"
    return [
        f"{record['issues']:,}",
        record["stage"],
        f"{base['seconds']:.2f}" if base else absent,
        f"{own['seconds']:.2f}",
        f"{record['ratio']:.1f}" if base else absent,
        f"{base['issues_per_second']:,.0f}" if base else absent,
        f"{own['issues_per_second']:,.0f}",
        f"{base['mebibytes']:.0f}" if base else absent,
        f"{own['mebibytes']:.1f}",
    ]


if __name__ == "__main__":
    main()
