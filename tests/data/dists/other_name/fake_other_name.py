"""Its provider bears another name than its entry point."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="other",
        title="Other",
        api_version=1,
    )
