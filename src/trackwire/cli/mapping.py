"""`trackwire map`: which work package is which issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.output import Output, json_option, table

if TYPE_CHECKING:
    from trackwire.model import WorkPackageMapping


@click.group("map")
def map_() -> None:
    """Tie work packages to issues."""


@map_.command()
@click.argument("wp", metavar="WP")
@click.argument("issue")
@json_option
@click.pass_obj
def add(output: Output, wp: str, issue: str) -> None:
    """Tie the work package WP (such as WP01) to ISSUE, a key or an id."""
    made = output.service().add_mapping(wp, issue)
    output.say({"mapping": made}, [f"{made.wp_id} is {_name(made)}"])


@map_.command("list")
@json_option
@click.pass_obj
def list_(output: Output) -> None:
    """List the bound scope's mappings."""
    found = output.service().list_mappings()
    rows: list[tuple[Any, ...]] = [
        (m.wp_id, m.external_key, m.external_id, m.external_url) for m in found
    ]
    output.say(
        {"mappings": found},
        table(("WP", "KEY", "ID", "URL"), rows) if rows else ["no mappings"],
    )


@map_.command()
@click.argument("wp", metavar="WP")
@click.argument("issue")
@json_option
@click.pass_obj
def remove(output: Output, wp: str, issue: str) -> None:
    """Untie the work package WP from ISSUE, a key or an id."""
    gone = output.service().remove_mapping(wp, issue)
    output.say({"mapping": gone}, [f"{gone.wp_id} is no longer {_name(gone)}"])


def _name(mapping: WorkPackageMapping) -> str:
    return mapping.external_key or mapping.external_id
