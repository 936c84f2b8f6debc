"""Its entry point is not in normal form."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme_cloud",
        title="Acme Cloud",
        api_version=1,
    )
