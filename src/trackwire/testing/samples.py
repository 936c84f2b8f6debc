"""Made-up issues with nothing missing; a rule leaves out or changes what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trackwire.model import Status
from trackwire.testing.emulator import SampleIssue

BEGIN = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
"""Before this nothing changed at the made-up tracker."""

STRANGE_TEXTS = (
    "Größe und Maß prüfen: ça va, naïve façade",
    "修复登录问题",
    "إصلاح تسجيل الدخول",
    "Launch \N{ROCKET} with \N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} and e\N{COMBINING ACUTE ACCENT}",
    'Say "hello", it\'s <b>bold</b> & done; a\\b {c} %20',
)
"""Titles that break what is not careful: accents, no Latin letter, right to left, beyond the
Basic Multilingual Plane, quotes and markup."""

_APART = timedelta(minutes=37)
_STATUSES = (Status.TODO, Status.IN_PROGRESS, Status.DONE)


def sample(number: int, **changes: Any) -> SampleIssue:
    """Make up an issue; the higher its number, the later it changed.

    Args:
        number: From 0; its id is another number.
        changes: Fields of `SampleIssue` that differ.
    """
    made = SampleIssue(
        id=str(7 + 13 * number),
        title=f"Made-up issue {number}",
        body=f"What to do about number {number}",
        status=_STATUSES[number % len(_STATUSES)],
        priority=2,
        assignee=str(501 + number % 3),
        labels=("backend", f"team{number % 4}"),
        updated_at=BEGIN + number * _APART,
    )
    return replace(made, **changes)


def samples(count: int) -> list[SampleIssue]:
    """Make up issues that all changed at times of their own.

    Args:
        count: How many.
    """
    return [sample(number) for number in range(count)]


def at_once(issues: Sequence[SampleIssue], start: int, end: int) -> list[SampleIssue]:
    """Have some of the issues change at the same time, as a bulk edit does.

    Args:
        issues: The issues, in the order of their last changes.
        start: The first of them.
        end: The one behind the last of them.
    """
    time = issues[start].updated_at
    return [
        replace(issue, updated_at=time) if start <= place < end else issue
        for place, issue in enumerate(issues)
    ]


def edited(issue: SampleIssue, after: SampleIssue) -> SampleIssue:
    """Change an issue, a while after another one changed.

    Args:
        issue: The issue as it was.
        after: The other one.
    """
    return replace(issue, title=f"{issue.title}, edited", updated_at=after.updated_at + 3 * _APART)


def all_edited(issues: Sequence[SampleIssue]) -> list[SampleIssue]:
    """Change every issue, one after the other, after the last change of all.

    Args:
        issues: The issues as they were, in the order of their last changes.
    """
    span = issues[-1].updated_at - issues[0].updated_at + _APART
    return [replace(issue, updated_at=issue.updated_at + span) for issue in issues]
