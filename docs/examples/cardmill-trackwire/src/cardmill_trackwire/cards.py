"""A card as Cardmill gives it, in its API and so in saved answers, and its wire form."""

from collections.abc import Iterator
from typing import Annotated, BinaryIO

from msgspec import Meta, Struct, field

from trackwire.connector import Unplaced
from trackwire.errors import RecordError
from trackwire.model import ExternalRef, Issue, IssueType, Status, Timestamp
from trackwire.provider import ExportContext, Exported, ExportedIssue, MoreFollows
from trackwire.records import convert, read_array, read_outline

_STAGES = {"waiting": Status.TODO, "underway": Status.IN_PROGRESS, "finished": Status.DONE}


class Card(Struct, frozen=True):
    """A card.

    Its list has the name that the team gave it, and one of three stages or, on older boards, none.
    Of the people, those whose account was deleted are null.
    """

    id: int
    board: int
    title: str
    list_name: str = field(name="list")
    changed_at: Timestamp
    stage: str | None = None
    text: str | None = None
    urgency: Annotated[int, Meta(ge=1, le=5)] | None = None
    people: tuple[str | None, ...] = ()
    labels: tuple[str, ...] = ()


def to_issue(card: Card, context: ExportContext) -> Issue:
    """Map a card to the wire form.

    Args:
        card: The card.
        context: The workspace, and what the project makes of the names of lists.
    """
    return Issue(
        ref=ExternalRef(system="cardmill", workspace=context.workspace, id=str(card.id)),
        title=card.title,
        body=card.text,
        status=context.status_of(card.list_name) or _STAGES.get(card.stage or "", Status.TODO),
        issue_type=IssueType.BUG if "bug" in card.labels else IssueType.TASK,
        priority=card.urgency - 1 if card.urgency else None,
        assignees=tuple(filter(None, card.people)),
        labels=card.labels,
        updated_at=card.changed_at,
    )


def unplaced_names(card: Card, context: ExportContext) -> Iterator[Unplaced]:
    """Give the name of a card's list where neither the project nor its stage says what it means.

    Args:
        card: The card.
        context: What the project makes of the names of lists.
    """
    if card.stage not in _STAGES and context.status_of(card.list_name) is None:
        yield Unplaced("status", card.list_name)


def read_export(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read a saved answer to `GET /api/2/boards/BOARD/cards`.

    Args:
        stream: A seekable binary stream.
        context: What is known of the binding.

    Yields:
        The cards in the file's order, and behind them whether another page follows.

    Raises:
        RecordError: The file is no such answer, or one of its cards is bad.
    """
    outline = read_outline(stream, is_array="items".__eq__, is_scalar="continue".__eq__)
    if not outline.arrays:
        raise RecordError("the file", "items", "it is missing: save an answer that lists cards")
    bound = context.value_of("board_id")
    for place, element in read_array(stream, "items"):
        card = convert(element, Card, place)
        elsewhere = f"field board is {card.board}, but the project is bound to {bound}"
        is_here = bound in {None, str(card.board)}
        yield ExportedIssue(to_issue(card, context), place, None if is_here else elsewhere)
    if outline.scalars.get("continue"):
        yield MoreFollows("continue is set")
