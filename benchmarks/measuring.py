"""What the benchmarks share: a process for each measured part, its time and its peak of memory.

Peak memory is what the kernel keeps of the process itself (`VmHWM`), not `ru_maxrss`, which on
Linux begins with what the parent had when it forked.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

Measured = dict[str, Any]
"""What a process tells of itself: `seconds`, `cpu` and `mebibytes`, and what a role adds."""

_PIECE_BYTES = 1 << 20
_SETTINGS = "TRACKWIRE_"


def begin() -> None:
    """Leave the user's settings behind, and clean up on SIGTERM as on Ctrl-C.

    A variable such as `TRACKWIRE_DISABLE_PLUGINS` would change what is measured, here and in every
    process that is started from here.
    """
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # not again while directories are removed
    raise SystemExit(128 + number)


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
    result: Measured = told((sys.executable, script, "--role", role), json.dumps(facts))
    return result


def told(command: Sequence[str], given: str = "") -> Any:
    """Run a program, and read the JSON that it prints.

    Args:
        command: The program and its arguments.
        given: Its standard input.

    Raises:
        SystemExit: It failed; with its last argument and what it said.
    """
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[-1]}: {done.stderr}")
    return json.loads(done.stdout)


def timed(call: Callable[[], object]) -> Measured:
    """Call, and tell what it took: seconds, seconds of CPU, and the process's peak so far.

    Args:
        call: What is measured.

    Raises:
        SystemExit: It imported what belongs before the clock.
    """
    loaded = set(sys.modules)
    before = time.process_time()
    began = time.perf_counter()
    call()
    seconds = time.perf_counter() - began
    cpu = time.process_time() - before
    _refuse_imports(set(sys.modules) - loaded)
    return {"seconds": seconds, "cpu": cpu, "mebibytes": peak_mebibytes()}


def preload(*modules: str) -> None:
    """Import what a measured call would import.

    Args:
        modules: Their full names.
    """
    for module in modules:
        importlib.import_module(module)


def _refuse_imports(modules: set[str]) -> None:
    late = sorted(m for m in modules if m.partition(".")[0] not in sys.stdlib_module_names)
    if late:
        raise SystemExit(f"imported while the clock ran; preload them: {', '.join(late)}")


def warm(path: Path) -> None:
    """Read a file through, so that the system's cache has as much of it for every part.

    Args:
        path: The file.
    """
    with path.open("rb") as stream:
        while stream.read(_PIECE_BYTES):
            pass


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
