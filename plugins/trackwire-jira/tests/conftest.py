"""A Jira that answers what a test says, and the binding that reaches it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from trackwire.connector import ConnectContext
from trackwire.secret import Secret

TOKEN = "fake-token-that-must-not-show"
EMAIL = "ana@example.test"
Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


class ScriptedJira:
    """Answers each path with what was given for it, in order; the last answer is repeated."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[str, list[Answer]] = {}
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))

    def answer(self, path: str, *answers: Any, status: int = 200, **headers: str) -> None:
        """Answer a path, such as `/rest/api/2/myself`, or any URL that ends so.

        Args:
            path: How the URL ends, its query left aside.
            answers: JSON values, responses or functions of the request.
            status: The status of the JSON values' answers.
            headers: Their headers, `_` for `-`.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[path] = [
            given
            if isinstance(given, httpx.Response) or callable(given)
            else httpx.Response(status, json=given, headers=named)
            for given in answers
        ]

    def cloud(self, **info: Any) -> None:
        self.answer("/rest/api/2/serverInfo", {"version": "1001", "deploymentType": "Cloud"} | info)

    def data_center(self, **info: Any) -> None:
        self.answer(
            "/rest/api/2/serverInfo", {"version": "10.3.1", "deploymentType": "Server"} | info
        )

    def context(self, **changes: Any) -> ConnectContext:
        """Return the binding to project ACME; a credential that is None is not set."""
        credentials = {
            "base_url": "https://acme.atlassian.net",
            "email": EMAIL,
            "project_key": "ACME",
            **changes.pop("credentials", {}),
        }
        token = changes.pop("token", TOKEN)
        self.client.base_url = httpx.URL(str(credentials["base_url"]))
        return ConnectContext(
            client=self.client,
            secret=lambda _: None if token is None else Secret(token),
            keep_secrets=lambda _: None,
            workspace=changes.pop("workspace", "acme"),
            credentials={name: value for name, value in credentials.items() if value is not None},
            **changes,
        )

    def asked(self, path: str) -> list[httpx.Request]:
        """Return the requests to a path."""
        return [request for request in self.requests if request.url.path.endswith(path)]

    def bodies(self, path: str) -> list[dict[str, Any]]:
        """Return the JSON of the requests to a path."""
        return [json.loads(request.content) for request in self.asked(path)]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        where = f"{request.url.scheme}://{request.url.netloc.decode()}{request.url.path}"
        path = max((p for p in self._answers if where.endswith(p)), key=len, default=None)
        if path is None:
            return httpx.Response(404, json={"errorMessages": [f"nothing at {where}"]})
        answers = self._answers[path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer


@pytest.fixture
def jira() -> Iterator[ScriptedJira]:
    """A Jira without any answers yet."""
    scripted = ScriptedJira()
    with scripted.client:
        yield scripted


@pytest.fixture
def cloud(jira: ScriptedJira) -> ScriptedJira:
    """A Cloud site with the project ACME."""
    jira.cloud()
    jira.answer("/rest/api/2/project/ACME", {"key": "ACME", "name": "Acme"})
    return jira


@pytest.fixture
def server(jira: ScriptedJira) -> ScriptedJira:
    """A Data Center site with the project ACME."""
    jira.data_center()
    jira.answer("/rest/api/2/project/ACME", {"key": "ACME", "name": "Acme"})
    return jira
