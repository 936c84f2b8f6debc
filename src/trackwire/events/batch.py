"""A batch of events and what a hub answers to it (contracts/batch-api-contract.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from trackwire.events.envelope import Event, decode_event_at, reading
from trackwire.events.vocabulary import ResultStatus

if TYPE_CHECKING:
    from trackwire.events.payloads import Payload

MAX_EVENTS = 1000
"""How many events a batch has at most."""


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event.

    Args:
        event_id: The event's id as it was sent, by which the sender finds the event.
        status: Whether it is stored, was before, or is refused.
        error: Why it is refused, or None.
    """

    event_id: str
    status: ResultStatus
    error: str | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of 200.

    Args:
        results: One for each event, in any order.
    """

    results: tuple[BatchResult, ...]


class RefusedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Why a batch was refused because of one event; at least one of the two texts is there.

    Args:
        event_id: The event's id as it was sent.
        error: What is wrong with it, or UNSET.
        reason: The same under its other name, or UNSET.

    Raises:
        ValueError: Neither text is there.
    """

    event_id: str
    error: str | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.error is msgspec.UNSET and self.reason is msgspec.UNSET:
            raise ValueError("neither error nor reason is there")


class BatchRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The body of 400: no event of the batch is stored.

    Args:
        error: What is wrong with the request.
        details: More of it: a text, or one entry for each event that is at fault.
    """

    error: str
    details: str | tuple[RefusedEvent, ...]


class _Batch(msgspec.Struct):
    events: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_EVENTS)]


def decode_batch(data: bytes | str) -> tuple[Event[Payload], ...]:
    """Read the events of a batch from its JSON, in their order.

    Args:
        data: The body of the request without its content coding, UTF-8 where it is bytes.

    Raises:
        RecordError: It is no valid batch; the place of the first fault is a path such as
            `$.events[3].payload.wp_id`.

    Defined by: contracts/batch-api-contract.md, "Batch request".
    """
    with reading("$"):
        batch = msgspec.json.decode(data, type=_Batch)
    return tuple(
        decode_event_at(f"$.events[{index}]", event) for index, event in enumerate(batch.events)
    )


def decode_answer(data: bytes | str) -> BatchAnswer:
    """Read the answer to a batch that was taken.

    Args:
        data: The body of 200.

    Raises:
        RecordError: It is no such answer; the place is a path such as `$.results[3].status`.

    Defined by: contracts/batch-api-contract.md, "Batch answer".
    """
    with reading("$"):
        return msgspec.json.decode(data, type=BatchAnswer)


def decode_refusal(data: bytes | str) -> BatchRefusal:
    """Read the answer to a batch that was refused as a whole.

    Args:
        data: The body of 400.

    Raises:
        RecordError: It is no such answer; the place is a path such as `$.details[0]`.

    Defined by: contracts/batch-api-contract.md, "Batch answer".
    """
    with reading("$"):
        return msgspec.json.decode(data, type=BatchRefusal)
