"""`trackwire plugin new`: begins a provider plugin."""

from __future__ import annotations

import shlex
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.output import Output, json_option

if TYPE_CHECKING:
    from trackwire.scaffold import Blueprint


@click.command()
@click.argument("name")
@click.option(
    "--directory",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where to put it: nothing yet, or an empty directory.  [default: ./NAME-trackwire]",
)
@click.option("--title", metavar="TEXT", help="The tracker's name for people.  [default: by NAME]")
@click.option(
    "--resource-type",
    metavar="TYPE",
    help="What hubs call the kind of resource that issues belong to.  [default: NAME_project]",
)
@click.option(
    "--credential-key",
    metavar="FIELD",
    help="The field that holds the resource's id.  [default: project_key]",
)
@json_option
@click.pass_obj
def new(
    output: Output,
    name: str,
    directory: Path | None,
    title: str | None,
    resource_type: str | None,
    credential_key: str | None,
) -> None:
    """Begin a provider plugin for the tracker NAME, such as acme-tracker.

    NAME takes letters a to z, digits and single dashes, a letter first, 25 characters at most.

    It is a complete distribution that passes its own tests, for a tracker that is made up; what is
    to be changed is marked ADAPT. Nothing that exists is overwritten.
    """
    from trackwire.scaffold import draw, render, write

    blueprint = draw(name, title=title, resource_type=resource_type, credential_key=credential_key)
    place = directory or Path(blueprint.distribution)
    contents = render(blueprint)
    write(contents, place)
    _warn_of_claims(output, blueprint)
    steps = _next_steps(blueprint, place)
    output.say(
        _document(blueprint, place, list(contents), steps),
        [f"made {place}:", *(f"  {path}" for path in contents), "next:", *_indented(steps)],
    )


def _warn_of_claims(output: Output, blueprint: Blueprint) -> None:
    from trackwire.discovery import scan

    claims = [str(found) for found in scan().claims if found.name == blueprint.name]
    if claims:
        output.note(
            f"{', '.join(claims)} already claims the provider {blueprint.name}, and of two claims "
            "neither counts: uninstall the one, or begin again under another NAME"
        )


def _next_steps(blueprint: Blueprint, place: Path) -> list[str]:
    """Give the commands to type from here, for the environment that this runs in."""
    is_plain = place.is_absolute() or place == Path()
    here = str(place) if is_plain else f"./{place}"  # else it may look like an option or a name
    commands = [
        *_installation("-e", f"{here}[test]"),
        [sys.executable, "-m", "pytest", here],
        ["trackwire", "plugin", "check", blueprint.name],
        ["grep", "-rn", "ADAPT", f"{here}/pyproject.toml", f"{here}/src"],
    ]
    return [shlex.join(words) for words in commands]


def _installation(*what: str) -> list[list[str]]:
    if find_spec("pip") is not None:
        return [[sys.executable, "-m", "pip", "install", *what]]
    if shutil.which("uv"):  # which makes environments without pip
        return [["uv", "pip", "install", "--python", sys.executable, *what]]
    return [
        [sys.executable, "-m", "ensurepip"],
        [sys.executable, "-m", "pip", "install", *what],
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _document(
    blueprint: Blueprint, place: Path, files: list[str], steps: list[str]
) -> dict[str, Any]:
    return {
        "provider": blueprint.name,
        "title": blueprint.title,
        "resource_type": blueprint.resource_type,
        "credential_key": blueprint.credential_key,
        "distribution": blueprint.distribution,
        "module": blueprint.module,
        "directory": place.resolve(),
        "files": files,
        "next": steps,
    }
