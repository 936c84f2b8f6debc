"""Which command loads which plugin, and calls what of it, is what the contract's table says."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from contract.documents import tables
from contract.public_surface import DOCUMENT
from projectkit import LIVE_PLUGIN, TRACKER_TOKEN, running_tracker
from userkit import User, new_user

from trackwire.cli import main
from trackwire.testing import RecordingHub

FUNCTIONS = frozenset({"connect", "connector", "read_export", "discover", "verify", "pause"})

# What a plugin does leaves a mark, also where it does it in a process of its own.
MARKING = """
import dataclasses

def mark(deed):
    with open({marks!r}, "a") as file:
        file.write(deed + "\\n")

mark("loaded")

def marked(name, function):
    def call(*arguments):
        mark(name)
        return function(*arguments)
    return call

def replaced(original):
    @hookimpl
    def trackwire_provider():
        provider = original()
        functions = {{
            "connect": lambda context: Marked(provider.connect(context)),
            "discover": provider.discover,
            "verify": provider.verify,
            "pause": lambda response: None,
            "read_export": lambda stream, context: iter(()),
        }}
        calls = {{name: marked(name, function) for name, function in functions.items()}}
        return dataclasses.replace(provider, name={name!r}, **calls)
    return trackwire_provider

class Marked:
    def __init__(self, connector):
        self.census, self.fetch = connector.census, connector.fetch
        self.pages = marked("connector", connector.pages)

trackwire_provider = replaced(trackwire_provider)
"""
EMULATOR = """
from trackwire.testing import Answer, Emulator

class BoardEmulator(Emulator):
    credentials = {"token": "made-up-token", "board": "B1"}

    def answer(self, request, tracker):
        told = {
            "/api/boards": {"boards": [{"id": tracker.resource_id, "name": "First"}]},
            "/api/cards": {"cards": [], "next": None},
            "/api/ids": {"cards": []},
            "/api/me": {"account": "Ada", "timezone": None},
        }
        return Answer.of_json(told[request.path], is_page=request.path == "/api/cards")

    def export(self, tracker, issues):
        return b""
"""
RULES = ("pull-empty", "discover-lists", "verify-tells", "export-empty")
CHECK = ("plugin", "check", *(part for rule in RULES for part in ("--rule", rule)))
BIND = ("bind", "acme", "--workspace", "site.example")
CALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "publish": (("publish",), ("publish", "--dry-run")),
    "route": (("route",),),
    "status": (("status",),),
    "map": (("map", "list"), ("map", "add", "WP02", "1"), ("map", "remove", "WP01", "1")),
    "credentials list": (("credentials", "list"),),
    "credentials set": (("credentials", "set", "board", "--stdin"),),
    "credentials remove": (("credentials", "remove", "spare"),),
    "import": (("import", "export.json"),),
    "pull": (("pull",),),
    "sync": (("sync",),),
    "discover": (("discover", "acme"),),
    "bind": ((*BIND, "--set", "board=B1"),),
    "doctor": (("doctor",),),
    "providers": (("providers",),),
    "plugin check NAME": ((*CHECK, "acme"),),
    "plugin check": (CHECK,),
    "plugin check --list": (("plugin", "check", "--list"),),
    "plugin new": (("plugin", "new", "sail", "--directory", "sail"),),
    "unbind": (("unbind",), ("unbind", "--purge")),
    "login": (("login", "{hub}", "--token-stdin"),),
    "logout": (("logout",),),
    "hub": (("hub", "token", "create", "--team", "my-team", "--name", "laptop"),),
}
"""How each command of the table is typed, but for those on a terminal."""
ON_A_TERMINAL = "bind on a terminal"
UNLISTED = {"demo"}


@dataclass
class Marks:
    """What a plugin did, told by the marks that it left in a file."""

    file: Path

    def forget(self) -> None:
        self.file.write_text("")

    def read(self) -> frozenset[str]:
        return frozenset(self.file.read_text().split())


@dataclass
class Person:
    """A user with a bound project, two plugins that leave marks, and a tracker and a hub."""

    user: User
    hub: str
    bound: Marks
    other: Marks


def install(user: User, name: str) -> Marks:
    marks = Marks(user.home / f"{name}.marks")
    user.install(name, LIVE_PLUGIN + MARKING.format(name=name, marks=str(marks.file)))
    (info,) = (user.home / "site").glob(f"{name}_plugin-*")
    with (info / "entry_points.txt").open("a") as file:
        file.write(f"[trackwire.conformance]\n{name} = {name}_emulator:BoardEmulator\n")
    (user.home / "site" / f"{name}_emulator.py").write_text(EMULATOR)
    return marks


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    with ExitStack() as stack:
        user = stack.enter_context(new_user(tmp_path, monkeypatch))
        monkeypatch.chdir(user.project)
        bound, other = install(user, "acme"), install(user, "other")
        tracker = stack.enter_context(running_tracker("1"))
        hub = stack.enter_context(RecordingHub())
        user.setenv("TRACKWIRE_ACME_BASE_URL", tracker.url)
        user.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
        user.setenv("TRACKWIRE_HUB_URL", hub.url)
        user.does(*BIND, "--set", "board=B1")
        user.does("pull")
        user.does("map", "add", "WP01", "1")
        user.does("credentials", "set", "spare", "--stdin", given="kept-for-experts")
        (user.project / "export.json").write_text("{}")
        for module in [name for name in sys.modules if "_plugin_" in name]:
            del sys.modules[module]
        bound.forget()
        other.forget()
        yield Person(user, hub.url, bound, other)
        for name in ("acme_emulator", "other_emulator"):
            sys.modules.pop(name, None)


@dataclass(frozen=True)
class Row:
    """What the contract says that a command does to the two plugins."""

    bound: frozenset[str]
    other: frozenset[str]


def deeds(cell: str) -> frozenset[str]:
    """What a cell says: whether a plugin is loaded, and which of its functions run."""
    if re.fullmatch(r"(is|are) not imported", cell):
        return frozenset()
    assert re.match(r"(is|are) loaded\b", cell), cell
    if re.search(r"\ball (its|their) functions run\b", cell):
        return FUNCTIONS | {"loaded"}
    functions = re.findall(r"`(\w+)`|the (connector)", cell)
    return frozenset({"loaded", *("".join(each) for each in functions)})


def rows() -> dict[str, Row]:
    (table,) = tables(DOCUMENT.read_text("utf-8"), "When code runs")
    return {
        f"{command}{where}": Row(deeds(bound), deeds(other))
        for commands, bound, other in table
        for command, where in re.findall(r"`([^`]+)`( on a terminal)?", commands)
    }


ROWS = rows()


def typed(command: str, arguments: tuple[str, ...]) -> Any:
    marks = [pytest.mark.needs_hub] if command == "hub" else []
    return pytest.param(command, arguments, id=" ".join(arguments[:4]), marks=marks)


def missing(command: click.Command | None, path: str = "") -> Iterator[str]:
    """The commands that the table has no row of, neither their own nor one of their group."""
    if path in ROWS:
        return
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from missing(command.get_command(context, name), f"{path} {name}".strip())


def test_table_has_every_command() -> None:
    assert set(missing(main)) == UNLISTED


def test_every_row_is_tested() -> None:
    assert set(ROWS) == {*CALLS, ON_A_TERMINAL}


@pytest.mark.parametrize(
    ("command", "arguments"),
    [typed(command, arguments) for command, every in CALLS.items() for arguments in every],
)
def test_command_does_to_plugins_what_the_table_says(
    command: str, arguments: tuple[str, ...], person: Person
) -> None:
    typed_in = [argument.format(hub=person.hub) for argument in arguments]
    person.user.does(*typed_in, given="token\n")
    assert Row(person.bound.read(), person.other.read()) == ROWS[command]


def test_bind_on_a_terminal_does_to_plugins_what_the_table_says(person: Person) -> None:
    person.user.does("unbind", "--purge")
    with person.user.terminal(*BIND) as session:
        session.expect_exact("email (optional): ")
        session.sendline("")
        session.expect_exact("or the value): ")
        session.sendline("B1")
        session.read()
    assert Row(person.bound.read(), person.other.read()) == ROWS[ON_A_TERMINAL]


@pytest.mark.needs_hub
@pytest.mark.needs_jira
@pytest.mark.needs_linear
def test_demo_imports_no_plugin_but_those_of_its_own_projects(person: Person) -> None:
    done = person.user.process("demo")
    assert done.returncode == 0, done.stderr
    assert person.bound.read() | person.other.read() == set()
