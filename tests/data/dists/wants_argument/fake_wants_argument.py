"""Its hook wants what the specification does not give."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider(config: object) -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
