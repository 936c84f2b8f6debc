"""What the rules about exports share: an export of made-up issues, read as an import reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from trackwire.errors import RecordError, TrackwireError
from trackwire.provider import ExportContext, ExportedIssue
from trackwire.reading import read_by_provider
from trackwire.testing.emulator import SampleTracker
from trackwire.testing.rules.rule import Violation
from trackwire.testing.samples import sample, samples

if TYPE_CHECKING:
    from trackwire.provider import Exported, Provider
    from trackwire.testing.emulator import Emulator, SampleIssue
    from trackwire.testing.subject import Subject

SOME = 7
"""How many issues an ordinary export has."""

DAMAGED = 4
"""The index of the damaged record, or the foreign one."""


class Untouched(BytesIO):
    """A stream that takes down whether it is closed or written to, and stays as it is."""

    touched: str | None = None

    def close(self) -> None:
        """Take it down."""
        self.touched = "close()"

    def detach(self) -> None:  # type: ignore[override]  # nothing is given away
        """Take it down."""
        self.touched = "detach()"

    def write(self, _: object) -> int:
        """Take it down."""
        self.touched = "write()"
        return 0

    def truncate(self, _: int | None = None) -> int:
        """Take it down."""
        self.touched = "truncate()"
        return 0


def parts_of(subject: Subject) -> tuple[Provider, Emulator]:
    """Return the provider and the emulator.

    Args:
        subject: The plugin.
    """
    if subject.provider is None or subject.emulator is None:
        raise Violation("it has no provider, or no emulator")
    return subject.provider, subject.emulator


def export_of(subject: Subject, issues: Sequence[SampleIssue]) -> bytes:
    """Render an export of issues.

    Args:
        subject: The plugin.
        issues: What the export holds, in that order.
    """
    provider, emulator = parts_of(subject)
    sound = [issue for issue in issues if not issue.is_foreign and not issue.is_damaged]
    resource_id = emulator.credentials.get(provider.credential_key or "", "")
    tracker = SampleTracker(resource_id=resource_id, issues=sound, page_size=max(SOME, len(issues)))
    return emulator.export(tracker, issues)


def damaged_export(subject: Subject) -> bytes:
    """Render an export whose record `DAMAGED` is damaged.

    Args:
        subject: The plugin.
    """
    issues = samples(SOME)
    issues[DAMAGED] = sample(DAMAGED, is_damaged=True)
    return export_of(subject, issues)


def half_export(subject: Subject) -> bytes:
    """Render an export that breaks off within its last record.

    Args:
        subject: The plugin.
    """
    issues = samples(SOME)
    data = export_of(subject, issues)
    place = data.rfind(issues[-1].title.encode())
    return data[: place + 1 if place > 0 else len(data) * 2 // 3]


def records_of(subject: Subject, stream: BinaryIO, **context: Any) -> Iterator[Exported]:
    """Read an export as an import does.

    Args:
        subject: The plugin.
        stream: The export.
        context: Members of the `ExportContext` beside workspace and credentials.
    """
    provider, emulator = parts_of(subject)
    if provider.read_export is None:
        raise Violation("it reads no exports")
    plain = [f for f in provider.credential_fields if not f.secret and not f.personal]
    known = ExportContext(
        workspace=emulator.workspace,
        credentials={
            each.name: emulator.credentials.get(each.name, each.default)
            for each in plain
            if each.name in emulator.credentials or each.default is not None
        },
        **context,
    )
    return read_by_provider(provider.read_export, stream, known, str(subject.found))


def issues_of(
    subject: Subject, issues: Sequence[SampleIssue], **context: Any
) -> list[ExportedIssue]:
    """Export issues and read them, which must not fail.

    Args:
        subject: The plugin.
        issues: The issues.
        context: As `records_of` takes it.
    """
    data = export_of(subject, issues)
    with required(f"reading an export of {len(issues)} issues"):
        records = list(records_of(subject, BytesIO(data), **context))
    return [record for record in records if isinstance(record, ExportedIssue)]


def pairs(
    issues: Sequence[SampleIssue], read: Sequence[ExportedIssue]
) -> Iterator[tuple[SampleIssue, ExportedIssue]]:
    """Put each issue beside what was read of it; all must have been read.

    Args:
        issues: The issues.
        read: What was read.
    """
    by_id = {exported.issue.ref.id: exported for exported in read}
    for issue in issues:
        if issue.id not in by_id:
            raise Violation(f"it does not yield the issue with the id {issue.id}")
        yield issue, by_id[issue.id]


def refusal(subject: Subject, data: bytes, what: str) -> RecordError:
    """Read what must be refused, and return the error.

    Args:
        subject: The plugin.
        data: The file.
        what: What it is, for the violation.
    """
    count = 0
    try:
        for _ in records_of(subject, BytesIO(data)):
            count += 1
    except RecordError as error:
        return error
    except TrackwireError as error:
        raise Violation(f"a RecordError is due for {what}, and it came to: {error}") from error
    raise Violation(f"{what} is read without an error, as {count} records")


def said_of(subject: Subject, data: bytes) -> str:
    """Read a file, and return all that is said of it.

    Args:
        subject: The plugin.
        data: The file.
    """
    try:
        read = list(records_of(subject, BytesIO(data)))
    except TrackwireError as error:
        return str(error)
    return repr(read)


@contextmanager
def required(what: str) -> Iterator[None]:
    """Require that nothing in the block fails.

    Args:
        what: What is tried, for the violation.
    """
    try:
        yield
    except TrackwireError as error:
        raise Violation(f"{what} failed: {error}") from error
