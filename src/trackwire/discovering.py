"""Lists what a user's credentials can see at a provider, bound or not; nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.binding import Prospect, prospective
from trackwire.connecting import (
    discovered,
    effective_values,
    open_context,
    unset_fields,
)
from trackwire.defaults import TRACKER_WAIT_SECONDS
from trackwire.errors import UsageError
from trackwire.registry import require_registered

if TYPE_CHECKING:
    from trackwire.connector import Discover, Resource
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.project import TrackerProjectConfig
    from trackwire.registry import ProviderRegistry, Registered


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """A wish to see what the credentials can see at a provider.

    Args:
        provider: The provider's name, in any form.
        workspace: Its site or organisation; None for that of the binding, if there is one.
        given: Values by field that a person has typed just now; they win, and are kept nowhere.
        confirmed_origin: The origin that the person has agreed to give the secrets among them
            to, where only the project's file names it.
        max_wait: Seconds that all waits for the tracker may take together.
    """

    provider: str
    workspace: str | None = None
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    confirmed_origin: str | None = None
    max_wait: float = TRACKER_WAIT_SECONDS


def require_discovery(
    root: Path, registry: ProviderRegistry, wish: Discovery
) -> tuple[TrackerProjectConfig, Registered, Discover]:
    """Return the plugin that lists resources, and the project as it would be bound.

    Args:
        root: The project's directory; it need not be a project.
        registry: The provider registry.
        wish: What is to be seen.

    Raises:
        UsageError: No plugin is in use, or it lists no resources.
        ProviderError: The provider's plugin is broken.
    """
    config = prospective(root, wish.provider, wish.workspace)
    registry.provider(config.provider)  # a broken plugin says so itself
    registered = require_registered(config.provider, registry.outcome(config.provider))
    discover = registered.provider.discover
    if discover is None:
        key = registered.provider.credential_key or "what to bind"
        raise UsageError(f"{registered.found} lists no resources; see the tracker for {key}")
    return config, registered, discover


def discover(
    root: Path,
    registry: ProviderRegistry,
    credentials: TrackerCredentialStore,
    wish: Discovery,
    notify: Callable[[str], None],
) -> list[Resource]:
    """List the resources that the credentials can see.

    Args:
        root: The project's directory; it need not be a project.
        registry: The provider registry.
        credentials: The user's credentials.
        wish: What is to be seen.
        notify: Told what a person should know while it runs.

    Raises:
        UsageError: No plugin is in use, or it lists no resources.
        CredentialError: A credential is missing, or not for that address.
        TrackerError: The tracker refused, or its answer cannot be used.
        ProviderError: The plugin failed.
    """
    config, registered, listing = require_discovery(root, registry, wish)
    plugin = str(registered.found)
    with open_context(
        credentials,
        config,
        registered.provider,
        plugin=plugin,
        given=wish.given,
        confirmed_origin=wish.confirmed_origin,
        max_wait=wish.max_wait,
        notify=notify,
    ) as context:
        return discovered(listing, context, plugin)


def discovery_prospect(
    root: Path, registry: ProviderRegistry, credentials: TrackerCredentialStore, wish: Discovery
) -> Prospect:
    """Tell what is missing to see anything, so that a person can be asked for it.

    Args:
        root: The project's directory; it need not be a project.
        registry: The provider registry.
        credentials: The user's credentials.
        wish: What is to be seen; a blank value says that the field was asked for.

    Raises:
        UsageError: No plugin is in use, or it lists no resources.
        ProviderError: The provider's plugin is broken.
    """
    config, registered, _ = require_discovery(root, registry, wish)
    provider = registered.provider
    typed = {name: value for name, value in wish.given.items() if value.strip()}
    values = effective_values(credentials, config, provider, typed)
    unset = unset_fields(provider, values)
    address = values.get(provider.origin_field.name) if provider.origin_field else None
    return Prospect(
        missing=tuple(
            f for f in unset if f.name not in wish.given and (f.required or not f.secret)
        ),
        address=str(address.plain) if address else None,
    )
