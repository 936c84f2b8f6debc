"""Fixtures of the unit tests: providers, fake distributions, and a user with a keyring or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

from trackwire.discovery import Found, scan
from trackwire.provider import CredentialField, Provider
from trackwire.userfile import UserStore

DISTS = Path(__file__).resolve().parents[1] / "data" / "dists"
NOBODY = 65534


class Vault(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False
        self.opened = 0

    def get_password(self, service: str, username: str) -> str | None:
        self._open()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._open()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._open()
        del self.held[service, username]

    def _open(self) -> None:
        self.opened += 1
        if self.locked:
            raise RuntimeError("the vault is locked")


@contextmanager
def _keyring(backend: keyring.backend.KeyringBackend) -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)


@pytest.fixture
def no_keyring() -> Iterator[None]:
    """A machine without a usable keyring."""
    with _keyring(keyring.backends.fail.Keyring()):
        yield


@pytest.fixture
def vault(no_keyring: None) -> Iterator[Vault]:
    """A machine with a usable keyring."""
    backend = Vault()
    with _keyring(backend):
        yield backend


@pytest.fixture
def users(no_keyring: None, tmp_path: Path) -> UserStore:
    """A user without anything stored, and without a keyring unless the test has a vault."""
    return UserStore(tmp_path / "home" / "trackwire" / "credentials.toml")


@pytest.fixture
def acme() -> Provider:
    """A provider with every kind of field and no default address."""
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
        credential_fields=(
            CredentialField(name="base_url", help="The site", origin=True),
            CredentialField(name="email", help="The account", personal=True, required=False),
            CredentialField(name="api_token", help="A token", secret=True),
            CredentialField(name="board", help="The board"),
        ),
    )


@pytest.fixture
def cloud() -> Provider:
    """A provider with one address that everybody uses."""
    return Provider(
        name="cloud",
        title="Cloud",
        api_version=1,
        credential_fields=(
            CredentialField(
                name="api_url", help="The API", default="https://api.cloud.example/v1", origin=True
            ),
            CredentialField(name="api_key", help="A key", secret=True),
        ),
    )


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Found, ...]]]:
    """Installs the distributions of folders, and returns what discovery finds there alone.

    A folder is a name under tests/data/dists, or a path.
    """
    before = list(sys.path)
    library = [path for path in sys.path if path.startswith(sysconfig.get_path("stdlib"))]
    library = [path for path in library if "site-packages" not in path]
    loaded = set(sys.modules)

    def install(*folders: str | Path) -> tuple[Found, ...]:
        paths = [str(DISTS / folder) for folder in folders]
        with monkeypatch.context() as hidden:
            hidden.setattr(sys, "path", [*paths, *library])
            found = scan().claims
        monkeypatch.setattr(sys, "path", [*paths, *before])
        return found

    yield install
    for name in set(sys.modules) - loaded:
        if name.startswith("fake_"):
            del sys.modules[name]


@pytest.fixture
def public_path() -> Iterator[Path]:
    """A directory that its owner, whoever the tests run as, is subject to the permissions of."""
    path = Path(tempfile.mkdtemp(prefix="trackwire-"))
    path.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def unprivileged() -> Callable[[], AbstractContextManager[None]]:
    """Gives up the superuser's rights for a block, for whom no permission counts."""

    @contextmanager
    def drop() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return drop


@pytest.fixture
def foreign_process() -> Iterator[int]:
    """The id of a process that no signal may be sent to while `unprivileged`."""
    if os.geteuid() != 0:
        yield 1
        return
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=NOBODY - 1) as process:
        yield process.pid
