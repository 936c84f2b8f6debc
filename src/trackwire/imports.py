"""Imports: files of issues into the bound scope, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from trackwire.errors import RecordError, UsageError
from trackwire.provider import ExportContext, Exported
from trackwire.reading import Reading, naming, of_binding, read_by_provider, read_json_lines
from trackwire.registry import Registered
from trackwire.scope import Fill, Scope, Upserted

if TYPE_CHECKING:
    from trackwire.model import Issue
    from trackwire.route import Route
    from trackwire.store import TrackerSqliteStore

JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import changed.

    Args:
        files: The files that it is about.
        changes: The issues created, updated, unchanged and gone.
        foreign: Issues of another workspace or resource that were left out.
        in_part: Why the files are a part only of what the tracker holds, or None where they are
            all of it, or end what the pages before them began.
    """

    files: tuple[str, ...]
    changes: Upserted
    foreign: int = 0
    in_part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """A file to import; it is open only while it is read.

    Args:
        name: What to call it in messages.
        open: Opens its content, as bytes; seekable, unless it is in the jsonl format.
    """

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]]

    @classmethod
    def at(cls, path: Path) -> ImportFile:
        """Make one of a file by its path.

        Args:
            path: The file.
        """
        return cls(name=str(path), open=lambda: path.open("rb"))

    @classmethod
    def of(cls, name: str, stream: BinaryIO) -> ImportFile:
        """Make one of a stream that is open already, and is left open.

        Args:
            name: What to call it in messages.
            stream: Its content.
        """
        return cls(name=name, open=lambda: nullcontext(stream))


Reader = Callable[[BinaryIO], Iterator[Exported]]
"""Reads the records of a file's content."""


def reader_for(route: Route, file_format: str | None) -> Reader:
    """Choose what reads a file's records.

    Args:
        route: The bound project's route.
        file_format: `jsonl`, or None for what the provider's reader reads.

    Raises:
        UsageError: The provider has no reader of exports.
    """
    if file_format == JSON_LINES:
        return read_json_lines
    name = route.config.provider
    if not isinstance(route.outcome, Registered):
        raise UsageError(
            f"no plugin is in use for {name}, so its exports cannot be read; "
            "import issues in wire form with --format jsonl"
        )
    read_export = route.outcome.provider.read_export
    if read_export is None:
        raise UsageError(
            f"{route.outcome.found} reads no exports; "
            "import issues in wire form with --format jsonl"
        )
    fields = route.outcome.provider.credential_fields
    private = {f.name for f in fields if f.secret or f.personal}
    context = ExportContext(
        workspace=route.config.workspace,
        credentials={
            value.field: value.plain
            for value in route.values.values()
            if value.field not in private and not value.secret
        },
        status_map=route.config.status_map,
        priority_map=route.config.priority_map,
    )
    plugin = str(route.outcome.found)
    return lambda stream: read_by_provider(read_export, stream, context, plugin)


def import_groups(
    groups: Iterable[Sequence[ImportFile]],
    read: Reader,
    route: Route,
    store: TrackerSqliteStore,
    *,
    replace_all: bool,
    only_bound: bool,
    progress: Callable[[int], None],
) -> Iterator[ImportReport]:
    """Write groups of files to the store, each group in one transaction.

    Args:
        groups: The files of each transaction.
        read: What reads a file's records.
        route: The bound project's route.
        store: The store; the caller holds the project's lock.
        replace_all: Whether a group is the whole state.
        only_bound: Whether to leave out foreign issues, instead of refusing the file.
        progress: Told from time to time how many issues of a file were read.

    Yields:
        A report for each transaction, as soon as it is kept.

    Raises:
        RecordError: A record is bad or foreign; nothing of its transaction is kept.
    """
    for group in groups:
        reading = Reading()
        issues = _drawn(group, read, route, reading, only_bound=only_bound, progress=progress)
        with store.writing():
            changes = store.upsert_issues(route.scope, issues, replace=replace_all)
            _check_not_emptied(route.scope, changes, [file.name for file in group])
            before = store.fill(route.scope)
            fill = _fill(before, reading, changes, whole=replace_all)
            store.set_fill(route.scope, fill)
            store.journal.distrust(route.scope)
        completed = before is Fill.PARTIAL and fill is Fill.COMPLETE
        yield ImportReport(
            files=tuple(file.name for file in group),
            changes=changes,
            foreign=reading.foreign,
            in_part=None if completed else reading.in_part,
        )


def _drawn(
    files: Iterable[ImportFile],
    read: Reader,
    route: Route,
    reading: Reading,
    *,
    only_bound: bool,
    progress: Callable[[int], None],
) -> Iterator[Issue]:
    binding = route.config.bound()
    for file in files:
        with naming(file.name), file.open() as stream:
            yield from of_binding(
                read(stream), binding, reading, only_bound=only_bound, progress=progress
            )


def _check_not_emptied(scope: Scope, changes: Upserted, names: list[str]) -> None:
    if changes.gone and not changes.total:
        raise RecordError(
            ", ".join(names),
            None,
            f"holds none of the {changes.gone} issues of {scope}, and all would be gone; "
            "to start afresh run: trackwire unbind --purge",
        )


def _fill(before: Fill, reading: Reading, changes: Upserted, *, whole: bool) -> Fill:
    if not changes.total and before is Fill.NEVER:
        return Fill.NEVER
    if before is Fill.COMPLETE and not whole:
        return Fill.COMPLETE
    # The pages before this one may be there already; what follows it is still to come.
    partial = reading.end_missing if before is Fill.PARTIAL and not whole else reading.in_part
    return Fill.PARTIAL if partial else Fill.COMPLETE
