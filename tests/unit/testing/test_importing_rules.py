"""Rules about what loading a plugin does beside: each is broken by a plugin with that defect."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trackwire.discovery import Found
from trackwire.testing.rules import Outcome
from trackwire.testing.rules.importing import RULES
from trackwire.testing.subject import Stage, Subject, subject_of, subject_of_claim
from trackwire.testing.verdicts import verdicts

Install = Callable[..., tuple[Found, ...]]
Write = Callable[..., Path]

DEFECTS = [
    ("import-quiet", "print('hello')", "'hello'"),
    ("import-quiet", "import os; os.write(2, b'hello')", "'hello'"),
    ("import-quiet", "import warnings; warnings.warn('hello')", "hello"),
    (
        "import-no-network",
        "import socket; socket.create_server(('127.0.0.1', 0)).close()",
        "socket.bind ('127.0.0.1', 0)",
    ),
    ("import-no-network", "import socket; socket.getaddrinfo('127.0.0.1', 0)", "getaddrinfo"),
    (
        "import-starts-no-process",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
        "subprocess.Popen",
    ),
    ("import-starts-no-process", "import os; os.system('true')", "os.system true"),
    ("import-writes-no-file", "from pathlib import Path; Path('HERE/x').touch()", "HERE/x"),
    (
        "import-writes-no-file",
        "from pathlib import Path; Path('HERE/x').mkdir()",
        "os.mkdir HERE/x",
    ),
    ("import-keeps-environment", "import os; os.environ['ACME_MODE'] = 'on'", "ACME_MODE"),
    ("import-keeps-environment", "import os; os.putenv('ACME_MODE', 'on')", "ACME_MODE"),
    (
        "import-leaves-no-thread",
        "import threading; threading.Thread(target=threading.Event().wait, name='acme').start()",
        "acme",
    ),
    (
        "import-keeps-settings",
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "the handling of signals",
    ),
    ("import-keeps-settings", "import os; os.chdir('/')", "the working directory"),
    ("import-keeps-settings", "import os; os.umask(0)", "the file mode mask"),
    ("import-keeps-settings", "import sys; sys.path.insert(0, '/')", "sys.path"),
    ("import-keeps-settings", "import sys; sys.setrecursionlimit(9999)", "the recursion limit"),
    ("import-keeps-settings", "import sys; sys.stdout = sys.stderr", "the standard streams"),
    ("import-keeps-settings", "import logging; logging.basicConfig()", "the root logger"),
    (
        "import-keeps-settings",
        "import warnings; warnings.simplefilter('ignore')",
        "the warnings filter",
    ),
    ("import-keeps-settings", "import builtins; builtins.acme = 1", "the built-in functions"),
    (
        "import-keeps-core",
        "import trackwire.routing; trackwire.routing.resolve_resource_routing = print",
        "replaces trackwire.routing.resolve_resource_routing",
    ),
    ("import-without-http", "import http.client", "http.client"),
    ("import-without-http", "import httpx", "httpx"),
    ("import-quick", "import time; time.sleep(0.06)", "ms at best"),
]

HELD = "import os\nBOARD = os.environ.get('TRACKWIRE_ACME_BOARD', 'Acme')"


def broken(checked: Subject) -> dict[str, str]:
    """The rules of this module that a plugin breaks, and how."""
    failed = [v for v in verdicts(checked, RULES) if v.outcome is Outcome.FAILED]
    return {verdict.rule.id: verdict.detail for verdict in failed}


def test_plugin_that_only_loads_keeps_every_rule(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(monkeypatch=monkeypatch)
    assert broken(subject_of("acme")) == {}


@pytest.mark.parametrize(("rule", "above", "detail"), DEFECTS)
def test_side_effect_breaks_its_rule(
    written: Write,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    rule: str,
    above: str,
    detail: str,
) -> None:
    written(above.replace("HERE", str(tmp_path)), monkeypatch=monkeypatch)
    inspected = subject_of("acme", time_limit=60)
    found = broken(inspected)
    # what imports an HTTP library may well be slow too
    assert found.keys() - {"import-quick"} == {rule} - {"import-quick"}
    assert detail.replace("HERE", str(tmp_path)) in found[rule]


def test_provider_that_holds_a_variable_breaks_its_rule_alone(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(HELD, title="BOARD", monkeypatch=monkeypatch)
    found = broken(subject_of("acme"))
    assert found == {
        "load-keeps-no-variable": "repr() of its provider has the value of TRACKWIRE_ACME_BOARD"
    }


def test_no_rule_about_loading_lacks_a_plugin_that_breaks_it() -> None:
    assert {"load-keeps-no-variable", *(rule for rule, _, _ in DEFECTS)} == {r.id for r in RULES}


def test_import_that_does_not_end_is_given_up(installed: Install) -> None:
    checked = subject_of_claim(installed("endless")[0], time_limit=1)
    assert checked.problem == "its import did not end within 1 s"


def test_hook_that_does_not_end_is_given_up(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(title="sum(iter(int, 1))", monkeypatch=monkeypatch)
    checked = subject_of("acme", time_limit=6)
    assert checked.problem == "its hook did not end within 6 s"


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
    checked = subject_of_claim(installed("endless")[0], time_limit=1)
    assert {v.outcome for v in verdicts(checked, RULES)} == {Outcome.NOT_CHECKED}


def test_plugin_does_not_see_the_variables_of_the_user(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKWIRE_ACME_TOKEN", "made-up-token")
    above = "import os; assert 'TRACKWIRE_ACME_TOKEN' not in os.environ"
    written(above, monkeypatch=monkeypatch)
    inspection = subject_of("acme").inspection
    assert inspection is not None
    assert inspection.problem is None
