"""Events of work packages and features, their batches, and the answers to those.

The structs are the wire form of contracts/batch-api-contract.md. They belong to senders and
receivers of events; publishing snapshots neither uses them nor depends on them.
"""

from __future__ import annotations

from trackwire.events.batch import (
    MAX_EVENTS,
    BatchAnswer,
    BatchRefusal,
    BatchResult,
    RefusedEvent,
    decode_answer,
    decode_batch,
    decode_refusal,
)
from trackwire.events.envelope import Event, decode_event
from trackwire.events.payloads import (
    PAYLOADS,
    DependencyResolved,
    ErrorLogged,
    FeatureCompleted,
    FeatureCreated,
    HistoryAdded,
    Payload,
    WPAssigned,
    WPCreated,
    WPStatusChanged,
)
from trackwire.events.vocabulary import (
    LANE_ALIASES,
    REJECTION_KEYWORDS,
    AggregateType,
    EntryType,
    ErrorType,
    EventType,
    Lane,
    Phase,
    RejectionCategory,
    ResolutionType,
    ResultStatus,
    rejection_category,
    resolve_lane,
)

__all__ = [
    "LANE_ALIASES",
    "MAX_EVENTS",
    "PAYLOADS",
    "REJECTION_KEYWORDS",
    "AggregateType",
    "BatchAnswer",
    "BatchRefusal",
    "BatchResult",
    "DependencyResolved",
    "EntryType",
    "ErrorLogged",
    "ErrorType",
    "Event",
    "EventType",
    "FeatureCompleted",
    "FeatureCreated",
    "HistoryAdded",
    "Lane",
    "Payload",
    "Phase",
    "RefusedEvent",
    "RejectionCategory",
    "ResolutionType",
    "ResultStatus",
    "WPAssigned",
    "WPCreated",
    "WPStatusChanged",
    "decode_answer",
    "decode_batch",
    "decode_event",
    "decode_refusal",
    "rejection_category",
    "resolve_lane",
]
