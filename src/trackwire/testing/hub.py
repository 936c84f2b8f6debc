"""A hub that keeps what it gets, for tests of what a publish sends."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Self

from trackwire.destination import endpoint_url
from trackwire.testing.emulator import Answer, Request
from trackwire.testing.serving import LoopbackServer

_PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A request that the hub got.

    Args:
        headers: By their names in lower case.
        document: The decoded body.
        body: The body.
        status: What the hub answered.
    """

    headers: Mapping[str, str] = field(repr=False)
    document: dict[str, Any]
    body: bytes = field(repr=False)
    status: int


class RecordingHub:
    """Takes snapshots on loopback as the contract says, and keeps them; a context manager.

    It answers with a receipt (contracts/tracker-snapshot-publish.md, "Receipt"), gives the stored
    one to an idempotency key that it has finished, and takes any token or none. Every route is
    resolved as `queued`, for it holds no mappings.
    """

    def __init__(self) -> None:
        self.published: list[Publish] = []
        """Every request for a snapshot, in order, refused ones too."""
        self._refusals: list[Answer] = []
        self._receipts: dict[str, Publish] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = LoopbackServer(self._respond)  # it takes its port at once
        self._server.__enter__()
        return self

    def __exit__(self, *reason: object) -> None:
        self._server.__exit__(*reason)

    @property
    def url(self) -> str:
        """Its address, as `trackwire publish --hub` takes it."""
        return self._server.url

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The snapshots that were accepted, in order."""
        return [one.document for one in self.published if one.status in {200, 201}]

    def refuse(
        self, status: int, detail: str = "refused as planned", *, retry_after: float | None = None
    ) -> None:
        """Refuse the next request that is not refused yet.

        Args:
            status: The HTTP status.
            detail: What the problem details say.
            retry_after: Seconds for the header `Retry-After`, or None to send none.
        """
        wait = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        with self._lock:
            self._refusals.append(_problem(status, detail, wait))

    def _respond(self, request: Request) -> Answer:
        with self._lock:
            path = endpoint_url(self.url).removeprefix(self.url)
            if request.path != path:
                return _problem(404, f"there is nothing at {request.path}")
            if request.method != "POST":
                return _problem(405, f"{request.method} is not possible", {"Allow": "POST"})
            return self._taken(request)

    def _taken(self, request: Request) -> Answer:
        document, problem = _decoded(request)
        planned = self._refusals.pop(0) if self._refusals else None
        answer = planned or problem or self._accepted(request, document)
        publish = Publish(
            headers=request.headers, document=document, body=request.body, status=answer.status
        )
        self.published.append(publish)
        if answer.status == 201:
            self._receipts[request.headers["idempotency-key"]] = publish
        return answer

    def _accepted(self, request: Request, document: dict[str, Any]) -> Answer:
        known = self._receipts.get(request.headers["idempotency-key"])
        if known is None:
            return Answer.of_json(_receipt(len(self._receipts) + 1, request, document), status=201)
        if known.body != request.body:
            return _problem(422, "this Idempotency-Key was accepted before with another body")
        number = list(self._receipts.values()).index(known) + 1
        replay = Answer.of_json(_receipt(number, request, document))
        return replace(replay, headers={**replay.headers, "Idempotent-Replayed": "true"})


def _decoded(request: Request) -> tuple[dict[str, Any], Answer | None]:
    """Return the document, and what is wrong with the request or None."""
    if "idempotency-key" not in request.headers:
        return {}, _problem(400, "the header Idempotency-Key is missing")
    if "content-encoding" in request.headers:
        return {}, _problem(415, "bodies are not compressed", {"Accept-Encoding": "identity"})
    if request.headers.get("repr-digest", _digest(request)) != _digest(request):
        return {}, _problem(400, "the body is not what Repr-Digest says")
    try:
        document = request.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("issues"), list):
        return {}, _problem(422, "the body is not a snapshot")
    return document, None


def _receipt(number: int, request: Request, document: dict[str, Any]) -> dict[str, object]:
    return {
        "snapshot_id": f"snapshot-{number}",
        "received_at": datetime.now(UTC).isoformat(),
        "issue_count": len(document["issues"]),
        "digest": _digest(request),
        "resolution": {"status": "queued", "mapping_id": None, "project": None},
    }


def _digest(request: Request) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(request.body).digest()).decode()}:"


def _problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    problem = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Answer(
        status=status,
        headers={"Content-Type": _PROBLEM, **(headers or {})},
        body=json.dumps(problem).encode(),
    )
