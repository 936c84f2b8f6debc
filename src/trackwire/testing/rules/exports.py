"""Rules about reading exports: saved answers of the tracker's API."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from trackwire.model import Status
from trackwire.testing.rules.agreement import (
    has,
    lacks_of,
    prioritized,
    require_mapped,
    require_ordered,
)
from trackwire.testing.rules.environment import environment, process_kept
from trackwire.testing.rules.made_exports import (
    DAMAGED,
    SOME,
    Untouched,
    damaged_export,
    export_of,
    half_export,
    issues_of,
    pairs,
    parts_of,
    records_of,
    refusal,
    required,
    said_of,
)
from trackwire.testing.rules.pulling import EveryName
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.samples import STRANGE_TEXTS, sample, samples

if TYPE_CHECKING:
    from trackwire.provider import Exported
    from trackwire.testing.subject import Subject

_MANY = 100
_LONG_BODY = "What to do about it, at length. " * 2000
_LEAST_SAVING = 3
_NUMBER = re.compile("[0-9]+")
_OTHER_FILES = {
    "an empty file": b"",
    "a login page": b"<!doctype html><title>Log in</title><form></form>\n",
    "a picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
}


def _check_order(subject: Subject) -> None:
    issues = list(reversed(samples(SOME)))
    read = issues_of(subject, issues)
    ids = [exported.issue.ref.id for exported in read]
    wanted = [issue.id for issue in issues]
    if missing := [each for each in wanted if each not in ids]:
        raise Violation(f"of {len(wanted)} issues it does not yield those with the ids {missing}")
    if ids != wanted:
        raise Violation(f"the file has the issues {wanted}, and it yields {ids}")


def _check_fields(subject: Subject) -> None:
    strange = [sample(SOME + n, title=title) for n, title in enumerate(STRANGE_TEXTS)]
    issues = [*samples(SOME), *strange]
    provider, emulator = parts_of(subject)
    for issue, exported in pairs(issues, issues_of(subject, issues)):
        read = exported.issue
        for name, value, wanted in (
            ("ref.system", read.ref.system, provider.name),
            ("ref.workspace", read.ref.workspace, emulator.workspace),
            ("title", read.title, issue.title),
            ("status", read.status.value, issue.status.value),
            ("labels", sorted(read.labels), sorted(issue.labels)),
            ("updated_at", read.updated_at, issue.updated_at),
        ):
            if value != wanted and has(emulator, issue, name):
                raise Violation(f"it reads the {name} of issue {issue.id} as {value!r}: {wanted!r}")
        if issue.body is not None and issue.body not in (read.body or ""):
            raise Violation(f"the body of issue {issue.id} lacks its text, {issue.body!r}")


def _check_own_maps(subject: Subject) -> None:
    maps = {"status_map": EveryName(Status.DONE), "priority_map": EveryName(0)}
    read = issues_of(subject, samples(SOME), **maps)
    require_mapped([each.issue for each in read], lacks_of(subject))


def _check_priorities(subject: Subject) -> None:
    issues = prioritized()
    read = pairs(issues, issues_of(subject, issues))
    require_ordered([exported.issue.priority for _, exported in read])


def _check_own_status(subject: Subject) -> None:
    issues = [sample(0), sample(1, own_status=True), sample(2)]
    for _ in pairs(issues, issues_of(subject, issues)):
        pass


def _check_process(subject: Subject) -> None:
    data = export_of(subject, samples(SOME))
    said_of(subject, data)  # what is imported for the first time is not what reading does
    with process_kept("reading an export"):
        said_of(subject, data)


def _check_missing(subject: Subject) -> None:
    bare = sample(0, body=None, priority=None, assignee=None, labels=())
    deserted = sample(1, assignee_deleted=True)
    issues = [bare, deserted]
    for issue, exported in pairs(issues, issues_of(subject, issues)):
        if issue.body is None and exported.issue.body is not None:
            raise Violation(f"an issue without a body has {exported.issue.body!r} for one")
        if issue.labels != exported.issue.labels and not issue.labels:
            raise Violation(f"an issue without labels has {exported.issue.labels!r}")


def _check_empty(subject: Subject) -> None:
    if read := issues_of(subject, []):
        raise Violation(f"it yields {len(read)} issues of an export that has none")


def _check_foreign(subject: Subject) -> None:
    provider, _ = parts_of(subject)
    if provider.credential_key is None:
        return
    issues = samples(SOME)
    issues[DAMAGED] = sample(DAMAGED, is_foreign=True)
    read = {exported.issue.ref.id: exported for exported in issues_of(subject, issues)}
    for issue in issues:
        if issue.id not in read:
            what = "foreign" if issue.is_foreign else "bound"
            raise Violation(f"it leaves out an issue of the {what} resource, id {issue.id}")
        reason = read[issue.id].foreign
        if issue.is_foreign and not reason:
            raise Violation(f"issue {issue.id} is another resource's, and foreign is {reason!r}")
        if reason is not None and not issue.is_foreign:
            raise Violation(f"issue {issue.id} is the bound resource's, and foreign is {reason!r}")


def _check_bad_record(subject: Subject) -> None:
    data = damaged_export(subject)
    error = refusal(subject, data, "an export with a damaged record")
    numbers = {int(number) for number in _NUMBER.findall(error.place)}
    line = data[: data.find(sample(DAMAGED).title.encode())].count(b"\n") + 1
    lines = {line} if line > 1 and "line" in error.place else set()
    if numbers.isdisjoint({DAMAGED, DAMAGED + 1, int(sample(DAMAGED).id), *lines}):
        raise Violation(
            f"record {DAMAGED} (from 0) is damaged, and the error's place is {error.place!r}"
        )


def _check_other_files(subject: Subject) -> None:
    empty = export_of(subject, [])
    for what, data in _OTHER_FILES.items():
        if data == empty.strip():
            continue  # it is an export without issues
        refusal(subject, data, what)


def _check_half(subject: Subject) -> None:
    refusal(subject, half_export(subject), "an export that breaks off within its last record")


def _check_errors(subject: Subject) -> None:
    provider, emulator = parts_of(subject)
    secrets = {
        f"TRACKWIRE_{provider.name}_{each.name}".upper(): emulator.credentials[each.name]
        for each in provider.credential_fields
        if each.secret and each.name in emulator.credentials
    }
    files = {"a damaged record": damaged_export(subject), "half a file": half_export(subject)}
    with environment(secrets):
        for what, data in (*files.items(), *_OTHER_FILES.items()):
            said = said_of(subject, data)
            if any(secret in said for secret in secrets.values()):
                raise Violation(f"its error about {what} holds the value of a secret field")


def _check_streams(subject: Subject) -> None:
    issues_of(subject, samples(1))  # what it imports is not what it holds
    data = export_of(subject, [sample(n, body=_LONG_BODY) for n in range(_MANY)])
    limit = len(data) // _LEAST_SAVING
    with TemporaryFile() as file:  # a BytesIO would give all its bytes without a copy, so for free
        file.write(data)
        file.seek(0)
        peak = _peak_of(records_of(subject, file), limit)
    if peak > limit:
        held = peak / len(data)
        raise Violation(
            f"reading {len(data):,} bytes takes {held:.1f} times their memory, not a third of it"
        )


def _peak_of(records: Iterator[Exported], limit: int) -> int:
    """Read records until they take more than the limit, and return how many bytes they took."""
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        for _ in records:
            if tracemalloc.get_traced_memory()[1] - before > limit:
                break
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()


def _check_stream_kept(subject: Subject) -> None:
    data = export_of(subject, samples(SOME))
    stream = Untouched(data)
    with required("reading an export"):
        for _ in records_of(subject, stream):
            pass
    if stream.touched is not None:
        raise Violation(f"it calls {stream.touched} on the stream")


RULES = (
    Rule(
        id="export-in-order",
        text="read_export yields every issue of the file, in the file's order.",
        reason="Issues that are left out would count as gone at the tracker.",
        remedy="Go through the records once, as trackwire.records.read_array gives them, and yield "
        "an ExportedIssue for each.",
        need=Need.READ_EXPORT,
        check=_check_order,
    ),
    Rule(
        id="export-fields",
        text="read_export gives workspace, title, body, status, labels and last change as the file "
        "has them.",
        reason="What it reads is what is published.",
        remedy="Map each field of the record; take times through trackwire.records.read_time, "
        "ref.workspace from the context, and leave text as it is.",
        need=Need.READ_EXPORT,
        check=_check_fields,
    ),
    Rule(
        id="export-own-maps",
        text="read_export asks the project's status_map and priority_map first.",
        reason="Who maps the names of the team would see no effect, and not learn why.",
        remedy="Ask context.status_of(name) and context.priority_of(name) before any table of the "
        "plugin's own.",
        need=Need.READ_EXPORT,
        check=_check_own_maps,
    ),
    Rule(
        id="export-priorities",
        text="read_export gives priorities in the tracker's order, 0 for the highest, to 4.",
        reason="The most urgent issue would be shown as the least, or end the import.",
        remedy="Map the tracker's priorities to 0 (highest) to 4, or to None.",
        need=Need.READ_EXPORT,
        check=_check_priorities,
    ),
    Rule(
        id="export-own-status",
        text="read_export takes an issue whose status has a name of the team's own.",
        reason="Teams name their columns as they like; one name would stop the import of all.",
        remedy="Take the nearest status, such as todo, for a name that no table has.",
        need=Need.READ_EXPORT,
        check=_check_own_status,
    ),
    Rule(
        id="export-missing-fields",
        text="read_export takes issues without body, priority, assignee or labels, and those of "
        "deleted users.",
        reason="Every tracker has such issues, and one of them would stop the import of all.",
        remedy="Give optional members of the msgspec structs `| None = None`, and let a field "
        "without a value be None or empty.",
        need=Need.READ_EXPORT,
        check=_check_missing,
    ),
    Rule(
        id="export-empty",
        text="read_export yields nothing of an export without issues, and no error.",
        reason="A new board is empty.",
        remedy="Take an empty array of records for what it is.",
        need=Need.READ_EXPORT,
        check=_check_empty,
    ),
    Rule(
        id="export-knows-foreign",
        text="read_export says of the issues of another resource that they are foreign, and of no "
        "others.",
        reason="They would be published under the bound resource's route.",
        remedy="Compare the record's resource with context.value_of(<credential key>), and set "
        "ExportedIssue(foreign=...) to a line that names the field.",
        need=Need.READ_EXPORT,
        check=_check_foreign,
    ),
    Rule(
        id="export-names-bad-record",
        text="read_export raises RecordError for a bad record, whose place has its index or line.",
        reason="In a file of thousands nobody finds a record that is not named.",
        remedy="Hand the place that trackwire.records.read_array gives to "
        "trackwire.records.convert.",
        need=Need.READ_EXPORT,
        check=_check_bad_record,
    ),
    Rule(
        id="export-refuses-other-files",
        text="read_export raises RecordError for a file that is no export.",
        reason="A login page, saved by mistake, would pass for a tracker without issues.",
        remedy="Read by trackwire.records, and raise RecordError where the outline is not there.",
        need=Need.READ_EXPORT,
        check=_check_other_files,
    ),
    Rule(
        id="export-refuses-half",
        text="read_export raises RecordError for an export that breaks off.",
        reason="After a broken download, the issues that are missing would count as gone.",
        remedy="Read to the end of the file: trackwire.records.read_array does.",
        need=Need.READ_EXPORT,
        check=_check_half,
    ),
    Rule(
        id="export-errors-without-secrets",
        text="What read_export says of a file holds no secret of the user's.",
        reason="Messages end up in logs, issue trackers and chats.",
        remedy="Use what the context gives alone, and read no environment variable.",
        need=Need.READ_EXPORT,
        check=_check_errors,
    ),
    Rule(
        id="export-streams",
        text="read_export holds a small part of a large file in memory.",
        reason="An export of 100,000 issues has gigabytes.",
        remedy="Yield while you read, by trackwire.records.read_array, and keep no list.",
        need=Need.READ_EXPORT,
        check=_check_streams,
    ),
    Rule(
        id="export-stream-kept",
        text="read_export neither closes the stream nor writes to it.",
        reason="It belongs to who opened it: it may be standard input.",
        remedy="Read and seek, and no more: no `with` on the stream, no TextIOWrapper that is not "
        "detached.",
        need=Need.READ_EXPORT,
        check=_check_stream_kept,
    ),
    Rule(
        id="export-process-kept",
        text="read_export prints nothing, and leaves logging, warnings, environment and the like "
        "as they are.",
        reason="They belong to the whole process, and standard output to the command's result.",
        remedy="Take the change or the print out.",
        need=Need.READ_EXPORT,
        check=_check_process,
    ),
)
"""The rules of this module, in their order."""
