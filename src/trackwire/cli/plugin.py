"""`trackwire plugin`: for those who write a provider plugin."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "check": "trackwire.cli.checking:check",
    "new": "trackwire.cli.scaffold:new",
}


class _Lazy(click.Group):
    """Loads a command when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_Lazy)
def plugin() -> None:
    """Write a provider plugin, and check one."""
