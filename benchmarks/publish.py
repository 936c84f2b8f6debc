"""What an import and a publish cost beside the plain way to do both.

Run it from the repository, in an environment with the Jira plugin (and, for `--hub`, the extra
`hub`):

    python benchmarks/publish.py --hub
    python benchmarks/publish.py --issues 2000 --repeat 1
    python benchmarks/publish.py --issues 100000 --repeat 5 --where publish

The baseline commits row by row, loads everything and dumps it (`baseline.py`). Both get the same
file, and have to send the same bytes, to a receiver that throws them away (`receiving.py`). Each
part runs in a process of its own, baseline and Trackwire in turn; imports of modules come before
the clock starts, and what a part may read is in the system's cache. A line shows the medians; peak
memory is that of the whole process.

`render` is the part of a publish before the request, measured by itself; `bare POST` sends the same
bytes from a file with the HTTP client alone, which no publish can beat. `publish, zstd` is a
publish to a receiver that takes compressed bodies, and with `--hub` there is one to the reference
hub, which reads and keeps them. Committing row by row takes its time: above `--commits-up-to`, the
baseline's rows are written in one transaction, and its import is `not run`.

A million issues take 9 GB of disk and, for the baseline, 5 GiB of memory; a hundred thousand,
a tenth of that. With the default sizes and `--hub` it takes some ten minutes on an idle machine,
much of it the baseline's commits, each of which waits for the disk.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from machine import afterwards, machine, print_machine
from made_issues import IDS, write_lines
from measuring import Measured, begin, print_table, run, say, warm
from options import directory, parser_for, positive
from publish_figures import HEADINGS, Results, as_records, both, cells, check_same_work
from publish_parts import ROLES, WATCHED, Facts, bind, forget
from receiving import discarding_receiver, reference_hub
from sampling import HEADINGS as SHARE_HEADINGS
from sampling import Samples, sampled
from sampling import rows as share_rows

REPEATED_UP_TO = 100_000
"""The largest size that is measured three times where nothing else was asked for."""

SAMPLED = ("import", "publish")
"""What `--where` can look into; a part needs those before it."""


def main() -> None:
    """Measure, and print a table."""
    options = arguments()
    if options.role:
        print(json.dumps(ROLES[options.role](Facts(**json.load(sys.stdin)))))
        return
    begin()
    with tempfile.TemporaryDirectory(dir=options.directory) as kept:
        about = machine(Path(kept)) | {"characters of text": str(options.text), "ids": options.ids}
        if options.where:
            print_where(options, Path(kept), about)
            return
        results = {
            count: measure(count, repeat, options, Path(kept))
            for count, repeat in zip(options.issues, options.repeat, strict=True)
        }
    about = afterwards(about)
    if options.json:
        print(json.dumps({"machine": about, "results": list(as_records(results))}, indent=2))
        return
    print_machine(about)
    print_table(HEADINGS, map(cells, as_records(results)), words=2)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_for(__doc__)
    parser.add_argument(
        "--issues",
        nargs="+",
        type=positive,
        default=[10_000, 100_000, 1_000_000],
        help="the sizes (default: 10000 100000 1000000)",
    )
    parser.add_argument(
        "--repeat",
        nargs="+",
        type=positive,
        metavar="RUNS",
        help="runs of each size, or one number for all (default: 3; above 100000 issues, 1)",
    )
    parser.add_argument(
        "--text", type=positive, default=600, help="an issue's characters of text (default: 600)"
    )
    parser.add_argument(
        "--ids", choices=IDS, default="sequential", help="the issues' ids (default: sequential)"
    )
    parser.add_argument(
        "--commits-up-to",
        type=positive,
        default=100_000,
        metavar="ISSUES",
        help="the largest size whose baseline commits row by row (default: 100000)",
    )
    parser.add_argument("--hub", action="store_true", help="publish to the reference hub too")
    parser.add_argument(
        "--where",
        choices=SAMPLED,
        help="tell instead where the time of one part goes, at the first size (needs py-spy)",
    )
    parser.add_argument(
        "--directory",
        type=directory,
        metavar="DIR",
        help="where to work, for its disk (default: the directory for temporary files)",
    )
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.repeat = options.repeat or [
        3 if size <= REPEATED_UP_TO else 1 for size in options.issues
    ]
    if len(options.repeat) == 1:
        options.repeat *= len(options.issues)
    if len(options.repeat) != len(options.issues):
        parser.error("--repeat takes one number, or as many as --issues")
    return options


@contextmanager
def prepared(count: int, options: argparse.Namespace, home: Path) -> Iterator[Facts]:
    """Write the issues' file, make the project, and run the receiver.

    Args:
        count: How many issues.
        options: What was asked for.
        home: Where to work.
    """
    with tempfile.TemporaryDirectory(dir=home) as kept, discarding_receiver() as receiver:
        work = Path(kept)
        bind(work / "project")
        say(f"{count:,} issues: writing the file")
        write_lines(work / "issues.jsonl", count, options.text, IDS[options.ids])
        yield Facts(
            lines=str(work / "issues.jsonl"),
            directory=str(work / "project"),
            database=str(work / "baseline.sqlite"),
            body=str(work / "body.json"),
            receiver=receiver,
        )


def measure(count: int, repeat: int, options: argparse.Namespace, home: Path) -> Results:
    """Measure one size, each part as often as was asked for.

    Args:
        count: How many issues.
        repeat: How often.
        options: What was asked for.
        home: Where to work.
    """
    results: Results = defaultdict(list)
    with prepared(count, options, home) as facts:
        for number in range(repeat):
            forget(facts)
            say(f"{count:,} issues: run {number + 1} of {repeat}")
            for name, measured in one_run(facts, committing=count <= options.commits_up_to):
                results[name].append(measured)
            if options.hub:
                results["publish-hub"].append(at_the_hub(facts, home))
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
    base = part("baseline-import" if committing else "baseline-fill", facts)
    yield "import", (own := part("import", facts))
    yield "render", part("render", facts)
    yield "baseline-publish", (sent := part("baseline-publish", facts))
    yield "baseline-render", sent["rendering"]
    if committing:
        yield "baseline-import", base
        yield "baseline", both(base, sent)
    yield "bare-post", part("bare-post", facts)
    yield "publish", (published := part("publish", facts))
    yield "trackwire", both(own, published)
    if is_compressed(Path(facts.body)):
        yield "publish-zstd", part("publish-zstd", facts)


def is_compressed(body: Path) -> bool:
    """Tell whether the body is long enough to be compressed for a receiver that takes it."""
    from trackwire.delivery.body import COMPRESSED_ABOVE_BYTES

    return body.stat().st_size > COMPRESSED_ABOVE_BYTES


def part(role: str, facts: Facts) -> Measured:
    """Measure one part, with all that it may read in the system's cache."""
    say(f"    {role}")
    warm_all(facts)
    return run(__file__, role, asdict(facts))


def warm_all(facts: Facts) -> None:
    """Read what a part may read."""
    for name in (facts.lines, facts.store, facts.database, facts.body):
        if (path := Path(name)).exists():
            warm(path)


def at_the_hub(facts: Facts, home: Path) -> Measured:
    """Measure a publish to a hub that has stored nothing before."""
    with (
        tempfile.TemporaryDirectory(dir=home) as kept,
        reference_hub(Path(kept)) as (url, token),
    ):
        return part("publish-hub", replace(facts, receiver=url, token=token))


def print_where(options: argparse.Namespace, home: Path, about: dict[str, str]) -> None:
    """Print where the time of one part goes, over all runs of the first size."""
    count, repeat = options.issues[0], options.repeat[0]
    samples: Samples = Counter()
    with prepared(count, options, home) as facts:
        for number in range(repeat):
            say(f"run {number + 1} of {repeat}")
            forget(facts)
            for role in SAMPLED[: SAMPLED.index(options.where)]:
                part(role, facts)
            warm_all(facts)
            samples += sampled(__file__, options.where, asdict(facts), WATCHED)
    more = {"issues": f"{count:,}", "runs": str(repeat), "samples": f"{samples.total():,}"}
    about = afterwards(about | more)
    lines = list(share_rows(samples))
    if options.json:
        print(json.dumps({"machine": about, "shares": lines}, indent=2))
        return
    print_machine(about)
    print_table(SHARE_HEADINGS, lines, words=3)


if __name__ == "__main__":
    main()
