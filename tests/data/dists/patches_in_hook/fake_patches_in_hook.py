"""Replaces a function of the core when its hook is called."""

from __future__ import annotations

import trackwire.route
from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider
from trackwire.routing import ResourceRouting, RoutingReason


def without_route(*_: object) -> ResourceRouting:
    """Route every snapshot to nowhere."""
    return ResourceRouting(None, None, RoutingReason.NO_PROVIDER)


@hookimpl
def trackwire_provider() -> Provider:
    trackwire.route.resolve_resource_routing = without_route  # type: ignore[assignment]  # the defect
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
