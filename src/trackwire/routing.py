"""From a provider's declaration and the credentials to the route: pure functions and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackwire.provider import Provider


class RoutingReason(StrEnum):
    """Why a route is what it is."""

    ROUTED = "routed"
    NO_PROVIDER = "no_provider"
    PROVIDER_BLOCKED = "provider_blocked"
    PROVIDER_UNREGISTERED = "provider_unregistered"
    NO_RESOURCE_TYPE = "no_resource_type"
    ID_MISSING = "id_missing"
    ID_BLANK = "id_blank"
    ID_NOT_TEXT = "id_not_text"


@dataclass(frozen=True, slots=True)
class ResourceRouting:
    """The pair that says which tracker resource a snapshot belongs to: both set or both null.

    Args:
        external_resource_type: The provider's declared resource type, or None.
        external_resource_id: The resource's id at the provider, stripped, or None.
        reason: Why it is so.

    Raises:
        ValueError: One of the pair is None and the other is not.
    """

    external_resource_type: str | None
    external_resource_id: str | None
    reason: RoutingReason

    def __post_init__(self) -> None:
        if (self.external_resource_type is None) != (self.external_resource_id is None):
            raise ValueError("a resource routing is both set or both null")

    @property
    def is_null(self) -> bool:
        """Whether the pair is null/null."""
        return self.external_resource_type is None


def resolve_resource_routing(
    provider: Provider | None, credentials: Mapping[str, object]
) -> ResourceRouting:
    """Derive the route; contracts/tracker-snapshot-publish.md, "Resource routing".

    Args:
        provider: The registered provider, or None for one that is unregistered or blocked.
        credentials: Values by field name, of any type; only `get` is called on it.

    Returns:
        The pair with its reason. Null/null where there is no provider, it declares no resource,
        or the value is missing, blank, or neither text nor an integer.
    """
    if provider is None:
        return _null(RoutingReason.NO_PROVIDER)
    if provider.resource_type is None or provider.credential_key is None:
        return _null(RoutingReason.NO_RESOURCE_TYPE)
    value = credentials.get(provider.credential_key)
    if value is None:
        return _null(RoutingReason.ID_MISSING)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return _null(RoutingReason.ID_NOT_TEXT)
    try:
        resource_id = str(value).strip()
        resource_id.encode()
    except ValueError:  # an integer beyond the digits limit, or text that UTF-8 cannot hold
        return _null(RoutingReason.ID_NOT_TEXT)
    if not resource_id:
        return _null(RoutingReason.ID_BLANK)
    return ResourceRouting(provider.resource_type, resource_id, RoutingReason.ROUTED)


def _null(reason: RoutingReason) -> ResourceRouting:
    return ResourceRouting(None, None, reason)
