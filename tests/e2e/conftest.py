"""A home of its own for every test, the command line in this process or another, and a hub."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from userkit import User, new_user, private_environment

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


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A user with an empty home and an empty directory."""
    with new_user(tmp_path, monkeypatch) as made:
        yield made


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
