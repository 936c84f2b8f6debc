"""The Linear provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from trackwire.hookspecs import hookimpl
from trackwire.provider import (
    CredentialField,
    ExportContext,
    Exported,
    Provider,
)


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read issues out of a saved answer; see `trackwire_linear.export.read_export`."""
    from trackwire_linear import export  # its libraries are not needed to know the provider

    return export.read_export(stream, context)


@hookimpl
def trackwire_provider() -> Provider:
    """Return the provider `linear`."""
    return Provider(
        name="linear",
        title="Linear",
        api_version=1,
        resource_type="linear_team",
        credential_key="team_id",
        credential_fields=(
            CredentialField(
                name="api_key",
                help="A personal API key: Settings, Security & access, Personal API keys",
                secret=True,
            ),
            CredentialField(
                name="team_id",
                help="The team's id: in Linear, Cmd/Ctrl+K, then 'Copy model UUID' on the team",
            ),
            CredentialField(
                name="api_url",
                help="The GraphQL endpoint",
                default="https://api.linear.app/graphql",
                origin=True,
            ),
        ),
        read_export=read_export,
    )
