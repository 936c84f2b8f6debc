"""What `publish.py` makes of its measurements: the check of them, their medians, and the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from measuring import Measured, middle
from receiving import PLAIN

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
    *("issues", "stage", "runs", "baseline s", "s", "ratio", "baseline issues/s", "issues/s"),
    *("baseline MiB", "MiB"),
)

CODINGS = {"publish": PLAIN, "publish-zstd": "zstd"}
"""How the body of each has to travel."""

Results = dict[str, list[Measured]]


def both(one: Measured, other: Measured) -> Measured:
    """Add up two parts; the peak is the higher one."""
    total = {name: one[name] + other[name] for name in ("seconds", "cpu")}
    return total | {"mebibytes": max(one["mebibytes"], other["mebibytes"])}


def check_same_work(count: int, results: Results) -> None:
    """Refuse results of parts that did not read every issue, or sent other bytes."""
    digests = {one["digest"] for each in results.values() for one in each if "digest" in one}
    counts = {one["issues"] for each in results.values() for one in each if "issues" in one}
    if len(digests) != 1 or counts != {count}:
        raise SystemExit(f"not the same work: {count} issues, {counts} read, digests {digests}")
    for name, coding in CODINGS.items():
        for one in results.get(name, ()):
            if one["coding"] != coding:
                raise SystemExit(f"{name}: the body travelled as {one['coding']}, not {coding}")


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
                "runs": len(results[ours]),
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
        str(record["runs"]),
        f"{base['seconds']:.2f}" if base else absent,
        f"{own['seconds']:.2f}",
        f"{record['ratio']:.1f}" if base else absent,
        f"{base['issues_per_second']:,.0f}" if base else absent,
        f"{own['issues_per_second']:,.0f}",
        f"{base['mebibytes']:.0f}" if base else absent,
        f"{own['mebibytes']:.1f}",
    ]
