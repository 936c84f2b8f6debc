"""The credentials of a binding: merged from their sources, secrets bound to origins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from trackwire.errors import CredentialError, command
from trackwire.origin import origin_of
from trackwire.secret import Secret
from trackwire.userfile import Entry, UserStore

if TYPE_CHECKING:
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import CredentialField, Provider


class Source(StrEnum):
    """Where a value comes from, in the order in which they win."""

    GIVEN = "given"
    ENVIRONMENT = "environment"
    PROJECT = "project"
    USER_WORKSPACE = "user_workspace"
    USER_PROVIDER = "user_provider"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One field of a binding's credentials.

    Args:
        field: The field's name.
        source: Where the value comes from.
        detail: The environment variable or file.
        secret: Whether it is shown masked; `plain` is then None.
        plain: The value of a field that is not secret.
        note: A warning about it, or None.
    """

    field: str
    source: Source
    detail: str
    secret: bool
    plain: str | int | None = None
    note: str | None = None


class TrackerCredentialStore:
    """Everything that is known of credentials, for one user.

    Args:
        users: The user's own store.
        environ: The environment.
    """

    def __init__(
        self, users: UserStore | None = None, environ: Mapping[str, str] = os.environ
    ) -> None:
        self.users = users or UserStore()
        self._environ = environ

    def get_provider(self, provider: str, workspace: str) -> dict[str, str | Secret]:
        """Return what is stored for the user, the workspace's values over the provider's.

        Args:
            provider: The provider's normalized name.
            workspace: The workspace.
        """
        return {
            entry.field: Secret(self.users.value_of(entry))
            if entry.secret
            else self.users.value_of(entry)
            for entry in self._stored(provider, workspace).values()
        }

    def effective(
        self, config: TrackerProjectConfig, provider: Provider | None
    ) -> dict[str, Value]:
        """Merge a binding's credentials, each value with its source; opens no keyring.

        Args:
            config: The project.
            provider: The registered provider; without one every value counts as secret.

        Raises:
            CredentialError: The project's file holds a secret.
        """
        binding = config.bound()
        stored = self._stored(binding.provider, binding.workspace)
        declared = provider.fields_by_name if provider else {}
        self._refuse_project_secrets(config, declared)
        names = {**declared, **dict.fromkeys(stored)} if provider else self._known(config, stored)
        merged = {name: self._merge(config, stored, name, declared.get(name)) for name in names}
        return {name: value for name, value in merged.items() if value is not None}

    def secret(
        self,
        config: TrackerProjectConfig,
        provider: Provider,
        field: str,
        address: Value | None = None,
    ) -> Secret | None:
        """Return a secret for use at the address that the binding names, or None without one.

        Args:
            config: The project.
            provider: The registered provider.
            field: The secret field.
            address: Where it is sent; None for the address that the binding names now.

        Raises:
            CredentialError: There is no address to send it to, it was not given for that origin,
                or it is not to be had.
        """
        values = self.effective(config, provider)
        held = values.get(field)
        if held is None:
            return None
        address = address or _address(provider, values)
        if held.source is Source.ENVIRONMENT:
            _check_environment_origin(provider, self.variable(provider.name, field), address)
            return Secret(self._environ[held.detail])
        entry = self._stored(provider.name, config.workspace)[field]
        _check_stored_origin(entry, address)
        return Secret(self.users.value_of(entry))

    def keep(
        self,
        provider: Provider | None,
        name: str,
        workspace: str | None,
        field: str,
        value: str,
        origin: str | None,
    ) -> str:
        """Store a secret or personal value for the user.

        Args:
            provider: The registered provider; without one every value counts as secret.
            name: The provider's normalized name.
            workspace: The workspace it is for, or None for every one of the provider.
            field: The field's name.
            value: The value.
            origin: For a secret, the origin it may be sent to; None where none is known.

        Returns:
            Where it lies now, for a person.
        """
        declared = provider.fields_by_name if provider else {}
        secret = field not in declared or declared[field].secret
        entry = Entry(
            provider=name,
            workspace=workspace,
            field=field,
            secret=secret,
            origin=origin_of(origin) if secret and origin else None,
        )
        return self.users.put(entry, value)

    def check_origin(
        self, config: TrackerProjectConfig, provider: Provider, field: str, address: Value
    ) -> None:
        """Check that a secret may be sent to an address, without opening the keyring.

        Args:
            config: The project.
            provider: The registered provider.
            field: The secret field.
            address: Where it would be sent.

        Raises:
            CredentialError: It was not given for that origin.
        """
        if self.from_environment(provider.name, field) is not None:
            _check_environment_origin(provider, self.variable(provider.name, field), address)
        elif entry := self._stored(provider.name, config.workspace).get(field):
            _check_stored_origin(entry, address)

    def rotate(
        self,
        config: TrackerProjectConfig,
        provider: Provider,
        values: Mapping[str, str],
        address: Value,
    ) -> None:
        """Replace stored secrets where they lie, one after the other in the given order.

        Args:
            config: The project.
            provider: The registered provider.
            values: The new value of each secret field; one that was not set before is stored for
                the workspace.
            address: Where they were got from, and are for.

        Raises:
            CredentialError: One of them is set in the environment, or the old one was given for
                another origin; nothing was stored.
        """
        entries = [self._rotated(config, provider, field, address) for field in values]
        for entry in entries:
            self.users.put(entry, values[entry.field])

    def _rotated(
        self, config: TrackerProjectConfig, provider: Provider, field: str, address: Value
    ) -> Entry:
        if self.from_environment(provider.name, field) is not None:
            variable = self.variable(provider.name, field)
            raise CredentialError(
                f"the tracker has replaced {field}, and {variable} cannot be replaced; get a new "
                f"one, run: {command('credentials', 'set', field)}, and unset {variable}"
            )
        entry = self._stored(provider.name, config.workspace).get(field)
        if entry is None:
            return Entry(
                provider=provider.name,
                workspace=config.workspace or None,
                field=field,
                origin=origin_of(str(address.plain)),
            )
        _check_stored_origin(entry, address)
        return entry

    def drop(self, provider: str, workspace: str | None, field: str) -> bool:
        """Remove what is stored for the user.

        Args:
            provider: The provider's normalized name.
            workspace: The workspace it is for, or None for every one of the provider.
            field: The field's name.

        Returns:
            Whether there was something.
        """
        wanted = Entry(provider=provider, workspace=workspace, field=field)
        held = next((e for e in self.users.read().credential if e.same_place(wanted)), None)
        if held is not None:
            self.users.drop(held)
        return held is not None

    def drop_workspace(self, provider: str, workspace: str) -> None:
        """Remove all that is stored for the user of one workspace.

        Args:
            provider: The provider's normalized name.
            workspace: The workspace.
        """
        for entry in self.users.read().credential:
            if (entry.provider, entry.workspace) == (provider, workspace):
                self.users.drop(entry)

    def stored_plain(self, provider: str, workspace: str, field: str) -> str | None:
        """Return a value that the user stored and that is not secret, or None.

        Args:
            provider: The provider's normalized name.
            workspace: The workspace.
            field: The field's name.
        """
        entry = self._stored(provider, workspace).get(field)
        return None if entry is None or entry.secret else self.users.value_of(entry)

    def confirmed_origins(self, provider: str, workspace: str) -> frozenset[str]:
        """Return the origins that the user has given secrets of a workspace for.

        Args:
            provider: The provider's normalized name.
            workspace: The workspace.
        """
        stored = self._stored(provider, workspace).values()
        return frozenset(entry.origin for entry in stored if entry.secret and entry.origin)

    def variable(self, provider: str, field: str) -> str:
        """Return the name of the environment variable for a field.

        Args:
            provider: The provider's normalized name.
            field: The field's name.
        """
        return _variable(provider, field)

    def from_environment(self, provider: str, field: str) -> str | None:
        """Return a field's value from the environment; a blank variable counts as unset.

        Args:
            provider: The provider's normalized name.
            field: The field's name.
        """
        value = self._environ.get(self.variable(provider, field), "")
        return value if value.strip() else None

    def _stored(self, provider: str, workspace: str) -> dict[str, Entry]:
        entries = [e for e in self.users.read().credential if e.provider == provider]
        return {
            **{e.field: e for e in entries if e.workspace is None},
            **{e.field: e for e in entries if e.workspace == workspace},
        }

    def _known(
        self, config: TrackerProjectConfig, stored: Mapping[str, Entry]
    ) -> dict[str, CredentialField | None]:
        prefix = self.variable(config.provider, "")
        variables = [
            name.removeprefix(prefix).lower() for name in self._environ if name.startswith(prefix)
        ]
        return dict.fromkeys(sorted({*variables, *config.fields, *stored}))

    def _merge(
        self,
        config: TrackerProjectConfig,
        stored: Mapping[str, Entry],
        name: str,
        declared: CredentialField | None,
    ) -> Value | None:
        secret = declared is None or declared.secret
        environment = self.from_environment(config.provider, name)
        candidates: list[tuple[Source, str, str | int | None]] = []
        if environment is not None:
            variable = self.variable(config.provider, name)
            candidates.append((Source.ENVIRONMENT, variable, environment))
        if name in config.fields:
            candidates.append((Source.PROJECT, str(config.path), config.fields[name]))
        if name in stored:
            entry = stored[name]
            source = Source.USER_WORKSPACE if entry.workspace else Source.USER_PROVIDER
            # What was stored as a secret, for want of a plugin, may lie in the keyring.
            secret = secret or (entry.secret and not candidates)
            plain = None if secret or entry.secret else entry.value
            candidates.append((source, str(self.users.path), plain))
        if declared is not None and declared.default is not None:
            candidates.append((Source.DEFAULT, "", declared.default))
        if not candidates:
            return None
        source, detail, value = candidates[0]
        return Value(
            field=name,
            source=source,
            detail=detail,
            secret=secret,
            plain=None if secret else value,
            note=_disagreement(candidates),
        )

    def _refuse_project_secrets(
        self, config: TrackerProjectConfig, declared: Mapping[str, CredentialField]
    ) -> None:
        for name in config.fields:
            if name in declared and declared[name].secret:
                move = command("credentials", "set", name, "--from-project")
                raise CredentialError(
                    f"{config.path}: trackwire.fields.{name} is a secret, and the project's file "
                    f"is no place for one; run: {move}, and replace it at the tracker if the file "
                    "was ever shared"
                )


def _variable(provider: str, field: str) -> str:
    return f"TRACKWIRE_{provider}_{field}".upper()


def _address(provider: Provider, values: Mapping[str, Value]) -> Value | None:
    if provider.origin_field is None:
        return None
    declared = provider.origin_field.name
    address = values.get(declared)
    if address is None or address.plain is None:
        raise CredentialError(
            f"there is no {declared} to send a secret to; run: trackwire credentials set {declared}"
        )
    return address


def _check_environment_origin(provider: Provider, variable: str, address: Value | None) -> None:
    if address is None or address.source is not Source.PROJECT:
        return
    origin = origin_of(str(address.plain))
    default = provider.origin_field.default if provider.origin_field else None
    if default is not None and origin == origin_of(default):
        return
    own = _variable(provider.name, address.field)
    raise CredentialError(
        f"{variable} is not sent to {origin}, which only the project's file names; if that is "
        f"right, set {own} to it too"
    )


def _check_stored_origin(entry: Entry, address: Value | None) -> None:
    if address is None:
        return
    origin = origin_of(str(address.plain))
    if entry.origin != origin:
        given = f"for {entry.origin}" if entry.origin else "before there was an address"
        raise CredentialError(
            f"{entry.field} is not sent to {origin}: it was given {given}; if that is right, "
            f"run: {command('credentials', 'set', entry.field, '--origin', origin)}"
        )


def _disagreement(candidates: list[tuple[Source, str, str | int | None]]) -> str | None:
    if [source for source, _, _ in candidates[:2]] != [Source.ENVIRONMENT, Source.PROJECT]:
        return None
    (_, variable, ours), (_, path, theirs) = candidates[:2]
    if str(ours).strip() == str(theirs).strip():
        return None
    return f"{variable} overrides another value in {path}"
