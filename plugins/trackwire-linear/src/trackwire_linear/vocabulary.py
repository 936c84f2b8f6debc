"""From Linear's states, labels and priorities to those of the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from trackwire.model import IssueType, Status

if TYPE_CHECKING:
    from trackwire.provider import ExportContext
    from trackwire_linear.shapes import WorkflowState

_BLOCKED = re.compile(r"\b(blocked|on hold|impeded)\b", re.IGNORECASE)
_REVIEW = re.compile(r"\b(review|reviewing)\b", re.IGNORECASE)
_STATES = {
    "triage": Status.TODO,
    "backlog": Status.TODO,
    "unstarted": Status.TODO,
    "started": Status.IN_PROGRESS,
    "completed": Status.DONE,
    "canceled": Status.CANCELED,
    "duplicate": Status.CANCELED,
}
_TYPES = {
    "epic": IssueType.EPIC,
    "bug": IssueType.BUG,
    "chore": IssueType.CHORE,
    "story": IssueType.STORY,
    "feature": IssueType.STORY,
}
_PRIORITIES = {1: "Urgent", 2: "High", 3: "Medium", 4: "Low"}


def status_of(state: WorkflowState, context: ExportContext) -> Status:
    """Place a state: by the project's map, else its type; a started one also by its name.

    Args:
        state: The issue's state.
        context: The project's own names.

    Returns:
        The wire status; `todo` for a type that Linear may add one day.
    """
    name = state.name or ""
    if (mapped := context.status_of(name)) is not None:
        return mapped
    if state.type == "started" and _BLOCKED.search(name):
        return Status.BLOCKED
    if state.type == "started" and _REVIEW.search(name):
        return Status.IN_REVIEW
    return _STATES.get(state.type, Status.TODO)


def is_placed(state: WorkflowState, context: ExportContext) -> bool:
    """Tell whether the project's map or the state's type says where a state belongs.

    Args:
        state: The issue's state.
        context: The project's own names.
    """
    return state.type in _STATES or context.status_of(state.name or "") is not None


def type_of(labels: Iterable[str], *, is_part: bool) -> IssueType:
    """Tell the type of an issue, which Linear itself has no notion of.

    Args:
        labels: The names of the issue's labels; `epic`, `bug`, `chore`, `story` and `feature`
            tell a type, the first of them in this order.
        is_part: Whether the issue has a parent, which makes it a subtask.
    """
    if is_part:
        return IssueType.SUBTASK
    plain = {label.strip().casefold() for label in labels}
    return next((kind for label, kind in _TYPES.items() if label in plain), IssueType.TASK)


def priority_of(priority: float | None, label: str | None, context: ExportContext) -> int | None:
    """Place a priority: by the project's map, else by its number.

    Args:
        priority: 0 none, 1 urgent to 4 low, or None.
        label: Its name, or None for the name that Linear gives the number.
        context: The project's own names.

    Returns:
        0 (highest) to 3, or what the map says; None where there is no priority.
    """
    name = _priority_name(priority, label)
    if name and (mapped := context.priority_of(name)) is not None:
        return mapped
    return int(priority) - 1 if priority in _PRIORITIES else None


def unplaced_priority(
    priority: float | None, label: str | None, context: ExportContext
) -> str | None:
    """Give the name of a priority that is none of Linear's own and that the project does not map.

    Args:
        priority: 0 none, 1 urgent to 4 low, or None.
        label: Its name, or None.
        context: The project's own names.

    Returns:
        The name, or the number where it has none; None where it is placed.
    """
    if not priority or priority in _PRIORITIES:
        return None
    name = label or f"{priority:g}"
    return name if context.priority_of(name) is None else None


def _priority_name(priority: float | None, label: str | None) -> str | None:
    return label or _PRIORITIES.get(int(priority or 0))
