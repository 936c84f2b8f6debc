"""Connectors of boards, each wrong in one place, and the rules of the kit that notice it.

`PYTHONPATH=tests python -m broken_boards` checks that each breaks these rules and no others.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import httpx
import msgspec
from board_plugin import (
    STATUSES,
    URGENCIES,
    BoardConnector,
    Card,
    Cards,
    Owner,
    Stub,
    provider_of,
    subject_of,
)

from trackwire import __version__
from trackwire.answers import read_answer
from trackwire.connector import ConnectContext, Identity, Listed, Page, Resource
from trackwire.errors import TrackerDeferred, TrackerError
from trackwire.model import Issue, Status
from trackwire.testing.rules.connecting import RULES
from trackwire.testing.rules.rule import Outcome
from trackwire.testing.verdicts import verdicts
from trackwire.windows import Bounds

if TYPE_CHECKING:
    from trackwire.provider import Provider

T = TypeVar("T")


@dataclass(frozen=True)
class Broken:
    """A provider that breaks these rules, and no others."""

    provider: Provider
    rules: frozenset[str]


BROKEN: dict[str, Broken] = {}


def breaks(*rules: str) -> Callable[[type[BoardConnector]], type[BoardConnector]]:
    """Enter a connector's class into the table."""

    def enter(connector: type[BoardConnector]) -> type[BoardConnector]:
        BROKEN[connector.__name__] = Broken(provider_of(connector), frozenset(rules))
        return connector

    return enter


# Reading


@breaks("pull-empty")
class TakesEmptyForError(BoardConnector):
    def ask_page(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        cards, behind = super().ask_page(bounds, token)
        if not cards and bounds == Bounds():
            raise TrackerError("the board has no cards")
        return cards, behind


@breaks("pull-one-page")
class ReadsNoOnlyPage(BoardConnector):
    def ask_page(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        cards, behind = super().ask_page(bounds, token)
        return ([] if behind is None and bounds == Bounds() else cards), behind


@breaks(
    "since-inclusive",
    "pull-one-page",
    "pull-many-pages",
    "pull-changes",
    "list-shifts",
    "projects-apart",
)
class DropsLastPage(BoardConnector):
    def ask_page(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        cards, behind = super().ask_page(bounds, token)
        return ([] if behind is None else cards), behind


@breaks("pull-many-pages")
class KeepsOneCardOfATime(BoardConnector):
    def ask_page(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        cards, behind = super().ask_page(bounds, token)
        return list({card.changed: card for card in cards}.values()), behind


@breaks("pull-changes")
class NoticesNoNewCard(BoardConnector):
    known: ClassVar[dict[str, set[str]]] = {}

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        site = str(self.context.client.base_url)
        for cards, behind in self.read(since, cursor):
            if since is None:
                self.known.setdefault(site, set()).update(card.id for card in cards)
            known = self.known.get(site) or {card.id for card in cards}
            yield self.page([card for card in cards if card.id in known], behind)


@breaks("since-inclusive")
class AsksForASecondTooLate(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        return super().pages(since and since + timedelta(seconds=1), cursor)


@breaks("since-inclusive", "pull-changes", "list-shifts")
class AsksForTooLate(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        return super().pages(since and since + timedelta(days=1), cursor)


@breaks("census-lists-all")
class ListsOneTooFew(BoardConnector):
    def ask_stubs(self, token: str | None) -> tuple[Sequence[Stub], str | None]:
        stubs, behind = super().ask_stubs(token)
        return (stubs if token else stubs[1:]), behind


@breaks("census-lists-all")
class ListsOtherTimes(BoardConnector):
    def census(self) -> Iterator[Sequence[Listed]]:
        for some in super().census():
            yield [Listed(one.id, datetime.fromisoformat("2020-01-01T00:00Z")) for one in some]


@breaks("census-lists-all", "census-finds-gone")
class ForgetsCensus(BoardConnector):
    def census(self) -> Iterator[Sequence[Listed]]:
        return iter(())


@breaks("census-finds-gone")
class RemembersCards(BoardConnector):
    known: ClassVar[dict[tuple[str, str], Issue]] = {}

    def page(self, cards: Sequence[Card], cursor: str | None) -> Page:
        page = super().page(cards, cursor)
        self.known.update({(self.site, issue.ref.id): issue for issue in page.issues})
        return page

    def fetch(self, ids: Sequence[str]) -> Page:
        super().fetch(ids)
        places = [(self.site, key) for key in ids]
        return Page(issues=[self.known[place] for place in places if place in self.known])

    @property
    def site(self) -> str:
        return str(self.context.client.base_url)


@breaks("fetch-by-id", "census-finds-gone")
class InsistsOnEveryId(BoardConnector):
    def fetch(self, ids: Sequence[str]) -> Page:
        page = super().fetch(ids)
        if len(page.issues) < len(ids):
            raise TrackerError("some of the cards are not there")
        return page


@breaks("fetch-by-id")
class FetchesOnePage(BoardConnector):
    def fetch(self, ids: Sequence[str]) -> Page:
        answer = self.ask("api/cards", Cards, board=self.board, ids=",".join(ids))
        return self.page(answer.cards, None)


@breaks("fetch-by-id")
class FetchesTwenty(BoardConnector):
    def fetch(self, ids: Sequence[str]) -> Page:
        return super().fetch(ids[:20])


@breaks("pull-limit")
class TakesLimitForText(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        size: Any = self.context.page_size
        if size is not None and size.strip():
            raise TrackerError("not so many")
        return super().pages(since, cursor)


@breaks("discover-lists")
class DiscoversNames(BoardConnector):
    def discover(self) -> list[Resource]:
        return [Resource(board.name, board.name) for board in self.boards()]

    def verify(self) -> Identity:
        seen = (Resource(board.id, board.name) for board in self.boards() if board.id == self.board)
        return Identity(account="Ada", resource=next(seen, None))


@breaks("verify-tells")
class SeesNoBoard(BoardConnector):
    def verify(self) -> Identity:
        return Identity(account=super().verify().account)


@breaks("verify-tells")
class TellsNoAccount(BoardConnector):
    def verify(self) -> Identity:
        return Identity(account=" ", resource=super().verify().resource)


# Fields


@breaks("fields-arrive")
class TakesDoingForNew(BoardConnector):
    def status_of(self, card: Card) -> Status:
        status = super().status_of(card)
        return Status.TODO if status is Status.IN_PROGRESS else status


@breaks("fields-arrive")
class LosesOwner(BoardConnector):
    def assignees(self, card: Card) -> tuple[str, ...]:
        return ()


@breaks("fields-arrive", "non-ascii")
class LosesTags(BoardConnector):
    def issue(self, card: Card) -> Issue:
        return msgspec.structs.replace(super().issue(card), labels=())


@breaks("non-ascii")
class KnowsAsciiAlone(BoardConnector):
    def issue(self, card: Card) -> Issue:
        title = card.name.encode("ascii", "replace").decode()
        return msgspec.structs.replace(super().issue(card), title=title)


@breaks("non-ascii")
class ReadsMarkup(BoardConnector):
    def issue(self, card: Card) -> Issue:
        title = card.name.replace("<b>", "**").replace("</b>", "**")
        return msgspec.structs.replace(super().issue(card), title=title)


@breaks("long-body")
class CutsText(BoardConnector):
    def issue(self, card: Card) -> Issue:
        issue = super().issue(card)
        return msgspec.structs.replace(issue, body=issue.body and issue.body[:32_767])


@breaks("deleted-user")
class NeedsOwnersId(BoardConnector):
    def assignees(self, card: Card) -> tuple[str, ...]:
        owner: Any = card.owner or Owner("")
        return (owner.id.lower(),) if card.owner else ()


@breaks("empty-fields")
class StopsAtNullText(BoardConnector):
    def issue(self, card: Card) -> Issue:
        text: Any = card.text
        return msgspec.structs.replace(super().issue(card), body=text.strip())


@breaks("empty-fields")
class StopsAtNullTags(BoardConnector):
    def issue(self, card: Card) -> Issue:
        tags: Any = card.tags
        return msgspec.structs.replace(super().issue(card), labels=tuple(tags))


# Faults


@breaks("own-maps-first")
class KnowsOwnStatesBest(BoardConnector):
    def status_of(self, card: Card) -> Status:
        return STATUSES.get(card.state) or super().status_of(card)


@breaks("own-maps-first")
class KnowsOwnUrgenciesBest(BoardConnector):
    def priority_of(self, card: Card) -> int | None:
        return URGENCIES.get(card.urgency or "")


@breaks("priorities-ordered")
class CountsFromTheLowest(BoardConnector):
    def priority_of(self, card: Card) -> int | None:
        own = self.context.priority_of(card.urgency or "")
        return 4 - URGENCIES[card.urgency or "now"] if own is None else own


@breaks("priorities-ordered")
class KnowsFourUrgencies(BoardConnector):
    def priority_of(self, card: Card) -> int | None:
        priority = super().priority_of(card)
        return None if priority == 4 else priority


@breaks("own-status")
class KnowsThreeStates(BoardConnector):
    def status_of(self, card: Card) -> Status:
        return self.context.status_of(card.state) or STATUSES[card.state]


@breaks("list-shifts")
class ByTokens(BoardConnector):
    """Reads by the tracker's own tokens, which are offsets."""

    def read(
        self, since: datetime | None, cursor: str | None
    ) -> Iterator[tuple[Sequence[Card], str | None]]:
        while True:
            cards, behind = self.ask_page(Bounds(gte=since), cursor)
            yield cards, behind
            if behind is None:
                return
            cursor = behind


@breaks("repeated-page")
class TakesRepetitionForTheEnd(BoardConnector):
    def ask_page(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Card], str | None]:
        cards, behind = super().ask_page(bounds, token)
        return cards, None if behind == token else behind


@breaks("list-shifts", "repeated-page", "resumption")
class CollectsAllFirst(ByTokens):
    def read(
        self, since: datetime | None, cursor: str | None
    ) -> Iterator[tuple[Sequence[Card], str | None]]:
        yield [card for cards, _ in super().read(since, cursor) for card in cards], None


@breaks("truncated-page", "retry-after-0", "status-500")
class HasItsOwnManners(BoardConnector):
    """Has a client of its own that says what Trackwire's would, and never asks again."""

    def send(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        headers = {
            "User-Agent": f"trackwire/{__version__}",
            "Authorization": f"Bearer {self.token()}",
        }
        try:
            with httpx.Client(base_url=self.context.client.base_url, headers=headers) as client:
                response = client.get(path, params=query)
        except httpx.TransportError as error:
            raise TrackerDeferred("the tracker cannot be reached") from error
        if response.status_code == 429 or response.status_code >= 500:
            raise TrackerDeferred("the tracker is busy")
        return response


@breaks(
    "context-client",
    "truncated-page",
    "truncated-for-good",
    "retry-after-0",
    "retry-after-30",
    "status-500",
    "resumption",
)
class HasItsOwnClient(BoardConnector):
    def send(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token()}"}
        with httpx.Client(base_url=self.context.client.base_url, headers=headers) as client:
            return client.get(path, params=query)


@breaks("truncated-for-good", "resumption")
class TakesDelayForTheEnd(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        try:
            yield from super().pages(since, cursor)
        except TrackerDeferred:
            yield Page()


@breaks("retry-after-30")
class TakesWaitForFailure(BoardConnector):
    def send(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        try:
            return super().send(path, query)
        except TrackerDeferred as error:
            if "asks to wait" in str(error):
                raise TrackerError("the tracker is busy") from error
            raise


@breaks("resumption")
class BeginsAnew(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        return super().pages(since, None)


@breaks("strange-cursor")
class CountsPages(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        number, _, place = (cursor or "0:").partition(":")
        for cards, behind in self.read(since, place or None):
            yield self.page(cards, behind and f"{int(number) + 1}:{behind}")


@breaks("strange-cursor")
class TakesStrangeCursorForTheEnd(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        return iter([Page()]) if cursor and "{" not in cursor else super().pages(since, cursor)


def pausing_at(status: int) -> Callable[[httpx.Response], float | None]:
    return lambda response: 3600 if response.status_code == status else None


BROKEN["PausesAt429"] = Broken(provider_of(pause=pausing_at(429)), frozenset({"retry-after-0"}))
BROKEN["PausesAt500"] = Broken(provider_of(pause=pausing_at(500)), frozenset({"status-500"}))


# Refusals


class TakesRefusalForNothing(BoardConnector):
    """Takes one of the refusals, where it asks for cards, for a board without any."""

    status: ClassVar[int]

    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        if response.status_code == self.status and shape is Cards:
            return shape(cards=[], next=None)  # type: ignore[call-arg] # it is Cards
        return super().decoded(response, shape)


@breaks("status-401")
class Takes401ForNothing(TakesRefusalForNothing):
    status = 401


@breaks("status-403")
class Takes403ForNothing(TakesRefusalForNothing):
    status = 403


@breaks("status-404")
class Takes404ForNothing(TakesRefusalForNothing):
    status = 404


@breaks("status-410")
class Takes410ForNothing(TakesRefusalForNothing):
    status = 410


@breaks("status-404")
class CountsNothingAt404(BoardConnector):
    """Takes a 404 in the census and in what follows it for nothing."""

    def census(self) -> Iterator[Sequence[Listed]]:
        with contextlib.suppress(TrackerError):
            yield from super().census()

    def fetch(self, ids: Sequence[str]) -> Page:
        try:
            return super().fetch(ids)
        except TrackerError as error:
            if "HTTP 404" in str(error):
                return Page()
            raise


@breaks("status-404")
class TakesNoTagsFor404(BoardConnector):
    """Asks for the tags of each card by themselves, and takes a 404 for none."""

    def tags(self, card: Card) -> tuple[str, ...]:
        try:
            answer = self.ask("api/cards", Cards, board=self.board, ids=card.id)
        except TrackerError as error:
            if "HTTP 404" in str(error):
                return ()
            raise
        return answer.cards[0].tags or () if answer.cards else ()

    def issue(self, card: Card) -> Issue:
        return msgspec.structs.replace(super().issue(card), labels=self.tags(card))


@breaks("status-403")
class DiscoversNothingAt403(BoardConnector):
    def discover(self) -> list[Resource]:
        try:
            return super().discover()
        except TrackerError as error:
            if "HTTP 403" in str(error):
                return []
            raise


@breaks("status-401")
class AsksAgainAndAgain(BoardConnector):
    def send(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        for _ in range(5):
            response = super().send(path, query)
            if response.status_code != 401:
                break
        return response


@breaks("status-410")
class PutsOff(BoardConnector):
    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        if response.status_code == 410:
            raise TrackerDeferred("the tracker has this no more; run the command again later")
        return super().decoded(response, shape)


@breaks("malformed-json", "unexpected-json", "expired-200")
class DecodesItself(BoardConnector):
    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        if not response.is_success:
            return super().decoded(response, shape)
        return msgspec.convert(dict(response.json()), shape)


@breaks("malformed-json")
class TakesGarbageForNothing(BoardConnector):
    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        if response.is_success and "json" in response.headers["Content-Type"] and shape is Cards:
            try:
                response.json()
            except json.JSONDecodeError:
                return shape(cards=[], next=None)  # type: ignore[call-arg] # it is Cards
        return super().decoded(response, shape)


@breaks("unexpected-json")
class TakesAnyJson(BoardConnector):
    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        if response.is_success and shape is Cards:
            found: Any = read_answer(response, Any)  # type: ignore[arg-type] # as msgspec takes it
            if not isinstance(found, dict):
                return shape(cards=[], next=None)  # type: ignore[call-arg] # it is Cards
        return super().decoded(response, shape)


@breaks("expired-200")
class TakesLoginForNothing(BoardConnector):
    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        if "html" in response.headers["Content-Type"] and shape is Cards:
            return shape(cards=[], next=None)  # type: ignore[call-arg] # it is Cards
        return super().decoded(response, shape)


# What is left alone


@breaks("bound-resource-alone")
class ReadsFirstBoard(BoardConnector):
    def open(self) -> BoardConnector:
        self.board = self.boards()[-1].id
        return self

    def verify(self) -> Identity:
        return Identity(account=super().verify().account, resource=self.discover()[-1])


@breaks("bound-resource-alone")
class VerifiesFirstBoard(BoardConnector):
    def verify(self) -> Identity:
        return Identity(account=super().verify().account, resource=self.discover()[-1])


@breaks("projects-apart")
class KnowsLatestContext(BoardConnector):
    latest: ClassVar[list[ConnectContext]] = []

    def open(self) -> BoardConnector:
        self.latest[:] = [self.context]
        return super().open()

    def status_of(self, card: Card) -> Status:
        return self.latest[0].status_of(card.state) or super().status_of(card)


@breaks("projects-apart")
class RemembersTags(BoardConnector):
    known: ClassVar[dict[str, tuple[str, ...]]] = {}

    def open(self) -> BoardConnector:
        self.known.clear()
        return super().open()

    def issue(self, card: Card) -> Issue:
        tags = self.known.setdefault(card.id, tuple(card.tags or ()))
        return msgspec.structs.replace(super().issue(card), labels=tags)


@breaks("variables-unread")
class ReadsVariable(BoardConnector):
    def token(self) -> str:
        return os.environ.get("TRACKWIRE_ACME_TOKEN") or super().token()


@breaks("process-kept")
class SetsLevel(BoardConnector):
    def discover(self) -> list[Resource]:
        root = logging.getLogger()
        root.setLevel(root.level + 1)
        return super().discover()


@breaks("process-kept")
class SetsVariable(BoardConnector):
    def authorize(self) -> None:
        super().authorize()
        os.environ["ACME_CALLS"] = f"{os.environ.get('ACME_CALLS', '')}."


@breaks("process-kept")
class Prints(BoardConnector):
    def verify(self) -> Identity:
        print("hello")  # noqa: T201 - what is to be noticed
        return super().verify()


@breaks("client-kept")
class WaitsForEver(BoardConnector):
    def authorize(self) -> None:
        super().authorize()
        self.context.client.timeout = None  # type: ignore[assignment] # as httpx takes it


@breaks("client-kept")
class FollowsNoRedirect(BoardConnector):
    def verify(self) -> Identity:
        self.context.client.follow_redirects = False
        return super().verify()


# Secrets


@breaks("context-client")
class NamesItself(BoardConnector):
    def authorize(self) -> None:
        super().authorize()
        self.context.client.headers["User-Agent"] = "acme-plugin/1.2"


@breaks("secrets-not-in-urls", "secrets-not-in-errors")
class AsksWithTokenInUrl(BoardConnector):
    """The HTTP library logs URLs."""

    def send(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        return super().send(path, {**query, "token": self.token()})


class OwnWords(BoardConnector):
    def failure(self, response: httpx.Response) -> TrackerError:
        raise NotImplementedError

    def decoded(self, response: httpx.Response, shape: type[T]) -> T:
        try:
            return super().decoded(response, shape)
        except TrackerError:
            raise self.failure(response)  # noqa: B904 - it says itself what it came from


@breaks("secrets-not-in-errors")
class QuotesAnswer(OwnWords):
    def failure(self, response: httpx.Response) -> TrackerError:
        return TrackerError(f"the tracker refused: {response.text}")


@breaks("secrets-not-in-errors")
class QuotesMessage(OwnWords):
    def failure(self, response: httpx.Response) -> TrackerError:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            return TrackerError(f"the tracker refused: {response.json()['error']}")
        return TrackerError("the tracker refused")


@breaks("secrets-not-in-errors")
class ChainsToken(OwnWords):
    def failure(self, response: httpx.Response) -> TrackerError:
        failure = TrackerError("the tracker refused")
        failure.__cause__ = ValueError(response.request.headers["Authorization"])
        return failure


@breaks("secrets-not-in-errors")
class LogsToken(BoardConnector):
    def authorize(self) -> None:
        super().authorize()
        logging.getLogger("acme").debug("logging in as %s", self.token())


@breaks("secrets-not-in-errors", "process-kept")
class PrintsToken(BoardConnector):
    def authorize(self) -> None:
        super().authorize()
        print(f"logging in as {self.token()}")  # noqa: T201 - what is to be noticed


@breaks("secrets-not-in-files")
class KeepsTokenInCursor(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        place = json.loads(cursor)["place"] if cursor and cursor[0] == "{" else cursor
        for cards, behind in self.read(since, place):
            kept = behind and json.dumps({"token": self.token(), "place": behind})
            yield self.page(cards, kept)


@breaks("secrets-not-in-files")
class KeepsCodedTokenInCursor(BoardConnector):
    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        place = cursor and cursor[cursor.find(" {") + 1 :]
        token = base64.b64encode(f"me:{self.token()}:B1".encode()).decode()
        for cards, behind in self.read(since, place):
            yield self.page(cards, behind and f"{token} {behind}")


@breaks("secrets-not-in-repr")
class ShowsToken(BoardConnector):
    def __init__(self, context: ConnectContext) -> None:
        super().__init__(context)
        self.kept = self.token()

    def __repr__(self) -> str:
        return f"ShowsToken(board={self.board!r}, token={self.kept!r})"


def main() -> int:
    """Check every broken connector against every rule, which takes minutes; print what differs."""
    differing = 0
    for name, broken in BROKEN.items():
        subject = subject_of(broken.provider)
        found = {
            verdict.rule.id: verdict.detail
            for verdict in verdicts(subject, RULES)
            if verdict.outcome is Outcome.FAILED
        }
        differing += found.keys() != broken.rules
        lines = [f"{'ok' if found.keys() == broken.rules else 'NOT'} {name}"]
        every = sorted(found.keys() | broken.rules)
        lines += [f"    {rule}: {found.get(rule, 'is kept')}" for rule in every]
        sys.stdout.write("\n".join(lines) + "\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
