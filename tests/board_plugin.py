"""A small connector that keeps every rule of the kit, and its tracker; to be broken in one place.

Its tracker has boards with cards. A card's owner whose account was deleted has no id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from trackwire.answers import read_answer
from trackwire.connector import ConnectContext, Identity, Listed, Page, Resource
from trackwire.errors import TrackerError
from trackwire.model import ExternalRef, Issue, IssueType, Status, Timestamp
from trackwire.provider import CredentialField, Provider
from trackwire.testing.emulator import Answer, Emulator, Request, SampleIssue, SampleTracker
from trackwire.testing.registry import found_of
from trackwire.testing.subject import Subject
from trackwire.windows import Bounds, read_tokens, read_windows

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

URGENCIES = {"now": 0, "next": 1, "soon": 2, "later": 3, "one day": 4}
STATUSES = {"new": Status.TODO, "doing": Status.IN_PROGRESS, "done": Status.DONE}
_NAMES = {priority: name for name, priority in URGENCIES.items()}
_STATES = {status: state for state, status in STATUSES.items()}


class Owner(msgspec.Struct):
    id: str | None = None


class Card(msgspec.Struct):
    id: str
    name: str
    state: str
    changed: Timestamp
    text: str | None = None
    owner: Owner | None = None
    tags: tuple[str, ...] | None = None
    urgency: str | None = None


class Cards(msgspec.Struct):
    cards: list[Card]
    next: str | None


class Stub(msgspec.Struct):
    id: str
    changed: Timestamp


class Stubs(msgspec.Struct):
    cards: list[Stub]
    next: str | None


class Board(msgspec.Struct):
    id: str
    name: str


class Boards(msgspec.Struct):
    boards: list[Board]


class Me(msgspec.Struct):
    account: str


class BoardConnector:
    """Reads one board; a broken one overrides one of its steps."""

    def __init__(self, context: ConnectContext) -> None:
        self.context = context
        self.board = context.value_of("board")
        self.authorize()

    def authorize(self) -> None:
        self.context.client.headers["Authorization"] = f"Bearer {self.token()}"

    def token(self) -> str:
        token = self.context.secret("token")
        assert token is not None
        return token.reveal()

    def open(self) -> BoardConnector:
        if self.board not in {board.id for board in self.boards()}:
            raise TrackerError("there is no such board; run: trackwire discover acme")
        return self

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        for cards, behind in self.read(since, cursor):
            yield self.page(cards, behind)

    def read(
        self, since: datetime | None, cursor: str | None
    ) -> Iterator[tuple[Sequence[Card], str | None]]:
        return read_windows(self.ask_page, attrgetter("id"), attrgetter("changed"), since, cursor)

    def ask_page(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        since = {"since": bounds.gte.isoformat()} if bounds.gte else {}
        after = {"after": token} if token else {}
        answer = self.ask("api/cards", Cards, board=self.board, **since, **after)
        return answer.cards, answer.next

    def census(self) -> Iterator[Sequence[Listed]]:
        for stubs in read_tokens(self.ask_stubs):
            yield [Listed(stub.id, stub.changed) for stub in stubs]

    def ask_stubs(self, token: str | None) -> tuple[Sequence[Stub], str | None]:
        after = {"after": token} if token else {}
        answer = self.ask("api/ids", Stubs, board=self.board, **after)
        return answer.cards, answer.next

    def fetch(self, ids: Sequence[str]) -> Page:
        def ask(token: str | None) -> tuple[Sequence[Card], str | None]:
            after = {"after": token} if token else {}
            answer = self.ask("api/cards", Cards, board=self.board, ids=",".join(ids), **after)
            return answer.cards, answer.next

        return self.page([card for cards in read_tokens(ask) for card in cards], None)

    def boards(self) -> list[Board]:
        return self.ask("api/boards", Boards).boards

    def discover(self) -> list[Resource]:
        return [Resource(board.id, board.name) for board in self.boards()]

    def verify(self) -> Identity:
        account = self.ask("api/me", Me).account
        mine = (resource for resource in self.discover() if resource.id == self.board)
        return Identity(account=account, resource=next(mine, None))

    def ask(self, path: str, shape: type[T], **query: Any) -> T:
        return self.decoded(self.send(path, query), shape)

    def send(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        return self.context.client.get(path, params=query)

    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        return read_answer(response, shape)

    def page(self, cards: Sequence[Card], cursor: str | None) -> Page:
        return Page(issues=[self.issue(card) for card in cards], cursor=cursor)

    def issue(self, card: Card) -> Issue:
        return Issue(
            ref=ExternalRef(system="acme", workspace=self.context.workspace, id=card.id),
            title=card.name,
            body=card.text,
            status=self.status_of(card),
            issue_type=IssueType.TASK,
            priority=self.priority_of(card),
            assignees=self.assignees(card),
            labels=card.tags or (),
            updated_at=card.changed,
        )

    def status_of(self, card: Card) -> Status:
        return self.context.status_of(card.state) or STATUSES.get(card.state, Status.TODO)

    def priority_of(self, card: Card) -> int | None:
        own = self.context.priority_of(card.urgency or "")
        return URGENCIES.get(card.urgency or "") if own is None else own

    def assignees(self, card: Card) -> tuple[str, ...]:
        return (card.owner.id,) if card.owner and card.owner.id else ()


def provider_of(connector: type[BoardConnector] = BoardConnector, **changes: Any) -> Provider:
    """Return the provider that reads by a connector of this type."""
    made: dict[str, Any] = {
        "name": "acme",
        "title": "Acme Boards",
        "api_version": 1,
        "resource_type": "acme_board",
        "credential_key": "board",
        "credential_fields": (
            CredentialField(name="base_url", help="The site's address", origin=True),
            CredentialField(name="token", help="Profile, API tokens", secret=True),
            CredentialField(name="board", help="The board's short name"),
        ),
        "connect": lambda context: connector(context).open(),
        "discover": lambda context: connector(context).discover(),
        "verify": lambda context: connector(context).verify(),
    }
    return Provider(**(made | changes))


def subject_of(provider: Provider, emulator: Emulator | None = None) -> Subject:
    """Return what the kit checks, without an installed distribution."""
    emulator = emulator or BoardEmulator()
    return Subject(found=found_of(provider), provider=provider, emulator=emulator)


@dataclass(frozen=True)
class _List:
    """A list that is given page by page, by offsets."""

    items: Sequence[dict[str, Any]]
    size: int

    def page(self, request: Request, *, is_page: bool = False) -> Answer:
        start = int(request.query.get("after", "0"))
        end = start + self.size
        behind = str(end) if end < len(self.items) else None
        return Answer.of_json({"cards": self.items[start:end], "next": behind}, is_page=is_page)


class BoardEmulator(Emulator):
    """The tracker: cards by their last change."""

    credentials: ClassVar[Mapping[str, str]] = {"token": "made-up-token", "board": "B1"}
    path = "/site"

    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.credentials['token']}":
            return self.refusal(401, request)
        query = request.query
        match request.path.removeprefix(f"{self.path}/api/"):
            case "me":
                return Answer.of_json({"account": "Ada"})
            case "boards":
                boards = [
                    {"id": board, "name": f"Board {board}"} for board in ("B0", tracker.resource_id)
                ]
                return Answer.of_json({"boards": boards})
            case "ids":
                stubs = [
                    {"id": issue.id, "changed": issue.updated_at.isoformat()}
                    for issue in tracker.issues
                ]
                return _List(stubs, tracker.page_size).page(request)
            case "cards" if "ids" in query:
                wanted = set(query["ids"].split(","))
                cards = [self.card(issue) for issue in tracker.issues if issue.id in wanted]
                return _List(cards, tracker.page_size).page(request)
            case "cards":
                since = datetime.fromisoformat(query.get("since", "0001-01-01T00:00:00+00:00"))
                found = [self.card(issue) for issue in tracker.issues if issue.updated_at >= since]
                return _List(found, tracker.page_size).page(request, is_page=True)
        return self.refusal(404, request)

    def refusal(self, status: int, request: Request) -> Answer:
        return Answer.of_json({"error": f"this was refused: {status}"}, status=status)

    def card(self, issue: SampleIssue) -> dict[str, Any]:
        deleted = {"id": None}
        owner = issue.assignee and {"id": issue.assignee}
        return {
            "id": issue.id,
            "name": issue.title,
            "state": "waiting for Godot" if issue.own_status else _STATES[issue.status],
            "changed": issue.updated_at.isoformat(),
            "text": issue.body,
            "owner": deleted if issue.assignee_deleted else owner,
            "tags": issue.labels or None,
            "urgency": None if issue.priority is None else _NAMES[issue.priority],
        }
