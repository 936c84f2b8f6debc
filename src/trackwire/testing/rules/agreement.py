"""What the rules about fields share, be they read live or from an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trackwire.model import Status
from trackwire.testing.emulator import (
    ASSIGNEES,
    IN_PROGRESS,
    LABELS,
    PRIORITIES,
    PRIORITY_NAMES,
    SampleIssue,
)
from trackwire.testing.rules.rule import Violation
from trackwire.testing.samples import sample

if TYPE_CHECKING:
    from trackwire.model import Issue
    from trackwire.testing.emulator import Emulator
    from trackwire.testing.subject import Subject

_PRIORITIES = range(5)


def lacks_of(subject: Subject) -> frozenset[str]:
    """Return what the tracker lacks.

    Args:
        subject: The plugin.
    """
    return subject.emulator.lacks if subject.emulator else frozenset()


def expected(issue: SampleIssue, emulator: Emulator) -> SampleIssue:
    """Return a made-up issue with its assignee as the wire has it.

    Args:
        issue: The issue.
        emulator: Its tracker.
    """
    assignee = issue.assignee and emulator.account_of(issue.assignee)
    return replace(issue, assignee=assignee)


def has(emulator: Emulator, issue: SampleIssue, field: str) -> bool:
    """Tell whether the tracker has the value of an issue's field.

    Args:
        emulator: The tracker.
        issue: The issue.
        field: The field of `trackwire.model.Issue`.
    """
    if field == "status":
        return issue.status is not Status.IN_PROGRESS or IN_PROGRESS not in emulator.lacks
    lacked = {"labels": LABELS, "assignees": ASSIGNEES}.get(field)
    return lacked not in emulator.lacks


def prioritized() -> list[SampleIssue]:
    """Make up an issue of each priority, the highest first."""
    return [sample(number, priority=number) for number in _PRIORITIES]


def require_ordered(priorities: Sequence[int | None]) -> None:
    """Require that all priorities were read, or none, and none lower than one behind it.

    Args:
        priorities: What was read of `prioritized()`.
    """
    known = [priority for priority in priorities if priority is not None]
    if len(known) not in {0, len(_PRIORITIES)} or known != sorted(known):
        raise Violation(f"the priorities from the highest to the lowest arrive as {priorities}")


def require_mapped(read: Sequence[Issue], lacks: frozenset[str]) -> None:
    """Require that all is done and of priority 0, as the project's maps say.

    Args:
        read: What was read of issues that have a priority each.
        lacks: What the tracker lacks.
    """
    if not read:
        raise Violation("no issue is read")
    for issue in read:
        if issue.status is not Status.DONE:
            raise Violation(
                f"the project's status_map says done for every name, and issue {issue.ref.id} is "
                f"{issue.status.value}"
            )
        if issue.priority != 0 and lacks.isdisjoint({PRIORITIES, PRIORITY_NAMES}):
            raise Violation(
                f"the project's priority_map says 0 for every name, and issue {issue.ref.id} has "
                f"{issue.priority}"
            )
