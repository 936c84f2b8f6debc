"""The envelope of an event: 15 fields, frozen (docs/reference/event-envelope.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from trackwire.errors import RecordError
from trackwire.events.forms import (
    ULID,
    CommitSHA,
    Count,
    NodeId,
    NonEmpty,
    ProjectUUID,
    RepoSlug,
    TimeText,
    UTCText,
    in_words,
)
from trackwire.events.payloads import PAYLOADS, Payload
from trackwire.events.vocabulary import AggregateType, EventType
from trackwire.wording import explain

P = TypeVar("P", bound=Payload)


class Event(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """One event with its envelope, in wire form.

    A Git field is None where it was looked for and is not there, and UNSET where an older sender
    left it out; writing the event again keeps the difference. Decoding checks every field,
    constructing only that payload and timestamp fit.

    Args:
        event_id: A ULID, by which a receiver tells a duplicate.
        event_type: What happened.
        aggregate_id: What it happened to: a work package's id or a feature's slug.
        aggregate_type: Which of the two that is.
        payload: The struct that is named as the event type.
        timestamp: When it happened, in UTC.
        node_id: 12 hexadecimal digits in either case, the same for all events of a machine.
        lamport_clock: From 0, larger with each event that the machine emits.
        causation_id: The ULID of the event that this one follows from, or None.
        team_slug: The sender's team, `local` when not logged in.
        project_uuid: The project's UUID, of version 4.
        project_slug: The project's slug, or None.
        git_branch: The branch, `HEAD` when detached.
        head_commit_sha: The commit, 40 hexadecimal digits in either case.
        repo_slug: The repository as `owner/repo`.

    Raises:
        TypeError: The payload is not of the event type.
        ValueError: The timestamp is not in UTC.

    Defined by: docs/reference/event-envelope.md.
    """

    event_id: ULID
    event_type: EventType
    aggregate_id: NonEmpty
    aggregate_type: AggregateType
    payload: P
    timestamp: datetime
    node_id: NodeId
    lamport_clock: Count
    causation_id: ULID | None
    team_slug: NonEmpty
    project_uuid: ProjectUUID
    project_slug: str | None
    git_branch: NonEmpty | msgspec.UnsetType | None = msgspec.UNSET
    head_commit_sha: CommitSHA | msgspec.UnsetType | None = msgspec.UNSET
    repo_slug: RepoSlug | msgspec.UnsetType | None = msgspec.UNSET

    def __post_init__(self) -> None:
        expected = PAYLOADS[self.event_type]
        if not isinstance(self.payload, expected):
            found = type(self.payload).__name__
            raise TypeError(
                f"the payload of {self.event_type} is {found}; give a {expected.__name__}"
            )
        if self.timestamp.utcoffset() != timedelta(0):
            raise ValueError(f"the timestamp {self.timestamp} is not UTC; convert it")


class _Head(msgspec.Struct):
    """What is read first: which payload there is, and how the time is written."""

    event_type: EventType
    timestamp: UTCText


class _CreatedAt(msgspec.Struct):
    created_at: TimeText | None = None


class _CompletedAt(msgspec.Struct):
    completed_at: TimeText | None = None


class _HeadOfFeatureCreated(msgspec.Struct):
    payload: _CreatedAt


class _HeadOfFeatureCompleted(msgspec.Struct):
    payload: _CompletedAt


_HEADS_WITH_TIMES: Mapping[EventType, type[msgspec.Struct]] = MappingProxyType(
    {
        EventType.FEATURE_CREATED: _HeadOfFeatureCreated,
        EventType.FEATURE_COMPLETED: _HeadOfFeatureCompleted,
    }
)
"""How a payload's time is written, for the event types that have one.

A decoder of times takes more forms of ISO 8601 than the contract allows.
"""


def decode_event(data: bytes | str) -> Event[Payload]:
    """Read one event from its JSON; unknown members are ignored.

    Args:
        data: The JSON, UTF-8 where it is bytes.

    Raises:
        RecordError: It is no valid event; the place is a path such as `$.payload.wp_id`.

    Defined by: docs/reference/event-envelope.md.
    """
    return decode_event_at("$", data)


def decode_event_at(root: str, data: bytes | str | msgspec.Raw) -> Event[Payload]:
    """Read one event that stands somewhere in a larger document.

    Args:
        root: Where it stands, such as `$.events[3]`.
        data: Its JSON.

    Raises:
        RecordError: It is no valid event; the place begins with `root`.
    """
    with reading(root):
        event_type = _head_decoder().decode(data).event_type
        if event_type in _HEADS_WITH_TIMES:
            _time_decoder(event_type).decode(data)
        return _decoder(event_type).decode(data)


@contextmanager
def reading(root: str) -> Iterator[None]:
    """Turn what a decoder raises into the error that a user of the library sees.

    Args:
        root: The path of what is read.

    Raises:
        RecordError: What is read is not as the contract says.
    """
    try:
        yield
    except RecursionError as error:
        raise _fault(root, "it is nested too deeply") from error
    except UnicodeError as error:
        raise _fault(root, "its text is not valid UTF-8") from error
    except msgspec.MsgspecError as error:
        field, problem = explain(error)
        raise _fault(f"{root}.{field}" if field else root, in_words(problem)) from error


def _fault(place: str, problem: str) -> RecordError:
    return RecordError(
        place, None, f"{problem}; contracts/batch-api-contract.md says what belongs there"
    )


@cache
def _head_decoder() -> msgspec.json.Decoder[_Head]:
    return msgspec.json.Decoder(_Head)


@cache
def _time_decoder(event_type: EventType) -> msgspec.json.Decoder[msgspec.Struct]:
    return msgspec.json.Decoder(_HEADS_WITH_TIMES[event_type])


@cache
def _decoder(event_type: EventType) -> msgspec.json.Decoder[Event[Payload]]:
    generic: Any = Event
    return msgspec.json.Decoder(generic[PAYLOADS[event_type]])
