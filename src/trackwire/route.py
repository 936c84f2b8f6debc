"""A bound project's route: what a publish would carry, and where each part of it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.errors import assignment, command
from trackwire.project import TrackerProjectConfig, load_project
from trackwire.registry import DISABLE_VARIABLE, Blocked, Outcome, Registered, Unregistered
from trackwire.routing import ResourceRouting, RoutingReason, resolve_resource_routing
from trackwire.scope import Scope

if TYPE_CHECKING:
    from trackwire.credentials import TrackerCredentialStore, Value
    from trackwire.provider import Provider
    from trackwire.registry import ProviderRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A bound project's route, and where each part of it comes from.

    Args:
        config: The project.
        outcome: What became of the provider's plugin.
        routing: The pair, with its reason.
        values: The credentials by field, each with its source; secrets are masked.
    """

    config: TrackerProjectConfig
    outcome: Outcome
    routing: ResourceRouting
    values: Mapping[str, Value]

    @property
    def provider(self) -> Provider | None:
        """The registered provider, or None."""
        return self.outcome.provider if isinstance(self.outcome, Registered) else None

    @property
    def scope(self) -> Scope:
        """Whose issues the binding is about."""
        bound = self.config.bound()
        return Scope(bound.provider, bound.workspace, self.routing.external_resource_id)

    @property
    def id_source(self) -> Value | None:
        """The credential that the resource's id is taken from, or None."""
        key = self.provider.credential_key if self.provider else None
        return self.values.get(key) if key else None


def derive_route(
    root: Path, registry: ProviderRegistry, credentials: TrackerCredentialStore
) -> Route:
    """Derive a bound project's route.

    Args:
        root: The project's directory.
        registry: The provider registry.
        credentials: The user's credentials.

    Raises:
        ProjectError: There is no project, or it is not bound.
        ProviderError: The provider's plugin is broken.
        CredentialError: The project's file holds a secret, or the user's file is unusable.
    """
    config = load_project(root)
    name = config.bound().provider
    provider = registry.provider(name)
    outcome = registry.outcome(name)
    values = credentials.effective(config, provider)
    plain = {value.field: value.plain for value in values.values() if not value.secret}
    routing = resolve_resource_routing(provider, plain)
    match outcome:
        case Blocked():
            routing = replace(routing, reason=RoutingReason.PROVIDER_BLOCKED)
        case Unregistered():
            routing = replace(routing, reason=RoutingReason.PROVIDER_UNREGISTERED)
        case _:
            pass
    return Route(config=config, outcome=outcome, routing=routing, values=values)


def explain(route: Route) -> str:
    """Say in words why a route is what it is, and what changes it.

    Args:
        route: The route.
    """
    name, provider = route.config.provider, route.provider
    key = provider.credential_key if provider else None
    bind = command(
        *("bind", name, "--workspace", route.config.workspace),
        *("--set", assignment(key or "id")),
    )
    give = f"run: {bind}"
    return {
        RoutingReason.ROUTED: "the provider declares it and the id is set",
        RoutingReason.NO_PROVIDER: f"no plugin is in use for {name}",
        RoutingReason.PROVIDER_UNREGISTERED: (
            f"no plugin is installed for {name}; see: trackwire providers"
        ),
        RoutingReason.PROVIDER_BLOCKED: (
            f"the plugin for {name} is switched off by {DISABLE_VARIABLE}"
        ),
        RoutingReason.NO_RESOURCE_TYPE: f"the plugin for {name} declares no resource type",
        RoutingReason.ID_MISSING: f"{key} is not set; {give}",
        RoutingReason.ID_BLANK: f"{key} is blank; {give}",
        RoutingReason.ID_NOT_TEXT: f"{key} is neither text nor an integer; {give}",
    }[route.routing.reason]


def is_pullable(route: Route) -> bool:
    """Tell whether a pull can read a project's tracker.

    Args:
        route: The bound project's route.
    """
    return route.provider is not None and route.provider.connect is not None
