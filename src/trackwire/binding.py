"""Binds a project to a tracker, and unbinds it."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.connecting import lacking
from trackwire.errors import ProjectError, UsageError
from trackwire.keeping import check_text, declared_fields, is_users, secrets_origin
from trackwire.lock import project_lock
from trackwire.origin import parse_address
from trackwire.project import (
    CONFIG_FILE,
    Binding,
    TrackerProjectConfig,
    create_project,
    is_project,
    load_project,
    write_binding,
)
from trackwire.provider import CredentialField, is_provider_name, normalize_provider_name
from trackwire.store import STORE_FILE

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore, Value
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
        unlikely: Whether a person means a provider without a plugin, though an installed one has
            a name much like it.
    """

    provider: str
    workspace: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    doctrine_mode: DoctrineMode | None = None
    doctrine_field_owners: Mapping[str, FieldOwner] | None = None
    confirmed_origin: str | None = None
    unlikely: bool = False


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
    _checked_plan(root, registry, credentials, request)  # before the lock makes a directory
    with _locked(root, notify):
        plan, origin = _checked_plan(root, registry, credentials, request)
        kept = _carry_out(root, credentials, request, plan, origin)
    config = load_project(root)
    values = credentials.effective(config, plan.provider)
    before = plan.previous
    return BindReport(
        config=config,
        registered=plan.provider is not None,
        created=before is None,
        previous=before.binding if before else None,
        dropped_fields=tuple(sorted(set(before.fields) - set(config.fields))) if before else (),
        kept=kept,
        missing=_missing(plan.provider, values),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a binding would still lack.

    Args:
        missing: Fields to ask for: those without a value anywhere, and without one that stands
            in for them; the optional ones too, unless they are secret.
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
    # A blank answer says that the field was asked for; whether it will do is for `bind` to say.
    plan = _plan(root, registry, credentials, replace(request, values={}))
    provider, values = plan.provider, plan.values
    if provider is None:
        return Prospect(missing=(), address=None)
    address = provider.origin_field.name if provider.origin_field else ""
    known = values.get(address)
    answered = {name for name, value in request.values.items() if value}
    return Prospect(
        missing=tuple(
            f
            for f in lacking(provider, values.keys() | answered)
            if f.name not in request.values and (f.required or not f.secret)
        ),
        address=request.values.get(address) or (str(known.plain) if known else None),
    )


def prospective(root: Path, provider: str, workspace: str | None) -> TrackerProjectConfig:
    """Return the project as it would be, bound to a provider's workspace; nothing is changed.

    Args:
        root: The project's directory; it need not be a project.
        provider: The provider's name, in any form.
        workspace: The workspace; None for the one that the project has at that provider, or
            else for none.

    Raises:
        UsageError: The provider's name is none.
        ProjectError: The configuration is malformed.
    """
    name = _checked_name(provider)
    held = load_project(root) if is_project(root) else TrackerProjectConfig(root=root)
    owner = held.owner
    known = owner.workspace if owner and owner.provider == name else ""
    site = _checked_workspace(workspace) if workspace else known
    if owner and (owner.provider, owner.workspace) == (name, site):
        return replace(held, binding=owner)
    return replace(held, binding=Binding(provider=name, workspace=site), fields={})


def likely_provider(root: Path, registry: ProviderRegistry, provider: str) -> str | None:
    """Return the installed provider that is probably meant by a name without a plugin, or None.

    Args:
        root: The project's directory; what it is bound to already is meant as it stands.
        registry: The provider registry.
        provider: The name that was given, in any form.

    Raises:
        UsageError: It is no provider's name.
        ProjectError: The configuration is malformed.
    """
    name = _checked_name(provider)
    bound = load_project(root).binding if is_project(root) else None
    if name in registry.names() or (bound and bound.provider == name):
        return None
    return next(iter(difflib.get_close_matches(name, registry.names(), n=1, cutoff=0.7)), None)


def unbind(
    root: Path,
    credentials: TrackerCredentialStore,
    *,
    purge: bool = False,
    notify: Callable[[str], None] = lambda _: None,
) -> TrackerProjectConfig:
    """Remove a project's binding; its credentials and store stay, for the next time.

    Args:
        root: The project's directory.
        credentials: The user's credentials.
        purge: Whether to remove them too: the project's plain fields, what the user stored for
            the workspace, and the store with the issues of every scope.
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
        write_binding(root, None, drop_fields=frozenset(config.fields if purge else ()))
        if purge:
            for path in directory.glob(f"{STORE_FILE}*"):
                path.unlink()
    if purge and config.owner is not None:
        credentials.drop_workspace(config.owner.provider, config.owner.workspace)
    return config


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A binding to be made: `held` stays of the project's own values, `values` is what is set."""

    provider: Provider | None
    binding: Binding
    previous: TrackerProjectConfig | None
    held: Mapping[str, str | int]
    values: Mapping[str, Value]


def _plan(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    request: BindRequest,
) -> _Plan:
    name = _checked_name(request.provider)
    workspace = _checked_workspace(request.workspace)
    provider = registry.provider(name)
    declared_fields(provider, request.values)
    previous = load_project(root) if is_project(root) else None
    binding = _new_binding(previous, name, workspace, request)
    held = {} if previous is None or _moved(previous, binding) else previous.fields
    if previous and previous.binding and previous.fields and not held and not request.unlikely:
        _refuse_misspelt(name, likely_provider(root, registry, name))
    would_be = TrackerProjectConfig(root=root, binding=binding, fields=held)
    return _Plan(
        provider=provider,
        binding=binding,
        previous=previous,
        held=held,
        values=credentials.effective(would_be, provider),
    )


def _checked_name(provider: str) -> str:
    name = normalize_provider_name(provider)
    if not is_provider_name(name):
        raise UsageError(f"{provider!r} is no provider's name; see: trackwire providers")
    return name


def _checked_workspace(workspace: str) -> str:
    text = workspace.strip()
    if not text:
        raise UsageError("the workspace is blank; it is the provider's site or organisation")
    check_text(text, "the workspace")
    if "://" in text:
        address = parse_address(text)
        host = address.origin.removeprefix(f"{address.scheme}://")
        raise UsageError(
            "the workspace is a site's host or an organisation's name, and no address; "
            f"give --workspace {host}, or the name"
        )
    return text


def _refuse_misspelt(name: str, likely: str | None) -> None:
    if likely is not None:
        raise UsageError(
            f"no plugin is installed for {name}, and the binding's fields would be lost: is "
            f"{likely} meant? If not, run first: trackwire unbind"
        )


def _checked_plan(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    request: BindRequest,
) -> tuple[_Plan, str | None]:
    plan = _plan(root, registry, credentials, request)
    origin = secrets_origin(
        credentials,
        plan.provider,
        plan.binding.workspace,
        request.values,
        plan.held,
        request.confirmed_origin,
    )
    return plan, origin


def _carry_out(
    root: Path,
    credentials: TrackerCredentialStore,
    request: BindRequest,
    plan: _Plan,
    origin: str | None,
) -> dict[str, str]:
    declared = plan.provider.fields_by_name if plan.provider else {}
    shared = {n: v for n, v in request.values.items() if not is_users(declared.get(n))}
    if plan.previous is None:
        create_project(root)
    dropped = set(plan.previous.fields) - set(plan.held) if plan.previous else set()
    write_binding(root, plan.binding, set_fields=shared, drop_fields=frozenset(dropped))
    return {
        name: str(root / CONFIG_FILE)
        if name in shared
        else credentials.keep(
            plan.provider, plan.binding.provider, plan.binding.workspace, name, value, origin
        )
        for name, value in request.values.items()
    }


def _missing(provider: Provider | None, values: Mapping[str, Value]) -> tuple[CredentialField, ...]:
    return tuple(f for f in lacking(provider, values) if f.required) if provider else ()


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
    held = previous.owner if previous else None
    return held is None or (held.provider, held.workspace) != (
        binding.provider,
        binding.workspace,
    )
