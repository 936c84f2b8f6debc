"""Linear's API as a real server on loopback: `POST /graphql` and `POST /oauth/token`.

with serve(emulator := LinearEmulator()) as served: ...
"""

from __future__ import annotations

import argparse
import json
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from emulators.door import Door, send_answer
from emulators.linear_accounts import Accounts, Budget
from emulators.linear_graph import answer, complexity, parsed
from emulators.linear_lists import InputError, Settings
from emulators.linear_model import Model, fill
from emulators.server import listen, serve_process, url_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_UNAUTHENTICATED = {
    "message": "Authentication required, not authenticated",
    "extensions": {
        "type": "authentication error",
        "code": "AUTHENTICATION_ERROR",
        "statusCode": 401,
        "userError": True,
        "userPresentableMessage": "You need to authenticate to access this operation.",
    },
}
_RATE_LIMITED = {
    "message": "Rate limit exceeded",
    "extensions": {"type": "ratelimited", "code": "RATELIMITED", "statusCode": 429},
}


class LinearEmulator(Door):
    """The server as an ASGI app, and its knobs.

    Attributes:
        model: Teams and issues.
        settings: How lists behave and what the account is; see `set`.
        accounts: Credentials.
        requests_budget: How many requests a period allows.
        complexity_budget: How many points a period allows.
        most_complex: How many points one query may have.
        sizes: The `first` of each query for issues that was answered.
        auth_status: The HTTP status of an answer to bad credentials.
        answered: How many queries were answered.
        refused_too_early: How many were refused for a spent budget although the answer before
            said when it is filled again.
    """

    def __init__(self) -> None:
        super().__init__(self._serve, lambda _: ())
        self.model = Model()
        self.settings = Settings()
        self.accounts = Accounts()
        self.requests_budget = Budget(10**6)
        self.complexity_budget = Budget(10**9)
        self.most_complex = 10_000
        self.auth_status = 401
        self.answered = 0
        self.sizes: list[int] = []
        self.refused_too_early = 0
        self._come_back_at = 0.0
        self._passed = 0.0
        self._answering = threading.Lock()

    def set(self, **changes: Any) -> None:
        """Change the settings."""
        self.settings = replace(self.settings, **changes)

    def forget_cursors(self) -> None:
        """Refuse all cursors that were given so far."""
        self.set(epoch=self.settings.epoch + 1)

    def forget_orders(self) -> None:
        """Run no hook and carry out no fault any more that was ordered so far."""
        with self._lock:
            self._hooks.clear()
            self._faults.clear()

    def pass_time(self, seconds: float) -> None:
        """Let the time by which the budgets are filled pass: what a test's `sleep` does."""
        self._passed += seconds

    def error_next(
        self,
        code: str,
        message: str = "It went wrong",
        *,
        status: int = 200,
        data: object = None,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next queries with such an error."""
        errors = [{"message": message, "extensions": {"code": code}}]
        body = json.dumps({"errors": errors, "data": data}).encode()
        kind = {"content-type": "application/json", **(headers or {})}
        self.answer_next(status, kind, body, times=times, path="/graphql")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if (scope["method"], scope["path"]) == ("POST", "/oauth/token"):
            status, value, more = self._token(headers, body)
        elif (scope["method"], scope["path"]) == ("POST", "/graphql"):
            with self._answering:
                status, value, more = self._query(headers, body)
        else:
            self.violations.append(f"{scope['method']} {scope['path']}: no such operation")
            status, value, more = 404, b"{}", {}
        kind = {"content-type": "application/json; charset=utf-8"}
        await send_answer(send, status, value, {**kind, **more})

    def _token(self, headers: Mapping[str, str], body: bytes) -> _Answer:
        if headers.get("content-type") != "application/x-www-form-urlencoded":
            self.violations.append("POST /oauth/token: the body is no form")
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        status, value = self.accounts.exchange(form)
        return status, json.dumps(value).encode(), {}

    def _query(self, headers: Mapping[str, str], body: bytes) -> _Answer:
        if not self.accounts.take(headers.get("authorization", "")):
            return _errors(self.auth_status, _UNAUTHENTICATED)
        request = json.loads(body)
        document, faults = parsed(request["query"])
        if document is None or faults:
            self.violations.extend(faults)
            return _errors(400, *({"message": f, "extensions": _INVALID} for f in faults))
        variables = request.get("variables") or {}
        points = complexity(document, variables)
        if points > self.most_complex:
            return _errors(400, _too_complex(points, self.most_complex))
        now = time.time() + self._passed
        affordable = self.requests_budget.take(1, now) and self.complexity_budget.take(points, now)
        told = {"X-Complexity": str(points), **self._told()}
        if not affordable:
            self.refused_too_early += now < self._come_back_at
            self._come_back_at = self._spent_until(points)
            return *_errors(400, _RATE_LIMITED)[:2], told
        self.answered += 1
        self._come_back_at = self._spent_until(1)
        if "issues" in request["query"]:
            self.sizes.append(variables.get("first", 0))
        try:
            value = answer(document, variables, self.model, self.settings)
        except InputError as error:
            return _errors(400, error.formatted)
        return _status_of(value), value, told

    def _spent_until(self, points: int) -> float:
        needs = ((self.requests_budget, 1), (self.complexity_budget, points))
        return max(
            (budget.refilled_at or 0.0 for budget, need in needs if budget.left < need), default=0.0
        )

    def _told(self) -> dict[str, str]:
        budgets = {"Requests": self.requests_budget, "Complexity": self.complexity_budget}
        told = {}
        for name, budget in budgets.items():
            refilled = (budget.refilled_at or time.time() + self._passed) - self._passed
            told[f"X-RateLimit-{name}-Limit"] = str(budget.size)
            told[f"X-RateLimit-{name}-Remaining"] = str(budget.left)
            told[f"X-RateLimit-{name}-Reset"] = str(math.ceil(refilled * 1000))
        return told


_Answer = tuple[int, bytes, dict[str, str]]
_INVALID = {"type": "graphql error", "code": "GRAPHQL_VALIDATION_FAILED", "statusCode": 400}


def _errors(status: int, *errors: object) -> _Answer:
    return status, json.dumps({"errors": list(errors)}).encode(), {}


def _status_of(value: bytes) -> int:
    """Give the status of an answer: that of its first error, or 200."""
    if not value.startswith(b'{"errors"') and b'"errors": [' not in value[:200]:
        return 200
    errors = json.loads(value).get("errors")
    return errors[0].get("extensions", {}).get("statusCode", 400) if errors else 200


def _too_complex(points: int, most: int) -> dict[str, Any]:
    said = f"The query is too complex. Complexity: {points}. Maximum allowed complexity: {most}."
    return {
        "message": "Query too complex",
        "extensions": {
            "type": "invalid input",
            "code": "INPUT_ERROR",
            "statusCode": 400,
            "userError": True,
            "userPresentableMessage": said,
        },
    }


def main() -> None:
    """Serve an emulator with issues until a signal; the URL is the first line it prints."""
    parser = argparse.ArgumentParser(description="Serves an emulated Linear on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--issues", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0, help="seconds that each answer takes")
    options = parser.parse_args()
    emulator = LinearEmulator()
    if options.delay:
        emulator.before_request(lambda _: time.sleep(options.delay))
    fill(emulator.model, options.issues)
    listener = listen(options.port)
    serve_process(emulator, [listener], lambda: print(url_of(listener), flush=True))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()
