"""Keeps each given credential where it belongs, secrets bound to the origin they are for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.errors import ProjectError, UsageError, command
from trackwire.lock import project_lock
from trackwire.origin import origin_of, parse_address, require_safe
from trackwire.project import is_project, load_project, write_binding
from trackwire.provider import NAME_PATTERN, CredentialField

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import Provider
    from trackwire.registry import ProviderRegistry


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
    if not is_users(declared.get(request.field)):
        return _set_in_project(root, config, request, notify)
    held = config.fields if config and config.binding and _is_bound_to(config, request) else {}
    origin = (
        origin_of(request.origin)
        if request.origin
        else secrets_origin(credentials, provider, request.workspace, given, held)
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
        check_text(value, f"the value of {name}")
    if provider is None:
        for name in given:
            if NAME_PATTERN.fullmatch(name) is None:
                raise UsageError(f"{name!r} is no field's name; one looks like api_token")
        return {}
    declared = dict(provider.fields_by_name)
    for name, value in given.items():
        if name not in declared:
            raise UsageError(
                f"{provider.title} has no field {name!r}; its fields are: {', '.join(declared)}"
            )
        if declared[name].origin:
            require_safe(parse_address(value), "credentials")
    return declared


def check_text(text: str, what: str) -> None:
    """Refuse a text that no file can hold.

    Args:
        text: The text.
        what: What it is, for the message; the text itself is not shown.

    Raises:
        UsageError: It is not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what} is not UTF-8 text") from None


def is_users(declared: CredentialField | None) -> bool:
    """Tell whether a field's value is kept for the user, not in the project.

    Args:
        declared: The field, or None where no plugin declares it and it counts as secret.
    """
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
            f"run: {command('bind', request.provider, '--workspace', request.workspace)}"
        )
    with project_lock(root, "credentials", notify=notify):
        held = load_project(root).binding  # as it is now that nobody else changes it
        write_binding(root, held, set_fields={request.field: request.value})
    return str(config.path)


def secrets_origin(
    credentials: TrackerCredentialStore,
    provider: Provider | None,
    workspace: str,
    given: Mapping[str, str],
    held: Mapping[str, str | int],
    confirmed: str | None = None,
) -> str | None:
    """Tell which origin the secrets among the given values are for.

    Args:
        credentials: The user's credentials.
        provider: The registered provider, or None.
        workspace: The workspace.
        given: The values that the user gives now, by field.
        held: The project's own plain values, which are somebody else's text.
        confirmed: The origin that a person has agreed to, or None.

    Returns:
        The origin, or None where there is no secret or no address yet.

    Raises:
        UsageError: Only the project's file names the origin, and nobody has agreed to it.
    """
    if provider is None:
        return None
    address = provider.origin_field
    secrets = [f.name for f in provider.credential_fields if f.secret and f.name in given]
    if address is None or not secrets:
        return None
    own = (
        given.get(address.name)
        or credentials.from_environment(provider.name, address.name)
        or credentials.stored_plain(provider.name, workspace, address.name)
    )
    if own:
        return origin_of(own)
    if address.name not in held:
        return origin_of(address.default) if address.default else None
    origin = origin_of(str(held[address.name]))
    if confirmed is None or origin_of(confirmed) != origin:
        raise UsageError(
            f"{secrets[0]} would be given to {origin}, which only the project's file names; "
            f"if that is right, say so: --set {address.name}=... with bind, --origin {origin} "
            "with credentials set"
        )
    return origin
