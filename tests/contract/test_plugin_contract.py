"""The contract of provider plugins names what the code has; its examples are run."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any, get_args

import pluggy
import pytest
from click.testing import CliRunner
from contract.documents import bare, fences, tables
from contract.public_surface import (
    COMMAND,
    DOCUMENT,
    PUBLIC_MODULES,
    Surface,
    installed_root,
)

import trackwire.provider
from trackwire.cli import main
from trackwire.connecting.guarding import MAX_IDLE_PAGES
from trackwire.discovery import Found, scan
from trackwire.errors import RecordError
from trackwire.fetching.repeating import RETRIED_STATUS_CODES
from trackwire.hookspecs import ENTRY_POINT_GROUP, hookspec
from trackwire.model import MAX_RECORD_BYTES, Status
from trackwire.provider import (
    NAME_PATTERN,
    RESERVED_NAMES,
    SUPPORTED_API_VERSIONS,
    ExportContext,
    ExportedIssue,
    MoreFollows,
)
from trackwire.registry import Outcome, ProviderRegistry, Registered
from trackwire.testing import RULES
from trackwire.testing import Outcome as RuleOutcome

TEXT = DOCUMENT.read_text("utf-8")
TABLE_OF_CLASS = {
    ("trackwire.provider", "Provider"): ("Provider", 0),
    ("trackwire.provider", "CredentialField"): ("Credential fields", 0),
    ("trackwire.context", "ExportContext"): ("Exports", 0),
    ("trackwire.connector", "Page"): ("Connectors", 1),
    ("trackwire.connector", "Resource"): ("Discover and verify", 0),
    ("trackwire.connector", "Identity"): ("Discover and verify", 1),
}


def block(label: str) -> str:
    (content,) = (content for info, content in fences(TEXT) if info.endswith(f" {label}"))
    return content


def column(heading: str, number: int = 0) -> list[str]:
    return [bare(row[0]) for row in tables(TEXT, heading)[number]]


def test_document_names_the_public_modules() -> None:
    assert column("What is stable") == list(PUBLIC_MODULES)


def test_core_names_the_public_modules_to_authors() -> None:
    told = set(re.findall(r"`(trackwire\.[a-z.]+)`", str(trackwire.__doc__)))
    assert set(PUBLIC_MODULES) - told == set()


@pytest.mark.parametrize(("module", "name"), TABLE_OF_CLASS)
def test_table_lists_the_members_in_order(module: str, name: str) -> None:
    heading, number = TABLE_OF_CLASS[module, name]
    assert column(heading, number) == Surface(installed_root()).fields(module, name)


def test_tables_list_the_members_of_a_context_in_order() -> None:
    both = [*column("Exports"), *column("Connectors")]
    assert both == Surface(installed_root()).fields("trackwire.connector", "ConnectContext")


def test_every_block_is_run_or_read_by_a_test() -> None:
    assert {info for info, _ in fences(TEXT)} == {
        "toml pyproject",
        "python acme_trackwire/__init__.py",
        "python acme_trackwire/reading.py",
        "python acme_trackwire/conformance.py",
        "python conformance-test",
        "python two-versions",
        "python newer-member",
        "sh regenerate",
    }


def test_document_gives_the_command_that_writes_the_list() -> None:
    assert block("regenerate").strip() == COMMAND


def test_document_names_every_error_that_a_plugin_may_raise() -> None:
    from_plugins = {"RecordError", "TrackerError", "TrackerDeferred", "CursorError"}
    assert from_plugins - set(column("Errors")) == set()


def section(heading: str) -> str:
    return TEXT.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_document_names_the_reserved_names() -> None:
    assert [name for name in RESERVED_NAMES if f"`{name}`" not in section("Distribution")] == []


def test_document_names_the_pattern_of_names() -> None:
    assert f"`{NAME_PATTERN.pattern}`" in section("Distribution")


def test_document_lists_the_outcomes() -> None:
    kinds = {row.partition(":")[0] for row in column("Outcomes")}
    assert kinds == {kind.__name__.lower() for kind in get_args(Outcome)}


def test_document_lists_what_the_client_repeats() -> None:
    (listed,) = re.findall(r"a network fault, ([0-9, ]+), and", section("Requests"))
    assert {int(status) for status in listed.split(", ")} == RETRIED_STATUS_CODES


def test_document_says_how_many_idle_pages_end_a_pull() -> None:
    assert f", or {MAX_IDLE_PAGES} pages in a row" in section("Connectors")


def test_document_says_how_long_an_issue_may_be() -> None:
    assert f"longer than {MAX_RECORD_BYTES >> 20} MiB" in section("Issues")


def test_supported_versions_are_those_of_the_table() -> None:
    rows = tables(TEXT, "Versions")[0]
    assert [int(row[0]) for row in rows if row[2] != "retired"] == list(SUPPORTED_API_VERSIONS)


def test_document_is_about_the_newest_version() -> None:
    stated = re.findall(r"^Plugin API version: (\d+)$", TEXT, re.MULTILINE)
    assert stated == [str(max(SUPPORTED_API_VERSIONS))]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Found]]:
    """Installs the document's distribution, or with another of its blocks as the provider."""

    def install(provider: str = "acme_trackwire/__init__.py") -> Found:
        declared = tomllib.loads(block("pyproject"))["project"]
        site = tmp_path / "site"
        info = site / f"acme_trackwire-{declared['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {declared['name']}\nVersion: {declared['version']}\n"
        )
        points = [
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in declared["entry-points"].items()
        ]
        (info / "entry_points.txt").write_text("\n".join(points))
        package = site / "acme_trackwire"
        package.mkdir()
        for label in (provider, "acme_trackwire/reading.py", "acme_trackwire/conformance.py"):
            name = Path(label).name if label.startswith("acme_") else "__init__.py"
            (package / name).write_text(block(label))
        monkeypatch.syspath_prepend(str(site))
        (found,) = (each for each in scan().claims if each.dist == declared["name"])
        return found

    yield install
    for module in [name for name in sys.modules if name.partition(".")[0] == "acme_trackwire"]:
        del sys.modules[module]


def registered(found: Found) -> Registered:
    outcome = ProviderRegistry([found], environ={}).outcome(found.name)
    assert isinstance(outcome, Registered), outcome
    return outcome


@pytest.mark.parametrize("label", ["acme_trackwire/__init__.py", "two-versions", "newer-member"])
def test_example_is_registered(label: str, acme: Callable[..., Found]) -> None:
    assert registered(acme(label)).provider.title == "Acme Boards"


def test_example_names_the_entry_point_group(acme: Callable[..., Found]) -> None:
    assert acme().entry_point.group == ENTRY_POINT_GROUP


CARD = {"title": "One", "list": "Drafting", "changed": "2026-11-01T10:00:00Z"}
EXPORT: dict[str, Any] = {
    "cards": [
        {**CARD, "id": "1", "board": "rocket"},
        {**CARD, "id": "2", "board": "other"},
    ],
    "next": "abc",
}


def exported(found: Found, document: object) -> list[Any]:
    read_export = registered(found).provider.read_export
    assert read_export is not None
    context = ExportContext(
        workspace="site.example",
        credentials={"board": "rocket"},
        status_map={"drafting": Status.IN_PROGRESS},
    )
    return list(read_export(io.BytesIO(json.dumps(document).encode()), context))


def test_example_reads_an_export(acme: Callable[..., Found]) -> None:
    first, *_ = exported(acme(), EXPORT)
    assert isinstance(first, ExportedIssue)
    told = (first.issue.ref.id, first.issue.status.value, first.place, first.foreign)
    assert told == ("1", "in_progress", "cards[0]", None)


def test_example_knows_foreign_issues(acme: Callable[..., Found]) -> None:
    _, second, _ = exported(acme(), EXPORT)
    assert second.foreign == "field board is 'other', but the project is bound to 'rocket'"


def test_example_knows_that_more_follows(acme: Callable[..., Found]) -> None:
    *_, last = exported(acme(), EXPORT)
    assert last == MoreFollows("field next is set")


def test_example_names_a_bad_record(acme: Callable[..., Found]) -> None:
    with pytest.raises(RecordError, match=r"^cards\[1\], field list: "):
        exported(acme(), {"cards": [EXPORT["cards"][0], {"id": "2", "title": "Two"}]})


def test_example_keeps_every_rule_of_the_kit(acme: Callable[..., Found], tmp_path: Path) -> None:
    acme()
    (tmp_path / "test_conformance.py").write_text(block("conformance-test"))
    run = subprocess.run(  # as an author runs it: nothing of this project's settings counts
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


KINDS = {bool: "boolean", list: "array", dict: "object", str: "text", int: "integer"}


def members(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """The members of a JSON value, as the document names them, with their kinds."""
    if isinstance(value, dict):
        for name, part in value.items():
            path = f"{place}.{name}" if place else name
            yield path, KINDS.get(type(part), "null")
            yield from members(part, path)
    elif isinstance(value, list):
        for part in value:
            yield from members(part, f"{place}[]")


REPORT, RULES_LIST, FAILURE = (
    {name: set(row[1].split(" or ")) for row in rows for name in re.findall(r"`([^`]+)`", row[0])}
    for rows in tables(TEXT, "Rules")
    if rows[0][0] == "`ok`"
)


def kinds_of(*documents: Any) -> dict[str, set[str]]:
    """Every member of some documents, with the kinds that it has in one of them."""
    found: dict[str, set[str]] = {}
    for document in documents:
        for name, kind in members(document):
            found.setdefault(name, set()).add(kind)
    return found


def check(*arguments: str, code: int) -> Any:
    run = CliRunner().invoke(main, ["plugin", "check", *arguments, "--json"])
    assert run.exit_code == code, run.output
    return json.loads(run.stdout)


@pytest.fixture
def unreadable(acme: Callable[..., Found], tmp_path: Path) -> str:
    """The document's distribution, whose claims cannot be read any more."""
    found = acme()
    (file,) = (tmp_path / "site").glob("*/entry_points.txt")
    file.write_text("[trackwire.providers]\nacme acme_trackwire\n")
    return found.dist


def test_document_lists_what_plugin_check_prints(acme: Callable[..., Found]) -> None:
    acme()
    report = check("acme", "--rule", "title-given", code=0)
    assert set(kinds_of(report)) == set(REPORT)


def test_document_tells_the_kind_of_what_plugin_check_prints(
    unreadable: str, acme: Callable[..., Found], tmp_path: Path
) -> None:
    broken = check(unreadable, "--rule", "entry-points-readable", code=1)
    shutil.rmtree(tmp_path / "site")
    acme()
    sound = check("acme", "--rule", "title-given", code=0)
    assert kinds_of(sound, broken) == REPORT


def test_plugin_check_names_no_provider_where_claims_cannot_be_read(unreadable: str) -> None:
    report = check(unreadable, "--rule", "entry-points-readable", code=1)
    (checked,) = report["plugins"]
    assert (checked["distribution"], checked["name"]) == (unreadable, None)


def test_document_tells_what_the_list_of_rules_is() -> None:
    assert kinds_of(check("--list", code=0)) == RULES_LIST


def test_document_tells_what_a_failing_plugin_check_prints() -> None:
    assert kinds_of(check("nobody", code=2)) == FAILURE


def test_list_of_rules_has_every_rule_with_its_need() -> None:
    listed = {rule["rule"]: rule["need"] for rule in check("--list", code=0)["rules"]}
    assert listed == {rule.id: rule.need.value for rule in RULES}


def test_document_lists_the_outcomes_of_a_rule() -> None:
    (row,) = (row for rows in tables(TEXT, "Rules") for row in rows if "].outcome`" in row[0])
    assert re.findall(r"`(\w+)`", row[2]) == list(RuleOutcome)


@pytest.mark.parametrize(("first", "last", "expected"), [(1, 1, 1), (1, 2, 2), (2, 3, 2)])
def test_distribution_for_two_versions_takes_the_newest_that_the_core_does(
    first: int, last: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackwire.provider, "SUPPORTED_API_VERSIONS", range(first, last + 1))
    scope: dict[str, Any] = {}
    exec(block("two-versions"), scope)
    assert scope["trackwire_provider"]().api_version == expected


def test_newer_member_is_given_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    later = make_dataclass(
        "Provider",
        [("archive", object, None)],
        bases=(trackwire.provider.Provider,),
        frozen=True,
        kw_only=True,
    )
    monkeypatch.setattr(trackwire.provider, "Provider", later)
    scope: dict[str, Any] = {}
    exec(block("newer-member"), scope)
    assert scope["trackwire_provider"]().archive is scope["archive"]


def test_hook_without_arguments_stays_right_where_the_core_offers_some(
    acme: Callable[..., Found],
) -> None:
    class Later:
        @hookspec
        def trackwire_provider(self, core: str) -> None:
            """Offers an argument."""

    manager = pluggy.PluginManager("trackwire")
    manager.add_hookspecs(Later)
    manager.register(acme().entry_point.load())
    manager.check_pending()
    (provider,) = manager.hook.trackwire_provider(core="9.9")
    assert provider.name == "acme"
