"""Rules about the claim and the declaration: each is broken by a plugin with that defect alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trackwire.discovery import Found
from trackwire.provider import CredentialField, Provider
from trackwire.testing import inspection
from trackwire.testing.emulator import Emulator
from trackwire.testing.registry import found_of
from trackwire.testing.rules import Outcome
from trackwire.testing.rules.declaration import RULES
from trackwire.testing.subject import Subject, load, subject_of, subject_of_claim
from trackwire.testing.verdicts import verdicts

Install = Callable[..., tuple[Found, ...]]
BOARD = CredentialField(name="board", help="The board's short name")
URL = CredentialField(name="url", help="The site's address", origin=True)
TOKEN = CredentialField(name="token", help="Profile, API tokens", secret=True)


class AcmeEmulator(Emulator):
    credentials = {"board": "B1", "token": "made-up-token"}  # noqa: RUF012 - it is only read


class PoorEmulator(Emulator):
    credentials = {"board": "B1"}  # noqa: RUF012 - it is only read


class LackingEmulator(AcmeEmulator):
    lacks = frozenset({"labels", "tags"})


class CarelessEmulator(Emulator):
    credentials = {"board": "B1", "token": "x"}  # noqa: RUF012 - it is only read


def nothing(*_: object) -> Any:
    raise AssertionError("no rule about the declaration calls it")


def subject(emulator: Emulator | None = None, **changes: Any) -> Subject:
    """A plugin that connects, sound but for the changes."""
    sound: dict[str, Any] = {
        "name": "acme",
        "title": "Acme",
        "api_version": 1,
        "resource_type": "acme_board",
        "credential_key": "board",
        "credential_fields": (URL, TOKEN, BOARD),
        "connect": nothing,
    }
    provider = Provider(**{**sound, **changes})
    found = found_of(Provider(**sound))
    return Subject(found=found, provider=provider, emulator=emulator or AcmeEmulator())


@pytest.fixture(autouse=True)
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a load looked at once: none of these rules is about its time."""
    monkeypatch.setattr(inspection, "_MOST_RUNS", 0)


def loaded(found: Found) -> Subject:
    """A plugin as it loads in this process, without the processes that look at its load."""
    stage, provider, problem = load(found)
    return Subject(found=found, provider=provider, stage=stage, problem=problem)


def broken(checked: Subject) -> dict[str, str]:
    """The rules of this module that a plugin breaks, and how."""
    failed = [v for v in verdicts(checked, RULES) if v.outcome is Outcome.FAILED]
    return {verdict.rule.id: verdict.detail for verdict in failed}


DECLARED: list[tuple[str, dict[str, Any], str]] = [
    ("name-agrees", {"name": "emca"}, "'emca'"),
    ("api-version-supported", {"api_version": 99}, "99"),
    ("title-given", {"title": " "}, "title is blank"),
    ("capabilities-callable", {"verify": "later"}, "its verify cannot be called"),
    ("gateways-safe", {"gateways": ("http://gateway.example",)}, "http://gateway.example"),
    ("fields-well-formed", {"credential_fields": (replace(BOARD, name="The-Board"),)}, "The-Board"),
    ("fields-well-formed", {"credential_fields": [BOARD]}, "tuple"),
    (
        "help-one-line",
        {"credential_fields": (replace(URL, help=" "), TOKEN, BOARD)},
        "'url' is blank",
    ),
    (
        "help-one-line",
        {"credential_fields": (replace(URL, help="The site's\naddress"), TOKEN, BOARD)},
        "'url' is not one line",
    ),
    (
        "secrets-not-shipped",
        {"credential_fields": (URL, replace(TOKEN, default="made-up"), BOARD)},
        "'token' has a default",
    ),
    (
        "one-origin",
        {"credential_fields": (URL, replace(URL, name="other"), TOKEN, BOARD), "connect": None},
        "at most one",
    ),
    ("origin-declared", {"credential_fields": (TOKEN, BOARD)}, "no field with origin=True"),
    (
        "origin-declared",
        {"credential_fields": (replace(URL, required=False), TOKEN, BOARD)},
        "'url' is not required and has no default",
    ),
    ("routing-atomic", {"resource_type": None}, "half a routing"),
    ("routing-atomic", {"credential_key": None}, "half a routing"),
    ("resource-type-well-formed", {"resource_type": "Acme-Board"}, "Acme-Board"),
    ("credential-key-declared", {"credential_key": "project"}, "'project'"),
    ("credential-key-plain", {"credential_key": "token"}, "secret"),
    (
        "credential-key-plain",
        {"credential_fields": (URL, TOKEN, replace(BOARD, personal=True))},
        "personal",
    ),
    ("resource-declared", {"resource_type": None, "credential_key": None}, "has neither"),
    ("resource-declared", {"resource_type": None, "credential_key": None}, "it connects"),
    ("emulator-present", {"emulator": LackingEmulator()}, "lacks tags, and can lack assignees"),
    ("emulator-present", {"emulator": PoorEmulator()}, "lack token"),
    ("emulator-present", {"emulator": CarelessEmulator()}, "'token' is shorter than 8"),
]

INSTALLED = [
    ("import-succeeds", ("import_error",), "RuntimeError: cannot start: no engine"),
    ("import-succeeds", ("missing_dependency",), "ModuleNotFoundError"),
    ("import-succeeds", ("exits",), "SystemExit: this interpreter will not do"),
    ("import-succeeds", ("interrupts",), "KeyboardInterrupt"),
    ("import-succeeds", ("bad_value",), "'no module at all!' names no module"),
    ("hook-implemented", ("misspelt_hook",), "unknown hook 'trackwire_providers'"),
    ("hook-implemented", ("no_hook",), "implements no hook"),
    ("hook-implemented", ("two_hooks",), "2 times"),
    ("hook-implemented", ("wants_argument",), "config"),
    ("hook-returns-provider", ("hook_raises",), "OSError: no such socket"),
    ("hook-returns-provider", ("returns_none",), "returned NoneType, not a Provider"),
    ("hook-returns-provider", ("returns_dict",), "returned dict, not a Provider"),
]

# What loads without harm is loaded in this process.
LOADED = [
    ("name-normal", ("capital_name",), "'Acme' and not 'acme'"),
    ("name-normal", ("dashed_name",), "'acme-cloud' and not 'acme_cloud'"),
    ("name-not-reserved", ("reserved_name",), "'hub' is reserved"),
    ("one-claim", ("good", "rival"), "fake-good 1.0 (fake_good) and fake-rival 2.5 (fake_rival)"),
    ("name-agrees", ("other_name",), "'other'"),
    ("api-version-supported", ("api_boolean",), "True"),
    ("api-version-supported", ("api_text",), "'1'"),
    ("api-version-supported", ("api_too_new",), "99"),
    ("api-version-supported", ("api_too_old",), "0"),
    ("routing-atomic", ("half_routing_key",), "half a routing"),
    ("routing-atomic", ("half_routing_type",), "half a routing"),
    ("resource-type-well-formed", ("bad_resource_type",), "Acme-Board"),
    ("credential-key-plain", ("key_secret",), "secret"),
    ("hook-returns-provider", ("provider_subclass",), "a subclass of Provider"),
]

WRITTEN = ["entry-points-readable", "api-version-literal"]


def test_sound_declaration_keeps_every_rule() -> None:
    assert broken(subject()) == {}


@pytest.mark.parametrize(("rule", "changes", "detail"), DECLARED)
def test_defect_of_a_declaration_breaks_its_rule_alone(
    rule: str, changes: dict[str, Any], detail: str
) -> None:
    found = broken(subject(**changes))
    assert found.keys() == {rule}
    assert detail in found[rule]


@pytest.mark.parametrize(("rule", "folders", "detail"), INSTALLED)
def test_defect_of_a_distribution_breaks_its_rule_alone(
    installed: Install, rule: str, folders: tuple[str, ...], detail: str
) -> None:
    found = broken(subject_of_claim(installed(*folders)[0]))
    assert found.keys() == {rule}
    assert detail in found[rule]


@pytest.mark.parametrize(("rule", "folders", "detail"), LOADED)
def test_defect_of_a_plugin_that_loads_breaks_its_rule_alone(
    installed: Install, rule: str, folders: tuple[str, ...], detail: str
) -> None:
    told = broken(loaded(installed(*folders)[0]))
    assert told.keys() == {rule}
    assert detail in told[rule]


def test_name_that_looks_like_another_breaks_the_rule_of_normal_names(installed: Install) -> None:
    told = broken(loaded(installed("look_alike")[0]))
    assert "is not a provider's name" in told["name-normal"]


def test_line_that_is_no_entry_breaks_its_rule_alone(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    written(points="[ console_scripts ]\n", monkeypatch=monkeypatch)
    found = broken(subject_of("acme"))
    assert found == {
        "entry-points-readable": "line 3 of its entry_points.txt is neither a group nor an entry"
    }


def test_api_version_of_the_core_breaks_its_rule_alone(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    above = "from trackwire.provider import SUPPORTED_API_VERSIONS"
    written(above, api_version="SUPPORTED_API_VERSIONS.start", monkeypatch=monkeypatch)
    assert broken(subject_of("acme")).keys() == {"api-version-literal"}


def test_rival_that_is_switched_off_breaks_no_rule(
    installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = installed("good", "rival")
    monkeypatch.setenv("TRACKWIRE_DISABLE_PLUGINS", "fake-rival")
    assert broken(loaded(claims[0])) == {}


def test_provider_that_reads_exports_without_an_emulator_breaks_its_rule_alone() -> None:
    checked = replace(subject(read_export=nothing), emulator=None)
    found = broken(checked)
    assert found == {
        "emulator-present": "it has connect and read_export, and its distribution names no emulator"
    }


def test_emulator_that_does_not_load_breaks_its_rule_alone(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "[trackwire.conformance]\nacme = fake_acme_plugin:Emulator\n"
    written(points=points, monkeypatch=monkeypatch)
    found = broken(subject_of("acme"))
    assert found.keys() == {"emulator-present"}
    assert "fake_acme_plugin:Emulator cannot be loaded: AttributeError" in found["emulator-present"]


def test_no_rule_about_the_declaration_lacks_a_plugin_that_breaks_it() -> None:
    by_case = (*DECLARED, *INSTALLED, *LOADED)
    covered = {*WRITTEN, *(rule for rule, _, _ in by_case)}
    assert covered == {rule.id for rule in RULES}
