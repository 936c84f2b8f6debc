"""`trackwire hub`: runs the reference hub and works on its database, also while it runs."""

from __future__ import annotations

from importlib.util import find_spec

import click

from trackwire.cli.hub.mappings import mapping
from trackwire.cli.hub.serving import serve
from trackwire.cli.hub.tokens import token
from trackwire.cli.hub.waiting import queue
from trackwire.errors import TrackwireError

__all__ = ["hub", "require_hub"]

_NEEDED = ("http_sf", "sqlalchemy", "starlette", "uvicorn")


def require_hub() -> None:
    """Refuse to go on where the hub's libraries are not installed.

    Raises:
        TrackwireError: They are not; the text says how to install them.
    """
    if absent := [name for name in _NEEDED if find_spec(name) is None]:
        raise TrackwireError(
            f"the hub needs libraries that are not here ({', '.join(absent)}); "
            'install it with: python -m pip install "trackwire[hub]"'
        )


@click.group()
def hub() -> None:
    """Run a hub, and manage its tokens, mappings and queue."""
    require_hub()


for _command in (serve, token, mapping, queue):
    hub.add_command(_command)
