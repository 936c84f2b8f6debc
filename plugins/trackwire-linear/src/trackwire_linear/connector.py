"""Reads a Linear team's issues through the GraphQL API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, starmap
from operator import attrgetter

import msgspec

from trackwire.connector import ConnectContext, Identity, Listed, Page, Resource
from trackwire.errors import TrackerError, command
from trackwire.windows import Bounds, read_windows
from trackwire_linear import query, shapes
from trackwire_linear.belonging import slug_of
from trackwire_linear.issues import is_gone, to_issue, unplaced_names
from trackwire_linear.session import Session, TooComplexError, page_of

_Found = tuple[Sequence[shapes.LiveRecord], str | None]
_LARGEST_PAGE = 250


class TeamConnector:
    """Reads one team; see `trackwire.connector.Connector`.

    Args:
        session: The account's way to the API.
        team: The bound team's id: a filter takes no key.
    """

    def __init__(self, session: Session, team: str) -> None:
        self._session = session
        self._team = team
        self._of_team = {"team": {"id": {"eq": team}}}
        self._size = min(session.context.page_size or _LARGEST_PAGE, _LARGEST_PAGE)

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the issues that changed."""
        return starmap(self._page, self._read(since, cursor))

    def census(self) -> Iterator[Sequence[Listed]]:
        """List the team's issues."""
        shape = shapes.Issues[shapes.Listing]
        for listed in self._session.ask_all(
            query.CENSUS, shape, lambda data: data.issues, filter=self._of_team
        ):
            yield [Listed(each.id, each.updated_at) for each in listed]

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read issues by their ids."""
        read = self._read(None, None, id={"in": ids})
        return self._page([record for records, _ in read for record in records], None)

    def _read(self, since: datetime | None, cursor: str | None, **more: object) -> Iterator[_Found]:
        ask = partial(self._ask, {**self._of_team, **more})
        return read_windows(ask, attrgetter("id"), attrgetter("updated_at"), since, cursor)

    def _ask(self, wanted: Mapping[str, object], bounds: Bounds, after: str | None) -> _Found:
        times = msgspec.to_builtins(bounds)
        where = {**wanted, "updatedAt": times} if times else wanted
        shape = shapes.Issues[shapes.LiveRecord]
        try:
            found = self._session.ask(
                query.ISSUES, shape, first=self._size, after=after, filter=where
            )
        except TooComplexError:
            if self._size == 1:
                raise
            self._size //= 2
            return self._ask(wanted, bounds, after)
        return page_of(found.issues)

    def _page(self, records: Sequence[shapes.LiveRecord], cursor: str | None) -> Page:
        context = self._session.context
        here = [self._with_all_labels(record) for record in records if self._has(record)]
        return Page(
            issues=[to_issue(record, context) for record in here],
            gone=[record.id for record in records if not self._has(record)],
            cursor=cursor,
            unplaced=[name for record in here for name in unplaced_names(record, context)],
        )

    def _has(self, record: shapes.LiveRecord) -> bool:
        return record.team.id == self._team and not is_gone(record)

    def _with_all_labels(self, record: shapes.LiveRecord) -> shapes.LiveRecord:
        if not record.labels.page_info.has_next_page:
            return record
        pages = self._session.ask_all(
            query.LABELS, shapes.IssueLabels, lambda data: data.issue.labels, issue=record.id
        )
        labels = shapes.Labels(tuple(chain.from_iterable(pages)))
        return msgspec.structs.replace(record, labels=labels)


def connect(context: ConnectContext) -> TeamConnector:
    """Open the bound team for reading; a key such as `ENG` is resolved to the team's id."""
    session = Session(context)
    _ask_who(session)
    team = _bound_team(session)
    if team is None:
        bound, teams = context.value_of("team_id"), command("discover", "linear")
        raise TrackerError(f"the account sees no team {bound!r}; see which it does with: {teams}")
    return TeamConnector(session, team.id)


def discover(context: ConnectContext) -> Iterator[Resource]:
    """List the teams that the account can see."""
    return _teams(Session(context))


def verify(context: ConnectContext) -> Identity:
    """Ask Linear whose the credentials are, and whether the account sees the bound team."""
    session = Session(context)
    who = _ask_who(session)
    return Identity(
        account=who.viewer.id if "@" in who.viewer.name else who.viewer.name,
        deployment=f"organisation {who.organization.name}",
        timezone=who.viewer.timezone,
        resource=_bound_team(session),
    )


def _ask_who(session: Session) -> shapes.Who:
    """Ask whose the credentials are, which must be of the bound organisation."""
    who = session.ask(query.WHO, shapes.Who)
    workspace, key = session.context.workspace, who.organization.url_key
    bound, known = slug_of(workspace), {key, *who.organization.previous_url_keys}
    if bound is not None and bound not in {each.lower() for each in known}:
        raise TrackerError(
            f"the credentials are of the organisation {key!r}, but the binding's workspace is "
            f"{workspace!r}; bind the project to the one, or give a key or token of the other: "
            f"{command('credentials', 'set', 'api_key')}"
        )
    return who


def _bound_team(session: Session) -> Resource | None:
    bound = (session.context.value_of("team_id") or "").casefold()
    return next((team for team in _teams(session) if bound in _names_of(team)), None)


def _names_of(team: Resource) -> list[str]:
    return [name.casefold() for name in (team.id, team.key) if name]


def _teams(session: Session) -> Iterator[Resource]:
    pages = session.ask_all(query.TEAMS, shapes.Teams, lambda data: data.teams)
    return chain.from_iterable(pages)
