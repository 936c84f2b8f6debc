"""Reads the bound project of a live Jira site, Cloud or Data Center."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from trackwire.connector import Identity, Listed, Page, Resource
from trackwire.errors import RecordError, TrackerError
from trackwire.records import read_time
from trackwire.windows import Bounds, read_tokens, read_windows
from trackwire_jira.belonging import Bound, foreign_project
from trackwire_jira.issues import to_issue
from trackwire_jira.projects import all_projects, bound_project, visible_project
from trackwire_jira.search import Search
from trackwire_jira.shapes import Fields, Myself, NamedProject, Record, Stub
from trackwire_jira.site import Site, open_site
from trackwire_jira.vocabulary import unplaced_names

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext
    from trackwire.model import Issue

_PAGE_SIZE, _SMALLEST_PAGE = 100, 10
_CENSUS_SIZES = {True: 5000, False: 1000}  # Cloud, where nothing but ids is asked for; Data Center


def connect(context: ConnectContext) -> JiraConnector:
    """Open the bound project for reading.

    Args:
        context: The binding.

    Raises:
        CredentialError: A credential that Jira needs is missing.
        TrackerError: The site does not take the login, or does not show the project.
    """
    site = open_site(context)
    return JiraConnector(context, site, bound_project(context, site).key)


def verify(context: ConnectContext) -> Identity:
    """Ask Jira who the credentials are, and whether the bound project is visible.

    Args:
        context: The binding.
    """
    site = open_site(context)
    project = visible_project(context, site)
    myself = site.ask("GET", "rest/api/2/myself", Myself)
    names = (myself.display_name, myself.account_id, myself.key, myself.name)
    return Identity(
        account=next((name for name in names if name and "@" not in name), "an account"),
        deployment="Cloud" if site.is_cloud else f"Data Center {site.info.version}",
        timezone=myself.time_zone,
        resource=_resource(project) if project else None,
    )


def discover(context: ConnectContext) -> Iterator[Resource]:
    """List the projects that the credentials can see.

    Args:
        context: The address and the credentials; no project is bound yet.
    """
    yield from map(_resource, all_projects(open_site(context)))


class JiraConnector:
    """Reads one project of one site; see `trackwire.connector.Connector`.

    Args:
        context: The binding.
        site: The site, logged in.
        project: The bound project's key, as Jira has it.
    """

    def __init__(self, context: ConnectContext, site: Site, project: str) -> None:
        bound = Bound.of(context)
        self._context = context
        self._bound = replace(bound, site=bound.site or site.info.base_url)
        size = max(context.page_size or _PAGE_SIZE, _SMALLEST_PAGE)
        self._issues = Search(site, project, Record, Fields.__struct_fields__, size)
        self._ids = Search(site, project, Stub, ("id",), _CENSUS_SIZES[site.is_cloud])

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the issues that changed."""
        # from its minute on, which is what Jira's own way of writing times can tell apart
        start = since and since.replace(second=0, microsecond=0)
        for rows, behind in self._windows(start, cursor):
            yield self._page(rows, behind)

    def census(self) -> Iterator[Sequence[Listed]]:
        """List every issue of the project."""
        for rows in read_tokens(lambda token: self._ids.page(token, "id ASC")):
            yield [Listed(row.id) for row in rows]

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read issues by their ids."""
        numbers = [id_ for id_ in ids if id_.isascii() and id_.isdigit()]
        if not numbers:
            return Page()
        if self._issues.site.is_cloud:
            return self._page(self._issues.of_ids(numbers))
        named = f"id in ({', '.join(numbers)})"
        windows = self._windows(None, None, named, validateQuery=False)  # some may not be there
        return self._page([row for rows, _ in windows for row in rows])

    def _windows(
        self, since: datetime | None, cursor: str | None, *clauses: str, **more: Any
    ) -> Iterator[tuple[Sequence[Record], str | None]]:
        def ask(bounds: Bounds, token: str | None) -> tuple[Sequence[Record], str | None]:
            # In milliseconds, for a time in quotes is read in the account's timezone; and without
            # `lte`, for a page runs back only where the index has other times than it shows.
            times = [f"updated >= {round(bounds.gte.timestamp() * 1000)}"] if bounds.gte else []
            return self._issues.page(token, "updated ASC, id ASC", *clauses, *times, **more)

        return read_windows(ask, attrgetter("id"), _changed_at, since, cursor)

    def _page(self, rows: Sequence[Record], cursor: str | None = None) -> Page:
        away = {row.id for row in rows if foreign_project(row, self._bound)}
        here = [row for row in rows if row.id not in away]
        return Page(
            issues=[self._issue(row) for row in here],
            gone=[row.id for row in rows if row.id in away],
            cursor=cursor,
            unplaced=[name for row in here for name in unplaced_names(row.fields, self._context)],
        )

    def _issue(self, row: Record) -> Issue:
        try:
            return to_issue(row, self._context, self._bound, f"issue {row.key or row.id}")
        except RecordError as error:
            raise TrackerError(f"Jira's answer cannot be used: {error}") from error


def _changed_at(row: Record) -> datetime:
    place = f"issue {row.key or row.id}"
    try:
        time = read_time(row.fields.updated, place, "fields.updated")
    except RecordError as error:
        raise TrackerError(f"Jira's answer cannot be used: {error}") from error
    if time is None:
        raise TrackerError(f"Jira's answer cannot be used: {place} has no fields.updated")
    return time


def _resource(project: NamedProject) -> Resource:
    return Resource(project.key, project.name, project.key)
