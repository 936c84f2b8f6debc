"""Reads issues out of files: in wire form, or by a provider's reader of exports."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from trackwire.errors import ProviderError, RecordError, TrackwireError
from trackwire.model import ExternalRef, Issue
from trackwire.provider import ExportContext, ExportedIssue, MoreFollows, ReadExport

if TYPE_CHECKING:
    from trackwire.project import Binding

_LINE_LIMIT_BYTES = 1 << 26
_UTF8_MARK = b"\xef\xbb\xbf"
_PROGRESS_ISSUES = 1000
_ISSUE = msgspec.json.Decoder(Issue)
_PLACE_IN_MESSAGE = re.compile(r" - at `\$\.?(.*)`$")
_MEMBER_IN_MESSAGE = re.compile(r"Object (missing required|contains unknown) field `([^`]*)`")


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
        last_page: Whether one of the files is the last page, or the only one.
        more_follows: Why the latest of the others is not the last page, or None.
    """

    foreign: int = 0
    last_page: bool = False
    more_follows: str | None = None

    @property
    def in_part(self) -> str | None:
        """Why the files do not reach the end of what the tracker holds, or None where they do."""
        return None if self.last_page else self.more_follows


def read_json_lines(stream: BinaryIO) -> Iterator[ExportedIssue]:
    """Read one issue in wire form a line; blank lines count for nothing.

    Args:
        stream: A binary stream of UTF-8 text.

    Raises:
        RecordError: A line is no issue; names the line and the field.
    """
    for number, line in enumerate(iter(lambda: stream.readline(_LINE_LIMIT_BYTES), b""), start=1):
        place = f"line {number}"
        text = line.removeprefix(_UTF8_MARK) if number == 1 else line
        if len(line) == _LINE_LIMIT_BYTES:
            raise RecordError(place, None, f"longer than {_LINE_LIMIT_BYTES} bytes")
        if text.isspace() or not text:
            continue
        with _wire_errors(place):
            issue = _STRICT_ISSUE.decode(text)
        yield ExportedIssue(issue, place)


def read_by_provider(
    read_export: ReadExport, stream: BinaryIO, context: ExportContext, plugin: str
) -> Iterator[ExportedIssue | MoreFollows]:
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
    records: Iterator[object] | None = None
    while True:
        try:
            records = iter(read_export(stream, context)) if records is None else records
            record = next(records)
        except StopIteration:
            return
        except (TrackwireError, OSError):
            raise
        # SystemExit is no way for a plugin to end the command.
        except (Exception, SystemExit) as error:
            raise _broken_reader(plugin, f"{type(error).__name__}: {error}") from error
        match record:
            case ExportedIssue(issue=Issue()):
                with _wire_errors(record.place):
                    checked = _ISSUE.decode(msgspec.json.encode(record.issue))
                yield ExportedIssue(checked, record.place, record.foreign)
            case MoreFollows():
                yield record
            case _:
                raise _broken_reader(
                    plugin, f"it yielded {type(record).__name__}, not an exported issue"
                )


def of_binding(
    records: Iterator[ExportedIssue | MoreFollows],
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
    more_follows = None
    for record in records:
        if isinstance(record, MoreFollows):
            more_follows = record.reason
            continue
        foreign = record.foreign or _foreign(record.issue.ref, binding)
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
    if more_follows is None:
        reading.last_page = True
    else:
        reading.more_follows = more_follows


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
    except OSError as error:
        raise RecordError(str(path), None, f"cannot be read: {error.strerror or error}") from error


def _broken_reader(plugin: str, problem: str) -> ProviderError:
    return ProviderError(
        f"{plugin}: its reader of exports failed: {problem}; "
        "report it to the plugin's author, or import with --format jsonl"
    )


def _foreign(ref: ExternalRef, binding: Binding) -> str | None:
    for field, stated, bound in (
        ("ref.system", ref.system, binding.provider),
        ("ref.workspace", ref.workspace, binding.workspace),
    ):
        if stated != bound:
            return f"field {field} is {stated!r}, but the project is bound to {bound!r}"
    return None


@contextlib.contextmanager
def _wire_errors(place: str) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError) as error:
        field, problem = _explain(str(error))
        raise RecordError(place, field or None, problem) from error


def _explain(message: str) -> tuple[str, str]:
    """Split msgspec's message into the dotted field and what is wrong with it."""
    place = _PLACE_IN_MESSAGE.search(message)
    field = place[1] if place else ""
    problem = _PLACE_IN_MESSAGE.sub("", message)
    if member := _MEMBER_IN_MESSAGE.fullmatch(problem):
        missing = member[1] == "missing required"
        problem = "it is missing" if missing else "an issue in wire form has no such field"
        field = f"{field}.{member[2]}".removeprefix(".")
    return field, problem
