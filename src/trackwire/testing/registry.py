"""A registry that knows given providers and nothing that is installed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trackwire.discovery import Found
from trackwire.hookspecs import hookimpl
from trackwire.registry import ProviderRegistry

if TYPE_CHECKING:
    from trackwire.provider import Provider

_VERSION = "1.0"


def registry_of(*providers: Provider) -> ProviderRegistry:
    """Return a registry with discovery off that has just these providers.

    Each is validated as if its plugin were loaded, and counts as version 1.0 of a distribution
    `NAME-trackwire`. `TRACKWIRE_DISABLE_PLUGINS` means nothing to it.

    Args:
        providers: The providers.

    Raises:
        ProviderError: One of them is unsound, or two have the same name.
    """
    return registry_of_claims(found_of(provider) for provider in providers)


def registry_of_claims(claims: Iterable[Found]) -> ProviderRegistry:
    """Return a registry of these claims, each of which is loaded at once.

    Args:
        claims: The claims, such as `found_of` makes.

    Raises:
        ProviderError: One of them is unsound, or two have the same name.
    """
    registry = ProviderRegistry(claims, environ={})
    for name in registry.names():
        registry.provider(name)
    return registry


def found_of(provider: Provider, dist: str | None = None, version: str = _VERSION) -> Found:
    """Make a claim whose plugin needs no import.

    Args:
        provider: What its hook returns.
        dist: The distribution's name; by default `NAME-trackwire`.
        version: The distribution's version.
    """
    ready: Any = _ReadyEntryPoint(provider)
    name = provider.name
    return Found(name, dist or f"{name.replace('_', '-')}-trackwire", version, ready)


@dataclass(frozen=True)
class _ReadyEntryPoint:
    """Stands in for an entry point, and for the plugin that it leads to."""

    provider: Provider

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def value(self) -> str:
        return f"{self.provider.name}_trackwire"

    def load(self) -> object:
        return self

    @hookimpl
    def trackwire_provider(self) -> Provider:
        return self.provider
