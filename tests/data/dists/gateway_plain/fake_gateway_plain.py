"""A gateway is reached by plain http."""

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
        gateways=("https://gateway.example", "http://gateway.example"),
    )
