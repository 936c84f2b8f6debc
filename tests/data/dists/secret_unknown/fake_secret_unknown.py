"""A field says neither that it is secret nor that it is not."""

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
            CredentialField(
                name="token",
                help="A token",
                secret=None,  # type: ignore[arg-type]  # the defect
            ),
        ),
    )
