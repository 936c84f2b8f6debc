"""A sound plugin with routing, beside which a hostile one is installed."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="kanban",
        title="Kanban",
        api_version=1,
        resource_type="kanban_board",
        credential_key="board",
        credential_fields=(CredentialField(name="board", help="The board"),),
    )
