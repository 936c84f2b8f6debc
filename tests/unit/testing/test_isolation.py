"""Rules are checked in a process of its own, which a plugin may bring to a halt or to its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trackwire.discovery import Found, scan
from trackwire.testing.isolation import isolated_verdicts
from trackwire.testing.rules import RULES, Outcome, Verdict

Install = Callable[..., tuple[Found, ...]]
Write = Callable[..., Path]

READER = """
import json
from trackwire.errors import RecordError
from trackwire.testing.emulator import Emulator

class Acme(Emulator):
    credentials = {{"board": "B1"}}

    def export(self, tracker, issues):
        return json.dumps([issue.id for issue in issues]).encode()

def read_export(stream, context):
    if not json.load(stream):
        {does}
    return iter(())
"""
POINTS = "[trackwire.conformance]\nacme = fake_acme_plugin:Acme\n"
CHOSEN = ("export-in-order", "export-empty", "export-refuses-other-files", "export-stream-kept")


def check(*ids: str, time_limit: float = 60) -> dict[str, Verdict]:
    """Check rules of the installed plugin acme, by their ids."""
    (found,) = (each for each in scan().claims if each.name == "acme")
    rules = [rule for rule in RULES if rule.id in ids]
    return {v.rule.id: v for v in isolated_verdicts(found, rules, time_limit=time_limit)}


@pytest.mark.parametrize(
    ("does", "detail"),
    [
        ("import os; os._exit(3)", "it ended the process with exit code 3"),
        ("import os; os.kill(0, 9)", "it ended the process by SIGKILL"),
        ("raise SystemExit(3)", "its reader of exports failed: SystemExit: 3"),
    ],
)
def test_rule_that_ends_the_process_fails_alone(
    written: Write, monkeypatch: pytest.MonkeyPatch, does: str, detail: str
) -> None:
    above = READER.format(does=does)
    written(above, more="read_export=read_export,", points=POINTS, monkeypatch=monkeypatch)
    verdicts = check(*CHOSEN)
    assert detail in verdicts["export-empty"].detail
    assert verdicts["export-stream-kept"].outcome is Outcome.PASSED
    assert list(verdicts) == list(CHOSEN)


def test_rule_that_does_not_end_fails_alone(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = READER.format(does="sum(iter(int, 1))")
    written(above, more="read_export=read_export,", points=POINTS, monkeypatch=monkeypatch)
    verdicts = check("export-empty", "export-stream-kept", time_limit=6)
    assert verdicts["export-empty"].detail == "it did not end within 6 s"
    assert verdicts["export-stream-kept"].outcome is Outcome.PASSED


def test_import_that_does_not_end_fails_its_rule(installed: Install) -> None:
    installed("endless")
    verdicts = check("name-normal", "import-succeeds", "hook-implemented", time_limit=1)
    assert [verdict.outcome for verdict in verdicts.values()] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.NOT_CHECKED,
    ]
    assert "did not end within 1 s" in verdicts["import-succeeds"].detail


def test_verdicts_are_those_of_the_class(written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    above = READER.format(does="raise RecordError('the file', None, 'it is empty')")
    written(above, more="read_export=read_export,", points=POINTS, monkeypatch=monkeypatch)
    from trackwire.testing.subject import subject_of
    from trackwire.testing.verdicts import verdicts

    rules = [rule for rule in RULES if rule.id in CHOSEN]
    assert list(check(*CHOSEN).values()) == list(verdicts(subject_of("acme"), rules))


def test_what_a_plugin_has_started_does_not_outlive_the_check(
    written: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = tmp_path / "started"
    does = f"""
        import subprocess, sys
        started = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        open({str(note)!r}, "w").write(str(started.pid))
        sum(iter(int, 1))"""
    written(
        READER.format(does=does.strip()),
        more="read_export=read_export,",
        points=POINTS,
        monkeypatch=monkeypatch,
    )
    check("export-empty", time_limit=6)
    process = int(note.read_text())
    deadline = time.monotonic() + 30
    while not has_ended(process):  # a signal takes a moment
        assert time.monotonic() < deadline


def has_ended(process: int) -> bool:
    """Whether a process is no more, or waits for nothing but to be forgotten."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_plugin_reads_nothing_from_standard_input(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("import sys; assert sys.stdin.read() == ''", monkeypatch=monkeypatch)
    assert check("import-succeeds")["import-succeeds"].outcome is Outcome.PASSED
