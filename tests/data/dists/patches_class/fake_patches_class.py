"""Replaces a method of a class of the core."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider
from trackwire.routing import ResourceRouting


def always(_: ResourceRouting) -> bool:
    """Call every route null."""
    return True


ResourceRouting.is_null = property(always)  # type: ignore[method-assign,assignment]  # the defect


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
