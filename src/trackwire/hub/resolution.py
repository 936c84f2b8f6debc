"""From a routing key to a resource mapping; contracts/tracker-snapshot-publish.md, "Resolution".

The order: the mapping of the exact routing key; else that of (provider, workspace); else none,
and the snapshot waits in the queue for a person to map it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class ResolutionStatus(StrEnum):
    """How a snapshot's route was resolved."""

    RESOLVED = "resolved"
    WORKSPACE_FALLBACK = "workspace_fallback"
    QUEUED = "queued"


@dataclass(frozen=True, slots=True)
class RoutingKey:
    """What a resource mapping is found by.

    Args:
        provider: The provider's normalized name.
        workspace: The provider's site or organisation.
        external_resource_type: The kind of resource, or None for the whole workspace.
        external_resource_id: The resource's id at the provider, or None exactly if the type is.

    Raises:
        ValueError: One of the pair is None and the other is not.
    """

    provider: str
    workspace: str
    external_resource_type: str | None = None
    external_resource_id: str | None = None

    def __post_init__(self) -> None:
        if (self.external_resource_type is None) != (self.external_resource_id is None):
            raise ValueError("a resource routing is both set or both null")

    @property
    def names_resource(self) -> bool:
        """Whether it names one resource, not the whole workspace."""
        return self.external_resource_type is not None


@dataclass(frozen=True, slots=True)
class RouteResolution:
    """Where a snapshot belongs.

    Args:
        status: How that was found.
        mapping_id: The resource mapping that says so, or None in the queue.
        project: The hub's project, or None in the queue.
    """

    status: ResolutionStatus
    mapping_id: str | None = None
    project: str | None = None


FindMapping = Callable[[RoutingKey], tuple[str, str] | None]
"""Returns the id and the project of the mapping with exactly this key, or None."""


def resolve(key: RoutingKey, find_mapping: FindMapping) -> RouteResolution:
    """Resolve a snapshot's routing key.

    Args:
        key: The snapshot's routing key.
        find_mapping: Looks up one mapping of the snapshot's team.
    """
    if key.names_resource and (exact := find_mapping(key)):
        return RouteResolution(ResolutionStatus.RESOLVED, *exact)
    if by_workspace := find_mapping(RoutingKey(key.provider, key.workspace)):
        return RouteResolution(ResolutionStatus.WORKSPACE_FALLBACK, *by_workspace)
    return RouteResolution(ResolutionStatus.QUEUED)
