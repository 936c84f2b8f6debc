"""What is said of a load that fails or takes its time."""

from __future__ import annotations

import io
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from trackwire.discovery import Found
from trackwire.loading import describe, load_answer
from trackwire.soundness import UnsoundPluginError


class Heard(io.StringIO):
    """Standard error that tells when something is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.something = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        self.something.set()
        return written


class Deaf(io.StringIO):
    """Standard error that nobody reads any more."""

    def __init__(self) -> None:
        super().__init__()
        self.something = threading.Event()

    def write(self, text: str) -> int:
        self.something.set()
        raise BrokenPipeError


@dataclass(frozen=True)
class Slow:
    """An entry point that loads as soon as something is told of it."""

    told: threading.Event = field(repr=False)
    name: str = "acme"
    value: str = "acme_plugin"

    def load(self) -> object:
        assert self.told.wait(60)
        raise LookupError("loaded at last")


def slow(told: threading.Event, dist: str = "acme-plugin") -> Found:
    point: Any = Slow(told)
    return Found("acme", dist, "1.2", point)


def told_of(dist: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what standard error is told while a distribution takes its time to load."""
    heard = Heard()
    monkeypatch.setattr(sys, "stderr", heard)
    with pytest.raises(LookupError):
        load_answer(slow(heard.something, dist), slow_after=0, advice="have a cup of tea")
    return heard.getvalue()


def test_load_that_takes_its_time_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "note: still loading acme-plugin 1.2 (acme_plugin); have a cup of tea\n"
    assert told_of("acme-plugin", monkeypatch) == text


def test_name_that_would_steer_the_terminal_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "still loading \\x1b[2J 1.2" in told_of("\x1b[2J", monkeypatch)


def test_load_goes_on_where_nobody_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = Deaf()
    monkeypatch.setattr(sys, "stderr", deaf)
    with pytest.raises(LookupError, match="loaded at last"):
        load_answer(slow(deaf.something), slow_after=0)


def test_load_goes_on_where_there_are_no_more_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    told = threading.Event()
    told.set()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(LookupError, match="loaded at last"):
        load_answer(slow(told))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("no\n  engine"), "RuntimeError: no engine"),
        (RuntimeError(), "RuntimeError"),
        (SystemExit(3), "SystemExit: 3"),
        (ValueError("one; two"), "ValueError: one, two"),
        (UnsoundPluginError("its title is blank"), "its title is blank"),
        (RuntimeError("x" * 501), f"RuntimeError: {'x' * 500}..."),
        (RuntimeError("x" * 500), f"RuntimeError: {'x' * 500}"),
    ],
)
def test_error_is_described_in_one_line(error: BaseException, text: str) -> None:
    assert describe(error) == text
