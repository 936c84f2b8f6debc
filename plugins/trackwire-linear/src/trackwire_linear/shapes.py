"""The parts that are used of what Linear's GraphQL API answers.

The API gives exactly what a query asks for, null included: what is absent was not asked for.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from trackwire.connector import Resource
from trackwire.model import NonEmpty, Timestamp

T = TypeVar("T")


class PageInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Where a page stands in its list."""

    has_next_page: bool = False
    end_cursor: str | None = None


class WorkflowState(msgspec.Struct, frozen=True):
    """The state; its type is one of seven, its name the team's own."""

    type: str
    name: str | None = None


class User(msgspec.Struct, frozen=True):
    """The assignee."""

    id: str | None = None


class Label(msgspec.Struct, frozen=True):
    """A label."""

    name: str


class Labels(msgspec.Struct, frozen=True, rename="camel"):
    """The first page of an issue's labels."""

    nodes: tuple[Label, ...] = ()
    page_info: PageInfo = PageInfo()


class Parent(msgspec.Struct, frozen=True):
    """The issue that another is a part of; that there is one is all that counts."""


class Team(msgspec.Struct, frozen=True):
    """The team that an issue belongs to."""

    id: str | None = None
    key: str | None = None


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """An issue."""

    id: NonEmpty
    title: str
    state: WorkflowState
    identifier: str | None = None
    url: str | None = None
    description: str | None = None
    priority: float | None = None
    priority_label: str | None = None
    assignee: User | None = None
    labels: Labels | None = None
    parent: Parent | None = None
    team: Team | None = None
    updated_at: Timestamp | None = None
    archived_at: str | None = None
    trashed: bool | None = None


class LiveRecord(Record, frozen=True, kw_only=True, rename="camel"):
    """An issue that a pull asked for."""

    labels: Labels
    team: Team
    updated_at: Timestamp


class Listing(msgspec.Struct, frozen=True, rename="camel"):
    """That an issue is there."""

    id: NonEmpty
    updated_at: Timestamp


class Connection(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a list."""

    nodes: list[T]
    page_info: PageInfo


class Extensions(msgspec.Struct, frozen=True, rename="camel"):
    """What an error says beside its message."""

    code: str = ""
    user_presentable_message: str | None = None


class Failure(msgspec.Struct, frozen=True):
    """One of an answer's errors."""

    message: str = ""
    extensions: Extensions = Extensions()

    @property
    def words(self) -> str:
        """What it says for people."""
        said = (self.message, self.extensions.user_presentable_message or "")
        words = dict.fromkeys(text.rstrip(" .") for text in said if text.strip(" ."))
        return ": ".join(words) or "an error unnamed"

    @property
    def is_too_complex(self) -> bool:
        """Whether the query asks for more at once than is ever allowed."""
        return self.extensions.code == "INPUT_ERROR" and "too complex" in self.words.lower()


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """The whole answer to a query that succeeded."""

    data: T
    errors: tuple[Failure, ...] | None = None


class Issues(msgspec.Struct, Generic[T], frozen=True):
    """What a query for a page of issues answers."""

    issues: Connection[T]


class Labelled(msgspec.Struct, frozen=True):
    """An issue of which only the labels were asked for."""

    labels: Connection[Label]


class IssueLabels(msgspec.Struct, frozen=True):
    """What a query for the labels of an issue answers."""

    issue: Labelled


class Viewer(msgspec.Struct, frozen=True):
    """The account that the credentials are of."""

    id: NonEmpty
    name: str
    timezone: str | None = None


class Organization(msgspec.Struct, frozen=True, rename="camel"):
    """The account's workspace, by the names that its address has and had."""

    name: str
    url_key: str
    previous_url_keys: tuple[str, ...] = ()


class Who(msgspec.Struct, frozen=True):
    """What a query for the account answers."""

    viewer: Viewer
    organization: Organization


class Teams(msgspec.Struct, frozen=True):
    """What a query for a page of teams answers."""

    teams: Connection[Resource]
