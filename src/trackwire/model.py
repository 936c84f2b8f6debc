"""What crosses the boundary, as data: issues, mappings, checkpoint and their enumerations.

The structs are the wire form itself (contracts/tracker-snapshot-publish.md): field order here is
field order there, and decoding JSON into one validates it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

__all__ = [
    "MAX_RECORD_BYTES",
    "Checkpoint",
    "DoctrineMode",
    "ExternalRef",
    "FieldOwner",
    "Issue",
    "IssueType",
    "NonEmpty",
    "Priority",
    "Status",
    "Timestamp",
    "WorkPackageMapping",
]

MAX_RECORD_BYTES = 8 << 20
"""How long one issue or mapping may be in its wire form; a hub takes no longer one."""

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
"""A text of one character or more."""

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with an offset from UTC; in JSON a text of ISO 8601."""

Priority = Annotated[int, msgspec.Meta(ge=0, le=4)]
"""How urgent an issue is: 0 (highest) to 4."""


class Status(StrEnum):
    """Where an issue stands, in terms that all trackers share."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELED = "canceled"


class IssueType(StrEnum):
    """What kind of work an issue is."""

    EPIC = "epic"
    STORY = "story"
    TASK = "task"
    BUG = "bug"
    CHORE = "chore"
    SUBTASK = "subtask"


class DoctrineMode(StrEnum):
    """Which side is authoritative for a bound project's fields."""

    EXTERNAL_AUTHORITATIVE = "external_authoritative"
    SPEC_KITTY_AUTHORITATIVE = "spec_kitty_authoritative"
    SPLIT_OWNERSHIP = "split_ownership"


class FieldOwner(StrEnum):
    """Which side owns one field under split ownership."""

    EXTERNAL = "external"
    LOCAL = "local"
    SHARED = "shared"


class ExternalRef(msgspec.Struct, frozen=True, kw_only=True):
    """How an issue is known at its tracker.

    Args:
        system: The provider's normalized name.
        workspace: The provider's site or organisation.
        id: The tracker's own id, which survives a move.
        key: The name that people use, such as `ACME-12`, or None.
        url: The issue's page, or None.
    """

    system: NonEmpty
    workspace: NonEmpty
    id: NonEmpty
    key: str | None = None
    url: str | None = None


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One issue in wire form.

    Args:
        ref: How the tracker knows it.
        title: One line.
        body: Text or Markdown, or None.
        status: Where it stands.
        issue_type: What kind of work it is.
        priority: 0 (highest) to 4, or None.
        assignees: The tracker's stable account ids, never e-mail addresses.
        labels: As the tracker has them.
        updated_at: The tracker's last change, with an offset from UTC, or None.
    """

    ref: ExternalRef
    title: str
    body: str | None = None
    status: Status
    issue_type: IssueType
    priority: Priority | None = None
    assignees: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    updated_at: Timestamp | None = None


class WorkPackageMapping(msgspec.Struct, frozen=True, kw_only=True):
    """Ties a work package to an external issue.

    Args:
        wp_id: The work package, such as `WP01`.
        system: The provider's normalized name.
        workspace: The provider's site or organisation.
        external_id: The issue's id at the tracker.
        external_key: The issue's key at the tracker, or None.
        external_url: The issue's page, or None.
        created_at: When the mapping was made.
        updated_at: When it last changed.
    """

    wp_id: NonEmpty
    system: NonEmpty
    workspace: NonEmpty
    external_id: NonEmpty
    external_key: str | None = None
    external_url: str | None = None
    created_at: Timestamp
    updated_at: Timestamp


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """How far the local store has read the tracker.

    Args:
        cursor: Where an interrupted read goes on, in the provider's own terms, or None.
        updated_since: The largest `updated_at` of a completed read, or None.
    """

    cursor: str | None = None
    updated_since: Timestamp | None = None


def is_utf8(text: str) -> bool:
    """Tell whether a text can be written as UTF-8, which lone surrogates cannot.

    Args:
        text: The text.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
