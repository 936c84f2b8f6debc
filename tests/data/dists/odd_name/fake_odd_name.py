"""Its name equals every name."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


class Chameleon(str):
    """Text that equals everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name=Chameleon("jira"),
        title="Acme",
        api_version=1,
    )
