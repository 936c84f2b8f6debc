"""Asks for pages of a project's issues: Cloud's by a token, Data Center's by an offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from trackwire.errors import TrackerError
from trackwire_jira.shapes import CloudFound, Given, ServerFound

if TYPE_CHECKING:
    from trackwire_jira.site import Site

R = TypeVar("R")
_Page = tuple[Sequence[R], str | None]


@dataclass(frozen=True, slots=True)
class Search(Generic[R]):
    """What to ask for of a project's issues.

    Args:
        site: The site, logged in.
        project: The project's key.
        shape: The struct of an issue.
        fields: The fields to ask for.
        size: How many issues a page may have at most.
    """

    site: Site
    project: str
    shape: type[R]
    fields: Sequence[str]
    size: int

    def page(self, token: str | None, order: str, *clauses: str, **more: Any) -> _Page[R]:
        """Give a page of the project's issues.

        Args:
            token: The page's, as it came with the page before; None for the first.
            order: The JQL of the order.
            clauses: JQL that the issues meet, all of it.
            more: Further parts of the request.

        Returns:
            The issues, and the token of the page behind, or None where there is none.
        """
        jql = " AND ".join((f"project = {_quoted(self.project)}", *clauses))
        request = {"jql": f"{jql} ORDER BY {order}", "fields": self.fields, **more}
        ask = self._cloud_page if self.site.is_cloud else self._server_page
        return ask({**request, "maxResults": self.size}, token)

    def of_ids(self, ids: Sequence[str]) -> Sequence[R]:
        """Give issues of Cloud by their ids, without those that are not there.

        Unlike a search it never lags, and has those that are in another project.

        Args:
            ids: At most 100.

        Raises:
            TrackerError: Jira could not give some of them for now.
        """
        request = {"issueIdsOrKeys": ids, "fields": self.fields}
        shape = Given[self.shape]  # type: ignore[name-defined] # known at run time alone
        given: Given[R] = self.site.ask("POST", "rest/api/3/issue/bulkfetch", shape, json=request)
        if given.issue_errors:
            raise TrackerError(f"Jira could not give {len(given.issue_errors)} issues; try again")
        return given.issues

    def _cloud_page(self, request: Mapping[str, Any], token: str | None) -> _Page[R]:
        place = {"nextPageToken": token} if token else {}
        shape = CloudFound[self.shape]  # type: ignore[name-defined] # known at run time alone
        path = "rest/api/3/search/jql"
        found: CloudFound[R] = self.site.ask("POST", path, shape, json={**request, **place})
        return found.issues, None if found.is_last else found.next_page_token or None

    def _server_page(self, request: Mapping[str, Any], token: str | None) -> _Page[R]:
        place = {"startAt": int(token or 0)}
        shape = ServerFound[self.shape]  # type: ignore[name-defined] # known at run time alone
        path = "rest/api/2/search"
        found: ServerFound[R] = self.site.ask("POST", path, shape, json={**request, **place})
        start = place["startAt"]
        if start < found.total:  # else some have gone, and a server may begin anew
            require_start(start, found.start_at)
        end = start + len(found.issues)
        if end >= found.total:
            return found.issues, None
        if not found.issues:
            raise TrackerError(f"Jira's search gave no issue behind {end}, of {found.total}")
        return found.issues, str(end)


def require_start(asked: int, given: int | None) -> None:
    """Require that a page begins where it was asked to: else the same one may come for ever.

    Args:
        asked: How many stand before it, as the request has it.
        given: Likewise, as the answer has it; None where it does not say.

    Raises:
        TrackerError: It begins elsewhere.
    """
    if given not in (asked, None):
        raise TrackerError(
            f"Jira was asked for a list from place {asked} on, and gave it from place {given} on; "
            "let no proxy on the way there keep answers, and try again"
        )


def _quoted(key: str) -> str:
    """Quote a key, for one may be a reserved word of JQL's."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
