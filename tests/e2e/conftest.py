"""A home of its own for every test, the command line in this process or another, and a hub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import pytest
from click.testing import CliRunner, Result
from keyring.backend import KeyringBackend
from keyring.backends.null import Keyring as NoKeyring

from trackwire.cli import main

ACME_PLUGIN = """
import json
from trackwire.errors import RecordError
from trackwire.hookspecs import hookimpl
from trackwire.model import ExternalRef, Issue, IssueType, Status
from trackwire.provider import CredentialField, ExportedIssue, MoreFollows, Provider

def read_export(stream, context):
    document = json.load(stream)
    for number, card in enumerate(document["cards"]):
        place = f"cards[{number}]"
        if "title" not in card:
            raise RecordError(place, "title", "it is missing")
        ref = ExternalRef(system="acme", workspace=context.workspace, id=card["id"])
        issue = Issue(
            ref=ref, title=card["title"], status=Status.TODO, issue_type=IssueType.TASK
        )
        board = context.credentials.get("board")
        foreign = None
        if board and card.get("board", board) != board:
            foreign = f"field board is {card['board']!r}, but the project is bound to {board!r}"
        yield ExportedIssue(issue, place, foreign)
    if document.get("next"):
        yield MoreFollows("next is set")

@hookimpl
def trackwire_provider():
    return Provider(
        name="acme",
        title="Acme Boards",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
        credential_fields=(
            CredentialField(name="base_url", help="The site's address", origin=True),
            CredentialField(name="email", help="Your e-mail", personal=True, required=False),
            CredentialField(name="token", help="Profile, API tokens", secret=True),
            CredentialField(name="board", help="The board's short name"),
        ),
        read_export=read_export,
    )
"""


class MemoryKeyring(KeyringBackend):
    """A usable keyring that lasts as long as the test."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


def private_environment(home: Path) -> dict[str, str]:
    """Return the environment of a user whose home this is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACKWIRE_")}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "COLUMNS": "200",
    }


@dataclass
class User:
    """Somebody at the command line, in a home and a project of their own.

    Args:
        home: Where the user's own files lie.
        project: The directory that commands are run for.
        environ: The environment of other processes.
    """

    home: Path
    project: Path
    environ: dict[str, str] = field(repr=False)
    monkeypatch: pytest.MonkeyPatch = field(repr=False)

    @property
    def config(self) -> Path:
        return self.project / ".kittify" / "config.yaml"

    @property
    def credentials(self) -> Path:
        return self.home / ".config" / "trackwire" / "credentials.toml"

    def setenv(self, name: str, value: str) -> None:
        self.monkeypatch.setenv(name, value)
        self.environ[name] = value

    def run(self, *arguments: str, given: str | bytes | None = None) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(main, ["-C", str(self.project), *arguments], input=given)

    def does(self, *arguments: str, given: str | bytes | None = None) -> str:
        """Run a command that is to succeed, and return its standard output."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 0, done.output
        return done.stdout

    def fails(self, *arguments: str, code: int, given: str | bytes | None = None) -> str:
        """Run a command that is to fail, and return its one line of error."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == code, done.output
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        others = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
        assert lines == others
        assert len(lines) == 1
        return lines[0].removeprefix("error: ")

    def json(self, *arguments: str, code: int = 0, given: str | bytes | None = None) -> Any:
        """Run a command with `--json`, and return the only document on standard output."""
        done = self.run(*arguments, "--json", given=given)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        return subprocess.Popen(
            [sys.executable, "-m", "trackwire", *arguments],
            **(streams | {"stderr": subprocess.PIPE} | options),
            cwd=self.project,
            env=self.environ,
            text=True,
        )

    def process(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        with self.start(*arguments, **options) as process:
            stdout, stderr = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def terminal(self, *arguments: str) -> Any:
        """Start a command on a terminal."""
        import pexpect  # type: ignore[import-untyped]  # ships no annotations

        return pexpect.spawn(
            sys.executable,
            ["-m", "trackwire", *arguments],
            cwd=str(self.project),
            env=self.environ,
            encoding="utf-8",
            timeout=20,
            dimensions=(40, 200),
        )

    def install(
        self, name: str, source: str, *, dist: str | None = None, entry: str | None = None
    ) -> None:
        """Install a plugin as a distribution, for this process and others."""
        site = self.home / "site"
        dist = dist or f"{name}-plugin"
        module = f"{dist.replace('-', '_')}_{abs(hash(self.home))}"
        info = site / f"{dist.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(
            f"[trackwire.providers]\n{entry or name} = {module}\n"
        )
        (site / f"{module}.py").write_text(source)
        self.on_path(site)

    def on_path(self, site: Path) -> None:
        """Have this process and others find distributions in a directory."""
        self.monkeypatch.syspath_prepend(site)
        others = self.environ.get("PYTHONPATH", "").split(os.pathsep)
        paths = dict.fromkeys([str(site), *filter(None, others)])
        self.environ["PYTHONPATH"] = os.pathsep.join(paths)

    @staticmethod
    def cards(*ids: str, **members: object) -> str:
        """Return an answer of the made-up tracker's API."""
        return json.dumps({"cards": [{"id": i, "title": f"card {i}"} for i in ids], **members})

    @staticmethod
    def lines(*ids: str, workspace: str = "site.example", system: str = "acme") -> str:
        """Return issues in wire form, one a line."""
        ref = {"system": system, "workspace": workspace}
        rest = {"title": "a title", "status": "todo", "issue_type": "task"}
        return "".join(json.dumps({"ref": {**ref, "id": i}, **rest}) + "\n" for i in ids)

    def files(self) -> Iterator[Path]:
        """Every file of the home and the project."""
        for place in (self.home, self.project):
            yield from (path for path in place.rglob("*") if path.is_file())


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A user with an empty home and an empty directory."""
    home, project = tmp_path / "home", tmp_path / "rocket"
    home.mkdir()
    project.mkdir()
    environ = private_environment(home)
    for name in tuple(os.environ):
        if name.startswith("TRACKWIRE_"):
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, environ[name])
    modules = set(sys.modules)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield User(home, project, environ, monkeypatch)
    keyring.set_keyring(before)
    for name in set(sys.modules) - modules:
        if "_plugin_" in name:
            del sys.modules[name]


@pytest.fixture
def acme(user: User) -> User:
    """A user who has the plugin acme-plugin 1.2 of a made-up tracker."""
    user.install("acme", ACME_PLUGIN)
    return user


@pytest.fixture
def bound(acme: User) -> User:
    """A user whose project is bound to the board B1, with two issues at hand."""
    acme.does("bind", "acme", "--workspace", "site.example", "--set", "board=B1")
    acme.does("import", "-", given=acme.cards("1", "2"))
    return acme


@pytest.fixture
def memory_keyring(user: User) -> MemoryKeyring:
    """A usable keyring of this process."""
    made = MemoryKeyring()
    keyring.set_keyring(made)
    return made


@dataclass
class Hub:
    """A hub in a process of its own.

    Args:
        url: Its address.
        database: Its database.
        token: A token of the team `rockets`.
        log: What it writes.
    """

    url: str
    database: Path
    token: str = field(repr=False)
    log: Path
    environ: dict[str, str] = field(repr=False)

    def run(self, *arguments: str) -> Any:
        """Run one of the hub's commands and return its document."""
        command = [sys.executable, "-m", "trackwire", "hub", *arguments]
        done = subprocess.run(
            [*command, "--database", str(self.database), "--json"],
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)

    def add_mapping(self, project: str, workspace: str, *resource: str) -> None:
        """Lead a workspace of acme, or a resource of it, to a project."""
        self.run(
            *("mapping", "add", "--team", "rockets", "--provider", "acme"),
            *("--workspace", workspace, *resource, "--project", project),
        )


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The hub that the tests share; each uses a workspace of its own."""
    home = tmp_path_factory.mktemp("hub")
    made = Hub("", home / "hub.sqlite", "", home / "hub.log", private_environment(home))
    made.token = made.run("token", "create", "--team", "rockets", "--name", "tests")["token"]
    command = [sys.executable, "-m", "trackwire", "hub", "serve", "--port", "0"]
    with (
        made.log.open("w") as log,
        subprocess.Popen(
            [*command, "--database", str(made.database)],
            env=made.environ,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            made.url = re.search(r"http://\S+", line)[0]
            yield made
        finally:
            process.terminate()


@pytest.fixture
def publisher(bound: User, hub: Hub, request: pytest.FixtureRequest) -> User:
    """A user who has logged in to the hub, with a workspace that no other test uses."""
    workspace = f"{request.node.name}.example"
    bound.does("login", hub.url, "--token-stdin", given=hub.token)
    bound.does("bind", "acme", "--workspace", workspace, "--set", "board=B1")
    bound.does("import", "-", given=bound.cards("1", "2"))
    return bound
