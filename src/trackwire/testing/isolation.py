"""Checks rules in a process of its own, which a plugin may bring to a halt or to its end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackwire.errors import TrackwireError
from trackwire.testing.inspection import how_it_ended
from trackwire.testing.rules.rule import Need, Outcome, Rule, Verdict
from trackwire.testing.subject import Stage
from trackwire.testing.verdicts import loses_basis
from trackwire.testing.worker import LOADED, claim_key

if TYPE_CHECKING:
    from trackwire.discovery import Found

_PROGRAM = Path(__file__).with_name("worker.py")
_GRACE_SECONDS = 2.0
_START_SECONDS = 10.0
_FAR_TIME = "KIT-09:30"
"""A timezone that no tracker's times are in: who takes them for local ones is found out."""
_EXIT_TERMINATED = 128 + signal.SIGTERM


def isolated_verdicts(
    found: Found,
    rules: Sequence[Rule],
    *,
    time_limit: float,
    begins: Callable[[Rule], None] = lambda _: None,
) -> Iterator[Verdict]:
    """Check rules in a child process; a rule that ends it or does not end fails, and no other.

    Args:
        found: The claim of the plugin.
        rules: The rules.
        time_limit: Seconds that a load, and the check of a rule, may take.
        begins: Told of each rule before it is checked.

    Raises:
        TrackwireError: No child process can be started.
    """
    with _terminated_as_interrupted():
        yield from _verdicts(found, list(rules), time_limit, begins)


def _verdicts(
    found: Found, left: list[Rule], time_limit: float, begins: Callable[[Rule], None]
) -> Iterator[Verdict]:
    problem: str | None = None
    lost: set[Need] = set()
    while left:
        with _worker(found, left, lost, problem, time_limit) as worker:
            # A plugin is loaded twice: for a look at it, and for its rules.
            if worker.receive(2 * time_limit + _START_SECONDS) != LOADED:
                if problem is not None:
                    raise TrackwireError(f"no process to check {found} in: it {worker.end()}")
                problem = f"its import {worker.end()}"
                continue
            while left:
                rule = left.pop(0)
                begins(rule)
                verdict = _received(rule, worker, time_limit)
                if loses_basis(verdict):
                    lost.add(rule.need)
                yield verdict
                if worker.has_ended:
                    break


def _received(rule: Rule, worker: _Worker, time_limit: float) -> Verdict:
    message = worker.receive(time_limit)
    if isinstance(message, dict):
        return Verdict(rule=rule, outcome=Outcome(message["outcome"]), detail=message["detail"])
    return Verdict(rule=rule, outcome=Outcome.FAILED, detail=f"it {worker.end()}")


class _Worker:
    """A child process that checks rules.

    Args:
        process: The process, the leader of a process group of its own.
        connection: Where its messages come from.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: Connection) -> None:
        self._process = process
        self._connection = connection
        self._waited: float | None = None

    def receive(self, seconds: float) -> Any:
        """Return its next message, or None where none comes in time or at all."""
        try:
            if not self._connection.poll(seconds):
                self._waited = seconds
                return None
            return json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            return None

    @property
    def has_ended(self) -> bool:
        """Whether it was ended, or ended by itself and was found so."""
        return self._process.returncode is not None

    def end(self) -> str:
        """End it, and say how it ended."""
        if self._waited is not None:
            self.kill()
            return f"did not end within {self._waited:g} s"
        self.kill()
        return f"ended the process {how_it_ended(self._process.returncode)}"

    def close(self) -> None:
        """Let it end by itself, and see to it that it has."""
        with contextlib.suppress(EOFError, OSError):
            self._connection.poll(_GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill it with whatever it has started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()


@contextmanager
def _worker(
    found: Found,
    rules: Sequence[Rule],
    lost: Collection[Need],
    problem: str | None,
    time_limit: float,
) -> Iterator[_Worker]:
    job = {
        "path": [str(entry) for entry in sys.path],
        "claim": claim_key(found),
        "problem": problem,
        "stage": Stage.CLAIM.value,
        "rules": [rule.id for rule in rules],
        "lost": [need.value for need in lost],
        "time_limit": time_limit,
    }
    receiving, sending = Pipe(duplex=False)
    with _scratch() as scratch, receiving:
        process = subprocess.Popen(  # noqa: S603 - our own program, without a shell
            [sys.executable, "-P", str(_PROGRAM), str(sending.fileno()), scratch],
            stdin=subprocess.PIPE,
            env={**os.environ, "TMPDIR": scratch, "TZ": _FAR_TIME},
            pass_fds=(sending.fileno(),),
            start_new_session=True,
        )
        sending.close()
        worker = _Worker(process, receiving)
        try:
            _write(process, json.dumps(job).encode() + b"\n")
            yield worker
            worker.close()
        finally:
            worker.kill()


def _write(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Write to a process, and leave the pipe open: its end tells the process of ours."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(data)
            process.stdin.flush()


def _scratch() -> tempfile.TemporaryDirectory[str]:
    """Make a directory for what a process that is killed leaves behind."""
    return tempfile.TemporaryDirectory(prefix="trackwire-", ignore_cleanup_errors=True)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Have SIGTERM unwind the block, as Ctrl-C does, unless somebody handles it already."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return

    def terminate(*_: object) -> None:
        raise SystemExit(_EXIT_TERMINATED)

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
