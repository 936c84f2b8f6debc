"""Declares a credential key and no resource type."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        credential_key="board",
        credential_fields=(CredentialField(name="board", help="The board"),),
    )
