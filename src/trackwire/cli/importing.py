"""`trackwire import`: issues from files."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from trackwire.cli.output import Output, json_option

if TYPE_CHECKING:
    from trackwire.imports import ImportFile, ImportReport

_STANDARD_INPUT = "-"


@click.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["jsonl"]),
    help="One issue in wire form a line, for any provider.  [default: what the provider's API "
    "answers, by its plugin]",
)
@click.option(
    "--replace",
    "replace_all",
    is_flag=True,
    help="The files together are the whole state: issues that are not in them are gone.",
)
@click.option(
    "--only-bound",
    is_flag=True,
    help="Leave out issues of another workspace or resource, instead of refusing the file.",
)
@json_option
@click.pass_obj
def import_(
    output: Output,
    files: tuple[str, ...],
    file_format: str | None,
    *,
    replace_all: bool,
    only_bound: bool,
) -> None:
    """Read issues from FILEs into the bound scope: saved answers of the tracker's API.

    A file is imported whole or not at all. `-` is standard input.
    """
    reports: list[ImportReport] = []
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(_opened(name, file_format)) for name in files]
        count = stack.enter_context(output.progress("issues read:"))
        try:
            reports.extend(
                output.service().import_files(
                    opened,
                    file_format=file_format,
                    replace_all=replace_all,
                    only_bound=only_bound,
                    progress=count,
                )
            )
        finally:
            if not output.as_json:
                for report in reports:
                    click.echo(_line(report))
    if output.as_json:
        output.say({"imports": [_document(report) for report in reports]}, [])
    for report in reports:
        if report.more_follows:
            output.note(
                f"{', '.join(report.files)}: more pages follow ({report.more_follows}); "
                "import the others too"
            )


@contextlib.contextmanager
def _opened(name: str, file_format: str | None) -> Iterator[ImportFile]:
    from trackwire.imports import ImportFile

    if name != _STANDARD_INPUT:
        with Path(name).open("rb") as stream:
            yield ImportFile(name=name, stream=stream)
    elif file_format is not None:
        yield ImportFile(name="standard input", stream=sys.stdin.buffer)
    else:
        with _seekable(sys.stdin.buffer) as stream:
            yield ImportFile(name="standard input", stream=stream)


@contextlib.contextmanager
def _seekable(source: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as stream:
        shutil.copyfileobj(source, stream)
        stream.seek(0)
        yield stream


def _document(report: ImportReport) -> dict[str, object]:
    return {
        "files": report.files,
        **asdict(report.changes),
        "foreign": report.foreign,
        "more_follows": report.more_follows,
    }


def _line(report: ImportReport) -> str:
    changes = report.changes
    parts = [
        f"{changes.created} created",
        f"{changes.updated} updated",
        f"{changes.unchanged} unchanged",
    ]
    if changes.gone:
        parts.append(f"{changes.gone} gone")
    if report.foreign:
        parts.append(f"{report.foreign} foreign left out")
    return f"{', '.join(report.files)}: {', '.join(parts)}"
