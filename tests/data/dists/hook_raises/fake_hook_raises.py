"""Its hook raises."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl


@hookimpl
def trackwire_provider() -> object:
    raise OSError("no such socket")
