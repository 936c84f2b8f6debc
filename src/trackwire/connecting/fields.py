"""Which of a provider's fields are set for a binding, which are missing, and what sets them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackwire.credentials import Source, Value
from trackwire.errors import CredentialError, UsageError, assignment, command
from trackwire.keeping import unconfirmed_origin
from trackwire.project import is_project, load_project

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import CredentialField, Provider

_NOTHING: Mapping[str, str] = MappingProxyType({})


def effective_values(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    given: Mapping[str, str],
) -> dict[str, Value]:
    """Merge the credentials of a binding, what a person has typed just now over all else.

    Args:
        credentials: The user's credentials.
        config: The project, or what it would be bound to.
        provider: The registered provider.
        given: Values by declared field.

    Raises:
        CredentialError: The project's file holds a secret.
    """
    declared = provider.fields_by_name
    typed = {
        name: Value(
            field=name,
            source=Source.GIVEN,
            detail="",
            secret=declared[name].secret,
            plain=None if declared[name].secret else value,
        )
        for name, value in given.items()
    }
    return {**credentials.effective(config, provider), **typed}


def missing_fields(provider: Provider, values: Mapping[str, Value]) -> list[CredentialField]:
    """List the required fields without a value and without one that stands in for them.

    Args:
        provider: The registered provider.
        values: What is set; a blank value counts as none.

    Returns:
        The fields, in the declared order; never the one that holds the resource's id.
    """
    return [declared for declared in unset_fields(provider, values) if declared.required]


def unset_fields(provider: Provider, values: Mapping[str, Value]) -> list[CredentialField]:
    """List the fields without a value and without one that stands in for them.

    Args:
        provider: The registered provider.
        values: What is set; a blank value counts as none.

    Returns:
        The fields, in the declared order; never the one that holds the resource's id.
    """
    present = {name for name, value in values.items() if value.secret or not _is_blank(value)}
    return [f for f in lacking(provider, present) if f.name != provider.credential_key]


def lacking(provider: Provider, present: Collection[str]) -> list[CredentialField]:
    """List the fields without a value and without one that stands in for them.

    Args:
        provider: The registered provider.
        present: The names of the fields that have a value.
    """
    stood_in = {f.instead_of for f in provider.credential_fields if f.name in present}
    return [f for f in provider.credential_fields if f.name not in {*present, *stood_in}]


def require_fields(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    given: Mapping[str, str] = _NOTHING,
) -> None:
    """Refuse to go on while a required field has no value.

    Args:
        credentials: The user's credentials.
        config: The project, or what it would be bound to.
        provider: The registered provider.
        given: Values by field that a person has typed just now.

    Raises:
        CredentialError: Names the field, its help and what sets it.
    """
    missing = missing_fields(provider, effective_values(credentials, config, provider, given))
    if missing:
        raise CredentialError(
            "; ".join(
                f"{declared.name} is not set ({declared.help}); "
                f"{remedy_of(credentials, config, provider, declared)}"
                for declared in missing
            )
        )


def remedy_of(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    declared: CredentialField,
) -> str:
    """Say what sets a field.

    Args:
        credentials: The user's credentials.
        config: The project, or what it would be bound to.
        provider: The registered provider.
        declared: The field.
    """
    variable = credentials.variable(provider.name, declared.name)
    if is_project(config.root) and load_project(config.root).binding == config.binding:
        origin = _origin_to_name(credentials, config, provider) if declared.secret else ()
        return f"run: {command('credentials', 'set', declared.name, *origin)}, or set {variable}"
    if declared.secret:
        return f"set {variable}, or run it on a terminal to be asked"
    return f"give --set {assignment(declared.name)}, or set {variable}"


def _origin_to_name(
    credentials: TrackerCredentialStore, config: TrackerProjectConfig, provider: Provider
) -> tuple[str, ...]:
    try:
        origin = unconfirmed_origin(credentials, provider, config.workspace, config.fields)
    except UsageError:  # the address itself is to be mended first, and says so
        return ()
    return ("--origin", origin) if origin else ()


def _is_blank(value: Value) -> bool:
    return value.plain is None or not str(value.plain).strip()
