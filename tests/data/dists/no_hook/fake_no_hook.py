"""Its hook is not marked."""

from __future__ import annotations

from trackwire.provider import Provider


def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
