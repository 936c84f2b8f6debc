"""Opens the way to the live tracker: the credentials checked, the address safe, the client made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackwire.connecting.fields import effective_values, require_fields
from trackwire.connecting.secrets import BoundSecrets
from trackwire.connector import ConnectContext
from trackwire.defaults import TRACKER_WAIT_SECONDS
from trackwire.errors import CredentialError, ProviderError, TrackwireError, UsageError, assignment
from trackwire.keeping import declared_fields, secrets_origin
from trackwire.origin import WebAddress, parse_address, require_safe

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore, Value
    from trackwire.discovery import Found
    from trackwire.fetching import Limits
    from trackwire.project import TrackerProjectConfig
    from trackwire.provider import Provider

_NOTHING: Mapping[str, str] = MappingProxyType({})


@contextmanager
def open_context(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    *,
    plugin: str,
    given: Mapping[str, str] = _NOTHING,
    confirmed_origin: str | None = None,
    page_size: int | None = None,
    max_wait: float = TRACKER_WAIT_SECONDS,
    limits: Limits | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> Iterator[ConnectContext]:
    """Give a provider the means to reach its tracker; they end with the block.

    The field that holds the resource's id may be unset: it is for who reads issues to ask for.

    Args:
        credentials: The user's credentials.
        config: The project, or what it would be bound to.
        provider: The registered provider.
        plugin: The plugin's distribution and version, for messages.
        given: Values by field that a person has typed just now; they win, and are not kept.
        confirmed_origin: The origin that the person has agreed to give the secrets among them
            to, where only the project's file names it.
        page_size: How many issues a page may have at most; None for what suits the tracker.
        max_wait: Seconds that all waits for the tracker may take together.
        limits: What else the client stops at; None for the usual.
        notify: Told one line before each wait of a second or more.

    Raises:
        CredentialError: A required field has no value, or a secret is not for that address.
        UsageError: The address is unusable, or plain http to a host that is not loopback.
        ProviderError: The provider declares no address.
    """
    from trackwire.fetching import new_client  # httpx takes its time to import

    typed = {name: value for name, value in given.items() if value.strip()}
    declared_fields(provider, typed)
    values = effective_values(credentials, config, provider, typed)
    require_fields(credentials, config, provider, typed)
    origin_value = _origin_value(provider, values, plugin)
    address = safe_address(origin_value)
    _check_given_secrets(credentials, config, provider, typed, address, confirmed_origin)
    _check_stored_secrets(credentials, config, provider, typed, values, origin_value)
    secrets = BoundSecrets(credentials, config, provider, plugin, origin_value, typed)
    gateways = _gateways(provider, address)
    with new_client(
        f"{address.origin}{address.path}",
        gateways=gateways,
        address_field=origin_value.field,
        pause=provider.pause,
        max_wait=max_wait,
        limits=limits,
        notify=notify,
    ) as client:
        yield ConnectContext(
            workspace=config.workspace,
            credentials={v.field: v.plain for v in values.values() if not v.secret},
            status_map=config.status_map,
            priority_map=config.priority_map,
            client=client,
            secret=secrets.get,
            keep_secrets=secrets.keep,
            page_size=page_size,
            gateways=gateways,
        )


def _gateways(provider: Provider, address: WebAddress) -> tuple[str, ...]:
    """Leave out what stands before real sites where the site is a stand-in on this machine."""
    return tuple(
        url
        for url in provider.gateways
        if not address.is_loopback or parse_address(url).is_loopback
    )


def safe_address(value: Value) -> WebAddress:
    """Read the address of a tracker, refusing one that would show the credentials.

    Args:
        value: The origin field's value.

    Raises:
        UsageError: It is unusable, or plain http to a host that is not loopback; names the field
            and where its value is from.
    """
    try:
        address = parse_address(str(value.plain))
        require_safe(address, "credentials")
    except UsageError as error:
        where = f" ({value.detail})" if value.detail else ""
        raise UsageError(f"{value.field}{where}: {error}") from error
    return address


def origin_problem(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    name: str,
    values: Mapping[str, Value],
) -> str | None:
    """Say why an address is unusable, or why a secret would not be sent to it; opens no keyring.

    Args:
        credentials: The user's credentials.
        config: The project.
        provider: The registered provider.
        name: A declared field that has a value.
        values: The binding's credentials.

    Returns:
        The problem with its remedy, or None where there is none.
    """
    address = values.get(_origin_name(provider))
    if address is None:
        return None
    declared = provider.fields_by_name[name]
    try:
        if declared.origin:
            safe_address(address)
        elif declared.secret:
            credentials.check_origin(config, provider, name, address)
    except TrackwireError as error:
        return str(error)
    return None


def fingerprint(found: Found, config: TrackerProjectConfig, address: str) -> str:
    """Return a digest of what the stored form of a scope's issues depends on.

    Args:
        found: The plugin's distribution and version.
        config: The project, with its maps of names.
        address: The tracker's address.
    """
    import msgspec

    basis = (
        (found.dist, found.version, address),
        sorted(config.status_map.items()),
        sorted(config.priority_map.items()),
    )
    return hashlib.sha256(msgspec.json.encode(basis)).hexdigest()


def _origin_value(provider: Provider, values: Mapping[str, Value], plugin: str) -> Value:
    declared = provider.origin_field
    if declared is None or values.get(declared.name) is None:
        raise ProviderError(
            f"{plugin}: it declares no required field for the tracker's address; "
            "report it to its author"
        )
    return values[declared.name]


def _check_stored_secrets(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    given: Mapping[str, str],
    values: Mapping[str, Value],
    address: Value,
) -> None:
    """Ask nothing of an address that none of the secrets may go to: a clone may name any."""
    problem: CredentialError | None = None
    for value in values.values():
        if not value.secret or value.field in given:
            continue
        try:
            credentials.check_origin(config, provider, value.field, address)
        except CredentialError as error:
            problem = problem or error
        else:
            return
    if problem is not None:
        raise problem


def _check_given_secrets(
    credentials: TrackerCredentialStore,
    config: TrackerProjectConfig,
    provider: Provider,
    given: Mapping[str, str],
    address: WebAddress,
    confirmed: str | None,
) -> None:
    origin = secrets_origin(
        credentials, provider, config.workspace, given, config.fields, confirmed
    )
    if origin is not None and origin != address.origin:
        raise CredentialError(
            f"what was typed is for {origin}, and is not sent to {address.origin}, which another "
            f"source names; give the address too: --set {assignment(_origin_name(provider))}"
        )


def _origin_name(provider: Provider) -> str:
    return provider.origin_field.name if provider.origin_field else ""
