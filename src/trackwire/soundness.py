"""The rules that a provider plugin must keep to be registered, each checked at load."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType
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
            f"the entry point's name {_spelt(written)} is not a provider's name: lower-case "
            "letters a to z, digits and underscores, a letter first"
        )
    if written != found.name:
        raise UnsoundPluginError(
            f"the entry point's name {written!r} is not in normal form: it must be {found.name!r}"
        )


def _spelt(name: str) -> str:
    """Show a name so that a letter which looks like another can be told from it."""
    return repr(name) if name.isascii() else f"{name!r} ({name!a})"


def checked_provider(provider: object, name: str) -> Provider:
    """Check what a plugin's hook returned.

    Args:
        provider: What it returned.
        name: The name of its entry point.

    Raises:
        UnsoundPluginError: It is no provider, or one that breaks a rule.
    """
    if type(provider) is not Provider:
        kind = type(provider)
        what = "a subclass of Provider" if issubclass(kind, Provider) else "not a Provider"
        raise UnsoundPluginError(f"trackwire_provider() returned {kind.__name__}, {what}")
    if found := list(faults(provider, name)):
        raise UnsoundPluginError(", and ".join(found))
    return provider


def faults(provider: Provider, name: str) -> Iterator[str]:
    """Tell which rules a provider breaks.

    Args:
        provider: What the hook returned.
        name: The name of its entry point.
    """
    yield from api_version_faults(provider)
    yield from name_faults(provider, name)
    yield from title_faults(provider)
    yield from capability_faults(provider)
    yield from gateway_faults(provider)
    if found := list(field_faults(provider)):
        yield from found
        return
    yield from secret_faults(provider)
    yield from origin_faults(provider)
    yield from pair_faults(provider)
    if provider.resource_type is not None and provider.credential_key is not None:
        yield from resource_type_faults(provider)
        yield from credential_key_faults(provider)
        yield from privacy_faults(provider)


def api_version_faults(provider: Provider) -> Iterator[str]:
    """Tell whether the core supports the plugin API version that a plugin was written for."""
    supported = SUPPORTED_API_VERSIONS
    version = provider.api_version
    if type(version) is not int or version not in supported:
        newer = type(version) is int and version >= supported.stop
        yield (
            f"it was written for plugin API version {version!r}, and this trackwire supports "
            f"{supported.start} to {supported.stop - 1}"
            f"{': update trackwire for it' if newer else ''}"
        )


def name_faults(provider: Provider, name: str) -> Iterator[str]:
    """Tell whether a provider bears the name of its entry point."""
    if type(provider.name) is not str:
        yield f"its name {provider.name!r} is not plain text"
    elif provider.name != name:
        yield f"its provider is named {provider.name!r}, its entry point {name!r}"


def title_faults(provider: Provider) -> Iterator[str]:
    """Tell whether a provider has a title."""
    if type(provider.title) is not str or not provider.title.strip():
        yield "its title is blank"


def capability_faults(provider: Provider) -> Iterator[str]:
    """Tell which capabilities are no functions."""
    for capability in ("read_export", "connect", "discover", "verify", "pause"):
        function = getattr(provider, capability)
        if function is not None and not callable(function):
            yield f"its {capability} cannot be called"


def gateway_faults(provider: Provider) -> Iterator[str]:
    """Tell which gateways are no addresses that secrets may be sent to."""
    gateways = provider.gateways
    if type(gateways) is not tuple or not all(type(url) is str for url in gateways):
        yield "its gateways are not a tuple of addresses"
        return
    for url in gateways:
        try:
            require_safe(parse_address(url), "secrets")
        except UsageError as error:
            yield f"one of its gateways is unfit ({error})"


def field_faults(provider: Provider) -> Iterator[str]:
    """Tell which credential fields are ill-formed; what follows here presumes that none is."""
    fields = provider.credential_fields
    if type(fields) is not tuple or not all(type(f) is CredentialField for f in fields):
        yield "its credential_fields are not a tuple of CredentialField"
        return
    names = [f.name for f in fields]
    for credential in fields:
        if problem := _misnamed(credential.name):
            yield f"its credential field {credential.name!r} {problem}"
        elif fault := _mistyped(credential):
            yield f"its credential field {credential.name!r} has a {fault}"
        elif names.count(credential.name) > 1:
            yield f"it declares the credential field {credential.name!r} twice"
        elif credential.instead_of is not None and credential.instead_of not in names:
            yield (
                f"its credential field {credential.name!r} stands in for "
                f"{credential.instead_of!r}, which it does not declare"
            )


def secret_faults(provider: Provider) -> Iterator[str]:
    """Tell which secrets are in the plugin itself, as defaults."""
    for credential in provider.credential_fields:
        if credential.secret and credential.default is not None:
            yield f"its secret credential field {credential.name!r} has a default"


def origin_faults(provider: Provider) -> Iterator[str]:
    """Tell whether more than one field is the origin, or a secret one."""
    origins = [f for f in provider.credential_fields if f.origin]
    if len(origins) > 1 or any(f.secret for f in origins):
        yield "at most one credential field is the origin, and that one is not secret"


def pair_faults(provider: Provider) -> Iterator[str]:
    """Tell whether one of the pair of resource type and credential key is there alone."""
    if (provider.resource_type is None) != (provider.credential_key is None):
        yield "it declares half a routing: set resource_type and credential_key both, or neither"


def resource_type_faults(provider: Provider) -> Iterator[str]:
    """Tell whether a declared resource type is ill-formed."""
    if problem := _misnamed(provider.resource_type):
        yield f"its resource_type {provider.resource_type!r} {problem}"


def credential_key_faults(provider: Provider) -> Iterator[str]:
    """Tell whether a declared credential key is no declared field."""
    key = provider.credential_key
    if _misnamed(key) or key not in provider.fields_by_name:
        yield f"its credential_key {key!r} is not among its credential_fields"


def privacy_faults(provider: Provider) -> Iterator[str]:
    """Tell whether the field that the credential key names is secret or personal."""
    key = provider.credential_key
    declared = next((f for f in provider.credential_fields if f.name == key), None)
    if declared is not None and declared.secret:
        yield f"its credential_key {key!r} is a secret field, and a secret is never a routing id"
    elif declared is not None and declared.personal:
        yield f"its credential_key {key!r} is a personal field, but a route belongs to the project"


def _mistyped(credential: CredentialField) -> str | None:
    for attribute in ("secret", "personal", "required", "origin"):
        if type(getattr(credential, attribute)) is not bool:
            return f"{attribute} that is neither True nor False"
    if type(credential.help) is not str:
        return "help that is not text"
    for attribute in ("default", "instead_of"):
        if type(getattr(credential, attribute)) not in {str, NoneType}:
            return f"{attribute} that is neither text nor None"
    return None


def _misnamed(value: object) -> str | None:
    # Of a subclass of str nobody knows what it equals, nor what is written for it.
    if type(value) is not str:
        return "is not plain text"
    return None if NAME_PATTERN.fullmatch(value) else "does not match [a-z][a-z0-9_]*"
