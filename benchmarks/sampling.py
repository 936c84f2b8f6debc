"""Where the time of a measured part goes: which of our lines runs, looked up 500 times a second.

py-spy looks from outside of the process, waiting included (`--idle`), so that long calls of C code
are seen where they are; it halts the process for each look, so that only shares are told. A sample
counts for the innermost line in one of the watched packages: what SQLite or the HTTP client does
counts for the line that asked for it.
"""

from __future__ import annotations

import json
import linecache
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from measuring import timed

SAMPLES_A_SECOND = 500
HEADINGS = ("module", "function", "line", "share")

Samples = Counter[tuple[str, str, str]]
"""How often each module, function and line was seen."""

_ELSEWHERE = ("elsewhere", "", "")
_FRAME = re.compile(r"(?P<function>[^;]+?) \((?P<file>[^;()]+):(?P<line>\d+)\)")
_MEASURED = f"{timed.__name__} ({timed.__code__.co_filename}:"


def sampled(script: str, role: str, facts: Mapping[str, Any], packages: Sequence[str]) -> Samples:
    """Look into one role in a process of its own, while its clock runs.

    Args:
        script: The benchmark's file; it is called with `--role`.
        role: What to look into.
        facts: What the process has to know.
        packages: The packages that are watched.

    Raises:
        SystemExit: py-spy is not there, or failed; with what it said.
    """
    os.sync()
    with tempfile.TemporaryDirectory() as kept:
        path = Path(kept) / "stacks"
        told = ("--format", "raw", "--full-filenames", "--idle", "--output", str(path))
        command = (sampler(), "record", "--rate", str(SAMPLES_A_SECOND), *told, "--")
        done = subprocess.run(
            (*command, sys.executable, script, "--role", role),
            input=json.dumps(facts),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not path.exists():
            raise SystemExit(f"{role} under py-spy: {done.stderr}")
        return _counted(path.read_text(), packages)


def sampler() -> str:
    """Find py-spy, beside Python or on the path.

    Raises:
        SystemExit: It is not installed.
    """
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    found = shutil.which("py-spy", path=places)
    if found is None:
        raise SystemExit("this needs py-spy: install it (pip install py-spy) and run it again")
    return found


def rows(samples: Samples, least: float = 0.02) -> Iterator[tuple[str, str, str, str]]:
    """Yield lines of a table: module, function, line, and the share of the whole.

    Args:
        samples: All runs' together.
        least: The share below which a line is put with the rest.
    """
    whole = rest = samples.total()
    for (module, function, text), count in samples.most_common():
        if count < least * whole:
            break
        rest -= count
        line = f"`{text}`".replace("|", r"\|") if text else ""
        yield module, function, line, f"{count / whole:.0%}"
    yield "the rest", "", "", f"{rest / whole:.0%}"


def _counted(stacks: str, packages: Sequence[str]) -> Samples:
    samples: Samples = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        if _MEASURED in stack:
            samples[_place(stack, packages)] += int(count)
    if not samples:
        raise SystemExit("too short to be sampled; take more issues")
    return samples


def _place(stack: str, packages: Sequence[str]) -> tuple[str, str, str]:
    for frame in reversed(list(_FRAME.finditer(stack.partition(_MEASURED)[2]))):
        for package in packages:
            _, found, inside = frame["file"].rpartition(f"/{package}/")
            if found:
                module = f"{package}.{inside.removesuffix('.py').replace('/', '.')}"
                text = linecache.getline(frame["file"], int(frame["line"])).strip()
                return module, frame["function"].lstrip(";"), text
    return _ELSEWHERE
