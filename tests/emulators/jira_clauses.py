"""What the clauses of a query match, as data where an index can make use of it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from emulators.jira_model import Issue

Matches = Callable[[Issue], bool]

DATE_FIELDS: dict[str, Callable[[Issue], int]] = {
    "updated": operator.attrgetter("updated"),
    "updateddate": operator.attrgetter("updated"),
    "created": operator.attrgetter("created"),
    "createddate": operator.attrgetter("created"),
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


@dataclass(frozen=True, slots=True)
class InProject:
    """Matches the issues of a project."""

    key: str

    def __call__(self, issue: Issue) -> bool:
        return issue.project == self.key


@dataclass(frozen=True, slots=True)
class DateIs:
    """Matches by `updated` or `created`, in milliseconds since 1970."""

    field: str
    sign: str
    moment: int

    def __call__(self, issue: Issue) -> bool:
        return COMPARISONS[self.sign](DATE_FIELDS[self.field](issue), self.moment)


@dataclass(frozen=True, slots=True)
class NumberIs:
    """Matches issues of one project by their numbers, and with `!=` those of all others."""

    project: str
    sign: str
    number: int

    def __call__(self, issue: Issue) -> bool:
        if issue.project != self.project:
            return self.sign == "!="
        return COMPARISONS[self.sign](issue.number, self.number)


@dataclass(frozen=True, slots=True)
class AllOf:
    """Matches what every part does."""

    parts: tuple[Matches, ...]

    def __call__(self, issue: Issue) -> bool:
        return all(part(issue) for part in self.parts)


def negated(matches: Matches) -> Matches:
    """Match what the other does not."""
    return lambda issue: not matches(issue)
