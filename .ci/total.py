"""Adds up the JUnit files of a tox run and closes on `N passed, N failed, N skipped`.

Fails when a test environment left no file, when a test failed or was skipped, and when none ran.
An environment that is left out for want of its Python is named, and fails nothing.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def counted(file: Path) -> Counter[str]:
    """Count the outcomes of one environment, and its seconds."""
    counts: Counter[str] = Counter()
    for suite in ElementTree.parse(file).getroot().iter("testsuite"):  # noqa: S314 - pytest wrote it
        tests, failures, errors, skips = (
            int(suite.get(count, "0")) for count in ("tests", "failures", "errors", "skipped")
        )
        counts["passed"] += tests - failures - errors - skips
        counts["failed"] += failures + errors
        counts["skipped"] += skips
        counts["seconds"] += round(float(suite.get("time", "0")))
    return counts


def line(counts: Counter[str]) -> str:
    """Return the counts in words."""
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))


parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("environments", nargs="*")
parser.add_argument("--left-out", nargs="*", default=())
arguments = parser.parse_args()
total: Counter[str] = Counter()
for environment in arguments.environments:
    file = arguments.folder / f"{environment}.xml"
    if not file.exists():
        print(f"{environment}: no result, so it counts as one failure")
        total["failed"] += 1
        continue
    counts = counted(file)
    print(f"{environment}: {line(counts)} in {counts['seconds']} s")
    total += counts
for environment in arguments.left_out:
    print(f"{environment}: left out, as this machine lacks its Python")
print(line(total))
sys.exit(total["failed"] > 0 or total["skipped"] > 0 or total["passed"] == 0)
