"""Rules are checked in a process of its own, which a plugin may bring to a halt or to its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from unit.testing.written_plugin import write_plugin

from trackwire.discovery import Found, scan
from trackwire.testing import inspection, isolation
from trackwire.testing.isolation import isolated_verdicts
from trackwire.testing.rules import RULES, Outcome, Verdict
from trackwire.testing.subject import subject_of
from trackwire.testing.verdicts import verdicts

Install = Callable[..., tuple[Found, ...]]
Write = Callable[..., Path]

POINTS = "[trackwire.conformance]\nacme = fake_acme_plugin:Acme\n"
EMULATOR = """
import json
from trackwire.errors import RecordError
from trackwire.testing.emulator import Emulator

class Acme(Emulator):
    credentials = {"board": "B1"}

    def export(self, tracker, issues):
        return json.dumps([issue.id for issue in issues]).encode()
"""
HALTING = """
import os, subprocess, sys
assert sys.stdin.read() == ""

def read_export(stream, context):
    data = stream.read()
    if data == b"":
        os._exit(3)
    ids = json.loads(data)
    if len(ids) == 1:
        raise SystemExit(3)
    if len(ids) == 2:
        started = subprocess.Popen(["sleep", "120"])
        open("NOTE", "w").write(str(started.pid))
        sum(iter(int, 1))
    if len(ids) == 7:
        os.kill(0, 9)
    return iter(())
"""
ENDS = {
    "export-missing-fields": "it did not end within 2 s",
    "export-refuses-other-files": "it ended the process with exit code 3",
    "export-streams": "its reader of exports failed: SystemExit: 3",
    "export-stream-kept": "it ended the process by SIGKILL",
}
SOUND = ("import-succeeds", "export-empty")
REFUSING = """
def read_export(stream, context):
    if not json.load(stream):
        raise RecordError("the file", None, "it is empty")
    return iter(())
"""
CHOSEN = ("import-succeeds", "export-empty", "export-refuses-other-files", "export-stream-kept")


def check(*ids: str, time_limit: float = 60) -> dict[str, Verdict]:
    """Check rules of the installed plugin acme, by their ids."""
    (found,) = (each for each in scan().claims if each.name == "acme")
    rules = [rule for rule in RULES if rule.id in ids]
    return {v.rule.id: v for v in isolated_verdicts(found, rules, time_limit=time_limit)}


@contextmanager
def patient() -> Iterator[None]:
    """Limits the time of rules alone: a load may take a minute, on a machine that is busy."""
    begin = isolation._worker
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(
            isolation,
            "_worker",
            lambda found, rules, lost, problem, _: begin(found, rules, lost, problem, 60),
        )
        yield


@dataclass(frozen=True)
class Halted:
    """What came of the check of a plugin that halts, and the process that it had started."""

    verdicts: dict[str, Verdict]
    started: int


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Halted:
    """The check of a reader that that some rules end the process of, and one never comes out of."""
    place = tmp_path_factory.mktemp("halting")
    note = place / "note"
    above = EMULATOR + HALTING.replace("NOTE", str(note))
    with pytest.MonkeyPatch.context() as monkeypatch, patient():
        site = write_plugin(place, above, more="read_export=read_export,", points=POINTS)
        monkeypatch.syspath_prepend(site)
        checked = check(*ENDS, *SOUND, time_limit=2)
    return Halted(checked, int(note.read_text()))


@pytest.mark.parametrize(("rule", "end"), ENDS.items())
def test_rule_that_does_not_come_to_a_good_end_fails(halted: Halted, rule: str, end: str) -> None:
    assert end in halted.verdicts[rule].detail


def test_rules_beside_those_that_end_the_process_are_kept(halted: Halted) -> None:
    passed = [rule for rule, v in halted.verdicts.items() if v.outcome is Outcome.PASSED]
    assert passed == list(SOUND)


def test_every_rule_has_its_verdict_in_order(halted: Halted) -> None:
    assert list(halted.verdicts) == [r.id for r in RULES if r.id in {*ENDS, *SOUND}]


def test_plugin_reads_nothing_from_standard_input(halted: Halted) -> None:
    assert halted.verdicts["import-succeeds"].outcome is Outcome.PASSED


def test_import_that_does_not_end_fails_its_rule(installed: Install) -> None:
    installed("endless")
    checked = check("name-normal", "import-succeeds", "hook-implemented", time_limit=1)
    assert [verdict.outcome for verdict in checked.values()] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.NOT_CHECKED,
    ]
    assert "did not end within 1 s" in checked["import-succeeds"].detail


def test_what_builds_on_a_rule_that_does_not_end_is_not_checked(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = f"{EMULATOR}\ndef read_export(stream, context):\n    sum(iter(int, 1))\n"
    written(above, more="read_export=read_export,", points=POINTS, monkeypatch=monkeypatch)
    with patient():
        checked = check("export-in-order", "export-fields", "export-streams", time_limit=1)
    assert [verdict.outcome for verdict in checked.values()] == [
        Outcome.FAILED,
        Outcome.NOT_CHECKED,
        Outcome.NOT_CHECKED,
    ]


def test_verdicts_are_those_of_the_class(written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    above = EMULATOR + REFUSING
    written(above, more="read_export=read_export,", points=POINTS, monkeypatch=monkeypatch)
    monkeypatch.setattr(inspection, "_MOST_RUNS", 0)  # none of these rules is about time
    rules = [rule for rule in RULES if rule.id in CHOSEN]
    assert list(check(*CHOSEN).values()) == list(verdicts(subject_of("acme"), rules))


def test_what_a_plugin_has_started_does_not_outlive_the_check(halted: Halted) -> None:
    deadline = time.monotonic() + 30
    while not has_ended(halted.started):  # a signal takes a moment
        assert time.monotonic() < deadline


def has_ended(process: int) -> bool:
    """Whether a process is no more, or waits for nothing but to be forgotten."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"
