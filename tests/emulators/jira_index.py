"""Finds what a query asks for, without a look at every issue where the query allows it.

A query for one project, bounded by `updated` or by `id` and ordered by the same, is cut out of a
list that is sorted once; of any other, every issue that can match is looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, overload

from emulators.jira_clauses import DateIs, InProject, NumberIs

if TYPE_CHECKING:
    from emulators.jira_clauses import Matches
    from emulators.jira_jql import Query
    from emulators.jira_model import Issue

_Cut = Callable[[int, int], tuple[int, int]]
_Order = tuple[str, ...]

_BY_TIME: _Order = ("updated", "id")
_BY_ID: _Order = ("id",)
_SORT_KEYS: dict[_Order, Callable[[Issue], object]] = {
    _BY_TIME: attrgetter("updated", "number", "id"),
    _BY_ID: attrgetter("number", "id"),
}
_VALUES: dict[_Order, Callable[[Issue], int]] = {
    _BY_TIME: attrgetter("updated"),
    _BY_ID: attrgetter("number"),
}
_CUTS: dict[str, _Cut] = {  # what a bound leaves, by the first place of its value and that behind
    "=": lambda first, behind: (first, behind),
    ">=": lambda first, _: (first, _FAR),
    ">": lambda _, behind: (behind, _FAR),
    "<": lambda first, _: (0, first),
    "<=": lambda _, behind: (0, behind),
}
_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Span(Sequence["Issue"]):
    """A part of a list, which is not copied."""

    whole: Sequence[Issue]
    start: int
    end: int

    def __len__(self) -> int:
        return max(0, self.end - self.start)

    @overload
    def __getitem__(self, place: int) -> Issue: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Issue]: ...
    def __getitem__(self, place: int | slice) -> Issue | Sequence[Issue]:
        places = range(self.start, self.end)[place]
        if isinstance(places, int):
            return self.whole[places]
        return [self.whole[number] for number in places]


class Index:
    """The issues as a search sees them at one moment.

    Args:
        issues: All of them; read when the first query comes.
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._issues = issues
        self._all: list[Issue] | None = None
        self._sorted: dict[tuple[str, _Order], list[Issue]] = {}

    def search(self, query: Query) -> Sequence[Issue]:
        """Return what a query finds, in its order."""
        clauses = query.clauses
        project = next((each.key for each in clauses if isinstance(each, InProject)), None)
        if project is None:
            return _sifted(self._known(), query)
        if query.order in _VALUES and all(_decides(query.order, project, c) for c in clauses):
            return self._span(project, query.order, clauses)
        spans = (self._span(project, order, clauses) for order in (_BY_TIME, _BY_ID))
        return _sifted(min(spans, key=len), query)

    def _known(self) -> list[Issue]:
        if self._all is None:
            self._all = list(self._issues)
        return self._all

    def _span(self, project: str, order: _Order, clauses: Sequence[Matches]) -> Span:
        issues = self._in_order(project, order)
        start, end = 0, len(issues)
        for clause in clauses:
            bound = _bound(order, project, clause)
            if bound is not None:
                sign, value = bound
                first = bisect_left(issues, value, key=_VALUES[order])
                behind = bisect_right(issues, value, key=_VALUES[order])
                low, high = _CUTS[sign](first, behind)
                start, end = max(start, low), min(end, high)
        return Span(issues, start, end)

    def _in_order(self, project: str, order: _Order) -> list[Issue]:
        if (project, order) not in self._sorted:
            issues = filter(InProject(project), self._known())
            self._sorted[project, order] = sorted(issues, key=_SORT_KEYS[order])  # type: ignore[arg-type] # of whole numbers
        return self._sorted[project, order]


def _sifted(issues: Sequence[Issue], query: Query) -> list[Issue]:
    matching = issues if query.matches is None else filter(query.matches, issues)
    return sorted(matching, key=query.sort_key)


def _decides(order: _Order, project: str, clause: Matches) -> bool:
    """Tell whether a list in this order shows by places alone what matches the clause."""
    return clause == InProject(project) or _bound(order, project, clause) is not None


def _bound(order: _Order, project: str, clause: Matches) -> tuple[str, int] | None:
    match clause:
        case DateIs("updated", sign, moment) if order == _BY_TIME and sign in _CUTS:
            return sign, moment
        case NumberIs(place, sign, number) if (
            order == _BY_ID and place == project and sign in _CUTS
        ):
            return sign, number
    return None
