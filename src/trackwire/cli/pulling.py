"""`trackwire pull` and `trackwire sync`: the live tracker into the store, and on to a hub."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from trackwire.cli.options import finite, timeout_option
from trackwire.cli.output import Output, json_option
from trackwire.cli.publishing import publish_document, publish_lines
from trackwire.defaults import OVERLAP, TRACKER_WAIT_SECONDS
from trackwire.errors import TrackwireError
from trackwire.model import Status

if TYPE_CHECKING:
    from trackwire.connector import Unplaced
    from trackwire.pulling import PullProgress, PullReport
    from trackwire.service import SyncReport

_INTERRUPTED = 130
_KEPT = "interrupted; what was read is kept, and the next pull goes on from there"
_LONGEST_OVERLAP = 10 * 365 * 86_400
_MOST_SHOWN = 20


def _time(_ctx: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text.strip())
        if time.utcoffset() is not None:
            return time
        local = time.astimezone()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            "it takes a time as ISO 8601 writes it, such as 2026-11-01 or 2026-11-01T08:00:00Z",
            param=parameter,
        ) from None
    click.echo(f"note: --since without an offset is local time: {local.isoformat()}", err=True)
    return local


def _reading(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--accept-gone",
            is_flag=True,
            help="Go on though more than half of the issues are gone at the tracker.",
        ),
        click.option(
            "--max-wait",
            type=click.FloatRange(min=0),
            callback=finite,
            default=TRACKER_WAIT_SECONDS,
            show_default=True,
            metavar="SECONDS",
            help="Limit of all waits for the tracker together.",
        ),
        click.option(
            "--overlap",
            type=click.FloatRange(min=0, max=_LONGEST_OVERLAP),
            callback=finite,
            default=OVERLAP.total_seconds(),
            show_default=True,
            metavar="SECONDS",
            help="How far back to read again what was read, for a search index that lags.",
        ),
        click.option(
            "--full", is_flag=True, help="Read everything again, not only what has changed."
        ),
    ):
        command = option(command)
    return command


@click.command()
@_reading
@click.option(
    "--since",
    metavar="ISO",
    callback=_time,
    help="Read what has changed since then, beside the regular course.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Take in at most N issues; the next pull goes on behind them.",
)
@json_option
@click.pass_obj
def pull(
    output: Output,
    since: datetime | None,
    limit: int | None,
    overlap: float,
    max_wait: float,
    *,
    full: bool,
    accept_gone: bool,
) -> None:
    """Read the issues of the live tracker that have changed.

    Each page is kept as soon as it is read: a pull that was interrupted goes on where it stopped.
    """
    with _told(output, _pull_failure), _progress(output) as progress:
        report = output.service().pull(
            full=full,
            since=since,
            limit=limit,
            overlap=timedelta(seconds=overlap),
            max_wait=max_wait,
            accept_gone=accept_gone,
            progress=progress,
        )
    output.say(_document(report), _all_lines(report))


@click.command()
@_reading
@click.option("--hub", metavar="URL", help="The hub.  [default: the one you logged in to]")
@timeout_option
@json_option
@click.pass_obj
def sync(
    output: Output,
    overlap: float,
    max_wait: float,
    hub: str | None,
    timeout: float,
    *,
    full: bool,
    accept_gone: bool,
) -> None:
    """Pull, then publish: what a scheduled job calls.

    Nothing is published when the pull fails. The exit code 75 says that it is worth repeating.
    """
    from trackwire.visiting import PullOptions

    with _told(output, _sync_failure), _progress(output) as progress:
        options = PullOptions(
            full=full,
            overlap=timedelta(seconds=overlap),
            max_wait=max_wait,
            accept_gone=accept_gone,
            progress=progress,
        )
        report = output.service().sync(options, hub=hub, timeout=timeout)
    output.say(_sync_document(report), _sync_lines(report))


@contextlib.contextmanager
def _told(output: Output, document: Callable[[TrackwireError], dict[str, Any]]) -> Iterator[None]:
    """Tell how far the work came, when it fails or is interrupted."""
    try:
        yield
    except TrackwireError as error:
        said = document(error)
        if not output.as_json:
            output.say({}, _partial_lines(error))
        error.report = {"ok": False, "error": str(error), **said}
        raise
    except KeyboardInterrupt as stop:
        output.interrupted(_KEPT)
        raise click.exceptions.Exit(_INTERRUPTED) from stop


@contextlib.contextmanager
def _progress(output: Output) -> Iterator[Callable[[PullProgress], None]]:
    with output.running("reading the tracker") as show:

        def tell(progress: PullProgress) -> None:
            pages = "1 page" if progress.pages == 1 else f"{progress.pages:,} pages"
            listed = f", {progress.listed:,} listed" if progress.listed else ""
            show(f"{progress.issues:,} issues on {pages}{listed}")

        yield tell


def _pull_failure(error: TrackwireError) -> dict[str, Any]:
    report = _pull_report(error.report)
    return _document(report) if report else {}


def _sync_failure(error: TrackwireError) -> dict[str, Any]:
    from trackwire.service import SyncReport

    report = error.report if isinstance(error.report, SyncReport) else SyncReport(pull=None)
    return _sync_document(report)


def _partial_lines(error: TrackwireError) -> list[str]:
    from trackwire.service import SyncReport

    held = error.report.pull if isinstance(error.report, SyncReport) else error.report
    report = _pull_report(held)
    return _lines(report) if report and report.pages else []


def _pull_report(report: object) -> PullReport | None:
    from trackwire.pulling import PullReport

    return report if isinstance(report, PullReport) else None


def _document(report: PullReport) -> dict[str, Any]:
    return {
        "scope": asdict(report.scope),
        "full": report.full,
        "since": report.since,
        "resumed": report.resumed,
        "complete": report.complete,
        "pages": report.pages,
        "issues": report.issues,
        **asdict(report.changes),
        "unplaced": [
            {"kind": name.kind, "name": name.name, "issues": count}
            for name, count in _by_frequency(report)
        ],
        "unfit": [{"id": one.id, "problem": one.problem} for one in report.unfit],
        "census": report.census,
        "fill": report.fill,
    }


def _sync_document(report: SyncReport) -> dict[str, Any]:
    return {
        "pull": _document(report.pull) if report.pull else None,
        "publish": publish_document(report.publish) if report.publish else None,
    }


def _lines(report: PullReport) -> list[str]:
    changes = report.changes
    counts = (
        f"{changes.created} created, {changes.updated} updated, "
        f"{changes.unchanged} unchanged, {changes.gone} gone"
    )
    pages = "1 page" if report.pages == 1 else f"{report.pages} pages"
    return [f"{report.scope}: {counts} ({report.issues} issues read on {pages}; {_extent(report)})"]


def _extent(report: PullReport) -> str:
    if not report.complete and report.since is not None:
        return "not to the end of what changed since then"
    if not report.complete:
        return "not to the end: the next pull goes on"
    return "complete" if report.fill == "complete" else "filled in part: pull again for the rest"


def _all_lines(report: PullReport) -> list[str]:
    return [*_lines(report), *_unfit_lines(report), *_unplaced_lines(report)]


def _unfit_lines(report: PullReport) -> list[str]:
    lines = [f"not taken in: {one.problem}" for one in report.unfit[:_MOST_SHOWN]]
    rest = len(report.unfit) - len(lines)
    return [*lines, f"and {rest} more; see --json"] if rest else lines


def _unplaced_lines(report: PullReport) -> list[str]:
    names = _by_frequency(report)
    if not names:
        return []
    lines = [
        f"no place for {name.kind} {json.dumps(name.name, ensure_ascii=False)}: "
        + ("1 issue" if count == 1 else f"{count} issues")
        for name, count in names
    ]
    lines.append("to place them, say in .kittify/config.yaml what they mean, such as:")
    lines.append("trackwire:")
    for kind, example, choices in (
        ("status", Status.TODO.value, ", ".join(Status)),
        ("priority", "2", "0 (highest) to 4"),
    ):
        mine = [name.name for name, _ in names if name.kind == kind]
        if mine:
            lines.append(f"  {kind}_map:  # {choices}")
            lines += [f"    {json.dumps(name, ensure_ascii=False)}: {example}" for name in mine]
    return lines


def _by_frequency(report: PullReport) -> list[tuple[Unplaced, int]]:
    return sorted(report.unplaced.items(), key=lambda item: (-item[1], item[0].kind, item[0].name))


def _sync_lines(report: SyncReport) -> list[str]:
    pulled = _all_lines(report.pull) if report.pull else []
    return [*pulled, *(publish_lines(report.publish) if report.publish else [])]
