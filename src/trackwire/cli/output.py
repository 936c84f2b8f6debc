"""How results, notes and progress reach a person or a machine."""

from __future__ import annotations

import contextlib
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from trackwire.errors import TrackwireError
    from trackwire.service import TrackerService

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # of words and emoji


class Output:
    """Where one run of a command says what it has to say.

    Standard output carries the result: lines for a person or, with `--json`, one JSON document.
    Everything else goes to standard error.
    """

    def __init__(self) -> None:
        self.as_json = False
        self.directory = "."

    def service(self) -> TrackerService:
        """Return the service of the chosen project, which notifies through this output."""
        from pathlib import Path

        from trackwire.service import TrackerService

        return TrackerService(Path(self.directory).absolute(), notify=self.note)

    def say(self, document: dict[str, Any], lines: Iterable[str]) -> None:
        """Print a result.

        Args:
            document: What a machine reads; `ok` is added where it is absent.
            lines: What a person reads.
        """
        if self.as_json:
            click.echo(to_json({"ok": True, **document}))
        else:
            for line in lines:
                click.echo(printable(line))

    def tell(self, line: str) -> None:
        """Print a line of a running story; with `--json`, to standard error.

        Args:
            line: The line.
        """
        for part in line.splitlines() or [""]:
            click.echo(printable(part), err=self.as_json)

    def note(self, text: str) -> None:
        """Tell a person something beside the result.

        Args:
            text: One line.
        """
        click.echo(printable(f"note: {text}"), err=True)

    def fail(self, error: TrackwireError) -> None:
        """Tell why the command failed: one line, and with `--json` a document too.

        Args:
            error: What went wrong.
        """
        click.echo(printable(f"error: {error}"), err=True)
        if self.as_json:
            document = error.report or {"ok": False, "error": str(error)}
            with contextlib.suppress(OSError):  # where it cannot be written, the line has to do
                click.echo(to_json(document))

    def interrupted(self, text: str) -> None:
        """Tell that a person has stopped the command: one line, and with `--json` a document too.

        Args:
            text: What became of the work.
        """
        click.echo(text, err=True)
        if self.as_json:
            click.echo(to_json({"ok": False, "error": text}))

    @contextlib.contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int], None]]:
        """Show a running count on a terminal; nothing elsewhere.

        Args:
            what: What is counted.

        Yields:
            The function that takes the count.
        """
        with self.running(what) as show:
            yield lambda count: show(f"{what} {count:,}")

    @contextlib.contextmanager
    def running(self, what: str) -> Iterator[Callable[[str], None]]:
        """Show what is going on, on a terminal; nothing elsewhere.

        Args:
            what: What is shown first.

        Yields:
            The function that takes what is shown from then on.
        """
        if self.as_json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda text: bar.update(task, description=text)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option `--json`."""

    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's form
        ctx.ensure_object(Output).as_json = value

    return click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=remember,
        help="Print one JSON document on standard output, and nothing else there.",
    )(command)


def printable(line: str) -> str:
    """Make a line fit for a terminal: what would steer it is shown in its escaped spelling.

    Args:
        line: The line; parts of it may be somebody else's text.
    """
    return "".join(
        character.encode("unicode_escape").decode() if _steers(character) else character
        for character in line
    )


def _steers(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _STEERING


def to_json(document: object) -> str:
    """Render a result as JSON.

    Args:
        document: Plain data, dataclasses, structs, enumerations, times and paths.
    """
    import msgspec

    try:
        return msgspec.json.encode(document, enc_hook=str).decode()
    except UnicodeEncodeError:  # a path that is not UTF-8 is written in escapes
        import json

        return json.dumps(msgspec.to_builtins(document, enc_hook=str))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lay out rows in columns, on a terminal no wider than it is; elsewhere a row is one line.

    Args:
        headers: The columns' names.
        rows: Their cells; None is shown as a dash.
    """
    cells = [["-" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    lines = _fitted(headers, cells) if sys.stdout.isatty() else _padded([headers, *cells])
    return [line.rstrip() for line in lines]


def _fitted(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    import shutil
    from io import StringIO

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    laid_out = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for header in headers:
        laid_out.add_column(Text(header))
    for row in rows:
        laid_out.add_row(*map(Text, row))
    page = StringIO()
    width = shutil.get_terminal_size().columns
    Console(file=page, width=width, highlight=False).print(laid_out)
    return page.getvalue().splitlines()


def _padded(rows: Sequence[Sequence[str]]) -> list[str]:
    from rich.cells import cell_len, set_cell_size

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(set_cell_size, row, widths)) for row in rows]
