"""Rules about what loading a plugin does beside: each is broken by a plugin with that defect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trackwire.discovery import Found, scan
from trackwire.provider import Provider
from trackwire.testing import inspection
from trackwire.testing.rules import Outcome
from trackwire.testing.rules.importing import RULES
from trackwire.testing.subject import Stage, Subject, subject_of, subject_of_claim
from trackwire.testing.verdicts import verdicts

Install = Callable[..., tuple[Found, ...]]
Write = Callable[..., Path]

SETTINGS = {
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)": "the handling of signals",
    "import os; os.chdir('/')": "the working directory",
    "import os; os.umask(0)": "the file mode mask",
    "import sys; sys.path.insert(0, '/')": "sys.path",
    "import sys; sys.setrecursionlimit(9999)": "the recursion limit",
    "import sys; sys.stdout = sys.stderr": "the standard streams",
    "import logging; logging.basicConfig()": "the root logger",
    "import warnings; warnings.simplefilter('ignore')": "the warnings filter",
    "import builtins; builtins.acme = 1": "the built-in functions",
}
# Side effects of one kind, with what is told of each; HERE is a directory.
DEFECTS: list[tuple[str, dict[str, str]]] = [
    ("import-quiet", {"print('hello', end=' ')": "hello", "print('to you')": "to you"}),
    ("import-quiet", {"import os; os.write(2, b'hello')": "hello"}),
    ("import-quiet", {"import warnings; warnings.warn('hello')": "UserWarning: hello"}),
    (
        "import-no-network",
        {
            "import socket; socket.create_server(('127.0.0.1', 0)).close()": "socket.bind "
            "('127.0.0.1', 0)",
            "socket.getaddrinfo('127.0.0.1', 0)": "socket.getaddrinfo",
        },
    ),
    (
        "import-starts-no-process",
        {
            "import subprocess; subprocess.run(['true'])": "subprocess.Popen true",
            "import os; os.system('true')": "os.system true",
        },
    ),
    (
        "import-writes-no-file",
        {
            "from pathlib import Path; Path('HERE/x').touch()": "open HERE/x",
            "Path('HERE/y').mkdir()": "os.mkdir HERE/y",
        },
    ),
    (
        "import-keeps-environment",
        {
            "import os; os.environ['ACME_MODE'] = 'on'": "ACME_MODE",
            "os.putenv('ACME_OTHER', 'on')": "ACME_OTHER",
        },
    ),
    (
        "import-leaves-no-thread",
        {
            "from threading import Event, Thread": "",
            "Thread(target=Event().wait, name='acme').start()": "acme",
        },
    ),
    (
        "import-keeps-core",
        {
            "import trackwire.routing": "",
            "trackwire.routing.resolve_resource_routing = print": "replaces "
            "trackwire.routing.resolve_resource_routing",
        },
    ),
    ("import-without-http", {"import http.client": "http.client", "import httpx": "httpx"}),
]

# The command's own tests check those that print and that replace a function in use.
HOSTILE = {
    "patches_class": "import-keeps-core",
    "patches_unloaded": "import-keeps-core",
}
OTHERS = ("import-keeps-settings", "import-quick", "load-keeps-no-variable")
UNTIMED = "it loads once, and not a second time"
HELD = "import os\nBOARD = os.environ.get('TRACKWIRE_ACME_BOARD', 'Acme')"


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a load looked at once, without the runs that take its time."""
    monkeypatch.setattr(inspection, "_MOST_RUNS", 0)


def inspected(found: Found) -> Subject:
    """A plugin that is loaded in processes of its own alone: this one keeps its settings."""
    provider = Provider(name="acme", title="Acme", api_version=1)
    return Subject(found=found, provider=provider, inspection=inspection.inspect_load(found, 60))


def acme() -> Found:
    (found,) = (each for each in scan().claims if each.name == "acme")
    return found


def broken(checked: Subject) -> dict[str, str]:
    """The rules of this module that a plugin breaks, and how; an untimed one breaks no other."""
    failed = [v for v in verdicts(checked, RULES) if v.outcome is Outcome.FAILED]
    told = {verdict.rule.id: verdict.detail for verdict in failed}
    if told.get("import-quick") == UNTIMED:
        del told["import-quick"]
    return told


def test_plugin_that_only_loads_keeps_every_rule(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(monkeypatch=monkeypatch)
    assert broken(subject_of("acme")) == {}


@pytest.mark.usefixtures("untimed")
@pytest.mark.parametrize(("rule", "effects"), DEFECTS)
def test_side_effects_break_their_rule_alone(
    written: Write,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    rule: str,
    effects: dict[str, str],
) -> None:
    written("\n".join(effects).replace("HERE", str(tmp_path)), monkeypatch=monkeypatch)
    found = broken(inspected(acme()))
    assert found.keys() == {rule}
    told = [detail.replace("HERE", str(tmp_path)) for detail in effects.values()]
    assert [detail for detail in told if detail not in found[rule]] == []


@pytest.mark.usefixtures("untimed")
def test_every_setting_that_a_load_changes_is_found(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("\n".join(SETTINGS), monkeypatch=monkeypatch)
    checked = inspected(acme())
    assert checked.inspection is not None
    assert sorted(checked.inspection.settings) == sorted(SETTINGS.values())
    assert broken(checked)["import-keeps-settings"].endswith(" and 6 more")


@pytest.mark.usefixtures("untimed")
@pytest.mark.parametrize(("folder", "rule"), HOSTILE.items())
def test_hostile_distribution_breaks_the_rule_of_its_defect(
    installed: Install, folder: str, rule: str
) -> None:
    assert rule in broken(inspected(installed(folder)[0]))


def test_load_that_takes_its_time_breaks_its_rule_alone(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_MOST_RUNS", 1)
    written("import time; time.sleep(0.06)", monkeypatch=monkeypatch)
    found = broken(inspected(acme()))
    assert found.keys() == {"import-quick"}
    assert "ms at best" in found["import-quick"]


def test_provider_that_holds_a_variable_breaks_its_rule_alone(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(HELD, title="BOARD", monkeypatch=monkeypatch)
    found = broken(subject_of("acme"))
    assert found == {
        "load-keeps-no-variable": "repr() of its provider has the value of TRACKWIRE_ACME_BOARD"
    }


def test_no_rule_about_loading_lacks_a_plugin_that_breaks_it() -> None:
    covered = {*OTHERS, *(rule for rule, _ in DEFECTS)}
    assert covered == {rule.id for rule in RULES}


def test_import_that_does_not_end_is_given_up(installed: Install) -> None:
    checked = subject_of_claim(installed("endless")[0], time_limit=0.5)
    assert checked.problem == "its import did not end within 0.5 s"


def test_hook_that_does_not_end_is_given_up(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(title="sum(iter(int, 1))", monkeypatch=monkeypatch)
    for limit in (1, 4, 16, 64):  # it comes to its hook after a second, if the machine is idle
        checked = subject_of("acme", time_limit=limit)
        if checked.stage is not Stage.CLAIM:
            break
    assert checked.problem == f"its hook did not end within {limit} s"


@pytest.mark.parametrize(
    ("above", "end"),
    [
        ("import os; os._exit(3)", "with exit code 3"),
        ("import os; os._exit(0)", "with exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", "by SIGKILL"),
    ],
)
def test_import_that_ends_the_process_is_told_of(
    written: Write, monkeypatch: pytest.MonkeyPatch, above: str, end: str
) -> None:
    written(above, monkeypatch=monkeypatch)
    checked = subject_of("acme")
    assert (checked.stage, checked.problem) == (Stage.CLAIM, f"its import ended the process {end}")


def test_bytecode_is_not_written_beside_the_plugin(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = written("raise RuntimeError", monkeypatch=monkeypatch)
    subject_of("acme")
    assert not (site / "__pycache__").exists()


def test_side_effect_of_an_import_that_fails_is_told_of(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written("print('hello')\nraise RuntimeError", monkeypatch=monkeypatch)
    assert broken(subject_of("acme")).keys() == {"import-quiet"}


def test_side_effects_of_an_import_that_does_not_end_are_not_judged(
    installed: Install,
) -> None:
    checked = subject_of_claim(installed("endless")[0], time_limit=0.5)
    assert {v.outcome for v in verdicts(checked, RULES)} == {Outcome.NOT_CHECKED}


@pytest.mark.usefixtures("untimed")
def test_plugin_does_not_see_the_variables_of_the_user(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKWIRE_ACME_TOKEN", "made-up-token")
    above = "import os; assert 'TRACKWIRE_ACME_TOKEN' not in os.environ"
    written(above, monkeypatch=monkeypatch)
    checked = inspected(acme())
    assert checked.inspection is not None
    assert checked.inspection.problem is None
