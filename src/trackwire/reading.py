"""Reads issues out of files: in wire form, or by a provider's reader of exports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from trackwire.checking import (
    check_assignees,
    checked_issue,
    foreign_field,
    plugin_code,
    wire_errors,
)
from trackwire.errors import ProviderError, RecordError
from trackwire.model import MAX_RECORD_BYTES, ExternalRef, Issue
from trackwire.provider import (
    ExportContext,
    Exported,
    ExportedIssue,
    MoreFollows,
    MorePrecedes,
    ReadExport,
)

if TYPE_CHECKING:
    from trackwire.project import Binding

_UTF8_MARK = b"\xef\xbb\xbf"
_PROGRESS_ISSUES = 1000
_END = object()


class _StrictRef(ExternalRef, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class _StrictIssue(Issue, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ref: _StrictRef


_STRICT_ISSUE = msgspec.json.Decoder(_StrictIssue)


@dataclass(slots=True)
class Reading:
    """What reading files has come to; it grows while the issues are drawn.

    Args:
        foreign: Issues of another workspace or resource that were left out.
        starts: Whether one of the files is the first page, or the only one.
        ends: Whether one of them is the last page, or the only one.
        precedes: Why the latest of the others is not the first page, or None.
        follows: Why the latest of the others is not the last page, or None.
    """

    foreign: int = 0
    starts: bool = False
    ends: bool = False
    precedes: str | None = None
    follows: str | None = None

    @property
    def end_missing(self) -> str | None:
        """Why the files do not reach the end of what the tracker holds, or None where they do."""
        return None if self.ends else self.follows

    @property
    def in_part(self) -> str | None:
        """Why the files are a part only of what the tracker holds, or None where they are all."""
        return self.end_missing or (None if self.starts else self.precedes)

    def page(self, follows: str | None, precedes: str | None) -> None:
        """Take down which page a file is.

        Args:
            follows: Why it is not the last page, or None.
            precedes: Why it is not the first page, or None.
        """
        self.ends = self.ends or follows is None
        self.starts = self.starts or precedes is None
        self.follows = follows or self.follows
        self.precedes = precedes or self.precedes


def read_json_lines(stream: BinaryIO) -> Iterator[ExportedIssue]:
    """Read one issue in wire form a line; blank lines count for nothing.

    Args:
        stream: A binary stream of UTF-8 text.

    Raises:
        RecordError: A line is no issue; names the line and the field.
    """
    for number, line in enumerate(iter(lambda: stream.readline(MAX_RECORD_BYTES), b""), start=1):
        place = f"line {number}"
        text = line.removeprefix(_UTF8_MARK) if number == 1 else line
        if len(line) == MAX_RECORD_BYTES:
            raise RecordError(place, None, f"longer than {MAX_RECORD_BYTES} bytes")
        if text.isspace() or not text:
            continue
        with wire_errors(place):
            issue = _STRICT_ISSUE.decode(text)
        check_assignees(issue, place)
        yield ExportedIssue(issue, place)


def read_by_provider(
    read_export: ReadExport, stream: BinaryIO, context: ExportContext, plugin: str
) -> Iterator[Exported]:
    """Read issues with a provider's reader, checking what it yields.

    Args:
        read_export: The provider's reader.
        stream: A seekable binary stream.
        context: What the reader may know of the binding.
        plugin: The plugin's distribution and version, for messages.

    Raises:
        RecordError: A record is bad.
        ProviderError: The reader itself failed.
    """

    def broken(error: BaseException) -> ProviderError:
        return _broken_reader(plugin, f"{type(error).__name__}: {error}")

    records: Iterator[object] | None = None
    while True:
        with plugin_code(broken, OSError):
            records = iter(read_export(stream, context)) if records is None else records
            record = next(records, _END)
        match record:
            case ExportedIssue(issue=Issue()):
                checked = checked_issue(record.issue, record.place)
                yield ExportedIssue(checked, record.place, record.foreign)
            case MoreFollows() | MorePrecedes():
                yield record
            case _ if record is _END:
                return
            case _:
                raise _broken_reader(
                    plugin, f"it yielded {type(record).__name__}, not an exported issue"
                )


def of_binding(
    records: Iterator[Exported],
    binding: Binding,
    reading: Reading,
    *,
    only_bound: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Issue]:
    """Draw the issues that belong to the binding.

    Args:
        records: What a reader yields.
        binding: What the project is bound to.
        reading: Takes down what else the file says.
        only_bound: Whether to leave foreign issues out instead of refusing the file.
        progress: Told from time to time how many issues were drawn.

    Raises:
        RecordError: An issue belongs to another workspace or resource.
    """
    count = 0
    follows = precedes = None
    for record in records:
        if isinstance(record, MoreFollows):
            follows = record.reason
            continue
        if isinstance(record, MorePrecedes):
            precedes = record.reason
            continue
        foreign = record.foreign or foreign_field(record.issue.ref, binding)
        if foreign and not only_bound:
            raise RecordError(
                record.place,
                None,
                f"{foreign}; bind the project to it, or leave such issues out with --only-bound",
            )
        if foreign:
            reading.foreign += 1
            continue
        count += 1
        if count % _PROGRESS_ISSUES == 0:
            progress(count)
        yield record.issue
    progress(count)
    reading.page(follows, precedes)


@contextlib.contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Put the file's name before what is wrong with it or with one of its records.

    Args:
        path: The file.
    """
    try:
        yield
    except RecordError as error:
        raise RecordError(f"{path}: {error.place}", error.field, error.problem) from error
    except ProviderError as error:
        raise ProviderError(f"{path}: {error}") from error
    except OSError as error:
        raise RecordError(str(path), None, f"cannot be read: {error.strerror or error}") from error


def _broken_reader(plugin: str, problem: str) -> ProviderError:
    return ProviderError(
        f"{plugin}: its reader of exports failed: {problem}; "
        "report it to the plugin's author, or import with --format jsonl"
    )
