"""The class that authors subclass in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trackwire.errors import UsageError
from trackwire.testing import RULES, ProviderConformance, Violation, inspection

Install = Callable[..., object]
Write = Callable[..., Path]

PLUGIN_TEST = """
from trackwire.testing import ProviderConformance

class TestAcme(ProviderConformance, provider="acme"):
    '''The plugin keeps every rule.'''
"""


@pytest.fixture(autouse=True)
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a load looked at once: none of these tests in this process is about its time."""
    monkeypatch.setattr(inspection, "_MOST_RUNS", 0)


def methods_of(made: type[ProviderConformance]) -> set[str]:
    return {name for name in dir(made) if name.startswith("test_")}


def conformance(name: str, **options: Any) -> type[ProviderConformance]:
    class Checked(ProviderConformance, provider=name, **options):
        """The plugin keeps every rule."""

    return Checked


def test_class_has_a_test_for_each_rule_that_concerns_the_plugin(installed: Install) -> None:
    installed("good")
    tests = methods_of(conformance("acme"))
    assert {"test_name_normal", "test_import_quick", "test_publish_carries_route"} <= tests
    assert not any(name.startswith(("test_export_", "test_pull_")) for name in tests)


def test_class_has_the_rules_of_loading_alone_for_a_plugin_that_does_not_load(
    installed: Install,
) -> None:
    installed("import_error")
    needs = {f"test_{rule.id.replace('-', '_')}": rule.need.value for rule in RULES}
    assert {needs[name] for name in methods_of(conformance("acme"))} == {"claim", "load"}


def test_failing_test_gives_rule_finding_reason_and_remedy(installed: Install) -> None:
    installed("key_secret")
    made = conformance("acme")
    (rule,) = (rule for rule in RULES if rule.id == "credential-key-plain")
    with pytest.raises(Violation) as caught:
        vars(made)["test_credential_key_plain"](made())
    said = str(caught.value)
    assert "its credential_key 'board' is a secret field" in said
    assert all(part in said for part in (rule.id, rule.text, rule.reason, rule.remedy))


def test_name_that_nobody_claims_is_refused_with_what_is_installed(installed: Install) -> None:
    installed("good", "beads")
    with pytest.raises(UsageError) as caught:
        conformance("jora")
    assert "'jora'" in str(caught.value)
    assert "acme (fake-good 1.0), beads (fake-beads 1.0)" in str(caught.value)


def test_subclass_of_a_subclass_keeps_its_subject(installed: Install) -> None:
    installed("good")

    class Derived(conformance("acme")):  # type: ignore[misc]  # the class is made here
        """The same, with tests of its own."""

    assert Derived.subject.found.dist == "fake-good"


def test_pytest_finds_the_tests_and_shows_the_verdict_of_a_broken_rule_alone(
    written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = written("print('hello')", monkeypatch=monkeypatch)
    (site / "test_acme.py").write_text(PLUGIN_TEST)
    done = pytest_of(site)
    assert done.returncode == 1
    assert "import-quiet: its load prints 'hello'" in done.stdout
    assert "test_routing_atomic PASSED" in done.stdout
    assert "1 failed" in done.stdout
    assert "verdict_of(" not in done.stdout


def test_kit_imports_no_pytest() -> None:
    program = "import sys, trackwire.testing; print('pytest' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def pytest_of(site: Path) -> subprocess.CompletedProcess[str]:
    """Run the plugin's own test as its author does."""
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import pytest; sys.exit(pytest.main())"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "-v", "-p", "no:cacheprovider", "--rootdir", ".", "."],
        cwd=site,
        capture_output=True,
        text=True,
    )
