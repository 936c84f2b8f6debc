"""Binds a project to a tracker, and keeps each given value where it belongs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.errors import ProjectError, UsageError
from trackwire.lock import project_lock
from trackwire.origin import origin_of
from trackwire.project import (
    Binding,
    TrackerProjectConfig,
    create_project,
    is_project,
    load_project,
    write_binding,
)
from trackwire.provider import (
    NAME_PATTERN,
    CredentialField,
    is_provider_name,
    normalize_provider_name,
)
from trackwire.store import STORE_FILE

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.model import DoctrineMode, FieldOwner
    from trackwire.provider import Provider
    from trackwire.registry import ProviderRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class BindRequest:
    """What a project is to be bound to.

    Args:
        provider: The provider's name, in any form.
        workspace: The provider's site or organisation.
        values: Credential values by field; secrets among them are kept as such.
        doctrine_mode: Which side is authoritative; None keeps what the binding has.
        doctrine_field_owners: Field name to its owner; None keeps what the binding has.
        confirmed_origin: The origin that a person has agreed to give the secrets to, where only
            the project's file names it.
    """

    provider: str
    workspace: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    doctrine_mode: DoctrineMode | None = None
    doctrine_field_owners: Mapping[str, FieldOwner] | None = None
    confirmed_origin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BindReport:
    """What binding a project did.

    Args:
        config: The project as it is now.
        registered: Whether the provider has a plugin.
        created: Whether the directory was made a project.
        previous: The binding before, or None.
        dropped_fields: Plain values of the previous binding that were removed.
        kept: Field name to where its value lies now.
        missing: Fields that have no value anywhere.
    """

    config: TrackerProjectConfig
    registered: bool
    created: bool
    previous: Binding | None
    dropped_fields: tuple[str, ...]
    kept: Mapping[str, str]
    missing: tuple[CredentialField, ...]


def bind(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    request: BindRequest,
    notify: Callable[[str], None] = lambda _: None,
) -> BindReport:
    """Bind a project, making the directory one if need be.

    Args:
        root: The project's directory; it exists.
        registry: The provider registry.
        credentials: The user's credentials.
        request: What to bind to.
        notify: Told when there is something to wait for.

    Raises:
        UsageError: The request cannot be; nothing was changed.
        ProviderError: The provider's plugin is broken; nothing was changed.
        ProjectError: The configuration is malformed; it stays as it is.
    """
    name = normalize_provider_name(request.provider)
    workspace = request.workspace.strip()
    if not is_provider_name(name):
        raise UsageError(f"{request.provider!r} is no provider's name; see: trackwire providers")
    if not workspace:
        raise UsageError("the workspace is blank; it is the provider's site or organisation")
    provider = registry.provider(name)
    declared = declared_fields(provider, request.values)
    _check_text(workspace, "the workspace")
    with _locked(root, notify):
        created = not is_project(root)
        previous = None if created else load_project(root)
        binding = _new_binding(previous, name, workspace, request)
        moved = _moved(previous, binding)
        held = {} if previous is None or moved else previous.fields
        shared = {n: v for n, v in request.values.items() if not _is_users(declared.get(n))}
        origin = _secrets_origin(credentials, provider, request, held)
        # A secret in the project's file or an unusable user's file stops here: nothing is written.
        prospective = TrackerProjectConfig(root=root, binding=binding, fields=held)
        credentials.effective(prospective, provider)
        if created:
            create_project(root)
        write_binding(
            root,
            binding,
            set_fields=shared,
            drop_fields=frozenset(previous.fields) if previous and moved else frozenset(),
        )
        config = load_project(root)
        kept = dict.fromkeys(shared, str(config.path))
        for field_name, value in request.values.items():
            if field_name not in shared:
                kept[field_name] = credentials.keep(
                    provider, name, workspace, field_name, value, origin
                )
    values = credentials.effective(config, provider)
    return BindReport(
        config=config,
        registered=provider is not None,
        created=created,
        previous=previous.binding if previous else None,
        dropped_fields=tuple(sorted(set(previous.fields) - set(config.fields))) if previous else (),
        kept=kept,
        missing=tuple(f for f in declared.values() if f.required and f.name not in values),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a binding would still lack.

    Args:
        missing: Fields without a value anywhere, the optional ones too.
        address: Where the secrets would be sent, or None where that is not known yet.
    """

    missing: tuple[CredentialField, ...]
    address: str | None


def prospect(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    request: BindRequest,
) -> Prospect:
    """Tell what a binding would lack, so that a person can be asked for it.

    Args:
        root: The project's directory.
        registry: The provider registry.
        credentials: The user's credentials.
        request: What would be bound to.
    """
    name, workspace = normalize_provider_name(request.provider), request.workspace.strip()
    provider = registry.provider(name)
    if provider is None:
        return Prospect(missing=(), address=None)
    previous = load_project(root) if is_project(root) else None
    binding = _new_binding(previous, name, workspace, request)
    held = {} if previous is None or _moved(previous, binding) else previous.fields
    config = TrackerProjectConfig(root=root, binding=binding, fields=held)
    values = credentials.effective(config, provider)
    address = next((f.name for f in provider.credential_fields if f.origin), "")
    known = values.get(address)
    return Prospect(
        missing=tuple(
            f
            for f in provider.credential_fields
            if f.name not in values and f.name not in request.values
        ),
        address=request.values.get(address) or (str(known.plain) if known else None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRequest:
    """A credential to be kept.

    Args:
        provider: The provider's normalized name.
        workspace: The workspace.
        field: The field.
        value: Its value.
        every_workspace: Whether it is for every workspace of the provider.
        origin: For a secret, the origin it is for; None for the one that the binding names.
    """

    provider: str
    workspace: str
    field: str
    value: str = dataclasses.field(repr=False)  # `field` is a name of this class
    every_workspace: bool = False
    origin: str | None = None


def set_credential(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    request: SetRequest,
    notify: Callable[[str], None] = lambda _: None,
) -> str:
    """Keep a credential where it belongs: the project, the user's file or the keyring.

    Args:
        root: The project's directory.
        registry: The provider registry.
        credentials: The user's credentials.
        request: What to keep.
        notify: Told when there is something to wait for.

    Returns:
        Where it lies now, for a person.

    Raises:
        UsageError: The field is not declared, or it is not clear which origin a secret is for.
        ProjectError: A field of the project is given where the project is not bound so.
    """
    provider = registry.provider(request.provider)
    given = {request.field: request.value}
    declared = declared_fields(provider, given)
    config = load_project(root) if is_project(root) else None
    if not _is_users(declared.get(request.field)):
        return _set_in_project(root, config, request, notify)
    held = config.fields if config and config.binding and _is_bound_to(config, request) else {}
    origin = (
        origin_of(request.origin)
        if request.origin
        else _secrets_origin(
            credentials,
            provider,
            BindRequest(provider=request.provider, workspace=request.workspace, values=given),
            held,
        )
    )
    place = credentials.keep(
        provider,
        request.provider,
        None if request.every_workspace else request.workspace,
        request.field,
        request.value,
        origin,
    )
    if config and config.binding and request.field in config.fields:
        with project_lock(root, "credentials", notify=notify):
            held_now = load_project(root).binding
            write_binding(root, held_now, drop_fields=frozenset({request.field}))
    return place


def unbind(
    root: Path,
    *,
    purge: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> TrackerProjectConfig:
    """Remove a project's binding.

    Args:
        root: The project's directory.
        purge: Whether to remove the store too, with the issues of every scope.
        notify: Told when there is something to wait for.

    Returns:
        The project as it was.

    Raises:
        ProjectError: It is no project, or not bound and not to be purged.
    """
    config = load_project(root)
    if not purge:
        config.bound()
    with project_lock(root, "unbind", notify=notify) as directory:
        config = load_project(root)  # as it is now that nobody else changes it
        write_binding(root, None, drop_fields=frozenset(config.fields))
        if purge:
            for path in directory.glob(f"{STORE_FILE}*"):
                path.unlink()
    return config


def declared_fields(
    provider: Provider | None, given: Mapping[str, str]
) -> dict[str, CredentialField]:
    """Return a provider's fields by name, checking those that values are given for.

    Args:
        provider: The registered provider, or None where any field may be given.
        given: Values by field.

    Raises:
        UsageError: A field is not declared, or its name or value is unusable.
    """
    for name, value in given.items():
        _check_text(value, f"the value of {name}")
    if provider is None:
        for name in given:
            if NAME_PATTERN.fullmatch(name) is None:
                raise UsageError(f"{name!r} is no field's name; one looks like api_token")
        return {}
    declared = {f.name: f for f in provider.credential_fields}
    for name, value in given.items():
        if name not in declared:
            raise UsageError(
                f"{provider.title} has no field {name!r}; its fields are: {', '.join(declared)}"
            )
        if declared[name].origin:
            origin_of(value)
    return declared


def _check_text(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not UTF-8 text") from None


def _is_users(declared: CredentialField | None) -> bool:
    return declared is None or declared.secret or declared.personal


def _is_bound_to(config: TrackerProjectConfig, request: SetRequest) -> bool:
    binding = config.bound()
    return (binding.provider, binding.workspace) == (request.provider, request.workspace)


def _set_in_project(
    root: Path,
    config: TrackerProjectConfig | None,
    request: SetRequest,
    notify: Callable[[str], None],
) -> str:
    if config is None or request.every_workspace or not _is_bound_to(config, request):
        raise ProjectError(
            f"{request.field} belongs to the project, and {root} is not bound to "
            f"{request.provider} at {request.workspace}; "
            f"run: trackwire bind {request.provider} --workspace {request.workspace}"
        )
    with project_lock(root, "credentials", notify=notify):
        held = load_project(root).binding  # as it is now that nobody else changes it
        write_binding(root, held, set_fields={request.field: request.value})
    return str(config.path)


@contextlib.contextmanager
def _locked(root: Path, notify: Callable[[str], None]) -> Iterator[None]:
    if not root.is_dir() or not os.access(root, os.W_OK):
        raise ProjectError(f"{root}: not a directory that can be written to")
    with project_lock(root, "bind", notify=notify):
        yield


def _new_binding(
    previous: TrackerProjectConfig | None, name: str, workspace: str, request: BindRequest
) -> Binding:
    held = previous.binding if previous else None
    default = held or Binding(provider=name, workspace=workspace)
    owners = request.doctrine_field_owners
    return Binding(
        provider=name,
        workspace=workspace,
        doctrine_mode=request.doctrine_mode or default.doctrine_mode,
        doctrine_field_owners=default.doctrine_field_owners if owners is None else owners,
    )


def _moved(previous: TrackerProjectConfig | None, binding: Binding) -> bool:
    held = previous.binding if previous else None
    return held is None or (held.provider, held.workspace) != (
        binding.provider,
        binding.workspace,
    )


def _secrets_origin(
    credentials: TrackerCredentialStore,
    provider: Provider | None,
    request: BindRequest,
    held: Mapping[str, str | int],
) -> str | None:
    if provider is None:
        return None
    address = next((f for f in provider.credential_fields if f.origin), None)
    secrets = [f.name for f in provider.credential_fields if f.secret and f.name in request.values]
    if address is None or not secrets:
        return None
    own = (
        request.values.get(address.name)
        or credentials.from_environment(provider.name, address.name)
        or credentials.stored_plain(provider.name, request.workspace.strip(), address.name)
    )
    if own:
        return origin_of(own)
    if address.name not in held:
        return origin_of(address.default) if address.default else None
    origin = origin_of(str(held[address.name]))
    if request.confirmed_origin is None or origin_of(request.confirmed_origin) != origin:
        raise UsageError(
            f"{secrets[0]} would be given to {origin}, which only the project's file names; "
            f"if that is right, say so: --set {address.name}={held[address.name]} with bind, "
            f"--origin {origin} with credentials set"
        )
    return origin
