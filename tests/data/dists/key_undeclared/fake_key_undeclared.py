"""Its credential key is no declared field."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
    )
