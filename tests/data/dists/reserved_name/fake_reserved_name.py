"""Claims the reserved name."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="hub",
        title="Hub",
        api_version=1,
    )
