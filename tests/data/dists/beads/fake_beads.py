"""A sound plugin without routing."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="beads",
        title="Beads",
        api_version=1,
    )
