"""Its hook returns an object that calculates what it declares."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


class Calculated(Provider):
    """A provider of a kind of its own."""


@hookimpl
def trackwire_provider() -> Provider:
    return Calculated(
        name="acme",
        title="Acme",
        api_version=1,
    )
