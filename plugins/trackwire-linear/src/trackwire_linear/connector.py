"""Reads a Linear team's issues through the GraphQL API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

import msgspec

from trackwire.connector import ConnectContext, Identity, Listed, Page, Resource, Unplaced
from trackwire.errors import CursorError, TrackerError, command
from trackwire_linear import query
from trackwire_linear.belonging import slug_of
from trackwire_linear.issues import is_gone, to_issue, unplaced_names
from trackwire_linear.session import RefusalError, Session
from trackwire_linear.shapes import (
    Answer,
    Connection,
    IssueLabels,
    Issues,
    Labels,
    Listing,
    LiveRecord,
    PageInfo,
    Seat,
    Teams,
    VisibleTeam,
    Who,
)
from trackwire_linear.window import Window

if TYPE_CHECKING:
    from trackwire.model import Issue
    from trackwire_linear.shapes import Organization

N = TypeVar("N", LiveRecord, Listing)
T = TypeVar("T")

_LARGEST_PAGE = 250


class TeamConnector:
    """Reads one team; see `trackwire.connector.Connector`.

    Args:
        session: The account's way to the API.
        context: What is known of the binding.
        team: The bound team's id: a filter takes no key.
    """

    def __init__(self, session: Session, context: ConnectContext, team: str) -> None:
        self._session = session
        self._context = context
        self._team = team
        largest = min(context.page_size or _LARGEST_PAGE, _LARGEST_PAGE)
        self._sizes = {query.ISSUES: largest, query.CENSUS: _LARGEST_PAGE}

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the issues that changed."""
        window = _opened(cursor) if cursor is not None else Window(gte=since)
        for nodes, following in self._walk(window):
            yield self._page(nodes, following)

    def census(self) -> Iterator[Sequence[Listed]]:
        """List the team's issues by the time they were created, which nothing changes."""
        shape, when = Answer[Issues[Listing]], attrgetter("created_at")
        for nodes, _ in self._windows(query.CENSUS, shape, when, "createdAt", Window()):
            yield [Listed(node.id, node.updated_at) for node in nodes if not is_gone(node)]

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read issues by their ids."""
        found = [node for nodes, _ in self._walk(Window(), id={"in": ids}) for node in nodes]
        return self._page(found, None)

    def _walk(
        self, window: Window, **filters: object
    ) -> Iterator[tuple[list[LiveRecord], Window | None]]:
        shape, when = Answer[Issues[LiveRecord]], attrgetter("updated_at")
        return self._windows(query.ISSUES, shape, when, "updatedAt", window, **filters)

    def _windows(
        self,
        text: str,
        shape: type[Answer[Issues[N]]],
        when: Callable[[N], datetime],
        field: str,
        window: Window,
        **filters: object,
    ) -> Iterator[tuple[list[N], Window | None]]:
        at: Window | None = window
        shown: set[tuple[str, datetime]] = set()
        while at is not None:
            bounds = {field: at.bounds} if at.bounds else {}
            of_team = {"team": {"id": {"eq": self._team}}, **filters, **bounds}
            page = self._ask(text, shape, filter=of_team, after=at.after).issues
            following = at.behind([when(node) for node in page.nodes], page.page_info)
            if following == at:
                raise TrackerError("Linear says that a page follows, but not where it begins")
            new = [node for node in page.nodes if (node.id, when(node)) not in shown]
            yield new, following
            at, shown = following, {(node.id, when(node)) for node in page.nodes}

    def _ask(self, text: str, shape: type[Answer[T]], *, after: str | None, **more: object) -> T:
        while True:
            first = self._sizes[text]
            try:
                return self._session.ask(text, shape, first=first, after=after, **more)
            except RefusalError as refusal:
                if refusal.is_too_complex and first > 1:
                    self._sizes[text] = first // 2
                elif refusal.is_bad_input and not refusal.is_too_complex and after is not None:
                    raise CursorError(f"{refusal}; it may have forgotten the page") from refusal
                else:
                    raise

    def _page(self, nodes: list[LiveRecord], following: Window | None) -> Page:
        issues: list[Issue] = []
        gone: list[str] = []
        unplaced: list[Unplaced] = []
        for record in nodes:
            if is_gone(record) or record.team.id != self._team:
                gone.append(record.id)
                continue
            whole = self._with_all_labels(record)
            issues.append(to_issue(whole, self._context))
            unplaced.extend(unplaced_names(whole, self._context))
        cursor = msgspec.json.encode(following).decode() if following is not None else None
        return Page(issues=issues, gone=gone, cursor=cursor, unplaced=unplaced)

    def _with_all_labels(self, record: LiveRecord) -> LiveRecord:
        labels, page = list(record.labels.nodes), record.labels.page_info
        while page.has_next_page:
            asked = {"issue": record.id, "after": page.end_cursor}
            more = self._session.ask(query.LABELS, Answer[IssueLabels], **asked).issue.labels
            labels.extend(more.nodes)
            page = _advanced(page, more)
        return msgspec.structs.replace(record, labels=Labels(tuple(labels)))


def connect(context: ConnectContext) -> TeamConnector:
    """Open the bound team for reading; a key such as `ENG` is resolved to the team's id."""
    session = Session(context)
    bound = _bound_team(context)
    try:
        seat = session.ask(query.TEAM, Answer[Seat], team=bound)
    except RefusalError as refusal:
        if not refusal.is_bad_input:
            raise
        _check_workspace(context, session.ask(query.WHO, Answer[Who]).organization)
        raise TrackerError(f"{refusal}; {_no_team(bound)}") from refusal
    _check_workspace(context, seat.organization)
    if bound.casefold() not in {seat.team.id.casefold(), seat.team.key.casefold()}:
        raise TrackerError(
            f"team_id is {bound!r}, but Linear calls that team {seat.team.key!r} now; {_rebind()}"
        )
    return TeamConnector(session, context, seat.team.id)


def discover(context: ConnectContext) -> Iterator[Resource]:
    """List the teams that the account can see."""
    session, page = Session(context), PageInfo(has_next_page=True)
    while page.has_next_page:
        teams = session.ask(query.TEAMS, Answer[Teams], after=page.end_cursor).teams
        for team in teams.nodes:
            yield _resource(team)
        page = _advanced(page, teams)


def verify(context: ConnectContext) -> Identity:
    """Ask Linear whose the credentials are, and whether the account sees the bound team."""
    session = Session(context)
    who = session.ask(query.WHO, Answer[Who])
    _check_workspace(context, who.organization)
    return Identity(
        account=who.viewer.id if "@" in who.viewer.name else who.viewer.name,
        deployment=f"organisation {who.organization.name}",
        timezone=who.viewer.timezone,
        resource=_visible_team(session, context.value_of("team_id")),
    )


def _visible_team(session: Session, bound: str | None) -> Resource | None:
    if bound is None:
        return None
    try:
        return _resource(session.ask(query.TEAM, Answer[Seat], team=bound).team)
    except RefusalError as refusal:
        if not refusal.is_bad_input:
            raise
        return None


def _check_workspace(context: ConnectContext, organization: Organization) -> None:
    bound, keys = slug_of(context.workspace), {organization.url_key.lower()}
    keys.update(key.lower() for key in organization.previous_url_keys)
    if bound is not None and bound not in keys:
        raise TrackerError(
            f"the credentials are of the organisation {organization.url_key!r}, but the binding's "
            f"workspace is {context.workspace!r}; bind the project to the one, or give a key or "
            f"token of the other: {command('credentials', 'set', 'api_key')}"
        )


def _opened(cursor: str) -> Window:
    try:
        return msgspec.json.decode(cursor, type=Window)
    except msgspec.MsgspecError as error:
        raise CursorError("the cursor is none of trackwire-linear's") from error


def _advanced(before: PageInfo, page: Connection[T]) -> PageInfo:
    if page.page_info.has_next_page and page.page_info.end_cursor == before.end_cursor:
        raise TrackerError("Linear says that a page follows, but not where it begins")
    return page.page_info


def _bound_team(context: ConnectContext) -> str:
    bound = context.value_of("team_id")
    if bound is None:
        raise TrackerError(f"there is no team_id; {_rebind()}")
    return bound


def _resource(team: VisibleTeam) -> Resource:
    return Resource(id=team.id, name=team.name, key=team.key)


def _no_team(bound: str) -> str:
    return f"there is no team {bound!r}, or the account may not see it; {_rebind()}"


def _rebind() -> str:
    return f"see the teams with: {command('discover', 'linear')}"
