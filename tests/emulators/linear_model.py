"""The teams and issues of an emulated Linear, as they are and as its lists show them.

Times are in microseconds since 1970: the API shows milliseconds, and compares and sorts by more.
"""

from __future__ import annotations

import threading
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from emulators.clock import Clock

Order = Literal["createdAt", "updatedAt"]
_NAMESPACE = uuid.UUID("6f9b2f0e-2c1d-4a53-9a53-0d6c0f9a1b7e")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Team:
    """A team; its key is how issues are named and can change, its id cannot."""

    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class State:
    """A workflow state: the type is one of seven, the name the team's own."""

    type: str
    name: str


TODO = State("unstarted", "Todo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One state of an issue.

    Args:
        id: Stays the same when the issue moves.
        team: The team's id.
        identifier: The team's key and a number.
        created: Microseconds since 1970.
        updated: Microseconds since 1970.
        archived: Likewise, or None.
        rendered: Its JSON, by what of it was asked for; filled by `linear_graph`.
    """

    id: str
    team: str
    identifier: str
    created: int
    updated: int
    title: str = "A title"
    description: str | None = None
    state: State = TODO
    priority: float = 0
    priority_label: str = "No priority"
    assignee: str | None = None
    labels: tuple[str, ...] = ()
    parent: str | None = None
    archived: int | None = None
    trashed: bool | None = None
    previous_identifiers: tuple[str, ...] = ()
    rendered: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_gone(self) -> bool:
        """Whether it is archived or in the trash."""
        return self.archived is not None or self.trashed is True

    def time(self, order: Order) -> int:
        """Return the time that a list is ordered by."""
        return self.updated if order == "updatedAt" else self.created


@dataclass(frozen=True, slots=True)
class Listed:
    """Issues in ascending order of `keys`, which are pairs of time and id."""

    keys: Sequence[tuple[int, str]]
    issues: Sequence[Issue]

    def between(self, earliest: int | None, latest: int | None) -> Listed:
        """Return those of this time or later, and of that time or earlier."""
        start = 0 if earliest is None else bisect_left(self.keys, (earliest, ""))
        end = len(self.keys) if latest is None else bisect_right(self.keys, (latest, _LAST))
        return Listed(self.keys[start:end], self.issues[start:end])


@dataclass(frozen=True, slots=True)
class _Change:
    due: int
    number: int
    issue_id: str
    issue: Issue | None


class Model:
    """The state; every method may be called from any thread.

    Attributes:
        clock: What stamps the changes.
        lag: Seconds until lists show a change that is made from now on.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.lag = 0.0
        self.teams: dict[str, Team] = {}
        self._lock = threading.RLock()
        self._issues: dict[str, Issue] = {}
        self._shown: dict[str, Issue] = {}
        self._pending: list[_Change] = []
        self._changes = 0
        self._shown_change: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._lists: dict[tuple[str, Order, bool], Listed] = {}

    def add_team(self, key: str, name: str | None = None) -> Team:
        """Add a team."""
        team = Team(str(uuid.uuid5(_NAMESPACE, key)), key, name or f"Team {key}")
        self.teams[team.id] = team
        return team

    def rename_team(self, team: Team, key: str) -> None:
        """Give a team another key; its issues' identifiers stay in this emulation."""
        self.teams[team.id] = replace(team, key=key)

    def team(self, id_or_key: str) -> Team | None:
        """Find a team by its id or, whatever its case, by its key."""
        wanted = id_or_key.casefold()
        teams = self.teams.values()
        return next((t for t in teams if wanted in {t.id.casefold(), t.key.casefold()}), None)

    def create(self, team: Team, *, microseconds: int = 0, **parts: Any) -> Issue:
        """Create an issue; the microseconds come on top of the clock's milliseconds."""
        with self._lock:
            identifier = self._next_identifier(team)
            now = self._now(microseconds)
            issue = Issue(
                id=str(uuid.uuid5(_NAMESPACE, identifier)),
                team=team.id,
                identifier=identifier,
                **{"created": now, "updated": now, **parts},
            )
            return self._put(issue)

    def edit(
        self, issue: Issue, *, stamped: bool = True, microseconds: int = 0, **parts: Any
    ) -> Issue:
        """Change parts of an issue; unstamped, its `updatedAt` stays."""
        with self._lock:
            before = self._issues[issue.id]
            updated = self._now(microseconds) if stamped else before.updated
            return self._put(replace(before, **{"updated": updated, **parts, "rendered": {}}))

    def move(self, issue: Issue, team: Team, *, stamped: bool = True) -> Issue:
        """Move an issue to another team: it gets another identifier."""
        with self._lock:
            before = self._issues[issue.id]
            earlier = (*before.previous_identifiers, before.identifier)
            return self.edit(
                issue,
                stamped=stamped,
                team=team.id,
                identifier=self._next_identifier(team),
                previous_identifiers=earlier,
            )

    def archive(self, issue: Issue, *, stamped: bool = True) -> Issue:
        """Archive an issue."""
        return self.edit(issue, stamped=stamped, archived=self._now(0))

    def restore(self, issue: Issue) -> Issue:
        """Take an issue out of the archive and the trash."""
        return self.edit(issue, archived=None, trashed=None)

    def trash(self, issue: Issue, *, stamped: bool = True) -> Issue:
        """Put an issue into the trash, which archives it too."""
        return self.edit(issue, stamped=stamped, archived=self._now(0), trashed=True)

    def delete(self, issue: Issue) -> None:
        """Delete an issue for ever, which leaves no sign."""
        with self._lock:
            del self._issues[issue.id]
            self._show_later(issue.id, None)

    def issues_of(self, team: Team) -> dict[str, Issue]:
        """Return the truth: the team's issues that are not gone, by id."""
        with self._lock:
            issues = self._issues.values()
            return {i.id: i for i in issues if i.team == team.id and not i.is_gone}

    def find(self, issue_id: str) -> Issue | None:
        """Return an issue as it is."""
        return self._issues.get(issue_id)

    def shown(self, issue_id: str) -> Issue | None:
        """Return an issue as lists show it."""
        with self._lock:
            self._catch_up()
            return self._shown.get(issue_id)

    def listed(self, team: str, order: Order, *, archived: bool) -> Listed:
        """Return a team's issues as lists show them, those archived too or not."""
        with self._lock:
            self._catch_up()
            key = (team, order, archived)
            if key not in self._lists:
                wanted = (i for i in self._shown.values() if i.team == team)
                kept = [i for i in wanted if archived or not i.is_gone]
                kept.sort(key=lambda i: (i.time(order), i.id))
                self._lists[key] = Listed([(i.time(order), i.id) for i in kept], kept)
            return self._lists[key]

    def _now(self, microseconds: int) -> int:
        return self.clock.milliseconds * 1000 + microseconds

    def _next_identifier(self, team: Team) -> str:
        number = self._numbers[team.id] = self._numbers.get(team.id, 0) + 1
        return f"{team.key}-{number}"

    def _put(self, issue: Issue) -> Issue:
        self._issues[issue.id] = issue
        self._show_later(issue.id, issue)
        return issue

    def _show_later(self, issue_id: str, issue: Issue | None) -> None:
        due = self.clock.milliseconds + round(self.lag * 1000)
        self._changes += 1
        self._pending.append(_Change(due, self._changes, issue_id, issue))

    def _catch_up(self) -> None:
        now = self.clock.milliseconds
        for change in self._pending:
            if change.due <= now:
                self._show(change)
        self._pending = [change for change in self._pending if change.due > now]

    def _show(self, change: _Change) -> None:
        if change.number < self._shown_change.get(change.issue_id, 0):
            return  # the lag was longer for an earlier change
        self._shown_change[change.issue_id] = change.number
        self._lists.clear()
        if change.issue is None:
            self._shown.pop(change.issue_id, None)
        else:
            self._shown[change.issue_id] = change.issue


def shown_time(microseconds: int | None) -> str | None:
    """Write a time as the API does, in milliseconds."""
    if microseconds is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=microseconds // 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> int:
    """Read an ISO 8601 time with an offset; raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def fill(model: Model, count: int, *, key: str = "ENG", body_bytes: int = 800) -> None:
    """Create so many issues in a team, each a second after the one before."""
    team = model.team(key) or model.add_team(key)
    for number in range(count):
        model.clock.advance(1)
        model.create(
            team,
            title=f"Issue {number} of a good many",
            description=f"Text of {number}. " + "x" * body_bytes,
            priority=number % 5,
            labels=("Bug", "db") if number % 3 else (),
            assignee=f"user-{number % 7}",
        )
