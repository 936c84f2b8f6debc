"""JQL, as far as a connector can sensibly send it: project, id, key, updated, created, ORDER BY.

Where Jira's behaviour is known to differ or is not known, this takes what loses a careless
connector the most:

- a local time that does not exist, or exists twice, is the later of the two it can be;
- `id` and `key` are one field: both compare and sort by project and number, and a value must be
  an issue that exists and is visible;
- without ORDER BY the newest id comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from emulators.clock import to_milliseconds
from emulators.jira_clauses import (
    COMPARISONS,
    DATE_FIELDS,
    AllOf,
    DateIs,
    InProject,
    Matches,
    NumberIs,
    negated,
)
from emulators.jira_model import Issue, Records
from emulators.jira_words import RESERVED, Token, place_of, refuse, refuse_value, split_words

SortKey = Callable[[Issue], tuple[int, ...]]

_KEY_FIELDS = frozenset({"id", "key", "issue", "issuekey"})
_LOCAL = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: (\d{1,2}):(\d{2}))?")
_PERIOD = re.compile(r"(-?\d+)([mhdw])")
_PERIOD_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_MINUTE = 60_000
_NUMBERS = 10**9  # more than a project has


@dataclass(frozen=True)
class Query:
    """A query that was read.

    Args:
        matches: Tells whether it finds an issue; None where it restricts nothing.
        sort_key: Gives its results their order.
        order: What it is ordered by: `updated`, `created` or `id`, each with a minus sign where
            the largest comes first; empty without ORDER BY.
    """

    matches: Matches | None
    sort_key: SortKey
    order: tuple[str, ...] = ()

    @property
    def clauses(self) -> tuple[Matches, ...]:
        """What every issue that it finds matches, and no other."""
        if self.matches is None:
            return ()
        return self.matches.parts if isinstance(self.matches, AllOf) else (self.matches,)


@dataclass(frozen=True)
class Reading:
    """How the site reads what is not in the query itself.

    Args:
        records: Whose projects and issues a query may name.
        zone: The account's timezone.
        rounds_to_minute: Whether epoch milliseconds are rounded down to the minute.
        validates: Whether a project or issue that is not there makes the query invalid.
    """

    records: Records
    zone: ZoneInfo
    rounds_to_minute: bool = False
    validates: bool = True


def read_jql(text: str, reading: Reading) -> Query:
    """Read a query.

    Raises:
        JqlError: It is not valid.
    """
    return _Reader(split_words(text), reading).query()


class _Reader:
    """Reads by recursive descent; each method reads one rule and leaves the next token."""

    def __init__(self, tokens: Sequence[Token], reading: Reading) -> None:
        self.split_words = tokens
        self._at = 0
        self._reading = reading

    def query(self) -> Query:
        matches = None
        if not self._next.is_word("order") and self._next.kind != "end":
            matches = self._any_of()
        sort_key, order = self._order()
        if self._next.kind != "end":
            self._unexpected()
        return Query(matches, sort_key, order)

    def _any_of(self) -> Matches:
        parts = [self._all_of()]
        while self._take_word("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda i: any(part(i) for part in parts)

    def _all_of(self) -> Matches:
        parts = [self._term()]
        while self._take_word("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _term(self) -> Matches:
        if self._take_word("not"):
            return negated(self._term())
        if self._take_sign("("):
            inner = self._any_of()
            self._need_sign(")")
            return inner
        return self._clause()

    def _clause(self) -> Matches:
        field = self._operand().text.lower()
        if field not in DATE_FIELDS and field not in _KEY_FIELDS and field != "project":
            refuse(f"Field '{field}' does not exist or you do not have permission to view it.")
        if self._next.is_word("in", "not"):
            negated = self._take_word("not")
            if not self._take_word("in"):
                self._unexpected()
            return self._membership(field, negated)
        sign = self._take()
        if sign.text not in COMPARISONS or sign.kind != "sign":
            refuse(f"Expecting an operator but got '{sign.text}'. {place_of(sign)}")
        return self._comparison(field, sign.text, self._operand())

    def _membership(self, field: str, negated: bool) -> Matches:
        self._need_sign("(")
        parts = [self._comparison(field, "=", self._operand())]
        while self._take_sign(","):
            parts.append(self._comparison(field, "=", self._operand()))
        self._need_sign(")")
        return lambda issue: any(part(issue) for part in parts) != negated

    def _comparison(self, field: str, sign: str, value: Token) -> Matches:
        if field == "project":
            return self._project(sign, value)
        if field in DATE_FIELDS:
            return DateIs(field.removesuffix("date"), sign, self._moment(field, value))
        issue = self._reading.records.find(value.text)
        if issue is None:
            return self._missing(_missing_issue(field, value.text))
        return NumberIs(issue.project, sign, issue.number)

    def _project(self, sign: str, value: Token) -> Matches:
        if sign not in {"=", "!="}:
            refuse(f"The operator '{sign}' is not supported by the 'project' field.")
        wanted = value.text.lower()
        for project in self._reading.records.visible_projects():
            if wanted in {project.key.lower(), str(project.id), project.name.lower()}:
                inside = InProject(project.key)
                return inside if sign == "=" else negated(inside)
        return self._missing(f"The value '{value.text}' does not exist for the field 'project'.")

    def _missing(self, message: str) -> Matches:
        if self._reading.validates:
            refuse_value(message)
        return lambda _issue: False

    def _moment(self, field: str, value: Token) -> int:
        if value.kind == "word" and value.text.isdigit():
            number = int(value.text)
            return number - number % _MINUTE if self._reading.rounds_to_minute else number
        if period := _PERIOD.fullmatch(value.text):
            seconds = int(period[1]) * _PERIOD_SECONDS[period[2]]
            return self._reading.records.clock.milliseconds + seconds * 1000
        local = _local_time(value.text)
        if local is not None:
            return _later(local, self._reading.zone)
        refuse_value(
            f"Date value '{value.text}' for field '{field}' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period "
            "format e.g. '-5d', '4w 2d'."
        )
        return None

    def _order(self) -> tuple[SortKey, tuple[str, ...]]:
        if not self._take_word("order"):
            return (lambda issue: (-issue.id,)), ()
        if not self._take_word("by"):
            self._unexpected()
        names = [self._order_part()]
        while self._take_sign(","):
            names.append(self._order_part())
        gets = {**DATE_FIELDS, "id": self._by_key()}
        parts = [(-1 if name[0] == "-" else 1, gets[name.removeprefix("-")]) for name in names]
        return (lambda i: (*(sign * get(i) for sign, get in parts), i.id)), tuple(names)

    def _order_part(self) -> str:
        field = self._operand().text.lower()
        if field not in DATE_FIELDS and field not in _KEY_FIELDS:
            refuse(f"Not able to sort using field '{field}'.")
        name = field.removesuffix("date") if field in DATE_FIELDS else "id"
        if self._take_word("asc"):
            return name
        # dates are sorted newest first unless told
        return f"-{name}" if self._take_word("desc") or field in DATE_FIELDS else name

    def _by_key(self) -> Callable[[Issue], int]:
        ranks = {p.key: n for n, p in enumerate(self._reading.records.visible_projects())}
        return lambda issue: ranks.get(issue.project, 0) * _NUMBERS + issue.number

    @property
    def _next(self) -> Token:
        return self.split_words[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at = min(self._at + 1, len(self.split_words) - 1)
        return token

    def _operand(self) -> Token:
        token = self._take()
        if token.is_word(*RESERVED):
            refuse(
                f"'{token.text}' is a reserved JQL word. You must surround it in quotation marks "
                f"to use it in a query. {place_of(token)}"
            )
        if token.kind not in {"word", "quoted"}:
            refuse(
                f"Expecting either a value, list or function but got '{token.text}'. "
                f"{place_of(token)}"
            )
        return token

    def _take_word(self, word: str) -> bool:
        return self._next.is_word(word) and bool(self._take())

    def _take_sign(self, sign: str) -> bool:
        return (self._next.kind, self._next.text) == ("sign", sign) and bool(self._take())

    def _need_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            self._unexpected()

    def _unexpected(self) -> NoReturn:
        refuse(f"Expecting another symbol but got '{self._next.text}'. {place_of(self._next)}")


def _local_time(text: str) -> datetime | None:
    """Return the time without a zone that a text in Jira's form names."""
    parts = _LOCAL.fullmatch(text)
    if parts is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in parts.groups())
    try:
        return datetime(year, month, day, hour, minute)  # noqa: DTZ001 as a wall clock has none
    except ValueError:
        return None


def _later(local: datetime, zone: ZoneInfo) -> int:
    """Return the later of the times that a wall clock of the zone may mean."""
    readings = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return to_milliseconds(max(readings))


def _missing_issue(field: str, value: str) -> str:
    if value.isdigit():
        return f"A value with ID '{value}' does not exist for the field '{field}'."
    return f"An issue with key '{value}' does not exist for field '{field}'."
