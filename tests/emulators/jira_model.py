"""The issues of an emulated Jira, as they are and as its search index sees them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from emulators.clock import Clock, from_milliseconds

Category = Literal["new", "indeterminate", "done"]


@dataclass(frozen=True, slots=True)
class Status:
    """A status, whose name may be in any language."""

    name: str
    category: Category


@dataclass(frozen=True, slots=True)
class Person:
    """A user: the id is Cloud's account id and Data Center's key."""

    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project; its key is how issues are named, its id never changes."""

    id: int
    key: str
    name: str


TO_DO = Status("To Do", "new")
IN_PROGRESS = Status("In Progress", "indeterminate")
DONE = Status("Done", "done")
ANA = Person("5b10ac8d82e05b22cc7d4ef5", "Ana Anatoli", "ana@example.test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One state of an issue.

    Args:
        id: Stays the same when the issue moves.
        project: The project's key.
        number: What stands behind the dash in the key.
        description: Wiki markup, or None; version 3 answers it as paragraphs.
        adf: What version 3 answers instead, a document in the Atlassian Document Format.
        assignee: None also where the user was deleted.
        custom: More fields by their names, as JSON.
        created: Milliseconds since 1970.
        updated: Milliseconds since 1970.
        rendered: The JSON of this state, by what it was asked for; filled by `jira_render`.
    """

    id: int
    project: str
    number: int
    created: int
    updated: int
    summary: str = "A summary"
    description: str | None = None
    adf: Mapping[str, Any] | None = None
    status: Status = TO_DO
    kind: str = "Task"
    priority: str | None = "Medium"
    resolution: str | None = None
    assignee: Person | None = ANA
    labels: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    rendered: dict[object, bytes] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @property
    def key(self) -> str:
        return f"{self.project}-{self.number}"

    @property
    def updated_at(self) -> datetime:
        """The last change, in UTC, to the millisecond."""
        return from_milliseconds(self.updated)


class Records:
    """The state of an emulated Jira; every method may be called from any thread.

    Attributes:
        clock: Stamps what is created and edited.
        lock: Held by whoever needs several reads to agree.
        revision: Grows with everything that changes what a search finds, but for the clock.
        lag_seconds: How far the search index is behind.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.revision = 0
        self.lag_seconds = 0.0
        self._lag_of: dict[int, float] = {}
        self._projects: dict[str, Project] = {}
        self._hidden: set[str] = set()
        self._issues: dict[int, Issue] = {}
        self._written: dict[int, list[tuple[int, Issue | None]]] = {}
        self._ids: dict[str, int] = {}
        self._last_number: dict[str, int] = {}

    def add_project(self, key: str, name: str | None = None) -> Project:
        """Add a project without issues."""
        with self.lock:
            project = Project(10000 + len(self._projects), key, name or f"Project {key}")
            self._projects[key] = project
            self.revision += 1
            return project

    def hide_project(self, key: str) -> None:
        """Take from the account the right to see the project."""
        with self.lock:
            self._hidden.add(key)
            self.revision += 1

    def show_project(self, key: str) -> None:
        """Give the right back."""
        with self.lock:
            self._hidden.discard(key)
            self.revision += 1

    def visible_projects(self) -> list[Project]:
        """Return the projects that the account may see, by their keys."""
        with self.lock:
            return [p for key, p in sorted(self._projects.items()) if key not in self._hidden]

    def create(self, project: str, **fields: Any) -> Issue:
        """Create an issue with the next number of its project."""
        with self.lock:
            now = self.clock.milliseconds
            issue = Issue(
                id=10000 + len(self._written) + 1,
                project=project,
                number=self._next_number(project),
                **{"created": now, "updated": now, **fields},
            )
            return self._write(issue)

    def edit(self, issue: Issue | int, **fields: Any) -> Issue:
        """Change fields; `updated` becomes the clock's time unless it is among them."""
        with self.lock:
            stamped = {"updated": self.clock.milliseconds, **fields}
            return self._write(replace(self.get(issue), **stamped))

    def move(self, issue: Issue | int, project: str) -> Issue:
        """Move to another project: the key changes, id and `updated` do not."""
        with self.lock:
            number = self._next_number(project)
            return self._write(replace(self.get(issue), project=project, number=number))

    def delete(self, issue: Issue | int) -> None:
        """Delete an issue; the index forgets it when its lag is over."""
        with self.lock:
            gone = self._issues.pop(self.get(issue).id)
            self._written[gone.id].append((self.clock.milliseconds, None))
            self.revision += 1

    def populate(self, project: str, count: int, *, apart_seconds: float = 1) -> None:
        """Create many issues, all alike, each so many seconds after the last by the clock."""
        statuses = (TO_DO, IN_PROGRESS, DONE)
        for number in range(count):
            self.create(
                project,
                summary=f"Issue {number} of {count}",
                description="What happens, what should happen, and how to see it.\n" * 4,
                status=statuses[number % 3],
                labels=(f"label-{number % 7}",),
            )
            self.clock.advance(apart_seconds)

    def get(self, issue: Issue | int) -> Issue:
        """Return the issue as it is now."""
        return self._issues[issue.id if isinstance(issue, Issue) else issue]

    def find(self, id_or_key: str) -> Issue | None:
        """Return an issue of a visible project by its id, its key or one that it had."""
        with self.lock:
            number = self._ids.get(id_or_key.upper()) or _number(id_or_key)
            issue = self._issues.get(number)
            return None if issue is None or issue.project in self._hidden else issue

    def issues_of(self, project: str) -> list[Issue]:
        """Return what is in the project now, by id: the truth that a store is held against."""
        with self.lock:
            return [issue for issue in self._issues.values() if issue.project == project]

    def lag(self, seconds: float, issue: Issue | int | None = None) -> None:
        """Let searches see the state of so many seconds ago, of one issue or of all others."""
        with self.lock:
            if issue is None:
                self.lag_seconds = seconds
            else:
                self._lag_of[self.get(issue).id] = seconds
            self.revision += 1

    def index_state(self) -> tuple[int, int]:
        """Return what changes whenever a search may find something else."""
        return self.revision, self.clock.milliseconds

    def indexed(self, reconciled: frozenset[int] = frozenset()) -> Iterator[Issue]:
        """Yield what the search index has of visible projects; the reconciled without lag."""
        states: Iterable[Issue | None] = self._issues.values()
        if self.lag_seconds or self._lag_of:
            states = (self._indexed_state(id_, id_ in reconciled) for id_ in self._written)
        return (issue for issue in states if issue and issue.project not in self._hidden)

    def _indexed_state(self, issue: int, is_reconciled: bool) -> Issue | None:
        if is_reconciled:
            return self._issues.get(issue)
        seconds = self._lag_of.get(issue, self.lag_seconds)
        seen_until = self.clock.milliseconds - timedelta(seconds=seconds) // _MILLISECOND
        states = self._written[issue]
        return next((state for at, state in reversed(states) if at <= seen_until), None)

    def _next_number(self, project: str) -> int:
        number = self._last_number.get(project, 0) + 1
        self._last_number[self._projects[project].key] = number
        return number

    def _write(self, issue: Issue) -> Issue:
        self._issues[issue.id] = issue
        self._ids[issue.key] = issue.id
        self._written.setdefault(issue.id, []).append((self.clock.milliseconds, issue))
        self.revision += 1
        return issue


_MILLISECOND = timedelta(milliseconds=1)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1
