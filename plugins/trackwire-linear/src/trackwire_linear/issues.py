"""Maps one issue, as Linear's GraphQL API gives it, to the wire form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackwire.connector import Unplaced
from trackwire.model import ExternalRef, Issue
from trackwire_linear import vocabulary

if TYPE_CHECKING:
    from trackwire.provider import ExportContext
    from trackwire_linear.shapes import Record

_ASK = "add `{}` to the query's `nodes {{ ... }}` and save the answer again"

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "id": _ASK.format("id"),
        "title": _ASK.format("title"),
        "state": _ASK.format("state { type name }"),
        "state.type": _ASK.format("state { type name }"),
        "labels.nodes[].name": _ASK.format("labels(first: 50) { nodes { name } }"),
    }
)
"""What mends a part that is missing, by its name in the record."""


def to_issue(record: Record, context: ExportContext) -> Issue:
    """Map one issue to the wire form.

    Args:
        record: The issue, checked.
        context: The workspace, and the project's own names of states and priorities.
    """
    labels = tuple(label.name for label in record.labels.nodes) if record.labels else ()
    assignee = record.assignee.id if record.assignee else None
    return Issue(
        ref=ExternalRef(
            system="linear",
            workspace=context.workspace,
            id=record.id,
            key=record.identifier,
            url=record.url,
        ),
        title=record.title,
        body=record.description if (record.description or "").strip() else None,
        status=vocabulary.status_of(record.state, context),
        issue_type=vocabulary.type_of(labels, is_part=record.parent is not None),
        priority=vocabulary.priority_of(record.priority, record.priority_label, context),
        assignees=(assignee,) if assignee else (),
        labels=labels,
        updated_at=record.updated_at,
    )


def unplaced_names(record: Record, context: ExportContext) -> Iterator[Unplaced]:
    """Give the names of an issue's that neither the project's maps nor this plugin place.

    Args:
        record: The issue.
        context: The project's own names of states and priorities.
    """
    if not vocabulary.is_placed(record.state, context):
        yield Unplaced("status", record.state.name or record.state.type)
    if name := vocabulary.unplaced_priority(record.priority, record.priority_label, context):
        yield Unplaced("priority", name)


def is_gone(record: Record) -> bool:
    """Tell whether the issue is archived or in the trash, and so no longer at the tracker.

    Args:
        record: The issue.
    """
    return record.archived_at is not None or record.trashed is True
