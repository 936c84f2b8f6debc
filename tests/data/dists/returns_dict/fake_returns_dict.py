"""Its hook returns something else."""

from __future__ import annotations

from trackwire.hookspecs import hookimpl


@hookimpl
def trackwire_provider() -> object:
    return {"name": "acme"}
