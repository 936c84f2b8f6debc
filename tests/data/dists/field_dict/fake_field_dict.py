"""A credential field is a mapping."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        credential_fields=({"name": "url"},),  # type: ignore[arg-type]  # the defect
    )
