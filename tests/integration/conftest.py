"""Fixtures of the tests that kill processes and publish over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from projectkit import IdempotentHub, running_hub

TESTS = Path(__file__).resolve().parents[1]

StartPython = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start_python() -> Iterator[StartPython]:
    """Starts scripts in processes of their own, which can import the tests' helpers.

    Standard output is lines of text; what still runs at the end of the test is killed.
    """
    started: list[subprocess.Popen[str]] = []

    def start(script: str, *arguments: object) -> subprocess.Popen[str]:
        prelude = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        process = subprocess.Popen(
            [sys.executable, "-c", prelude + script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def idempotent_hub() -> Iterator[IdempotentHub]:
    """A hub that honours idempotency keys, in a thread of the test."""
    with running_hub() as hub:
        yield hub
