"""A change of a public name of the plugin API is a change of its contract."""

from __future__ import annotations

import ast
import difflib
import importlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract.documents import ROOT, bare, tables
from contract.public_surface import (
    COMMAND,
    DOCUMENT,
    LISTING,
    PUBLIC_MODULES,
    Surface,
    installed_root,
    with_rules,
)

REMEDY = f"""
The plugin API is not what the contract lists. If that is meant:
 1. change contracts/provider-plugin.md (does it need a new API version? see "Versions");
 2. run: {COMMAND}
 3. add a line under [Unreleased] in contracts/CHANGELOG.md."""


def difference(listed: str, made: str) -> list[str]:
    """What went and what came, the module's heading before it."""
    lines = difflib.unified_diff(listed.splitlines(), made.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_listing_is_what_the_source_offers() -> None:
    changed = difference(LISTING.read_text("utf-8"), Surface(installed_root()).listing())
    assert not changed, "\n".join([*changed, REMEDY])


def test_table_of_rules_is_what_the_kit_checks() -> None:
    document = DOCUMENT.read_text("utf-8")
    changed = difference(document, with_rules(document))
    assert not changed, "\n".join([*changed, REMEDY])


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_every_listed_name_can_be_imported(module: str) -> None:
    loaded = importlib.import_module(module)
    names = Surface(installed_root()).names()[module]
    assert [name for name in names if not hasattr(loaded, name)] == []


def test_every_class_of_the_kit_in_a_listed_signature_is_listed() -> None:
    surface = Surface(installed_root())
    of_the_kit = {each for each in surface.handed_out() if each.startswith("trackwire.testing.")}
    assert "trackwire.testing.api.Exchange" in of_the_kit
    assert of_the_kit - surface.homes() == set()


def test_document_names_what_is_handed_out_and_not_listed() -> None:
    surface = Surface(installed_root())
    unlisted = {each.rpartition(".")[2] for each in surface.handed_out() - surface.homes()}
    (table,) = (rows for rows in tables(DOCUMENT.read_text("utf-8"), "What is stable")[1:])
    assert {bare(row[0]) for row in table} == unlisted


@pytest.mark.parametrize("package", ["trackwire-jira", "trackwire-linear"])
def test_own_plugins_use_public_names_alone(package: str) -> None:
    public = {
        (module, name)
        for module, names in Surface(installed_root()).names().items()
        for name in names
    }
    used = {
        (statement.module, alias.name)
        for path in (ROOT / "plugins" / package / "src").rglob("*.py")
        for statement in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
        if statement.module.partition(".")[0] == "trackwire"
    }
    assert used
    assert used - public == set()


@dataclass(frozen=True)
class Mutation:
    """A change of the plugin API in one file: what is replaced, and what the guard then shows."""

    file: str
    before: str
    after: str
    shown: tuple[str, ...]


MUTATIONS = {
    "a renamed parameter": Mutation(
        "provider.py",
        "def is_provider_name(name: str)",
        "def is_provider_name(text: str)",
        (
            "-def is_provider_name(name: str) -> bool",
            "+def is_provider_name(text: str) -> bool",
        ),
    ),
    "another default": Mutation(
        "provider.py",
        "    required: bool = True",
        "    required: bool = False",
        ("-    required: bool = True", "+    required: bool = False"),
    ),
    "another value of a constant that is a default": Mutation(
        "defaults.py",
        "TRACKER_WAIT_SECONDS = 900.0",
        "TRACKER_WAIT_SECONDS = 60.0",
        ("-    max_wait: float = 900.0,", "+    max_wait: float = 60.0,"),
    ),
    "another annotation": Mutation(
        "connector.py",
        "    issues: Sequence[Issue] = ()",
        "    issues: list[Issue] = ()",
        ("-    issues: Sequence[Issue] = ()", "+    issues: list[Issue] = ()"),
    ),
    "another order of fields": Mutation(
        "connector.py",
        "    id: str\n    problem: str\n",
        "    problem: str\n    id: str\n",
        ("+    problem: str", "-    problem: str"),
    ),
    "fields that are not by keyword any more": Mutation(
        "provider.py",
        "@dataclass(frozen=True, slots=True, kw_only=True)\nclass Provider:",
        "@dataclass(frozen=True, slots=True)\nclass Provider:",
        (
            "-@dataclass(frozen=True, slots=True, kw_only=True)",
            "+@dataclass(frozen=True, slots=True)",
        ),
    ),
    "a new member": Mutation(
        "provider.py",
        "    gateways: tuple[str, ...] = ()\n",
        "    gateways: tuple[str, ...] = ()\n    archive: Connect | None = None\n",
        ("+    archive: Connect | None = None",),
    ),
    "a new function": Mutation(
        "records.py",
        "def read_array(",
        "def read_page(response: str) -> str:\n    return response\n\n\ndef read_array(",
        ("+def read_page(response: str) -> str",),
    ),
    "a new name in __all__": Mutation(
        "fetching/__init__.py",
        '__all__ = ["Limits",',
        'RETRIED = frozenset({429})\n__all__ = ["RETRIED", "Limits",',
        ("+RETRIED = frozenset({429})",),
    ),
    "a name that is gone": Mutation(
        "windows.py",
        "def read_tokens(",
        "def _read_tokens(",
        (
            "-def read_tokens(",
            "-    ask: Callable[[str | None], tuple[Sequence[R], str | None]],",
            "-) -> Iterator[Sequence[R]]",
        ),
    ),
    "a method of a protocol that takes more": Mutation(
        "connector.py",
        "def fetch(self, ids: Sequence[str]) -> Page:",
        "def fetch(self, ids: Sequence[str], *, whole: bool) -> Page:",
        (
            "-    def fetch(self, ids: Sequence[str]) -> Page",
            "+    def fetch(self, ids: Sequence[str], *, whole: bool) -> Page",
        ),
    ),
    "a hook with an argument": Mutation(
        "hookspecs.py",
        "def trackwire_provider() -> Provider:",
        "def trackwire_provider(core: str) -> Provider:",
        ("-def trackwire_provider() -> Provider", "+def trackwire_provider(core: str) -> Provider"),
    ),
    "another value of a contract's constant": Mutation(
        "provider.py",
        "SUPPORTED_API_VERSIONS = range(1, 2)",
        "SUPPORTED_API_VERSIONS = range(1, 3)",
        ("-SUPPORTED_API_VERSIONS = range(1, 2)", "+SUPPORTED_API_VERSIONS = range(1, 3)"),
    ),
    "another base class": Mutation(
        "errors.py",
        "class CursorError(TrackerError):",
        "class CursorError(TrackwireError):",
        ("-class CursorError(TrackerError)", "+class CursorError(TrackwireError)"),
    ),
    "another name on the wire": Mutation(
        "model.py",
        '    TODO = "todo"',
        '    TODO = "to_do"',
        ("-    TODO = 'todo'", "+    TODO = 'to_do'"),
    ),
    "a renamed attribute that an initializer sets": Mutation(
        "errors.py",
        "self.attempts = attempts",
        "self.tries = attempts",
        ("-    self.attempts", "+    self.tries"),
    ),
    "a renamed attribute that another method sets": Mutation(
        "testing/workbench.py",
        "        self.scope = self.service.route().scope",
        "        self.scope_bound = self.service.route().scope",
        ("-    self.scope", "+    self.scope_bound"),
    ),
    "an attribute that is private now": Mutation(
        "testing/workbench.py",
        '        self.root = directory / "project"',
        '        self._root = directory / "project"',
        ("-    self.root",),
    ),
    "an attribute that is set in another way": Mutation(
        "testing/workbench.py",
        "        self.values = {name: value",
        "        self.values, self.kept = {}, {name: value",
        ("+    self.kept",),
    ),
    "another value of a class that a public field has": Mutation(
        "testing/subject.py",
        "    HOOK = 2",
        "    HOOK = 4",
        ("-    HOOK = 2", "+    HOOK = 4"),
    ),
    "a renamed field of what a fake records": Mutation(
        "testing/hub.py",
        "    document: dict[str, Any]\n    body",
        "    snapshot: dict[str, Any]\n    body",
        ("-    document: dict[str, Any]", "+    snapshot: dict[str, Any]"),
    ),
    "another order of fields that a fake records": Mutation(
        "testing/api.py",
        "    is_page: bool\n    is_faulty: bool\n",
        "    is_faulty: bool\n    is_page: bool\n",
        ("+    is_faulty: bool", "-    is_faulty: bool"),
    ),
    "another order of what is unpacked": Mutation(
        "testing/store.py",
        "    store: TrackerSqliteStore\n    scope: Scope\n",
        "    scope: Scope\n    store: TrackerSqliteStore\n",
        ("+    scope: Scope", "-    scope: Scope"),
    ),
    "a renamed field of what loading does": Mutation(
        "testing/inspection.py",
        "    network: tuple[str, ...] = ()",
        "    sockets: tuple[str, ...] = ()",
        ("-    network: tuple[str, ...] = ()", "+    sockets: tuple[str, ...] = ()"),
    ),
    "another base class of the kit's error": Mutation(
        "testing/api.py",
        "class EmulatorError(Exception):",
        "class EmulatorError(RuntimeError):",
        ("-class EmulatorError(Exception)", "+class EmulatorError(RuntimeError)"),
    ),
    "a renamed parameter of a fault": Mutation(
        "testing/faults.py",
        "def carried(request: Request)",
        "def carried(asked: Request)",
        (
            "-def carried(request: Request) -> list[str]",
            "+def carried(asked: Request) -> list[str]",
        ),
    ),
    "a method of a base class that is not public itself": Mutation(
        "secret.py",
        "class Secret:\n",
        "class _Shown:\n    def shown(self) -> str: ...\n\n\nclass Secret(_Shown):\n",
        ("-class Secret", "+class Secret(_Shown)", "+    def shown(self) -> str"),
    ),
    "a renamed parameter of the kit": Mutation(
        "testing/emulator.py",
        "def refusal(self, status: int, request: Request) -> Answer:",
        "def refusal(self, code: int, request: Request) -> Answer:",
        (
            "-    def refusal(self, status: int, request: Request) -> Answer",
            "+    def refusal(self, code: int, request: Request) -> Answer",
        ),
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package's sources, to be changed."""
    folder = tmp_path / "trackwire"
    shutil.copytree(installed_root(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
def test_guard_shows(mutation: Mutation, copy: Path) -> None:
    before = Surface(copy).listing()
    file = copy / mutation.file
    source = file.read_text("utf-8")
    assert source.count(mutation.before) == 1
    file.write_text(source.replace(mutation.before, mutation.after), "utf-8")
    assert difference(before, Surface(copy).listing()) == list(mutation.shown)


def test_guard_overlooks_what_no_author_sees(copy: Path) -> None:
    before = Surface(copy).listing()
    file = copy / "windows.py"
    source = file.read_text("utf-8")
    file.write_text(source.replace("_narrowed", "_cut").replace("Read a list page", "Read pages"))
    assert file.read_text("utf-8") != source
    assert Surface(copy).listing() == before


@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        pytest.param(
            "provider.py",
            '    "NAME_PATTERN",\n',
            '    "NAME_PATTERNS",\n',
            r"trackwire\.provider neither .* NAME_PATTERNS",
            id="of its own",
        ),
        pytest.param(
            "testing/api.py",
            "class EmulatorError(Exception):",
            "class FailingEmulatorError(Exception):",
            r"trackwire\.testing\.api neither .* EmulatorError",
            id="of another module",
        ),
    ],
)
def test_guard_refuses_a_public_name_that_is_not_there(
    file: str, before: str, after: str, message: str, copy: Path
) -> None:
    source = (copy / file).read_text("utf-8")
    assert before in source
    (copy / file).write_text(source.replace(before, after), "utf-8")
    with pytest.raises(LookupError, match=message):
        Surface(copy).listing()


def test_guard_finds_a_class_that_is_handed_out(copy: Path) -> None:
    file = copy / "testing" / "hub.py"
    source = file.read_text("utf-8")
    annotated = "    def url(self) -> str:"
    assert annotated in source
    file.write_text(source.replace(annotated, "    def url(self) -> 'LoopbackServer':"), "utf-8")
    surface = Surface(copy)
    assert "trackwire.testing.serving.LoopbackServer" in surface.handed_out() - surface.homes()
