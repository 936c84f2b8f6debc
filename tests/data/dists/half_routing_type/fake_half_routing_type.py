"""Declares a resource type and no credential key."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        resource_type="acme_board",
        credential_fields=(CredentialField(name="board", help="The board"),),
    )
