"""An emulator of Jira Cloud: REST API 3 (and 2), token paging, and the gateway of scoped tokens.

Run alone, for benchmarks and for tests that kill a client, it prints one line of JSON with
`url`, `gateway`, `email`, `token` and `project` once it accepts connections:

    python -m emulators.jira_cloud --port 0 --issues 1000
"""

from __future__ import annotations

import base64
import binascii
import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from emulators.jira_http import (
    Json,
    RefusalError,
    json_response,
    raw_response,
    version_of,
    wanted_fields,
)
from emulators.jira_model import ANA, Issue, Person
from emulators.jira_process import run
from emulators.jira_render import Style, only_names, project_json
from emulators.jira_site import Access, JiraSite

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import Scope

    from emulators.clock import Clock
    from emulators.jira_jql import Query, SortKey

TokenStyle = Literal["offset", "keyset"]

CLOUD_ID = "11223344-a1b2-3b33-c444-def123456789"
_LARGEST_PAGE = 100
_LARGEST_PAGE_OF_NAMES = 5000
_TOKEN_LIFE = 7 * 86_400_000
_REMOVED = re.compile(r"/rest/api/[23]/search")
_GATEWAY = re.compile(rf"/ex/jira/{CLOUD_ID}(/rest/.*)")


@dataclass(frozen=True)
class _PageToken:
    """Where a page ended: after so many rows, and behind the row with this sort key."""

    jql: str
    issued: int
    rows: int
    last: tuple[int, ...] | None


class JiraCloud(JiraSite):
    """A Cloud site.

    Args:
        email: The account's.
        scoped: Whether the token is a scoped one: refused by the site, taken by the gateway.
        gateway_schemes: Which ways of sending a scoped token the gateway takes.
        token_style: What a page token holds. `offset` is the worst case: issues that leave the
            result between two pages shift the rest, and one is skipped. `keyset` is not shifted.

    Attributes:
        loops: Whether a page token leads to the page that it came with, for ever.
    """

    description = "jira-cloud"
    listeners = 2

    def __init__(
        self,
        *,
        timezone: str = "Etc/UTC",
        clock: Clock | None = None,
        email: str = "ana@example.test",
        scoped: bool = False,
        gateway_schemes: Sequence[str] = ("basic", "bearer"),
        token_style: TokenStyle = "offset",
    ) -> None:
        super().__init__(timezone=timezone, clock=clock)
        self.email = email
        self.scoped = scoped
        self.gateway_schemes = gateway_schemes
        self.token_style = token_style
        self.loops = False
        self._page_tokens: dict[str, _PageToken] = {}

    @property
    def gateway(self) -> str:
        """The gateway's address, a server of its own as api.atlassian.com is."""
        return self.urls[1]

    def access_facts(self) -> dict[str, str]:
        """Return what a client in another process must know to get in."""
        return {**super().access_facts(), "gateway": self.gateway, "email": self.email}

    def routes(self) -> list[Route]:
        """Return the operations."""
        api = "/rest/api/{version}"
        return [
            self.operation("GET", "/_edge/tenant_info", self._tenant_info, is_open=True),
            self.operation("GET", f"{api}/serverInfo", self._server_info),
            self.operation("GET", f"{api}/myself", self._myself),
            self.operation("GET", f"{api}/project/search", self._list_projects),
            self.operation("GET", f"{api}/project/{{name}}", self._get_project),
            self.operation("GET", f"{api}/search/jql", self._search),
            self.operation("POST", f"{api}/search/jql", self._search),
            self.operation("POST", f"{api}/search/approximate-count", self._count),
            self.operation("POST", f"{api}/issue/bulkfetch", self._bulk_fetch),
            self.operation("GET", f"{api}/issue/{{name}}", self.issue),
            self.operation("GET", f"{api}/search", self.removed_answer),
            self.operation("POST", f"{api}/search", self.removed_answer),
        ]

    def removed(self, path: str) -> tuple[int, str] | None:
        """Return 410 for the old search."""
        if _REMOVED.fullmatch(path) is None:
            return None
        new = f"{path}/jql"
        return 410, f"The requested API has been removed. Please migrate to the {new} API."

    def local_path(self, scope: Scope) -> str | None:
        """Return the path; at the gateway, what follows the site's id."""
        if not self._is_gateway(scope):
            return str(scope["path"])
        match = _GATEWAY.fullmatch(scope["path"])
        return None if match is None else match[1]

    def access_of(self, request: Request) -> Access:
        """Tell whether this is the account's token, sent the right way to the right server."""
        scheme, _, value = request.headers["authorization"].partition(" ")
        by_gateway = self._is_gateway(request.scope)
        schemes = self.gateway_schemes if by_gateway else ("basic",)
        expected = self.token if scheme.lower() == "bearer" else f"{self.email}:{self.token}"
        given = value if scheme.lower() == "bearer" else _from_base64(value)
        is_right = scheme.lower() in schemes and given == expected
        return "user" if is_right and by_gateway == self.scoped else "refused"

    def style(self, version: str) -> Style:
        """Return how a version writes."""
        return Style(
            url=f"{self.url}/rest/api/{version}",
            has_adf=version == "3",
            zone=ZoneInfo(self.timezone),
            person=_person,
            has_levels=True,
        )

    def _is_gateway(self, scope: Scope) -> bool:
        return self.gateway.endswith(f":{scope['server'][1]}")

    def _tenant_info(self, _request: Request, _arguments: Json) -> Response:
        return json_response({"cloudId": CLOUD_ID})

    def _server_info(self, _request: Request, _arguments: Json) -> Response:
        return self.server_info(version="1001.0.0-SNAPSHOT", deploymentType="Cloud")

    def _myself(self, request: Request, _arguments: Json) -> Response:
        if not request.state.is_known:
            return self.unauthorized()
        url = self.style(version_of(request)).url
        more = {"emailAddress": self.email, "locale": "en_US", "timeZone": self.timezone}
        return json_response({**_person(ANA, url), **more})

    def _list_projects(self, request: Request, arguments: Json) -> Response:
        style = self.style(version_of(request))
        known = self.visible_projects() if request.state.is_known else []
        start, limit = arguments.get("startAt", 0), min(arguments.get("maxResults", 50), 100)
        limit = min(limit, self.page_limit or limit)
        page = known[start : start + limit]
        where = f"{style.url}/project/search?maxResults={limit}&startAt="
        is_last = start + len(page) >= len(known)
        following = {} if is_last else {"nextPage": f"{where}{start + limit}"}
        return json_response(
            {
                "self": f"{where}{start}",
                "maxResults": limit,
                "startAt": start,
                "total": len(known),
                "isLast": is_last,
                "values": [project_json(project, style) for project in page],
                **following,
            }
        )

    def _get_project(self, request: Request, _arguments: Json) -> Response:
        name = request.path_params["name"]
        known = self.visible_projects() if request.state.is_known else []
        for project in known:
            if name in {project.key, str(project.id)}:
                return json_response(project_json(project, self.style(version_of(request))))
        raise RefusalError(404, f"No project could be found with key '{name}'.")

    def _search(self, request: Request, arguments: Json) -> Response:
        wanted = wanted_fields(arguments, ("id",))
        limit = self._page_size(arguments, wanted)
        if not request.state.is_known:
            return raw_response(b'{"issues":[],"isLast":true}')
        jql, name = arguments.get("jql", ""), arguments.get("nextPageToken")
        reconciled = frozenset(int(number) for number in arguments.get("reconcileIssues", ()))
        query, found = self._bounded(jql, reconciled)
        token = None if name is None else self._page_token(name, jql)
        start = 0 if token is None else self._start(token, query.sort_key, found)
        page = [] if self.takes_empty_page() else found[start : start + limit]
        end = start + len(page)
        tail = b'"isLast":true}'
        if end < len(found) or self.loops:
            last = token.last if token else None
            if page:
                last = query.sort_key(page[-1])
            following = self._keep(_PageToken(jql, self.clock.milliseconds, end, last), name)
            tail = b'"nextPageToken":"%s","isLast":false}' % following.encode()
        issues = self.rendered(page, wanted, version_of(request))
        return raw_response(b'{"issues":' + issues + b"," + tail)

    def _page_size(self, arguments: Json, wanted: tuple[str, ...]) -> int:
        asked = int(arguments.get("maxResults", 50))
        if asked < 1:
            raise RefusalError(400, "The value of maxResults must be 1 or more.")
        largest = _LARGEST_PAGE_OF_NAMES if only_names(wanted) else _LARGEST_PAGE
        return min(asked, largest, self.page_limit or largest)

    def _bounded(
        self, jql: str, reconciled: frozenset[int] = frozenset()
    ) -> tuple[Query, Sequence[Issue]]:
        query, found = self.results(jql, reconciled)
        if query.matches is None:
            raise RefusalError(
                400,
                "Unbounded JQL queries are not allowed here. Please add a search restriction to "
                "your query.",
            )
        return query, found

    def _page_token(self, name: str, jql: str) -> _PageToken:
        token = self._page_tokens.get(name)
        if token is None or token.jql != jql:
            raise RefusalError(400, "The nextPageToken is not valid for this JQL query.")
        if self.clock.milliseconds - token.issued > _TOKEN_LIFE:
            raise RefusalError(400, "The nextPageToken has expired.")
        return token

    def _start(self, token: _PageToken, sort_key: SortKey, found: Sequence[Issue]) -> int:
        if self.token_style == "offset" or token.last is None:
            return token.rows
        return bisect.bisect_right(found, token.last, key=sort_key)

    def _keep(self, token: _PageToken, came_with: str | None) -> str:
        if self.loops and came_with is not None:
            return came_with
        name = f"fake-page-{len(self._page_tokens) + 1}"
        self._page_tokens[name] = token
        return name

    def _count(self, request: Request, arguments: Json) -> Response:
        if not request.state.is_known:
            return json_response({"count": 0})
        _, found = self._bounded(arguments.get("jql", ""))
        return json_response({"count": len(found)})

    def _bulk_fetch(self, request: Request, arguments: Json) -> Response:
        names = arguments["issueIdsOrKeys"] if request.state.is_known else []
        found = {issue.id: issue for name in names if (issue := self.find(name))}
        wanted = wanted_fields(arguments, ("*navigable",))
        in_order = [found[number] for number in sorted(found)]
        issues = self.rendered(in_order, wanted, version_of(request))
        return raw_response(b'{"issues":' + issues + b',"issueErrors":[]}')


def _person(person: Person, url: str) -> Json:
    return {
        "self": f"{url}/user?accountId={person.id}",
        "accountId": person.id,
        "accountType": "atlassian",
        "emailAddress": person.email,
        "displayName": person.name,
        "active": True,
    }


def _from_base64(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


if __name__ == "__main__":
    run(JiraCloud())
