"""The user's own file: credentials, hubs and where each secret is kept.

A TOML file in the user's configuration directory that nobody else may read. A secret's value
lies in the system keyring where there is a usable one, and the file then only says so.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from trackwire import vault
from trackwire.destination import hub_of
from trackwire.errors import CredentialError, LockedError, command
from trackwire.files import discard_leftovers, private_directory, replacing

TOKEN_OWNER = "hub"  # noqa: S105 - the reserved provider name under which tokens are stored
_WAIT_SECONDS = 60.0


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One stored value.

    Args:
        provider: The provider's normalized name; `hub` for the token of a hub.
        workspace: The workspace it belongs to; None for every one of the provider.
        field: The credential field.
        secret: Whether it is shown masked.
        origin: For a secret, the origin it was given for, such as `https://acme.example`.
        value: The value, or None where the keyring holds it.
    """

    provider: str
    field: str
    workspace: str | None = None
    secret: bool = True
    origin: str | None = None
    value: str | None = None

    @property
    def account(self) -> str:
        """The name under which the keyring holds the value; no field's name has a slash."""
        return "/".join(part for part in self.place if part is not None)

    @property
    def place(self) -> tuple[str, str | None, str]:
        """Provider, workspace and field: there is one entry for each."""
        return self.provider, self.workspace, self.field

    def same_place(self, other: Entry) -> bool:
        """Whether two entries are the same field of the same provider and workspace."""
        return self.place == other.place

    def __repr__(self) -> str:
        return f"Entry({self.account}, value='****')"


class UserFile(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The whole file.

    Args:
        hub: The address of the hub that a publish goes to where none is named.
        credential: The stored values.
    """

    hub: str | None = None
    credential: tuple[Entry, ...] = ()


class UserStore:
    """Reads and changes the user's file, keeping secrets in the keyring where it can.

    Args:
        path: The file; by default `credentials.toml` in the user's configuration directory.
        keyring: Whether to keep secrets in the keyring; if not, the file holds them all.
    """

    def __init__(self, path: Path | None = None, *, keyring: bool = True) -> None:
        self._path = path
        self._keyring = keyring

    @property
    def path(self) -> Path:
        """The file."""
        if self._path is None:
            import platformdirs

            self._path = platformdirs.user_config_path("trackwire") / "credentials.toml"
        return self._path

    def read(self) -> UserFile:
        """Return what is stored; nothing where there is no file.

        Raises:
            CredentialError: Others may read the file, or it is malformed.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return UserFile()
        except OSError as error:
            raise CredentialError(f"{self.path}: {error.strerror}") from error
        try:
            self._refuse_if_shared(os.fstat(descriptor))
            text = _read_all(descriptor)
        except OSError as error:
            raise CredentialError(f"{self.path}: {error.strerror}") from error
        finally:
            os.close(descriptor)
        try:
            return msgspec.toml.decode(text, type=UserFile)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # The parser's own text could quote a secret; its position is enough to mend the file.
            problem = _position(error)
            raise CredentialError(f"{self.path}: malformed: {problem}; mend or remove it") from None

    def put(self, entry: Entry, value: str) -> str:
        """Store a value, replacing the one in its place.

        Args:
            entry: What it is.
            value: The value.

        Returns:
            Where it lies now, for a person.

        Raises:
            CredentialError: The file is unusable; nothing was stored.
            LockedError: Another process is changing the file.
        """
        with self._editing() as file:
            in_keyring = self._keyring and entry.secret and vault.keep(entry.account, value)
            stored = msgspec.structs.replace(entry, value=None if in_keyring else value)
            others = tuple(e for e in file.credential if not e.same_place(entry))
            self._write(msgspec.structs.replace(file, credential=(*others, stored)))
        return "the system keyring" if in_keyring else str(self.path)

    def drop(self, entry: Entry) -> None:
        """Remove a value, from the keyring too.

        Args:
            entry: The stored entry.

        Raises:
            CredentialError: The file is unusable, or the keyring does not let go of the value.
            LockedError: Another process is changing the file.
        """
        with self._editing() as file:
            others = tuple(e for e in file.credential if not e.same_place(entry))
            self._write(msgspec.structs.replace(file, credential=others))
        if entry.value is None and not vault.forget(entry.account):
            raise CredentialError(
                f"trackwire no longer uses {entry.account}, but the system keyring may still hold "
                f"it; remove it there, from the service {vault.SERVICE}"
            )

    def use_hub(self, url: str | None) -> None:
        """Set the hub that a publish goes to where none is named.

        Args:
            url: Its address, or None for no such hub.
        """
        with self._editing() as file:
            self._write(msgspec.structs.replace(file, hub=url))

    def value_of(self, entry: Entry) -> str:
        """Return an entry's value, opening the keyring only if it is there.

        Args:
            entry: The stored entry.

        Raises:
            CredentialError: The keyring does not give it out.
        """
        if entry.value is not None:
            return entry.value
        value = vault.recall(entry.account)
        if value is None:
            where = f"{entry.provider} at {entry.workspace}" if entry.workspace else entry.provider
            raise CredentialError(
                f"the system keyring does not give out {entry.field} of {where}; unlock it, or "
                f"run: {_command_that_sets(entry)}"
            )
        return value

    @contextlib.contextmanager
    def _editing(self) -> Iterator[UserFile]:
        from filelock import FileLock, Timeout

        lock = FileLock(self.path.with_suffix(".lock"), mode=0o600, timeout=_WAIT_SECONDS)
        try:
            private_directory(self.path.parent)
            with lock:
                discard_leftovers(self.path)
                yield self.read()
        except Timeout:
            raise LockedError(
                f"another process has been changing {self.path} for {_WAIT_SECONDS:.0f} s"
            ) from None
        except OSError as error:
            raise CredentialError(f"{self.path}: cannot be changed: {error.strerror}") from error

    def _write(self, file: UserFile) -> None:
        with replacing(self.path, mode=0o600) as stream:
            stream.write(b"# Written by trackwire; secrets lie here where no keyring is usable.\n")
            stream.write(msgspec.toml.encode(file))

    def _refuse_if_shared(self, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():
            raise CredentialError(f"{self.path}: it belongs to another user, and is not read")
        if status.st_mode & 0o077:
            raise CredentialError(
                f"{self.path}: others may read or change it "
                f"(mode {status.st_mode & 0o777:03o}); run: chmod 600 {self.path}"
            )


def _read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        return stream.read()


def _command_that_sets(entry: Entry) -> str:
    if entry.provider == TOKEN_OWNER:
        return command("login", hub_of(entry.workspace or ""))
    place = ("--workspace", entry.workspace) if entry.workspace else ("--every-workspace",)
    return command("credentials", "set", entry.field, "--provider", entry.provider, *place)


def _position(error: Exception) -> str:
    text = str(error)
    marker = text.rfind("(at ")
    if marker >= 0:
        return text[marker + 1 :].rstrip(")")
    path = text.rfind("at `$")
    return text[path:] if path >= 0 else "not the TOML that trackwire writes"
