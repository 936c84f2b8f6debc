"""Searches by JQL, so that issues that change places in mid-search are not missed.

Every page is a query of its own that begins at an issue of the page before, and counts only where
that issue is in it. What Jira counts pages with, `startAt` and `nextPageToken`, shifts when an
issue leaves the result, and so serves only where a page does not get ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from trackwire.errors import TrackerError
from trackwire_jira.shapes import CloudFound, Given, ServerFound
from trackwire_jira.site import RefusedError, Site

_ANCHORS = 5
_MOST_PAGES = 1000


class Row(Protocol):
    """An issue, of which some parts were asked for."""

    @property
    def id(self) -> str:
        """The issue's id."""
        ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Query(Generic[R]):
    """What to search for.

    Args:
        shape: The struct of an issue.
        fields: The fields to ask for.
        size: How many issues a page may have at most.
        clauses: The JQL, up to its order.
        names_missing: Whether it may name issues that are not there; Data Center only.
    """

    shape: type[R]
    fields: Sequence[str]
    size: int
    clauses: str
    names_missing: bool = False

    def narrowed(self, clauses: str) -> Query[R]:
        """Give the same query with more clauses."""
        return replace(self, clauses=f"{self.clauses} AND {clauses}")

    def limited(self, size: int) -> Query[R]:
        """Give the same query with pages of another size."""
        return replace(self, size=size)


class Search:
    """Searches one site.

    Args:
        site: The site.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def first(self, query: Query[R], order: str, behind: str | None = None) -> tuple[list[R], bool]:
        """Give the first issues of the result.

        Args:
            query: What to search for.
            order: The JQL of the order.
            behind: An issue's id; the answer has others too, where there are any.

        Returns:
            The issues, and whether there are more behind them.
        """
        rows: list[R] = []
        jql = f"{query.clauses} ORDER BY {order}"
        for page, more in islice(self._pages(query, jql), _MOST_PAGES):
            rows += page
            if not more or any(row.id != behind for row in page):
                return rows, more
        raise TrackerError(f"Jira answered {_MOST_PAGES} pages in a row without a further issue")

    def by_id(
        self, query: Query[R], anchors: Sequence[str] = ()
    ) -> Iterator[tuple[list[R], Sequence[str]]]:
        """Read the whole result in the order of the ids.

        Args:
            query: What to search for.
            anchors: To go on with, as they were yielded; empty to begin.

        Yields:
            Issues, and the anchors to go on with behind them; empty behind the last ones.
        """
        while True:
            rows, more = self._behind(query, anchors)
            anchors = last_ids(rows) or anchors
            yield rows, anchors if more else ()
            if not more:
                return

    def of_ids(self, query: Query[R], ids: Sequence[str]) -> Sequence[R]:
        """Read issues by their ids; those that are not there are left out.

        Args:
            query: What to read of them.
            ids: At most 100.

        Raises:
            TrackerError: Jira could not give some of them for now.
        """
        if not self._site.is_cloud:
            named = query.narrowed(f"id in ({', '.join(ids)})")
            pages = self.by_id(replace(named, names_missing=True))
            return [row for rows, _ in pages for row in rows]
        request = {"issueIdsOrKeys": list(ids), "fields": list(query.fields)}
        # what is in another project is among them too, and unlike a search it never lags
        given: Given[R] = self._site.ask(
            "POST",
            "rest/api/3/issue/bulkfetch",
            Given[query.shape],  # type: ignore[name-defined] # known at run time alone
            json=request,
        )
        if given.issue_errors:
            raise TrackerError(f"Jira could not give {len(given.issue_errors)} issues; try again")
        return given.issues

    def _behind(self, query: Query[R], anchors: Sequence[str]) -> tuple[list[R], bool]:
        for anchor in anchors:
            anchored = query.narrowed(f"id >= {anchor}").limited(max(query.size, 2))
            try:
                rows, more = self.first(anchored, "id ASC", anchor)
            except RefusedError as error:
                if error.status != 400:
                    raise
                continue  # the anchor was deleted
            # or else it was moved, and Jira compares with its new project's issues
            if any(row.id == anchor for row in rows):
                return [row for row in rows if row.id != anchor], more
        return self.first(query, "id ASC")

    def _pages(self, query: Query[R], jql: str) -> Iterator[tuple[Sequence[R], bool]]:
        pages = self._cloud_pages if self._site.is_cloud else self._server_pages
        request: dict[str, Any] = {"jql": jql, "fields": list(query.fields)}
        request["maxResults"] = query.size
        if query.names_missing:
            request["validateQuery"] = False
        return pages(query.shape, request)

    def _cloud_pages(
        self, shape: type[R], request: dict[str, Any]
    ) -> Iterator[tuple[Sequence[R], bool]]:
        seen: set[str] = set()
        while True:
            found: CloudFound[R] = self._site.ask(
                "POST",
                "rest/api/3/search/jql",
                CloudFound[shape],  # type: ignore[valid-type] # known at run time alone
                json=request,
            )
            token = None if found.is_last else found.next_page_token
            if token in seen:
                raise TrackerError("Jira's search gave the same nextPageToken twice")
            yield found.issues, bool(token)
            if not token:
                return
            seen.add(token)
            request = {**request, "nextPageToken": token}

    def _server_pages(
        self, shape: type[R], request: dict[str, Any]
    ) -> Iterator[tuple[Sequence[R], bool]]:
        start = 0
        while True:
            found: ServerFound[R] = self._site.ask(
                "POST",
                "rest/api/2/search",
                ServerFound[shape],  # type: ignore[valid-type] # known at run time alone
                json={**request, "startAt": start},
            )
            start += len(found.issues)
            more = start < found.total
            if more and not found.issues:
                raise TrackerError(
                    f"Jira's search gave no issue behind the first {start}, of {found.total}"
                )
            yield found.issues, more
            if not more:
                return


def last_ids(rows: Sequence[Row]) -> tuple[str, ...]:
    """Give the ids of the last few issues, the last one first."""
    return tuple(row.id for row in reversed(rows[-_ANCHORS:]))
