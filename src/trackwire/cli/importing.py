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
from trackwire.errors import TrackwireError

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
    try:
        with output.progress("issues read:") as count:
            reports.extend(
                output.service().import_files(
                    [_file(name, file_format) for name in files],
                    file_format=file_format,
                    replace_all=replace_all,
                    only_bound=only_bound,
                    progress=count,
                )
            )
    except TrackwireError as error:
        # What was kept before the bad file is part of the answer.
        error.report = {"ok": False, "error": str(error), **_result(reports)}
        if not output.as_json:
            output.say({}, map(_line, reports))
        raise
    output.say(_result(reports), map(_line, reports))
    for report in reports:
        if report.in_part:
            output.note(
                f"{', '.join(report.files)}: one page of several ({report.in_part}); "
                "see that the others are imported too"
            )


def _file(name: str, file_format: str | None) -> ImportFile:
    from trackwire.imports import ImportFile

    if name != _STANDARD_INPUT:
        return ImportFile(name=name, open=lambda: _opened(Path(name)))
    if file_format is not None:
        return ImportFile.of("standard input", sys.stdin.buffer)
    return ImportFile(name="standard input", open=lambda: _seekable(sys.stdin.buffer))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with contextlib.ExitStack() as stack:
        stream: BinaryIO = stack.enter_context(path.open("rb"))
        yield stream if stream.seekable() else stack.enter_context(_seekable(stream))


@contextlib.contextmanager
def _seekable(source: BinaryIO) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as stream:
        shutil.copyfileobj(source, stream)
        stream.seek(0)
        yield stream


def _result(reports: list[ImportReport]) -> dict[str, object]:
    return {"imports": [_document(report) for report in reports]}


def _document(report: ImportReport) -> dict[str, object]:
    return {
        "files": report.files,
        **asdict(report.changes),
        "foreign": report.foreign,
        "in_part": report.in_part,
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
