"""`trackwire login` and `trackwire logout`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from trackwire.cli.output import Output, json_option
from trackwire.errors import CredentialError, TrackwireError, UsageError, command

if TYPE_CHECKING:
    from trackwire.secret import Secret

_HUB_SECONDS = 15.0


@click.command()
@click.argument("url")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@json_option
@click.pass_obj
def login(output: Output, url: str, *, token_stdin: bool) -> None:
    """Publish to the hub at URL from now on, with its token.

    The token is asked for, read from standard input, or taken from TRACKWIRE_HUB_TOKEN. It is
    kept in the system keyring where there is a usable one, else in a file that only you can read.
    One that the hub does not take is not kept.
    """
    from trackwire.destination import endpoint_url, hub_of
    from trackwire.login import HubLogin, usable_token

    endpoint = endpoint_url(url)
    address = hub_of(endpoint)
    token = usable_token(_token(from_stdin=token_stdin))
    problem = _problem(endpoint, token)
    place = HubLogin().login(address, token)
    output.say(
        {"hub": address, "kept_in": place, "problem": problem},
        [f"publishing to {address}; the token is kept in {place}"],
    )
    if problem:
        output.note(problem)


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


def _problem(endpoint: str, token: Secret) -> str | None:
    from trackwire.delivery.probing import Admission, probe  # httpx takes its time to import
    from trackwire.destination import hub_of

    address = hub_of(endpoint)
    try:
        answer = probe(endpoint, token, _HUB_SECONDS)
    except TrackwireError as error:
        return f"whether the hub takes the token is not known: {error}"
    status = f"HTTP {answer.status_code}"
    match answer.admission:
        case Admission.DENIED:
            raise CredentialError(
                f"{address} does not take this token ({status}), so it is not kept; "
                f"with a good one, run: {command('login', address)}"
            )
        case Admission.NO_HUB:
            return f"{address} does not answer as a hub does ({status}); check the address"
        case Admission.BUSY | Admission.UNTOLD:
            return f"{address} does not tell whether it takes the token ({status})"
        case _:
            return None


def _token(*, from_stdin: bool) -> str:
    from trackwire.login import TOKEN_VARIABLE

    if from_stdin:
        return sys.stdin.readline().strip()
    if token := os.environ.get(TOKEN_VARIABLE):
        return token
    if not sys.stdin.isatty():
        raise UsageError(f"no token; give --token-stdin, or set {TOKEN_VARIABLE}")
    return str(click.prompt("Token", hide_input=True, err=True, default="", show_default=False))
