"""The origin is a secret field."""

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
            CredentialField(name="url", help="The board", secret=True, origin=True),
        ),
    )
