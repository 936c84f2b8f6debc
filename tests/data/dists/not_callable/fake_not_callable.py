"""A capability is a text."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        credential_fields=(CredentialField(name="url", help="The board", origin=True),),
        connect="acme.connect",  # type: ignore[arg-type]  # the defect
    )
