"""`trackwire plugin`: for those who write a provider plugin."""

from __future__ import annotations

import click

from trackwire.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, homes={"new": "scaffold:new", "check": "checking:check"})
def plugin() -> None:
    """Write a provider plugin, and check one."""
