"""What the benchmarks share: a process for each measured part, its time and peak, and the machine.

Peak memory is what the kernel keeps of the process itself (`VmHWM`), not `ru_maxrss`, which on
Linux begins with what the parent had when it forked.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Measured = dict[str, Any]
"""What a process tells of itself: `seconds`, `cpu` and `mebibytes`, and what a role adds."""

_CONFIRMED_WRITES = 50


def run(script: str, role: str, facts: Mapping[str, Any]) -> Measured:
    """Measure one role in a process of its own, once the disk has written what came before.

    Args:
        script: The benchmark's file; it is called with `--role`.
        role: What to measure.
        facts: What the process has to know; JSON, on its standard input.

    Raises:
        SystemExit: It failed; with what it said.
    """
    os.sync()
    done = subprocess.run(
        (sys.executable, script, "--role", role),
        input=json.dumps(facts),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{role}: {done.stderr}")
    result: Measured = json.loads(done.stdout)
    return result


def timed(call: Callable[[], object]) -> Measured:
    """Call, and tell what it took: seconds, seconds of CPU, and the process's peak so far.

    Args:
        call: What is measured.
    """
    before = time.process_time()
    began = time.perf_counter()
    call()
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "cpu": time.process_time() - before,
        "mebibytes": peak_mebibytes(),
    }


def peak_mebibytes() -> float:
    """Return the most memory that this process has held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def middle(results: Sequence[Measured], name: str) -> float:
    """Take the median of what several runs measured.

    Args:
        results: One for each run.
        name: Of the figure.
    """
    values: list[float] = [result[name] for result in results]
    return statistics.median(values)


def machine(directory: Path) -> dict[str, str]:
    """Describe what the figures depend on.

    Args:
        directory: Where the measured files lie.
    """
    return {
        "cpu": f"{os.cpu_count()} x {_processor()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "filesystem": _filesystem(directory),
        "confirmed write": f"{_confirmed_write(directory) * 1000:.2f} ms",
        "load average": f"{os.getloadavg()[0]:.2f}",
    }


def say(text: str) -> None:
    """Tell a person how far it is.

    Args:
        text: One line, for standard error.
    """
    print(text, file=sys.stderr, flush=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> None:
    """Print a table in Markdown, figures to the right.

    Args:
        headings: Of the columns.
        rows: The cells.
        words: How many columns, from the left, are words.
    """
    lines = [list(headings), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * (w if n < words else w - 1) + ":" * (n >= words) for n, w in enumerate(widths)]
    for cells in (lines[0], rule, *lines[1:]):
        padded = (
            cell.ljust(width) if number < words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        print("|", " | ".join(padded), "|", flush=True)


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _filesystem(directory: Path) -> str:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    place = directory.resolve()
    held = [line.split()[1:3] for line in mounts.read_text().splitlines()]
    above = [(len(point), kind) for point, kind in held if place.is_relative_to(point)]
    return max(above)[1] if above else "unknown"


def _confirmed_write(directory: Path) -> float:
    path = directory / "confirmed-write"
    seconds = []
    with path.open("wb", buffering=0) as stream:
        for _ in range(_CONFIRMED_WRITES):
            began = time.perf_counter()
            stream.write(b"x")
            os.fsync(stream.fileno())
            seconds.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(seconds)
