"""Reads the bound project of a live Jira site, Cloud or Data Center."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from trackwire.connector import Identity, Listed, Page, Resource, Unplaced
from trackwire.errors import RecordError, TrackerError
from trackwire_jira import vocabulary
from trackwire_jira.belonging import Bound, foreign_project
from trackwire_jira.issues import to_issue
from trackwire_jira.projects import all_projects, bound_project, visible_project
from trackwire_jira.search import Query, Search
from trackwire_jira.shapes import Myself, NamedProject, Record, Stub
from trackwire_jira.site import Site, open_site
from trackwire_jira.windows import Windows, time_of

if TYPE_CHECKING:
    from trackwire.connector import ConnectContext
    from trackwire.model import Issue

_FIELDS = (
    *("summary", "status", "issuetype", "description", "priority", "resolution"),
    *("assignee", "labels", "updated", "project"),
)
_PAGE_SIZE = 100
_CENSUS_SIZES = {True: 5000, False: 1000}  # Cloud, Data Center: each gives fewer where it must


def connect(context: ConnectContext) -> JiraConnector:
    """Open the bound project for reading.

    Args:
        context: The binding.

    Raises:
        CredentialError: A credential that Jira needs is missing.
        TrackerError: The site does not take the login, or does not show the project.
    """
    site = open_site(context)
    return JiraConnector(context, site, bound_project(context, site))


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
    """Reads one project of one site.

    Args:
        context: The binding.
        site: The site, logged in.
        project: The bound project.
    """

    def __init__(self, context: ConnectContext, site: Site, project: NamedProject) -> None:
        bound = Bound.of(context)
        self._bound = replace(bound, site=bound.site or site.info.base_url)
        self._context = context
        self._search = Search(site)
        clause = f"project = {_quoted(project.key)}"
        self._issues = Query(Record, _FIELDS, context.page_size or _PAGE_SIZE, clause)
        self._stubs = Query(Stub, ("updated",), _CENSUS_SIZES[site.is_cloud], clause)

    def pages(self, since: datetime | None, cursor: str | None) -> Iterator[Page]:
        """Read the issues that changed; see `trackwire.connector.Connector`."""
        for rows, behind in Windows(self._search, self._issues).read(since, cursor):
            yield self._page(rows, behind)

    def census(self) -> Iterator[Sequence[Listed]]:
        """List every issue of the project; see `trackwire.connector.Connector`."""
        for rows, _ in self._search.by_id(self._stubs):
            yield [Listed(row.id, time_of(row.fields.updated, row.id)) for row in rows]

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read issues by their ids; see `trackwire.connector.Connector`."""
        numbers = [id_ for id_ in ids if id_.isascii() and id_.isdigit()]
        return self._page(self._search.of_ids(self._issues, numbers) if numbers else [])

    def _page(self, rows: Sequence[Record], cursor: str | None = None) -> Page:
        away = {row.id for row in rows if foreign_project(row, self._bound)}
        here = [row for row in rows if row.id not in away]
        return Page(
            issues=[self._issue(row) for row in here],
            gone=[row.id for row in rows if row.id in away],
            cursor=cursor,
            unplaced=[name for row in here for name in self._unplaced(row)],
        )

    def _issue(self, row: Record) -> Issue:
        try:
            return to_issue(row, self._context, self._bound, f"issue {row.key or row.id}")
        except RecordError as error:
            raise TrackerError(f"Jira's answer cannot be used: {error}") from error

    def _unplaced(self, row: Record) -> Iterator[Unplaced]:
        status, priority = row.fields.status, row.fields.priority
        if not vocabulary.is_placed(status, self._context):
            yield Unplaced("status", status.name)
        name = priority.name if priority else None
        if name and vocabulary.priority_of(name, self._context) is None:
            yield Unplaced("priority", name)


def _quoted(key: str) -> str:
    """Quote a key, for one may be a reserved word of JQL's."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _resource(project: NamedProject) -> Resource:
    return Resource(project.key, project.name, project.key)
