"""`trackwire publish`: the bound scope's state, with its route, to a hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trackwire.cli.options import timeout_option
from trackwire.cli.output import Output, json_option

if TYPE_CHECKING:
    from trackwire.publishing import PublishReport


@click.command()
@click.option("--hub", metavar="URL", help="The hub.  [default: the one you logged in to]")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option(
    "--output",
    "copy_to",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the exact body to FILE too.",
)
@timeout_option
@click.option("--require-routing", is_flag=True, help="Send nothing unless there is a route.")
@click.option("--allow-empty", is_flag=True, help="Publish though nothing was ever read.")
@click.option("--partial", is_flag=True, help="Publish though only a part was read.")
@json_option
@click.pass_obj
def publish(
    output: Output,
    hub: str | None,
    copy_to: Path | None,
    timeout: float,
    *,
    dry_run: bool,
    require_routing: bool,
    allow_empty: bool,
    partial: bool,
) -> None:
    """Send the bound scope's issues, mappings and route to a hub."""
    with output.progress("issues rendered:") as count:
        report = output.service().publish(
            hub=hub,
            dry_run=dry_run,
            output=copy_to,
            timeout=timeout,
            require_routing=require_routing,
            allow_empty=allow_empty,
            partial=partial,
            progress=count,
        )
    output.say(publish_document(report), publish_lines(report))


def publish_document(report: PublishReport) -> dict[str, object]:
    """Return what a machine reads of a publish.

    Args:
        report: What it came to.
    """
    import msgspec

    return dict(msgspec.to_builtins(report))


def publish_lines(report: PublishReport) -> list[str]:
    """Return what a person reads of a publish.

    Args:
        report: What it came to.
    """
    pair = (
        f"{report.external_resource_type} {report.external_resource_id}"
        if report.external_resource_type
        else "null/null"
    )
    counts = f"{report.issue_count} issues, {report.mapping_count} mappings"
    lines = [
        f"route        {report.provider} at {report.workspace}, {pair}",
        f"content      {counts}, {report.body_bytes} bytes, sha256 {report.body_sha256}",
        f"destination  {report.endpoint or 'none: no hub is named'}",
        f"key          {report.idempotency_key or '-'}",
    ]
    if report.dry_run:
        return [*lines, "nothing was sent: a dry run"]
    again = ", the hub had it already" if report.replayed else ""
    attempts = "1 attempt" if report.attempts == 1 else f"{report.attempts} attempts"
    return [*lines, f"delivered    {report.status_code} in {attempts}{again}", _resolved(report)]


def _resolved(report: PublishReport) -> str:
    resolution = report.resolution
    if resolution is None:
        return "resolution   the hub did not say"
    how = {
        "resolved": f"project {resolution.project}, by its exact route",
        "workspace_fallback": f"project {resolution.project}, by its workspace only",
        "queued": "queued: the hub knows no project for it yet, and a person maps it there",
    }
    when = " (as it was when the hub first received it)" if report.replayed else ""
    return f"resolution   {how.get(resolution.status, resolution.status)}{when}"
