"""What stands before an emulator: it records and checks requests, and fails where a test says so.

A request is recorded, then held against the description, then the test's hooks run, then a fault
that was ordered is carried out; only then the emulator itself answers. Every method may be called
from any thread.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.described import Seen
from emulators.server import cut_connection

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

Hook = Callable[[Seen], object]
_Act = Callable[["ASGIApp", "Scope", "Receive", "Send"], Awaitable[None]]


@dataclass
class _Fault:
    path: str
    times: int
    act: _Act


class Door:
    """An ASGI app around the emulator's own.

    Attributes:
        requests: Every request that came, in order.
        violations: What the description did not allow, and hooks that failed.
    """

    def __init__(self, app: ASGIApp, check: Callable[[Seen], Sequence[str]]) -> None:
        self._app = app
        self._check = check
        self._lock = threading.Lock()
        self._hooks: list[Hook] = []
        self._faults: list[_Fault] = []
        self.requests: list[Seen] = []
        self.violations: list[str] = []

    def before_request(self, hook: Hook) -> None:
        """Call this, in a thread, before each request from now on is answered."""
        with self._lock:
            self._hooks.append(hook)

    def before_nth(self, number: int, hook: Callable[[], object], path: str = "") -> None:
        """Call this once, before the n-th request from now on whose path contains `path`."""
        seen_so_far = 0

        def count(seen: Seen) -> None:
            nonlocal seen_so_far
            if path in seen.path:
                seen_so_far += 1
                if seen_so_far == number:
                    hook()

        self.before_request(count)

    def answer_next(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        times: int = 1,
        path: str = "",
    ) -> None:
        """Answer so the next requests whose path contains `path`."""

        async def act(_app: ASGIApp, _scope: Scope, _receive: Receive, send: Send) -> None:
            await send_answer(send, status, body, headers)

        self._order(times, path, act)

    def cut_next(self, *, times: int = 1, path: str = "") -> None:
        """Cut the connection of the next requests, without an answer."""

        async def act(_app: ASGIApp, scope: Scope, receive: Receive, _send: Send) -> None:
            await cut_connection(scope, receive)

        self._order(times, path, act)

    def truncate_next(self, *, times: int = 1, path: str = "") -> None:
        """Send half of the next answers' bodies, then cut the connection."""

        async def act(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            start, body = await _answer_of(app, scope, receive)
            await send(start)
            half = {"type": "http.response.body", "body": body[: len(body) // 2]}
            await send({**half, "more_body": True})
            await cut_connection(scope, receive)

        self._order(times, path, act)

    def malform_next(self, *, times: int = 1, path: str = "") -> None:
        """Answer the next requests with a body that ends in the middle of its JSON."""

        async def act(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
            start, body = await _answer_of(app, scope, receive)
            headers = {"content-type": "application/json"}
            await send_answer(send, start["status"], body[: len(body) // 2], headers)

        self._order(times, path, act)

    def note(self, violation: str) -> None:
        """Record what a client should not have sent, where the emulator itself sees it."""
        with self._lock:
            self.violations.append(violation)

    def take_violations(self) -> list[str]:
        """Return the violations and forget them: for a test that provokes some."""
        with self._lock:
            taken, self.violations = self.violations, []
        return taken

    def assert_described(self) -> None:
        """Fail unless every request was as the description says."""
        assert not self.violations, "\n".join(self.violations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request (ASGI 3)."""
        body = await _body_of(receive)
        seen = Seen(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("ascii"),
            headers={k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]},
            body=body,
        )
        refusal = await self._refusal(seen)
        if refusal is not None:
            await send_json(send, 400, {"errorMessages": refusal, "errors": {}})
            return
        act = self._next_fault(seen.path)
        rest = _replay(body, receive)
        if act is None:
            await self._app(scope, rest, send)
        else:
            await act(self._app, scope, rest, send)

    async def _refusal(self, seen: Seen) -> list[str] | None:
        faults = list(self._check(seen))
        with self._lock:
            self.requests.append(seen)
            hooks = tuple(self._hooks)
        for hook in hooks:
            try:
                await asyncio.to_thread(hook, seen)
            except Exception as error:  # the test learns of it when it looks at the violations
                faults.append(f"a hook of the test failed: {error!r}")
        with self._lock:
            self.violations += faults
        return faults or None

    def _order(self, times: int, path: str, act: _Act) -> None:
        with self._lock:
            self._faults.append(_Fault(path, times, act))

    def _next_fault(self, path: str) -> _Act | None:
        with self._lock:
            for fault in self._faults:
                if fault.path in path:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                    return fault.act
        return None


async def send_answer(
    send: Send, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    """Send a whole answer."""
    fields = {"content-length": str(len(body)), **(headers or {})}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, value: object) -> None:
    """Send a value as JSON."""
    headers = {"content-type": "application/json;charset=UTF-8"}
    await send_answer(send, status, json.dumps(value).encode(), headers)


async def _body_of(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[dict[str, Any], bytes]:
    start: dict[str, Any] = {}
    parts: list[bytes] = []

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, collect)
    return start, b"".join(parts)
