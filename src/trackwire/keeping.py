"""Keeps each given credential where it belongs, secrets bound to the origin they are for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.errors import ProjectError, UsageError, assignment, command
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
    declared = declared_fields(provider, {request.field: request.value})
    config = load_project(root) if is_project(root) else None
    if not is_users(declared.get(request.field)):
        return _set_in_project(root, config, request, notify)
    origin = origin_to_keep(root, registry, credentials, request)
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


def origin_to_keep(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    request: SetRequest,
) -> str | None:
    """Tell which origin a value would be kept for; its text counts for nothing.

    So a person is asked for a secret only where it would be kept.

    Args:
        root: The project's directory.
        registry: The provider registry.
        credentials: The user's credentials.
        request: What to keep.

    Returns:
        The origin; None for a value that is not secret, or where there is no address yet.

    Raises:
        UsageError: The field is not declared, or only the project's file names the origin.
    """
    provider = registry.provider(request.provider)
    require_declared(provider, request.field)
    if request.origin:
        return origin_of(request.origin)
    config = load_project(root) if is_project(root) else None
    held = config.fields if config and config.binding and _is_bound_to(config, request) else {}
    everywhere = ("--every-workspace",) if request.every_workspace else ()
    return secrets_origin(
        credentials,
        provider,
        request.workspace,
        {request.field: request.value},
        held,
        confirm_by=("credentials", "set", request.field, *everywhere, "--origin"),
    )


def require_declared(provider: Provider | None, field: str) -> None:
    """Refuse a field that a provider does not have.

    Args:
        provider: The registered provider, or None where any field may be given.
        field: The field's name.

    Raises:
        UsageError: The field is not declared, or its name is none.
    """
    if provider is None:
        if NAME_PATTERN.fullmatch(field) is None:
            raise UsageError(f"{field!r} is no field's name; one looks like api_token")
    elif field not in provider.fields_by_name:
        declared = ", ".join(provider.fields_by_name)
        raise UsageError(f"{provider.title} has no field {field!r}; its fields are: {declared}")


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
    declared = dict(provider.fields_by_name) if provider else {}
    for name, value in given.items():
        check_text(value, f"the value of {name}")
        require_declared(provider, name)
        if name in declared and declared[name].origin:
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
    workspace = request.workspace or "WORKSPACE"
    if config is None or request.every_workspace or not _is_bound_to(config, request):
        raise ProjectError(
            f"{request.field} belongs to the project, and {root} is not bound to "
            f"{request.provider} at {workspace}; "
            f"run: {command('bind', request.provider, '--workspace', workspace)}"
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
    confirm_by: tuple[str, ...] = (),
) -> str | None:
    """Tell which origin the secrets among the given values are for.

    Args:
        credentials: The user's credentials.
        provider: The registered provider, or None.
        workspace: The workspace.
        given: The values that the user gives now, by field.
        held: The project's own plain values, which are somebody else's text.
        confirmed: The origin that a person has agreed to, or None.
        confirm_by: The command that agrees to the origin which ends it; by default the address
            is to be given too.

    Returns:
        The origin, or None where there is no secret or no address yet.

    Raises:
        UsageError: Only the project's file names the origin, and nobody has agreed to it.
    """
    if provider is None or provider.origin_field is None:
        return None
    secrets = [f.name for f in provider.credential_fields if f.secret and f.name in given]
    if not secrets:
        return None
    address = provider.origin_field
    if own := given.get(address.name):
        return origin_of(own)
    origin = unconfirmed_origin(credentials, provider, workspace, held)
    if origin is None:
        return _agreed_origin(credentials, provider, address, workspace, held)
    if confirmed is None or origin_of(confirmed) != origin:
        own_words = f"give it too: --set {assignment(address.name)}"
        agree = f"run: {command(*confirm_by, origin)}" if confirm_by else own_words
        raise UsageError(
            f"{secrets[0]} would be given to {origin}, which only the project's file names; "
            f"if that is right, {agree}"
        )
    return origin


def unconfirmed_origin(
    credentials: TrackerCredentialStore,
    provider: Provider,
    workspace: str,
    held: Mapping[str, str | int],
) -> str | None:
    """Return the origin that only the project's file names, and that nobody has agreed to.

    Whoever has given a secret of the workspace for an origin has agreed to it.

    Args:
        credentials: The user's credentials.
        provider: The registered provider.
        workspace: The workspace.
        held: The project's own plain values, which are somebody else's text.

    Returns:
        The origin, or None where there is no such one.

    Raises:
        UsageError: The address is unusable.
    """
    address = provider.origin_field
    if address is None or address.name not in held:
        return None
    if _own_address(credentials, provider, workspace, address.name):
        return None
    origin = origin_of(str(held[address.name]))
    agreed = credentials.confirmed_origins(provider.name, workspace)
    return None if origin in agreed else origin


def _agreed_origin(
    credentials: TrackerCredentialStore,
    provider: Provider,
    address: CredentialField,
    workspace: str,
    held: Mapping[str, str | int],
) -> str | None:
    url = (
        _own_address(credentials, provider, workspace, address.name)
        or held.get(address.name)
        or address.default
    )
    return origin_of(str(url)) if url else None


def _own_address(
    credentials: TrackerCredentialStore, provider: Provider, workspace: str, name: str
) -> str | None:
    return credentials.from_environment(provider.name, name) or credentials.stored_plain(
        provider.name, workspace, name
    )
