"""What the figures depend on: the machine, its disk, the versions, and what else it was doing."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from pathlib import Path

BUSY_ABOVE = 1.0
"""A load average at the start above which the figures are those of a busy machine."""

_CONFIRMED_WRITES = 50
_BEFORE, _AFTER = "load average before", "load average after"


def machine(directory: Path) -> dict[str, str]:
    """Describe the machine before the first measurement.

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
        _BEFORE: _load(),
    }


def afterwards(about: dict[str, str]) -> dict[str, str]:
    """Add how busy the machine was at the end, and whether it was busy at the start.

    Args:
        about: What `machine` told.
    """
    busy = "busy" if float(about[_BEFORE]) > BUSY_ABOVE else "quiet"
    return {**about, _AFTER: _load(), "machine at the start": busy}


def print_machine(about: dict[str, str]) -> None:
    """Print it in a line, and a warning where the machine was busy.

    Args:
        about: What `afterwards` told.
    """
    print(", ".join(f"{name}: {value}" for name, value in about.items()), end="\n\n")
    if about["machine at the start"] == "busy":
        print("The machine was busy: measure again when nothing else runs.", end="\n\n")


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


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
