"""`trackwire login` and `trackwire logout`."""

from __future__ import annotations

import os
import sys

import click

from trackwire.cli.output import Output, json_option
from trackwire.errors import UsageError


@click.command()
@click.argument("url")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@json_option
@click.pass_obj
def login(output: Output, url: str, *, token_stdin: bool) -> None:
    """Publish to the hub at URL from now on, with its token.

    The token is asked for, read from standard input, or taken from TRACKWIRE_HUB_TOKEN. It is
    kept in the system keyring where there is a usable one, else in a file that only you can read.
    """
    from trackwire.destination import endpoint_url, hub_of
    from trackwire.login import HubLogin
    from trackwire.secret import Secret

    address = hub_of(endpoint_url(url))
    place = HubLogin().login(address, Secret(_token(from_stdin=token_stdin)))
    output.say(
        {"hub": address, "kept_in": place},
        [f"publishing to {address}; the token is kept in {place}"],
    )


@click.command()
@click.argument("url", required=False)
@json_option
@click.pass_obj
def logout(output: Output, url: str | None) -> None:
    """Forget the token of the hub at URL, or of every hub."""
    from trackwire.login import HubLogin

    forgotten = HubLogin().logout(url)
    output.say(
        {"forgotten": forgotten},
        [f"forgot the token of {hub}" for hub in forgotten] or ["there was no token to forget"],
    )


def _token(*, from_stdin: bool) -> str:
    from trackwire.login import TOKEN_VARIABLE

    if from_stdin:
        return sys.stdin.readline().strip()
    if token := os.environ.get(TOKEN_VARIABLE):
        return token
    if not sys.stdin.isatty():
        raise UsageError(f"no token; give --token-stdin, or set {TOKEN_VARIABLE}")
    return str(click.prompt("Token", hide_input=True, err=True, default="", show_default=False))
