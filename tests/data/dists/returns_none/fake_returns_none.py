"""Its hook returns nothing."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl


@hookimpl
def trackwire_provider() -> None:
    return None
