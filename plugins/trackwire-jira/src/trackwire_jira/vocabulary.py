"""From Jira's statuses, types and priorities to those of the wire.

The names of a site are its own and may be translated, so a name decides only where nothing else
does, or tells finer what a category leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trackwire.connector import Unplaced
from trackwire.model import IssueType, Status

if TYPE_CHECKING:
    from trackwire.provider import ExportContext
    from trackwire_jira import shapes

_CANCELED = re.compile(
    r"\b(cancel(l?ed)?|abandoned|rejected|declined|withdrawn|discarded|obsolete|duplicated?"
    r"|(won['\u2019]?t|will not) (do|fix))\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(invalid|incomplete|can(no|['\u2019])t reproduce"
    r"|not (a bug|an issue)|by design|as designed)\b",
    re.IGNORECASE,
)
_BLOCKED = re.compile(r"\b(blocked|on hold|impeded)\b", re.IGNORECASE)
_REVIEW = re.compile(r"\b(review|reviewing|peer[- ]review)\b", re.IGNORECASE)

_STATUSES = {
    "open": Status.TODO,
    "reopened": Status.TODO,
    "to do": Status.TODO,
    "todo": Status.TODO,
    "backlog": Status.TODO,
    "new": Status.TODO,
    "selected for development": Status.TODO,
    "in progress": Status.IN_PROGRESS,
    "in development": Status.IN_PROGRESS,
    "in review": Status.IN_REVIEW,
    "code review": Status.IN_REVIEW,
    "under review": Status.IN_REVIEW,
    "blocked": Status.BLOCKED,
    "on hold": Status.BLOCKED,
    "resolved": Status.DONE,
    "closed": Status.DONE,
    "done": Status.DONE,
    "completed": Status.DONE,
}
_TYPES = {
    "epic": IssueType.EPIC,
    "story": IssueType.STORY,
    "user story": IssueType.STORY,
    "feature": IssueType.STORY,
    "new feature": IssueType.STORY,
    "improvement": IssueType.STORY,
    "bug": IssueType.BUG,
    "defect": IssueType.BUG,
    "chore": IssueType.CHORE,
    "technical task": IssueType.CHORE,
    "sub-task": IssueType.SUBTASK,
    "subtask": IssueType.SUBTASK,
}
_PRIORITIES = {
    "highest": 0,
    "high": 1,
    "medium": 2,
    "low": 3,
    "lowest": 4,
    "blocker": 0,
    "critical": 1,
    "major": 2,
    "minor": 3,
    "trivial": 4,
}


def status_of(status: shapes.Status, resolution: str | None, context: ExportContext) -> Status:
    """Place a status: by the project's map, else its category, else a well-known name.

    Args:
        status: The issue's status.
        resolution: The name of the issue's resolution, or None while it has none.
        context: The project's own names.

    Returns:
        The wire status. Where neither map, category nor name tells, a resolution makes it
        `done` or `canceled`, and without one it is `todo`.
    """
    if (mapped := context.status_of(status.name)) is not None:
        return mapped
    known = _by_category(status) or _STATUSES.get(_plain(status.name))
    if known not in {Status.DONE, None}:
        return known
    if _CANCELED.search(status.name) or _says_undone(resolution):
        return Status.CANCELED
    return known or (Status.DONE if resolution else Status.TODO)


def unplaced_names(fields: shapes.Fields, context: ExportContext) -> Iterator[Unplaced]:
    """Yield the names of an issue's that neither the project's maps nor those here could place.

    Args:
        fields: The issue's fields.
        context: The project's own names.
    """
    status, priority = fields.status, fields.priority
    is_placed = (
        context.status_of(status.name)
        or _by_category(status)
        or _STATUSES.get(_plain(status.name))
        or _CANCELED.search(status.name)
    )
    if not is_placed:
        yield Unplaced("status", status.name)
    name = priority.name if priority else None
    if name and priority_of(name, context) is None:
        yield Unplaced("priority", name)


def _says_undone(resolution: str | None) -> bool:
    return bool(resolution and (_CANCELED.search(resolution) or _UNDONE.search(resolution)))


def _by_category(status: shapes.Status) -> Status | None:
    match status.status_category.key if status.status_category else None:
        case "new":
            return Status.TODO
        case "done":
            return Status.DONE
        case "indeterminate" if _BLOCKED.search(status.name):
            return Status.BLOCKED
        case "indeterminate" if _REVIEW.search(status.name):
            return Status.IN_REVIEW
        case "indeterminate":
            return Status.IN_PROGRESS
    return None


def type_of(issue_type: shapes.IssueType | None) -> IssueType:
    """Place an issue type: by its level, else a well-known name.

    Args:
        issue_type: The issue's type, or None where it was not asked for.

    Returns:
        The wire type; `task` where nothing tells.
    """
    if issue_type is None:
        return IssueType.TASK
    level = issue_type.hierarchy_level or 0
    if issue_type.subtask or level < 0:
        return IssueType.SUBTASK
    if level > 0:
        return IssueType.EPIC
    return _TYPES.get(_plain(issue_type.name or ""), IssueType.TASK)


def priority_of(name: str | None, context: ExportContext) -> int | None:
    """Place a priority: by the project's map, else by the names Jira comes with.

    Args:
        name: The priority's name, or None.
        context: The project's own names.

    Returns:
        0 (highest) to 4, or None where nothing tells.
    """
    if name is None:
        return None
    mapped = context.priority_of(name)
    return _PRIORITIES.get(_plain(name)) if mapped is None else mapped


def _plain(name: str) -> str:
    return name.strip().casefold()
