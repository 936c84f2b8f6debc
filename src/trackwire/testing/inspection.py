"""What loading a plugin does to a process, looked at from outside: in a process of its own."""

from __future__ import annotations

import marshal
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackwire.testing.subject import Stage

if TYPE_CHECKING:
    from trackwire.discovery import Found

QUICK_MILLISECONDS = 50
"""What loading a plugin may cost beyond what the core itself costs."""

_MOST_RUNS = 5
_SPARE_SECONDS = 30
_PROGRAM = Path(__file__).with_name("inspector.py")
# What an interpreter needs to start; the rest is the user's.
_VARIABLES = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")
_WHAT = {0: "its import", 1: "the search for its hook", 2: "its hook", 3: "a second load of it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What loading a plugin, that is its import and its hook, does to a process.

    Args:
        stage: How far it comes.
        problem: Why it comes no further, in one line; None where there is a provider.
        network: What it does on the network, such as `socket.connect ('127.0.0.1', 80)`.
        processes: Which processes it starts.
        files: Which files and directories it writes, makes, moves or removes.
        environment: The names of the environment variables that it sets or removes.
        printed: The first line that it prints; empty where it prints none.
        threads: The names of the threads that are left running.
        settings: Which settings of the process it changes, such as `sys.path`.
        core: What it changes in Trackwire's own modules.
        http: Which HTTP libraries it imports.
        variables: The environment variables whose values its provider holds.
        follows_core: Whether its API version is another one where the core supports others.
        milliseconds: The best time of its load, or None where that could not be measured.
        ended: Whether its load came to an end, be it in an error.
    """

    stage: Stage
    problem: str | None = None
    network: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    printed: str = ""
    threads: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    core: tuple[str, ...] = ()
    http: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    follows_core: bool = False
    milliseconds: float | None = None
    ended: bool = True


def inspect_load(found: Found, time_limit: float) -> Inspection:
    """Load a plugin in processes of its own, with the import path of this one.

    The first run watches what it does and leaves the bytecode for the others, which take the
    time: five at most, and none after one that was quick.

    Args:
        found: The claim.
        time_limit: Seconds that a load may take.
    """
    try:
        module, attribute = found.entry_point.module, found.entry_point.attr or ""
    except Exception:  # of which type depends on the version of importlib-metadata
        problem = f"its entry point's value {found.entry_point.value!r} names no module"
        return Inspection(stage=Stage.CLAIM, problem=problem, ended=False)
    with tempfile.TemporaryDirectory(prefix="trackwire-") as scratch:
        job = {
            "path": [str(entry) for entry in sys.path],
            "module": module,
            "attribute": attribute,
            "name": found.entry_point.name,
            "value": found.entry_point.value,
            "dist": found.dist,
            "cache": scratch,
            "printed": str(Path(scratch, "printed")),
            "timed": False,
            "most_seconds": int(time_limit) + _SPARE_SECONDS,
        }
        inspection = _watched(job, time_limit)
        if inspection.stage is not Stage.PROVIDER:
            return inspection
        return _timed(inspection, job, time_limit)


def _watched(job: dict[str, Any], time_limit: float) -> Inspection:
    output, end = _run(job, time_limit)
    reached = output[: len(output) - len(output.lstrip(b"\1\2\3"))]
    if end is not None:
        stage = Stage(len(reached[:2]))
        return Inspection(stage=stage, problem=f"{_WHAT[len(reached)]} {end}", ended=False)
    found = marshal.loads(output[len(reached) :])  # noqa: S302 - our own program's
    lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return Inspection(**(found | lists | {"stage": Stage(found["stage"])}))


def _timed(inspection: Inspection, job: dict[str, Any], time_limit: float) -> Inspection:
    best: float | None = None
    for _ in range(_MOST_RUNS):
        output, end = _run({**job, "timed": True}, time_limit)
        if end is not None:
            return inspection
        taken = marshal.loads(output)["milliseconds"]  # noqa: S302 - our own program's
        best = taken if best is None else min(best, taken)
        if best < QUICK_MILLISECONDS:
            break
    return replace(inspection, milliseconds=best)


def _run(job: dict[str, Any], time_limit: float) -> tuple[bytes, str | None]:
    """Run the program; return what it wrote, and how it ended where that was not as it should."""
    command = [sys.executable, "-EP", "-X", f"pycache_prefix={job['cache']}", str(_PROGRAM)]
    variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    with subprocess.Popen(  # noqa: S603 - our own program, without a shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=variables,
    ) as process:
        try:
            output, _ = process.communicate(marshal.dumps(job), time_limit)
        except subprocess.TimeoutExpired as error:
            process.kill()
            return error.output or b"", f"did not end within {time_limit:g} s"
        except BaseException:
            process.kill()
            raise
    if process.returncode == 0 and output.strip(b"\1\2\3"):
        return output, None
    return output, f"ended the process {how_it_ended(process.returncode)}"


def how_it_ended(code: int) -> str:
    """Say how a process ended, such as `with exit code 3` or `by SIGSEGV`.

    Args:
        code: Its exit code; negative for a signal, as `subprocess` has it.
    """
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
