"""Reads issues out of saved answers of Linear's GraphQL API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from trackwire.errors import RecordError
from trackwire.provider import ExportContext, Exported, ExportedIssue, MoreFollows, MorePrecedes
from trackwire.records import Outline, convert, read_array, read_outline
from trackwire_linear.belonging import foreign_reason
from trackwire_linear.issues import REMEDIES, is_gone, to_issue
from trackwire_linear.shapes import Record

_NODES = "issues.nodes"
_NEXT = "issues.pageInfo.hasNextPage"
_PREVIOUS = "issues.pageInfo.hasPreviousPage"
_FAILURES = ("errors.item.message", "errors.item.extensions.code", "errors.item", "errors")
_THE_FILE = "the file"


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read an answer that holds one list of issues, `issues.nodes`, wherever in it.

    Args:
        stream: A seekable binary stream.
        context: What is known of the binding.

    Yields:
        The issues in the file's order, without those archived or in the trash, and behind them
        which other pages there are where `pageInfo` says so.

    Raises:
        RecordError: The file is no such answer, is an answer with errors, or one of its issues
            is bad.
    """
    outline = read_outline(stream, is_array=_is_list_of_issues, is_scalar=_is_about_the_answer)
    _refuse_failures(outline)
    nodes = _the_list_of_issues(outline)
    for place, element in read_array(stream, nodes):
        record = convert(element, Record, place, REMEDIES)
        if not is_gone(record):
            issue = to_issue(record, context)
            yield ExportedIssue(issue, place, foreign_reason(record, context))
    above = nodes.removesuffix(_NODES)
    if outline.scalars.get(above + _PREVIOUS) is True:
        yield MorePrecedes(f"{above}{_PREVIOUS} is true")
    if outline.scalars.get(above + _NEXT) is True:
        yield MoreFollows(f"{above}{_NEXT} is true")


def _is_list_of_issues(prefix: str) -> bool:
    return prefix.endswith(_NODES) and _is_at(prefix, _NODES)


def _is_about_the_answer(prefix: str) -> bool:
    return prefix in _FAILURES or any(
        prefix.endswith(page) and _is_at(prefix, page) for page in (_NEXT, _PREVIOUS)
    )


def _is_at(prefix: str, ending: str) -> bool:
    """Tell whether a prefix is this place under objects alone, not under each item of a list."""
    above = prefix.removesuffix(ending)
    return above == "" or (above.endswith(".") and "item" not in above.split("."))


def _refuse_failures(outline: Outline) -> None:
    said = [str(outline.scalars[name]) for name in _FAILURES if outline.scalars.get(name)]
    if said:
        problem = f"Linear answered with an error, so issues may be missing: {said[0][:300]}"
        raise RecordError(_THE_FILE, "errors", problem)


def _the_list_of_issues(outline: Outline) -> str:
    if not outline.arrays:
        raise RecordError(
            _THE_FILE,
            None,
            "expected a saved answer of Linear's GraphQL API to a query for "
            "`issues { nodes { ... } }` or `team { issues { nodes { ... } } }`",
        )
    if len(outline.arrays) > 1:
        lists = " and ".join(outline.arrays)
        raise RecordError(_THE_FILE, None, f"it has several lists of issues, {lists}: save each")
    return outline.arrays[0]
