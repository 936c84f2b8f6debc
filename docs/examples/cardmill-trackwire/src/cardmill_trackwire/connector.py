"""Reads a Cardmill board through the API."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar
from urllib.parse import quote

from msgspec import Struct, field, to_builtins

from cardmill_trackwire.cards import Card, to_issue, unplaced_names
from trackwire.answers import read_answer
from trackwire.connector import ConnectContext, Identity, Listed, Page, Resource
from trackwire.windows import Bounds, read_tokens, read_windows

T = TypeVar("T")

# Cardmill refuses a token whose session has ended with a 200 that has no items
_RENEWAL = "the token's session may have ended; give a new one: trackwire credentials set token"
_BOARDS = "see which boards the account sees: trackwire discover cardmill"
_REMEDIES = {200: _RENEWAL, 401: _RENEWAL, 404: _BOARDS}


class _Answer(Struct, Generic[T], frozen=True):
    items: list[T]
    token: str | None = field(name="continue")


class _Named(Struct, frozen=True):
    id: int
    name: str


class BoardConnector:
    """Reads one board, which must be there; see `trackwire.connector.Connector`.

    Args:
        context: What is known of the binding, and the client.
    """

    def __init__(self, context: ConnectContext) -> None:
        self._context = context
        board = f"boards/{quote(context.value_of('board_id') or '', safe='')}"
        _ask(context, board, _Named)
        self._cards = partial(_ask, context, f"{board}/cards", Card, limit=context.page_size)

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the cards that changed."""
        for found in read_windows(self._changed, _id, lambda card: card.changed_at, since, cursor):
            yield self._page(*found)

    def census(self) -> Iterator[Sequence[Listed]]:
        """List the board's cards."""
        for cards in read_tokens(self._cards):
            yield [Listed(_id(card), card.changed_at) for card in cards]

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read cards by their ids."""
        read = read_tokens(partial(self._cards, ids=",".join(ids)))
        return self._page([card for cards in read for card in cards])

    def _changed(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        return self._cards(token, **to_builtins(bounds))

    def _page(self, cards: Sequence[Card], cursor: str | None = None) -> Page:
        issues = [to_issue(card, self._context) for card in cards]
        unplaced = [name for card in cards for name in unplaced_names(card, self._context)]
        return Page(issues=issues, cursor=cursor, unplaced=unplaced)


def discover(context: ConnectContext) -> Iterator[Resource]:
    """List the boards that the account can see."""
    for boards in read_tokens(partial(_ask, context, "boards", _Named)):
        yield from (Resource(_id(board), board.name) for board in boards)


def verify(context: ConnectContext) -> Identity:
    """Ask Cardmill whose the token is, and whether the account sees the bound board."""
    (account,), _ = _ask(context, "me", _Named)
    bound = [board for board in discover(context) if board.id == context.value_of("board_id")]
    return Identity(account=_id(account), resource=next(iter(bound), None))


def _ask(
    context: ConnectContext, path: str, shape: type[T], token: str | None = None, **query: object
) -> tuple[Sequence[T], str | None]:
    """Ask for a list, which every answer is: its items, and the token of the page behind."""
    secret = context.secret("token")
    headers = {"Authorization": f"Token {secret.reveal()}"} if secret else {}
    asked = {name: str(value) for name, value in {**query, "continue": token}.items() if value}
    response = context.client.get(f"api/2/{path}", params=asked, headers=headers)
    answer = read_answer(response, _Answer[shape], _REMEDIES)  # type: ignore[valid-type] # known at run time alone
    return answer.items, answer.token


def _id(item: Card | _Named) -> str:
    return str(item.id)
