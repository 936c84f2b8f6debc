"""The closed sets of words in events and their answers (contracts/batch-api-contract.md)."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from trackwire.errors import UsageError


class EventType(StrEnum):
    """What happened; it decides which payload an event has."""

    WP_STATUS_CHANGED = "WPStatusChanged"
    WP_CREATED = "WPCreated"
    WP_ASSIGNED = "WPAssigned"
    FEATURE_CREATED = "FeatureCreated"
    FEATURE_COMPLETED = "FeatureCompleted"
    HISTORY_ADDED = "HistoryAdded"
    ERROR_LOGGED = "ErrorLogged"
    DEPENDENCY_RESOLVED = "DependencyResolved"


class AggregateType(StrEnum):
    """What kind of thing an event is about."""

    WORK_PACKAGE = "WorkPackage"
    FEATURE = "Feature"


class Lane(StrEnum):
    """Where a work package stands."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    FOR_REVIEW = "for_review"
    DONE = "done"
    BLOCKED = "blocked"
    CANCELED = "canceled"


class Phase(StrEnum):
    """What a work package is assigned for."""

    IMPLEMENTATION = "implementation"
    REVIEW = "review"


class EntryType(StrEnum):
    """What kind of entry a work package's history got."""

    NOTE = "note"
    REVIEW = "review"
    ERROR = "error"
    COMMENT = "comment"


class ErrorType(StrEnum):
    """What kind of error was logged."""

    VALIDATION = "validation"
    RUNTIME = "runtime"
    NETWORK = "network"
    AUTH = "auth"
    UNKNOWN = "unknown"


class ResolutionType(StrEnum):
    """How a dependency between work packages came to its end."""

    COMPLETED = "completed"
    SKIPPED = "skipped"
    MERGED = "merged"


class ResultStatus(StrEnum):
    """What became of one event of a batch."""

    SUCCESS = "success"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class RejectionCategory(StrEnum):
    """What kind of reason a rejection has, as far as its text tells."""

    SCHEMA_MISMATCH = "schema_mismatch"
    AUTH_EXPIRED = "auth_expired"
    SERVER_ERROR = "server_error"
    UNKNOWN = "unknown"


LANE_ALIASES = MappingProxyType({"doing": Lane.IN_PROGRESS})
"""Words for a lane that people use and that never reach the wire."""

REJECTION_KEYWORDS = MappingProxyType(
    {
        RejectionCategory.SCHEMA_MISMATCH: ("invalid", "schema", "field", "missing", "type"),
        RejectionCategory.AUTH_EXPIRED: ("token", "expired", "unauthorized", "401"),
        RejectionCategory.SERVER_ERROR: ("internal", "500", "timeout", "unavailable"),
    }
)
"""The keywords of each category, in the order in which categories are tried."""


def resolve_lane(text: str) -> Lane:
    """Return the lane that a word means, an alias included.

    Args:
        text: A lane such as `for_review`, or the alias `doing`.

    Raises:
        UsageError: It is neither; the text lists what it can be.

    Defined by: contracts/batch-api-contract.md, "Lanes".
    """
    try:
        return LANE_ALIASES.get(text) or Lane(text)
    except ValueError:
        known = ", ".join((*Lane, *LANE_ALIASES))
        raise UsageError(f"{text!r} is no lane; use one of {known}") from None


def rejection_category(text: str | None) -> RejectionCategory:
    """Sort the text of a rejection by the keywords in it.

    Args:
        text: The `error` of a rejected result, in any case; None where there is none.

    Defined by: contracts/batch-api-contract.md, "Error categories".
    """
    said = (text or "").casefold()
    for category, keywords in REJECTION_KEYWORDS.items():
        if any(keyword in said for keyword in keywords):
            return category
    return RejectionCategory.UNKNOWN
