"""The parts that are used of an issue as Linear's GraphQL API answers it.

The API gives exactly what a query asks for, null included: what is absent was not asked for.
"""

from __future__ import annotations

import msgspec

from trackwire.model import NonEmpty


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


class Labels(msgspec.Struct, frozen=True):
    """The first page of an issue's labels."""

    nodes: tuple[Label, ...] = ()


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
    updated_at: str | None = None
    archived_at: str | None = None
    trashed: bool | None = None
