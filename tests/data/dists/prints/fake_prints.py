"""Prints at import and in its hook."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider

print("hello from the import")  # noqa: T201 - the defect


@hookimpl
def trackwire_provider() -> Provider:
    print("hello from the hook")  # noqa: T201 - the defect
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
