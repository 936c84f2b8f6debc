"""What the emulators of Jira Cloud and Jira Data Center have in common.

    with JiraCloud() as jira:
        issue = jira.create("ACME", summary="First")
        ...  # requests to jira.url
        jira.clock.advance(60)
        jira.edit(issue, summary="Second")

When the block ends without an error, it fails if any request was not as the official description
allows; `door.take_violations()` is for a test that sends such a request on purpose.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, Self
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulators.described import Seen, load_description
from emulators.door import Door, Hook, send_json
from emulators.jira_http import (
    Json,
    RefusalError,
    arguments_of,
    json_response,
    raw_response,
    version_of,
    wanted_fields,
)
from emulators.jira_index import Index
from emulators.jira_jql import Query, Reading, read_jql
from emulators.jira_model import Issue, Records
from emulators.jira_render import Style, render
from emulators.jira_words import JqlError
from emulators.server import serve

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import Receive, Scope, Send

    from emulators.clock import Clock

Access = Literal["user", "anonymous", "expired", "refused"]
Answer = Callable[[Request, Json], Response]

LOGIN_REASON = "X-Seraph-LoginReason"
NO_ISSUE = "Issue does not exist or you do not have permission to see it."


class JiraSite(Records, ABC):
    """A site with an account; a subclass has what is particular to its API.

    Attributes:
        timezone: The account's.
        token: The only one that is accepted.
        token_expired: Whether the tracker takes the token's user for nobody, and answers 200.
        token_revoked: Whether it answers 401.
        rounds_to_minute: Whether a query's epoch milliseconds are rounded down to the minute.
        page_limit: The most issues on a page, whatever the request says; None for Jira's own.
        door: Records the requests and fails them where a test orders it.
    """

    description: str
    listeners = 1

    def __init__(self, *, timezone: str = "Etc/UTC", clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.timezone = timezone
        self.token = "fake-token-of-the-emulator"
        self.token_expired = False
        self.token_revoked = False
        self.rounds_to_minute = False
        self.page_limit: int | None = None
        self.urls: Sequence[str] = ()
        described = load_description(self.description)
        self._operations = Starlette(routes=self.routes())
        self.door = Door(self._operations, lambda seen: self._faults(seen, described.faults))
        self._stack = ExitStack()
        self._empty_pages = 0
        self._found: dict[object, tuple[Query, Sequence[Issue]]] = {}
        self._found_in: object = None
        self._index = Index(())

    @abstractmethod
    def routes(self) -> list[Route]:
        """Return the operations, made with `self.operation`."""

    @abstractmethod
    def removed(self, path: str) -> tuple[int, str] | None:
        """Return the status and text for an operation that this Jira has no more, or not yet."""

    @abstractmethod
    def local_path(self, scope: Scope) -> str | None:
        """Return a request's path below the API's address, or None where there is nothing."""

    @abstractmethod
    def access_of(self, request: Request) -> Access:
        """Tell whom a request's `Authorization` stands for, the switches left aside."""

    @abstractmethod
    def style(self, version: str) -> Style:
        """Return how version `2` or `3` writes."""

    @property
    def url(self) -> str:
        """The site's address, to bind."""
        return self.urls[0]

    def access_facts(self) -> dict[str, str]:
        """Return what a client in another process must know to get in."""
        return {"url": self.url, "token": self.token}

    @property
    def violations(self) -> list[str]:
        """What the official description does not allow of the requests so far."""
        return self.door.violations

    @property
    def requests(self) -> list[Seen]:
        """The requests so far."""
        return self.door.requests

    @property
    def searches(self) -> list[Seen]:
        """The requests so far that searched."""
        return [seen for seen in self.requests if _searches(seen)]

    def before_request(self, hook: Hook) -> None:
        """Call this, in a thread, before each request from now on is answered."""
        self.door.before_request(hook)

    def before_page(self, number: int, hook: Callable[[], object]) -> None:
        """Call this before the n-th search from now on is answered."""
        left = number

        def count(seen: Seen) -> None:
            nonlocal left
            left -= _searches(seen)
            if left == 0 and _searches(seen):
                hook()

        self.before_request(count)

    def empty_pages_next(self, times: int) -> None:
        """Let the next pages be empty, though more issues follow."""
        with self.lock:
            self._empty_pages += times

    def takes_empty_page(self) -> bool:
        """Tell whether this page is one that was ordered empty; counts it."""
        ordered = self._empty_pages > 0
        self._empty_pages -= ordered
        return ordered

    def __enter__(self) -> Self:
        served = self._stack.enter_context(serve(self, listeners=self.listeners))
        self.urls = served.urls
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        if kind is None:
            self.door.assert_described()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request (ASGI 3)."""
        path = self.local_path(scope)
        if path is None:
            self.door.note(f"{scope['method']} {scope['path']}: outside of the API")
            await send_json(send, 404, {"errorMessages": ["Not found"], "errors": {}})
            return
        await self.door({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    def operation(self, method: str, path: str, answer: Answer, *, is_open: bool = False) -> Route:
        """Return the route of an operation.

        Args:
            method: Its method.
            path: Its path.
            answer: Makes the answer from the request and its arguments.
            is_open: Whether it asks for no credentials and looks at none.
        """

        async def endpoint(request: Request) -> Response:
            arguments = arguments_of(request, await request.body())
            with self.lock:
                access = "anonymous" if is_open else self._access(request)
                try:
                    if access == "refused":
                        return self.unauthorized()
                    request.state.is_known = access == "user"
                    response = answer(request, arguments)
                except RefusalError as refusal:
                    body = {"errorMessages": list(refusal.messages), "errors": {}}
                    response = json_response(body, refusal.status)
            if access in {"expired", "user"}:
                reason = "AUTHENTICATED_FAILED" if access == "expired" else "OK"
                response.headers[LOGIN_REASON] = reason
            return response

        return Route(path, endpoint, methods=[method])

    def unauthorized(self) -> Response:
        """Return the answer to credentials that are wrong."""
        message = "Client must be authenticated to access this resource."
        return json_response({"message": message, "status-code": 401}, 401)

    def results(
        self, jql: str, reconciled: frozenset[int] = frozenset(), *, validates: bool = True
    ) -> tuple[Query, Sequence[Issue]]:
        """Return the query and what the index has for it, in its order."""
        if self._found_in != self.index_state():
            self._found, self._found_in = {}, self.index_state()
            self._index = Index(self.indexed())
        key = (jql, reconciled, validates, self.timezone, self.rounds_to_minute)
        if key not in self._found:
            query = self._query(jql, validates=validates)
            index = Index(self.indexed(reconciled)) if reconciled else self._index
            self._found[key] = query, index.search(query)
        return self._found[key]

    def rendered(self, issues: Sequence[Issue], wanted: tuple[str, ...], version: str) -> bytes:
        """Return issues as a JSON array."""
        style = self.style(version)
        return b"[" + b",".join(render(issue, wanted, style) for issue in issues) + b"]"

    def issue(self, request: Request, arguments: Json) -> Response:
        """Answer `GET issue/{issueIdOrKey}`: as it is now, whatever the index has."""
        found = self.find(request.path_params["name"]) if request.state.is_known else None
        if found is None:
            raise RefusalError(404, NO_ISSUE)
        wanted = wanted_fields(arguments, ("*all",))
        return raw_response(render(found, wanted, self.style(version_of(request))))

    def server_info(self, **particular: object) -> Response:
        """Return the answer of `serverInfo`."""
        numbers = [int(part) for part in str(particular["version"]).split("-")[0].split(".")]
        return json_response(
            {
                "baseUrl": self.url,
                "versionNumbers": numbers,
                "buildDate": "2026-01-15T00:00:00.000+0000",
                "scmInfo": "1f51473f5c7b75c1a69a0090f4832cdc5053702a",
                "serverTitle": "Jira",
                **particular,
            }
        )

    def _query(self, jql: str, *, validates: bool) -> Query:
        zone = ZoneInfo(self.timezone)
        try:
            return read_jql(jql, Reading(self, zone, self.rounds_to_minute, validates))
        except JqlError as error:
            raise RefusalError(400, str(error)) from error

    def _access(self, request: Request) -> Access:
        if "authorization" not in request.headers:
            return "anonymous"
        access = "refused" if self.token_revoked else self.access_of(request)
        return "expired" if self.token_expired and access == "user" else access

    def _faults(self, seen: Seen, check: Callable[[Seen], list[str]]) -> list[str]:
        """Let operations that are no more through to the answer that Jira gives to them."""
        if self.removed(seen.path) is None:
            return check(seen)
        self.door.note(f"{seen.method} {seen.path}: not an operation of this Jira")
        return []

    def removed_answer(self, request: Request, _arguments: Json) -> Response:
        """Answer an operation that this Jira does not have."""
        status, text = self.removed(request.url.path) or (404, "Not found")
        raise RefusalError(status, text)


def _searches(seen: Seen) -> bool:
    return seen.path.endswith(("/search", "/search/jql"))
