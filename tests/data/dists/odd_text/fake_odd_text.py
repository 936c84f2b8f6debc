"""Its resource type is text that is written as another."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import CredentialField, Provider


class Chameleon(str):
    """Text that equals everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __str__(self) -> str:
        return "jira_project"


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
        resource_type=Chameleon("acme_board"),
        credential_key="board",
        credential_fields=(CredentialField(name="board", help="The board"),),
    )
