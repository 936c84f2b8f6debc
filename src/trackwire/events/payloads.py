"""One payload for each event type, named as the type (contracts/batch-api-contract.md).

The structs are the wire form: the order of fields here is that of the members there. An optional
member is absent or null, which count as the same, and is written as null.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from trackwire.events.forms import Count, FeatureNumber, FeatureSlug, NonEmpty, Time, WPId
from trackwire.events.vocabulary import (
    EntryType,
    ErrorType,
    EventType,
    Lane,
    Phase,
    ResolutionType,
)


class WPStatusChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A work package went from one lane to another.

    Args:
        wp_id: The work package, such as `WP01`.
        from_lane: The lane that it left.
        to_lane: The lane that it is in now.
        actor: Who moved it, or None.
        feature_slug: The feature that it belongs to, or None.
    """

    wp_id: WPId
    from_lane: Lane
    to_lane: Lane
    actor: str | None = None
    feature_slug: NonEmpty | None = None


class WPCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A work package was made.

    Args:
        wp_id: The work package, such as `WP01`.
        title: One line; may be empty.
        feature_slug: The feature that it belongs to.
        dependencies: The work packages that it waits for, or None.
    """

    wp_id: WPId
    title: str
    feature_slug: NonEmpty
    dependencies: tuple[WPId, ...] | None = None


class WPAssigned(msgspec.Struct, frozen=True, kw_only=True):
    """A work package was given to an agent.

    Args:
        wp_id: The work package, such as `WP01`.
        agent_id: Who works on it from now on.
        phase: What it was given for.
        retry_count: How often that was tried before, or None.
    """

    wp_id: WPId
    agent_id: NonEmpty
    phase: Phase
    retry_count: Count | None = None


class FeatureCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A feature was made.

    Args:
        feature_slug: Its number, a hyphen and its name, such as `001-sign-in`.
        feature_number: Its three digits, such as `001`.
        target_branch: The branch that it will be merged into.
        wp_count: How many work packages it has.
        created_at: When it was made, with an offset from UTC, or None.
    """

    feature_slug: FeatureSlug
    feature_number: FeatureNumber
    target_branch: NonEmpty
    wp_count: Count
    created_at: Time | None = None


class FeatureCompleted(msgspec.Struct, frozen=True, kw_only=True):
    """All work packages of a feature came to their end.

    Args:
        feature_slug: The feature.
        total_wps: How many work packages it had.
        completed_at: When it was completed, with an offset from UTC, or None.
        total_duration: How long it took, in the sender's words, or None.
    """

    feature_slug: NonEmpty
    total_wps: Count
    completed_at: Time | None = None
    total_duration: str | None = None


class HistoryAdded(msgspec.Struct, frozen=True, kw_only=True):
    """A work package's history got an entry.

    Args:
        wp_id: The work package, such as `WP01`.
        entry_type: What kind of entry it is.
        entry_content: Its text; may be empty.
        author: Who wrote it, or None.
    """

    wp_id: WPId
    entry_type: EntryType
    entry_content: str
    author: str | None = None


class ErrorLogged(msgspec.Struct, frozen=True, kw_only=True):
    """Something failed.

    Args:
        error_type: What kind of error it is.
        error_message: Its text; may be empty.
        wp_id: The work package that it happened to, or None.
        stack_trace: Where in the program, or None.
        agent_id: Who worked on it, or None.
    """

    error_type: ErrorType
    error_message: str
    wp_id: WPId | None = None
    stack_trace: str | None = None
    agent_id: NonEmpty | None = None


class DependencyResolved(msgspec.Struct, frozen=True, kw_only=True):
    """A work package need not wait for another any more.

    Args:
        wp_id: The work package that waited.
        dependency_wp_id: The one that it waited for.
        resolution_type: Why it need not.
    """

    wp_id: WPId
    dependency_wp_id: WPId
    resolution_type: ResolutionType


Payload: TypeAlias = (
    WPStatusChanged
    | WPCreated
    | WPAssigned
    | FeatureCreated
    | FeatureCompleted
    | HistoryAdded
    | ErrorLogged
    | DependencyResolved
)

PAYLOADS: Mapping[EventType, type[Payload]] = MappingProxyType(
    {
        EventType.WP_STATUS_CHANGED: WPStatusChanged,
        EventType.WP_CREATED: WPCreated,
        EventType.WP_ASSIGNED: WPAssigned,
        EventType.FEATURE_CREATED: FeatureCreated,
        EventType.FEATURE_COMPLETED: FeatureCompleted,
        EventType.HISTORY_ADDED: HistoryAdded,
        EventType.ERROR_LOGGED: ErrorLogged,
        EventType.DEPENDENCY_RESOLVED: DependencyResolved,
    }
)
"""The payload of each event type."""
