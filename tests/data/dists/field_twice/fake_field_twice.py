"""Declares a field twice."""

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
            CredentialField(name="board", help="The board"),
            CredentialField(name="board", help="The board", secret=True),
        ),
    )
