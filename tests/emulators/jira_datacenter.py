"""An emulator of Jira Data Center: REST API 2, paging by offset, personal access tokens.

Run alone, it prints one line of JSON with `url`, `token` and `project` once it accepts
connections:

    python -m emulators.jira_datacenter --port 0 --issues 1000
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.responses import Response

from emulators.jira_http import (
    Json,
    RefusalError,
    json_response,
    raw_response,
    wanted_fields,
)
from emulators.jira_model import ANA, Issue, Person
from emulators.jira_process import run
from emulators.jira_render import Style, project_json
from emulators.jira_site import Access, JiraSite

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route
    from starlette.types import Scope

    from emulators.clock import Clock

_LARGEST_PAGE = 1000
_NOT_THERE = re.compile(r"/rest/api/(?:3/.*|2/search/jql|2/issue/bulkfetch|2/project/search)")
_UNAUTHORIZED = (
    "<html><head><title>Unauthorized (401)</title></head>"
    "<body><h1>Unauthorized (401)</h1></body></html>"
)


class JiraDataCenter(JiraSite):
    """A Data Center site.

    Args:
        path: Where the site is on its server, such as `/jira`.
        version: What `serverInfo` says.
    """

    description = "jira-datacenter"

    def __init__(
        self,
        *,
        timezone: str = "Etc/UTC",
        clock: Clock | None = None,
        path: str = "",
        version: str = "10.3.1",
    ) -> None:
        super().__init__(timezone=timezone, clock=clock)
        self.path = path
        self.version = version

    @property
    def url(self) -> str:
        """The site's address, to bind."""
        return super().url + self.path

    def routes(self) -> list[Route]:
        """Return the operations."""
        api = "/rest/api/2"
        return [
            self.operation("GET", f"{api}/serverInfo", self._server_info),
            self.operation("GET", f"{api}/myself", self._myself),
            self.operation("GET", f"{api}/project", self._list_projects),
            self.operation("GET", f"{api}/search", self._search),
            self.operation("POST", f"{api}/search", self._search),
            *(
                self.operation(method, path, self.removed_answer)
                for method in ("GET", "POST")
                for path in ("/rest/api/3/{rest:path}", f"{api}/search/jql")
            ),
            self.operation("GET", f"{api}/project/search", self.removed_answer),
            self.operation("POST", f"{api}/issue/bulkfetch", self.removed_answer),
            self.operation("GET", f"{api}/project/{{name}}", self._get_project),
            self.operation("GET", f"{api}/issue/{{name}}", self.issue),
        ]

    def removed(self, path: str) -> tuple[int, str] | None:
        """Return 404 for what only Cloud has."""
        return (404, f"null for uri: {path}") if _NOT_THERE.fullmatch(path) else None

    def local_path(self, scope: Scope) -> str | None:
        """Return the path below the site's own."""
        path = str(scope["path"])
        return path.removeprefix(self.path) if path.startswith(f"{self.path}/") else None

    def access_of(self, request: Request) -> Access:
        """Tell whether this is the account's token."""
        scheme, _, value = request.headers["authorization"].partition(" ")
        is_right = scheme.lower() == "bearer" and value == self.token
        return "user" if is_right else "refused"

    def unauthorized(self) -> Response:
        """Return the answer to credentials that are wrong, a page for people."""
        return Response(_UNAUTHORIZED, 401, media_type="text/html;charset=UTF-8")

    def style(self, version: str) -> Style:
        """Return how a version writes."""
        return Style(
            url=f"{self.url}/rest/api/{version}",
            has_adf=False,
            zone=ZoneInfo(self.timezone),
            person=_person,
            has_levels=False,
        )

    def _server_info(self, _request: Request, _arguments: Json) -> Response:
        return self.server_info(version=self.version, deploymentType="Server")

    def _myself(self, request: Request, _arguments: Json) -> Response:
        if not request.state.is_known:
            return self.unauthorized()
        more = {"locale": "en_US", "timeZone": self.timezone}
        return json_response({**_person(ANA, self.style("2").url), **more})

    def _list_projects(self, request: Request, _arguments: Json) -> Response:
        known = self.visible_projects() if request.state.is_known else []
        return json_response([project_json(project, self.style("2")) for project in known])

    def _get_project(self, request: Request, _arguments: Json) -> Response:
        name = request.path_params["name"]
        known = self.visible_projects() if request.state.is_known else []
        for project in known:
            if name in {project.key, str(project.id)}:
                return json_response(project_json(project, self.style("2")))
        raise RefusalError(404, f"No project could be found with key '{name}'.")

    def _search(self, request: Request, arguments: Json) -> Response:
        start, limit = arguments.get("startAt", 0), arguments.get("maxResults", 50)
        if start < 0 or limit < 0:
            raise RefusalError(400, "startAt and maxResults must not be negative.")
        limit = min(limit, self.page_limit or _LARGEST_PAGE)
        found: Sequence[Issue] = ()
        if request.state.is_known:
            validates = arguments.get("validateQuery", True) not in (False, "false")
            _, found = self.results(arguments.get("jql", ""), validates=validates)
        page = [] if self.takes_empty_page() else found[start : start + limit]
        head = f'{{"expand":"schema,names","startAt":{start},"maxResults":{limit},'
        total = f'"total":{len(found)},"issues":'
        issues = self.rendered(page, wanted_fields(arguments, ("*navigable",)), "2")
        return raw_response((head + total).encode() + issues + b"}")


def _person(person: Person, url: str) -> Json:
    return {
        "self": f"{url}/user?username={person.id}",
        "key": person.id,
        "name": person.id,
        "emailAddress": person.email,
        "displayName": person.name,
        "active": True,
    }


if __name__ == "__main__":
    run(JiraDataCenter())
