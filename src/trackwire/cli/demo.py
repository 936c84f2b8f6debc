"""`trackwire demo`: three projects publish to a hub, each resolved in another way."""

from __future__ import annotations

import signal
import sys

import click

from trackwire.cli.hub import require_hub
from trackwire.cli.output import Output, json_option


@click.command()
@json_option
@click.pass_obj
def demo(output: Output) -> None:
    """Watch three projects publish to a hub that runs for the demo only.

    Everything happens in a temporary directory: your own files, credentials and hubs are not
    touched.
    """
    from trackwire.demo.stories import run

    require_hub()
    signal.signal(signal.SIGTERM, _leave)
    results = run(output.tell)
    output.say({"stories": results}, [])


def _leave(number: int, _frame: object) -> None:
    # Leaving by an exception lets the demo stop its hub and remove its directory.
    sys.exit(128 + number)
