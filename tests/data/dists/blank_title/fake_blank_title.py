"""Its title is blank."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title=" ",
        api_version=1,
    )
