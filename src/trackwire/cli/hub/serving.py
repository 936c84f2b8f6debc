"""`trackwire hub serve`: a hub in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trackwire.cli.hub.database import database_and_json, database_path

if TYPE_CHECKING:
    from trackwire.cli.output import Output

_DEFAULT_PORT = 8731


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_DEFAULT_PORT,
    show_default=True,
    help="The port; 0 is any free one.",
)
@click.option(
    "--max-body",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="The largest snapshot, before and after decompression.  [default: 512 MiB]",
)
@database_and_json
@click.pass_obj
def serve(
    output: Output, host: str, port: int, max_body: int | None, database: Path | None
) -> None:
    """Receive snapshots until interrupted."""
    from trackwire.hub.app import create_app
    from trackwire.hub.server import listen, serve
    from trackwire.hub.settings import Settings
    from trackwire.origin import parse_address

    limits = {} if max_body is None else {"max_body_bytes": max_body}
    app = create_app(Settings(database=database_path(database), **limits))
    listener = listen(host, port)
    bound_host, bound_port = listener.getsockname()[:2]
    if not parse_address(_url(bound_host, bound_port)).is_loopback:
        output.note(
            f"{host} is not a loopback address, and plain HTTP carries tokens and snapshots "
            "unprotected; put a TLS proxy before it"
        )
    url = _url(host, bound_port)
    serve(app, listener, lambda: output.say({"url": url}, [f"listening on {url}"]))


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
