"""The rules that a provider plugin must keep to be registered, each checked at load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from trackwire.errors import UsageError
from trackwire.origin import parse_address, require_safe
from trackwire.provider import (
    NAME_PATTERN,
    RESERVED_NAMES,
    SUPPORTED_API_VERSIONS,
    CredentialField,
    Provider,
)

if TYPE_CHECKING:
    from trackwire.discovery import Found


class UnsoundPluginError(Exception):
    """A plugin breaks a rule of its contract."""


def check_entry_name(found: Found) -> None:
    """Check the name of a claim's entry point.

    Args:
        found: The claim.

    Raises:
        UnsoundPluginError: The name is reserved, ill-formed or not in normal form.
    """
    written = found.entry_point.name
    if found.name in RESERVED_NAMES:
        raise UnsoundPluginError(f"the name {found.name!r} is reserved")
    if NAME_PATTERN.fullmatch(found.name) is None:
        raise UnsoundPluginError(
            f"the entry point's name {written!r} is not a provider's name: lower-case letters "
            "a to z, digits and underscores, a letter first"
        )
    if written != found.name:
        raise UnsoundPluginError(
            f"the entry point's name {written!r} is not in normal form; it must be {found.name!r}"
        )


def checked_provider(provider: object, name: str) -> Provider:
    """Check what a plugin's hook returned.

    Args:
        provider: What it returned.
        name: The name of its entry point.

    Raises:
        UnsoundPluginError: It is no provider, or one that breaks a rule.
    """
    if not isinstance(provider, Provider):
        raise UnsoundPluginError(
            f"trackwire_provider() returned {type(provider).__name__}, not a Provider"
        )
    if faults := list(_faults(provider, name)):
        raise UnsoundPluginError("; ".join(faults))
    return provider


def _faults(provider: Provider, name: str) -> Iterator[str]:
    supported = SUPPORTED_API_VERSIONS
    version: object = provider.api_version
    if isinstance(version, bool) or not isinstance(version, int) or version not in supported:
        yield (
            f"it was written for plugin API version {version!r}; this trackwire supports "
            f"{supported.start} to {supported.stop - 1}"
        )
    if provider.name != name:
        yield f"its provider is named {provider.name!r}, its entry point {name!r}"
    if not isinstance(provider.title, str) or not provider.title.strip():
        yield "its title is blank"
    for capability in ("read_export", "connect", "discover", "verify", "pause"):
        function = getattr(provider, capability)
        if function is not None and not callable(function):
            yield f"its {capability} cannot be called"
    yield from _gateway_faults(provider.gateways)
    if faults := list(_field_faults(provider.credential_fields)):
        yield from faults
    else:
        yield from _routing_faults(provider)


def _gateway_faults(gateways: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(gateways, tuple) or not all(isinstance(url, str) for url in gateways):
        yield "its gateways are not a tuple of addresses"
        return
    for url in gateways:
        try:
            require_safe(parse_address(url), "secrets")
        except UsageError as error:
            yield f"its gateways: {error}"


def _field_faults(fields: tuple[CredentialField, ...]) -> Iterator[str]:
    if not isinstance(fields, tuple) or not all(isinstance(f, CredentialField) for f in fields):
        yield "its credential_fields are not a tuple of CredentialField"
        return
    names = [f.name for f in fields]
    for credential in fields:
        if not isinstance(credential.name, str) or not NAME_PATTERN.fullmatch(credential.name):
            yield f"its credential field {credential.name!r} does not match [a-z][a-z0-9_]*"
        elif names.count(credential.name) > 1:
            yield f"it declares the credential field {credential.name!r} twice"
        elif credential.secret and credential.default is not None:
            yield f"its secret credential field {credential.name!r} has a default"
        elif credential.instead_of is not None and credential.instead_of not in names:
            yield (
                f"its credential field {credential.name!r} stands in for "
                f"{credential.instead_of!r}, which it does not declare"
            )
    origins = [f for f in fields if f.origin]
    if len(origins) > 1 or any(f.secret for f in origins):
        yield "at most one credential field is the origin, and that one is not secret"


def _routing_faults(provider: Provider) -> Iterator[str]:
    resource_type, key = provider.resource_type, provider.credential_key
    if (resource_type is None) != (key is None):
        yield "it declares half a routing: set resource_type and credential_key both, or neither"
        return
    if resource_type is None or key is None:
        return
    if not isinstance(resource_type, str) or not NAME_PATTERN.fullmatch(resource_type):
        yield f"its resource_type {resource_type!r} does not match [a-z][a-z0-9_]*"
    declared = provider.fields_by_name
    if key not in declared:
        yield f"its credential_key {key!r} is not among its credential_fields"
    elif declared[key].secret:
        yield f"its credential_key {key!r} is a secret field, and a secret is never a routing id"
    elif declared[key].personal:
        yield f"its credential_key {key!r} is a personal field, but a route belongs to the project"
