"""Options that several commands have."""

from __future__ import annotations

import math

import click

from trackwire.defaults import DELIVERY_SECONDS


def finite(_ctx: click.Context, parameter: click.Parameter, seconds: float) -> float:
    """Refuse an endless time, and what is no number: neither is ever reached."""
    if not math.isfinite(seconds):
        raise click.BadParameter("it takes a number of seconds", param=parameter)
    return seconds


timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    callback=finite,
    default=DELIVERY_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Limit of the whole delivery, retries included.",
)
