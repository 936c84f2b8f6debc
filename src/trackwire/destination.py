"""Where a snapshot goes: from a hub's address to the endpoint's (contracts, "Request")."""

from __future__ import annotations

from trackwire.origin import parse_address, require_safe

ENDPOINT_PATH = "/api/v1/connectors/trackers/snapshots/"


def endpoint_url(hub: str) -> str:
    """Return the normalized URL that snapshots are posted to: the ledger's destination.

    Args:
        hub: The hub's address, `https://host[:port][/prefix]`.

    Returns:
        The same URL for every spelling of the same hub.

    Raises:
        UsageError: The address is unusable, or plain http to a host that is not loopback.
    """
    address = parse_address(hub)
    require_safe(address, "snapshot and the token")
    return f"{address.origin}{address.path.rstrip('/')}{ENDPOINT_PATH}"


def hub_of(endpoint: str) -> str:
    """Return the hub's address that `endpoint_url` made this endpoint from.

    Args:
        endpoint: What `endpoint_url` returned.
    """
    return endpoint.removesuffix(ENDPOINT_PATH)
