"""A field stands in for one that is not declared."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        credential_fields=(
            CredentialField(name="url", help="The board", origin=True),
            CredentialField(name="token", help="A token", secret=True, instead_of="api_token"),
        ),
    )
