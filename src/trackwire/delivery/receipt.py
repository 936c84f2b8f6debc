"""The receipt of a publish (contracts/tracker-snapshot-publish.md, "Receipt")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from trackwire.answers import plain_text
from trackwire.model import NonEmpty, Timestamp


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """How the hub resolved the snapshot's route.

    Args:
        status: `resolved`, `workspace_fallback` or `queued`; a newer hub may say more.
        mapping_id: The resource mapping that decided, or None when queued.
        project: The hub's project that the snapshot went to, or None when queued.
    """

    status: NonEmpty
    mapping_id: str | None = None
    project: str | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub keeps of a publish.

    Args:
        snapshot_id: The hub's name for the snapshot.
        received_at: When it was committed, with an offset from UTC.
        issue_count: How many issues the hub read in it.
        digest: The digest of the body in the form of `Repr-Digest`.
        resolution: How the route was resolved, or None from a receiver that does not say.
    """

    snapshot_id: NonEmpty
    received_at: Timestamp
    issue_count: Annotated[int, msgspec.Meta(ge=0)]
    digest: str
    resolution: Resolution | None = None


def read_receipt(content: bytes, hidden: Iterable[str] = ()) -> Receipt:
    """Decode a receipt; unknown members are ignored.

    Args:
        content: The answer's JSON.
        hidden: What must not be shown.

    Returns:
        The receipt, its texts cleaned for a terminal.

    Raises:
        ValueError: It is not a receipt; the text names the member.
    """
    try:
        receipt = msgspec.json.decode(content, type=Receipt)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(plain_text(str(error), hidden)) from error
    return msgspec.structs.replace(
        receipt,
        snapshot_id=plain_text(receipt.snapshot_id, hidden),
        resolution=receipt.resolution and _cleaned(receipt.resolution, hidden),
    )


def _cleaned(resolution: Resolution, hidden: Iterable[str]) -> Resolution:
    return Resolution(
        status=plain_text(resolution.status, hidden),
        mapping_id=resolution.mapping_id and plain_text(resolution.mapping_id, hidden),
        project=resolution.project and plain_text(resolution.project, hidden),
    )
