"""Reading issues out of files: lines in wire form, and what providers' readers yield."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from projectkit import PROVIDER, WORKSPACE, json_line, json_lines, make_issue

from trackwire import checking, reading
from trackwire.errors import ProviderError, RecordError, UsageError
from trackwire.project import Binding
from trackwire.provider import (
    ExportContext,
    Exported,
    ExportedIssue,
    MoreFollows,
    MorePrecedes,
)
from trackwire.reading import Reading, naming, of_binding, read_by_provider, read_json_lines

if TYPE_CHECKING:
    from trackwire.model import Issue

BINDING = Binding(provider=PROVIDER, workspace=WORKSPACE)
CONTEXT = ExportContext(workspace=WORKSPACE)
PLUGIN = "acme-plugin 1.2"


def read_lines(content: bytes) -> list[ExportedIssue]:
    return list(read_json_lines(BytesIO(content)))


def fault_of(content: bytes) -> RecordError:
    with pytest.raises(RecordError) as caught:
        read_lines(content)
    return caught.value


def without(member: str, line: bytes) -> bytes:
    return line.replace(b'"%s"' % member.encode(), b'"was_%s"' % member.encode())


def test_line_is_an_issue_with_its_place() -> None:
    (record,) = read_lines(json_line("7", title="Füße"))
    assert (record.issue.ref.id, record.issue.title, record.place) == ("7", "Füße", "line 1")


def test_absent_members_that_may_be_null_are_null() -> None:
    (record,) = read_lines(json_line("7"))
    assert (record.issue.body, record.issue.priority, record.issue.assignees) == (None, None, ())


def test_last_line_needs_no_line_break() -> None:
    assert len(read_lines(json_lines("1", "2").rstrip(b"\n"))) == 2


def test_lines_may_end_as_on_windows() -> None:
    assert len(read_lines(json_lines("1", "2").replace(b"\n", b"\r\n"))) == 2


def test_blank_lines_are_skipped_and_counted() -> None:
    records = read_lines(b"\n  \n" + json_line("1") + b"\r\n\t\n" + json_line("2") + b"\n")
    assert [record.place for record in records] == ["line 3", "line 6"]


def test_byte_order_mark_is_skipped() -> None:
    assert len(read_lines(b"\xef\xbb\xbf" + json_lines("1", "2"))) == 2


def test_byte_order_mark_alone_is_an_empty_file() -> None:
    assert read_lines(b"\xef\xbb\xbf") == []


def test_byte_order_mark_later_is_a_fault_of_its_line() -> None:
    assert fault_of(json_line("1") + b"\xef\xbb\xbf" + json_line("2")).place == "line 2"


def test_empty_file_has_no_issues() -> None:
    assert read_lines(b"") == []


BAD_LINES = {
    "no JSON": (b"no JSON\n", None, "JSON is malformed"),
    "cut off": (json_line()[:-10] + b"\n", None, "truncated"),
    "two documents": (json_line().rstrip() + json_line(), None, "trailing characters"),
    "not UTF-8": (json_line().replace(b"a title", b"\xff"), None, "decode"),
    "lone surrogate": (json_line(title="\ud800"), None, "surrogate"),
    "array": (b"[]\n", None, "expected object, found array"),
    "null": (b"null\n", None, "expected object, found null"),
    "deep": (b"[" * 100_000 + b"\n", None, "expected object"),
    "no title": (without("title", json_line()), "was_title", "no such field"),
    "no ref": (b"{}\n", "ref", "it is missing"),
    "no id": (b'{"ref":{"system":"acme","workspace":"w"}}\n', "ref.id", "it is missing"),
    "empty id": (json_line(""), "ref.id", "length >= 1"),
    "empty system": (json_line(ref={"system": ""}), "ref.system", "length >= 1"),
    "number as title": (json_line(title=3), "title", "expected text, found int"),
    "title null": (json_line(title=None), "title", "expected text, found null"),
    "unknown status": (
        json_line(status="open"),
        "status",
        "'open'; it is one of todo",
    ),
    "unknown type": (
        json_line(issue_type="Bug"),
        "issue_type",
        "'Bug'; it is one of epic",
    ),
    "priority 5": (json_line(priority=5), "priority", "<= 4"),
    "priority true": (json_line(priority=True), "priority", "found bool"),
    "labels text": (json_line(labels="x"), "labels", "expected array, found text"),
    "label null": (json_line(labels=["a", None]), "labels[1]", "expected text, found null"),
    "no offset": (json_line(updated_at="2026-11-20T08:15:30"), "updated_at", "offset from UTC"),
    "no time": (json_line(updated_at="yesterday"), "updated_at", "an ISO 8601 time"),
    "unknown member": (json_line(colour="red"), "colour", "no such field"),
    "unknown in ref": (json_line(ref={"uuid": "x"}), "ref.uuid", "no such field"),
}


@pytest.mark.parametrize(("line", "field", "problem"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_bad_line_is_named_with_its_field(line: bytes, field: str | None, problem: str) -> None:
    fault = fault_of(json_lines("1", "2") + line + json_line("3"))
    assert (fault.place, fault.field) == ("line 3", field)
    assert problem in fault.problem


def test_lines_before_a_bad_one_are_read() -> None:
    records = read_json_lines(BytesIO(json_lines("1") + b"{}\n"))
    assert next(records).issue.ref.id == "1"


def test_line_without_end_is_refused_before_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_RECORD_BYTES", 1000)
    fault = fault_of(json_line("1") + json_line("2", body="x" * 1000))
    assert (fault.place, fault.problem) == ("line 2", "longer than 1000 bytes")


def draw(*records: Exported, **options: Any) -> tuple[list[Issue], Reading]:
    reading = Reading()
    return list(of_binding(iter(records), BINDING, reading, **options)), reading


FOREIGN = {
    "system": (make_issue(system="jira"), "field ref.system is 'jira', but the project is bound"),
    "workspace": (make_issue(workspace="b.example"), "field ref.workspace is 'b.example', but"),
}


@pytest.mark.parametrize(("issue", "why"), FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_issue_is_refused_at_its_place(issue: Issue, why: str) -> None:
    with pytest.raises(RecordError, match=why) as caught:
        draw(ExportedIssue(make_issue(), "line 1"), ExportedIssue(issue, "line 2"))
    assert caught.value.place == "line 2"


def test_issue_that_its_reader_calls_foreign_is_refused_for_that_reason() -> None:
    with pytest.raises(RecordError, match=r"issues\[3\]: its board is B2; bind the project to it"):
        draw(ExportedIssue(make_issue(), "issues[3]", foreign="its board is B2"))


def test_foreign_issues_are_left_out_and_counted_when_so_told() -> None:
    issues, reading = draw(
        ExportedIssue(make_issue("1", system="jira"), "line 1"),
        ExportedIssue(make_issue("2"), "line 2"),
        ExportedIssue(make_issue("3"), "line 3", foreign="its board is B2"),
        only_bound=True,
    )
    assert ([issue.ref.id for issue in issues], reading.foreign) == (["2"], 2)


def test_file_that_says_nothing_of_more_is_the_last_page() -> None:
    assert draw(ExportedIssue(make_issue(), "line 1"))[1].in_part is None


def test_file_that_more_follows_is_in_part() -> None:
    assert draw(MoreFollows("isLast is false"))[1].in_part == "isLast is false"


@pytest.mark.parametrize("more_first", [True, False])
def test_pages_with_the_last_among_them_are_whole(more_first: bool) -> None:
    pages: list[list[ExportedIssue | MoreFollows]] = [[MoreFollows("isLast is false")], []]
    reading = Reading()
    for page in pages if more_first else pages[::-1]:
        list(of_binding(iter(page), BINDING, reading))
    assert reading.in_part is None


def test_page_that_was_not_read_to_its_end_is_not_the_last() -> None:
    reading = Reading(follows="a page before")
    issues = of_binding(iter([ExportedIssue(make_issue(), "line 1")]), BINDING, reading)
    next(issues)
    assert reading.in_part == "a page before"


def test_progress_is_told_from_time_to_time_and_at_the_end() -> None:
    told: list[int] = []
    draw(*(ExportedIssue(make_issue(str(n)), "") for n in range(2500)), progress=told.append)
    assert told == [1000, 2000, 2500]


def by_provider(reader: Callable[..., Any]) -> list[object]:
    return list(read_by_provider(reader, BytesIO(b""), CONTEXT, PLUGIN))


def test_reader_gets_the_stream_and_the_context() -> None:
    def reader(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
        yield ExportedIssue(make_issue(title=stream.read().decode()), context.workspace)

    records = list(read_by_provider(reader, BytesIO(b"seen"), CONTEXT, PLUGIN))
    assert records == [ExportedIssue(make_issue(title="seen"), WORKSPACE)]


def test_what_a_good_reader_yields_is_passed_on() -> None:
    records = [ExportedIssue(make_issue(), "issues[0]", foreign="x"), MoreFollows("y")]
    assert by_provider(lambda *_: iter(records)) == records


def raising(error: BaseException) -> Callable[..., Iterator[ExportedIssue]]:
    def reader(*_: object) -> Iterator[ExportedIssue]:
        yield ExportedIssue(make_issue(), "issues[0]")
        raise error

    return reader


def raising_at_once(*_: object) -> Iterator[ExportedIssue]:
    raise KeyError("issues")


BROKEN_READERS: dict[str, tuple[Callable[..., Any], str]] = {
    "raises": (raising(KeyError("fields")), "KeyError: 'fields'"),
    "raises at once": (raising_at_once, "KeyError: 'issues'"),
    "exits": (raising(SystemExit("no such file")), "SystemExit: no such file"),
    "returns None": (lambda *_: None, "TypeError"),
    "returns a number": (lambda *_: 3, "TypeError"),
    "yields None": (lambda *_: [None], "it yielded NoneType, not an exported issue"),
    "yields a dict": (lambda *_: [{"ref": {}}], "it yielded dict, not an exported issue"),
    "yields a bare issue": (lambda *_: [make_issue()], "it yielded Issue, not an exported issue"),
    "wraps a dict": (lambda *_: [ExportedIssue({}, "here")], "ExportedIssue"),  # type: ignore[arg-type]  # the fault under test
}


@pytest.mark.parametrize(("reader", "problem"), BROKEN_READERS.values(), ids=BROKEN_READERS.keys())
def test_broken_reader_is_named_by_distribution_and_version(
    reader: Callable[..., Any], problem: str
) -> None:
    with pytest.raises(ProviderError, match=r"^acme-plugin 1\.2: .*--format jsonl") as caught:
        by_provider(reader)
    assert problem in str(caught.value)


@pytest.mark.parametrize("error", [RecordError("issues[1]", "key", "no"), UsageError("no")])
def test_error_that_a_reader_raises_on_purpose_is_passed_on(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        by_provider(raising(error))
    assert caught.value is error


def test_interrupt_passes_through_a_reader() -> None:
    with pytest.raises(KeyboardInterrupt):
        by_provider(raising(KeyboardInterrupt()))


BAD_ISSUES: dict[str, tuple[Issue, str]] = {
    "status": (make_issue(status="open"), "status"),
    "priority": (make_issue(priority=9), "priority"),
    "no offset": (make_issue(updated_at="2026-11-20T08:15:30"), "updated_at"),
    "id": (make_issue(""), "ref.id"),
    "title": (make_issue(title=None), "title"),
}


@pytest.mark.parametrize(("issue", "field"), BAD_ISSUES.values(), ids=BAD_ISSUES.keys())
def test_issue_that_is_no_wire_form_is_refused_with_place_and_field(
    issue: Issue, field: str
) -> None:
    with pytest.raises(RecordError) as caught:
        by_provider(lambda *_: [ExportedIssue(issue, "issues[4]")])
    assert (caught.value.place, caught.value.field) == ("issues[4]", field)


@pytest.mark.parametrize("title", ["\ud800", object()])
def test_issue_that_cannot_be_written_is_refused_at_its_place(title: object) -> None:
    with pytest.raises(RecordError) as caught:
        by_provider(lambda *_: [ExportedIssue(make_issue(title=title), "issues[4]")])
    assert caught.value.place == "issues[4]"


def test_fault_names_its_file() -> None:
    with (
        pytest.raises(RecordError, match=r"^page-2\.json: line 3, field title: it is missing$"),
        naming(Path("page-2.json")),
    ):
        raise RecordError("line 3", "title", "it is missing")


def test_file_that_cannot_be_read_is_named() -> None:
    with (
        pytest.raises(RecordError, match=r"^page-2\.json: cannot be read: Input/output error$"),
        naming("page-2.json"),
    ):
        raise OSError(5, "Input/output error")


def test_page_that_is_not_the_first_is_in_part() -> None:
    assert draw(MorePrecedes("startAt is 50"))[1].in_part == "startAt is 50"


def test_pages_with_first_and_last_among_them_are_whole() -> None:
    reading = Reading()
    pages: list[list[Exported]] = [[MorePrecedes("startAt is 50")], [MoreFollows("isLast")]]
    for page in pages:
        list(of_binding(iter(page), BINDING, reading))
    assert reading.in_part is None


def test_assignee_that_is_an_e_mail_address_is_refused() -> None:
    fault = fault_of(json_line("1", assignees=["ada@acme.example"]))
    assert (fault.place, fault.field) == ("line 1", "assignees")
    assert "ada@" not in str(fault)


def test_issue_longer_than_a_hub_takes_is_refused_where_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checking, "MAX_RECORD_BYTES", 1000)
    long = ExportedIssue(make_issue(body="x" * 1000), "cards[7]")
    with pytest.raises(RecordError, match=r"cards\[7\]: longer than 1000 bytes"):
        by_provider(lambda _stream, _context: iter([long]))


def test_reader_that_prints_leaves_standard_output_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def reader(_stream: BinaryIO, _context: ExportContext) -> Iterator[ExportedIssue]:
        print("noise")  # noqa: T201 - what the test is about
        yield ExportedIssue(make_issue(), "1")

    assert len(by_provider(reader)) == 1
    assert capsys.readouterr().out == ""


def test_reader_that_panics_is_broken_like_any_other() -> None:
    class Panic(BaseException):
        pass

    def reader(_stream: BinaryIO, _context: ExportContext) -> Iterator[ExportedIssue]:
        raise Panic("lost")

    with pytest.raises(ProviderError, match="Panic: lost"):
        by_provider(reader)
