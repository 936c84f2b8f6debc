"""The title is a number."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title=7,  # type: ignore[arg-type]  # the defect
        api_version=1,
    )
