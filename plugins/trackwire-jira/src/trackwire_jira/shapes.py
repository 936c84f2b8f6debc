"""The parts that are used of what Jira's REST API answers, versions 2 and 3."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from trackwire.model import NonEmpty

R = TypeVar("R")


class StatusCategory(msgspec.Struct, frozen=True):
    """What a status amounts to, whatever its name: `new`, `indeterminate` or `done`."""

    key: str | None = None


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """The status; servers before 6.2 know no category."""

    name: str
    status_category: StatusCategory | None = None


class Named(msgspec.Struct, frozen=True):
    """A priority or a resolution."""

    name: str | None = None


class IssueType(msgspec.Struct, frozen=True, rename="camel"):
    """The type; only Cloud knows hierarchy levels: -1 subtask, 0 base, 1 epic, and above."""

    name: str | None = None
    subtask: bool | None = None
    hierarchy_level: int | None = None


class User(msgspec.Struct, frozen=True, rename="camel"):
    """An account: by `accountId` on Cloud, `key` or `name` on a server."""

    account_id: str | None = None
    key: str | None = None
    name: str | None = None


class Project(msgspec.Struct, frozen=True):
    """The project that an issue says it belongs to."""

    key: str | None = None


class Fields(msgspec.Struct, frozen=True):
    """An issue's fields; a field that a server hides is left out, as one that is empty is null."""

    summary: str
    status: Status
    issuetype: IssueType | None = None
    description: Any = None
    priority: Named | None = None
    resolution: Named | None = None
    assignee: User | None = None
    labels: tuple[str, ...] | None = None
    updated: str | None = None
    project: Project | None = None


class Record(msgspec.Struct, frozen=True):
    """An issue."""

    id: NonEmpty
    fields: Fields
    key: str | None = None
    self: str | None = None


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """What a search page says of itself: the first three a server, the others Cloud."""

    start_at: int = 0
    total: int | None = None
    is_last: bool | None = None
    next_page_token: str | None = None


class Stub(msgspec.Struct, frozen=True):
    """An issue, of which nothing was asked for but its id."""

    id: NonEmpty


class CloudFound(msgspec.Struct, Generic[R], frozen=True, rename="camel"):
    """A page of a search on Cloud."""

    issues: tuple[R, ...]
    is_last: bool | None = None
    next_page_token: str | None = None


class ServerFound(msgspec.Struct, Generic[R], frozen=True, rename="camel"):
    """A page of a search on a server."""

    issues: tuple[R, ...]
    total: int
    start_at: int | None = None


class Given(msgspec.Struct, Generic[R], frozen=True, rename="camel"):
    """Issues that Cloud was asked for by their ids, and what it could not give for now."""

    issues: tuple[R, ...] = ()
    issue_errors: tuple[Any, ...] = ()


class ServerInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What a site is: Cloud says so, servers say something else or, of old, nothing."""

    version: str
    deployment_type: str | None = None
    base_url: str | None = None


class Tenant(msgspec.Struct, frozen=True, rename="camel"):
    """A Cloud site's id at the gateway."""

    cloud_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]+\Z")]


class Myself(msgspec.Struct, frozen=True, rename="camel"):
    """The account that is logged in."""

    display_name: str | None = None
    account_id: str | None = None
    key: str | None = None
    name: str | None = None
    time_zone: str | None = None


class NamedProject(msgspec.Struct, frozen=True):
    """A project, as lists of them have it."""

    key: NonEmpty
    name: str


class Projects(msgspec.Struct, frozen=True, rename="camel"):
    """A page of Cloud's projects."""

    values: tuple[NamedProject, ...]
    is_last: bool = True
    start_at: int | None = None
