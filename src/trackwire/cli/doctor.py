"""`trackwire doctor`: what is wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trackwire.cli.output import Output, json_option

if TYPE_CHECKING:
    from trackwire.doctor import Finding

_WRONG = 1


@click.command()
@click.option("--hub", metavar="URL", help="The hub.  [default: the one you logged in to]")
@json_option
@click.pass_obj
def doctor(output: Output, hub: str | None) -> None:
    """Look at project, plugin, credentials, tracker, store and hub, and say what to do.

    Secrets are sent to the tracker and the hub that they are for, and shown nowhere. Nothing is
    changed or published. The exit code is 1 if anything is wrong.
    """
    findings = output.service().doctor(hub)
    wrong = any(finding.state == "wrong" for finding in findings)
    output.say(
        {"ok": not wrong, "findings": findings}, [line for f in findings for line in _lines(f)]
    )
    if wrong:
        raise click.exceptions.Exit(_WRONG)


def _lines(finding: Finding) -> list[str]:
    line = f"{finding.state:<8} {finding.subject:<12} {finding.text}"
    return [line] if finding.remedy is None else [line, f"{'':<22}{finding.remedy}"]
