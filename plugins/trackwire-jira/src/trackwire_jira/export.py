"""Reads issues out of saved answers of Jira's REST API, versions 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from trackwire.errors import RecordError
from trackwire.provider import ExportContext, Exported, ExportedIssue, MoreFollows, MorePrecedes
from trackwire.records import convert, read_array, read_document, read_outline
from trackwire_jira.belonging import Bound, foreign_reason
from trackwire_jira.issues import REMEDIES, to_issue
from trackwire_jira.shapes import Page, Record

_ARRAYS = frozenset({"", "issues"})
_PAGE = frozenset({"startAt", "total", "isLast", "nextPageToken"})
_SERVER_PAGE = frozenset({"startAt", "total"})
_THE_FILE = "the file"
_EXPECTED = (
    "expected a saved answer of Jira's REST API: a search page with `issues`, an array of issues, "
    "or one issue"
)


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read a search page, an array of issues or one issue, of API version 2 or 3.

    Args:
        stream: A seekable binary stream.
        context: What is known of the binding.

    Yields:
        The issues in the file's order and, behind them, which other pages there are where the
        page says so.

    Raises:
        RecordError: The file is nothing of these, or one of its issues is bad.
    """
    head = read_outline(
        stream, is_array=_ARRAYS.__contains__, is_scalar=_PAGE.__contains__, to_first_array=True
    )
    bound = Bound.of(context)
    count = 0
    for place, record in _records(stream, head.arrays):
        yield _exported(record, place, context, bound)
        count += 1
    if head.arrays == ("issues",):
        yield from _other_pages(_page_values(stream, head.scalars), count)


def _records(stream: BinaryIO, arrays: tuple[str, ...]) -> Iterator[tuple[str, object]]:
    if arrays:
        yield from read_array(stream, arrays[0])
    else:
        document = read_document(stream)
        _refuse_other_documents(document)
        yield "the issue", document


def _refuse_other_documents(document: object) -> None:
    if not isinstance(document, dict):
        raise RecordError(_THE_FILE, None, _EXPECTED)
    if messages := document.get("errorMessages") or document.get("errors"):
        problem = f"Jira answered with an error, not with issues: {_shortened(messages)}"
        raise RecordError(_THE_FILE, "errorMessages", problem)
    if "issues" in document:
        raise RecordError(_THE_FILE, "issues", f"it is no array; {_EXPECTED}")
    if not document.keys() & {"fields", "key", "id"}:
        raise RecordError(_THE_FILE, None, _EXPECTED)


def _shortened(messages: object) -> str:
    if isinstance(messages, dict):
        messages = [f"{name}: {text}" for name, text in messages.items()]
    if isinstance(messages, list):
        messages = " ".join(str(message) for message in messages)
    return str(messages)[:300]


def _exported(element: object, place: str, context: ExportContext, bound: Bound) -> ExportedIssue:
    _refuse_other_elements(element, place)
    record = convert(element, Record, place, REMEDIES)
    issue = to_issue(record, context, bound, place)
    return ExportedIssue(issue, place, foreign_reason(record, bound))


def _refuse_other_elements(element: object, place: str) -> None:
    if not isinstance(element, dict):
        return
    if "issues" in element and "fields" not in element:
        raise RecordError(place, None, "it is a search page, not an issue: import pages one by one")
    if "id" not in element:  # said first: what has no id is no issue, whatever its fields are
        raise RecordError(place, "id", f"it is missing; {REMEDIES['id']}")


def _page_values(stream: BinaryIO, head: Mapping[str, object]) -> Page:
    values = head
    if not head.keys() >= _SERVER_PAGE:  # Cloud says it behind the issues: read on for it
        values = read_outline(
            stream, is_array=lambda _: False, is_scalar=_PAGE.__contains__
        ).scalars
    return convert(dict(values), Page, _THE_FILE)


def _other_pages(page: Page, count: int) -> Iterator[MoreFollows | MorePrecedes]:
    if page.start_at > 0:
        yield MorePrecedes(f"startAt is {page.start_at}")
    if page.next_page_token:
        yield MoreFollows("nextPageToken is set")
    elif page.is_last is False:
        yield MoreFollows("isLast is false")
    elif page.total is not None and page.start_at + count < page.total:
        end = page.start_at + count
        yield MoreFollows(f"total is {page.total}, and this page ends at {end}")
