"""A project bound to a made-up tracker, and a hub on loopback that honours idempotency keys."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from trackwire.credentials import TrackerCredentialStore
from trackwire.discovery import Found
from trackwire.hookspecs import hookimpl
from trackwire.imports import ImportFile
from trackwire.login import HubLogin
from trackwire.model import ExternalRef, Issue, IssueType, Status
from trackwire.provider import CredentialField, Provider, ReadExport
from trackwire.registry import ProviderRegistry
from trackwire.scope import Scope
from trackwire.service import TrackerService
from trackwire.userfile import UserStore

PROVIDER = "acme"
WORKSPACE = "site.example"
SCOPE = Scope(PROVIDER, WORKSPACE, "B1")


def make_issue(external_id: str = "1", **changes: Any) -> Issue:
    """Return an issue of the made-up tracker."""
    ref = {"system": PROVIDER, "workspace": WORKSPACE, "key": f"B1-{external_id}"}
    ref |= {name: changes.pop(name) for name in tuple(changes) if name in {*ref, "url"}}
    content = {"title": "a title", "status": Status.TODO, "issue_type": IssueType.TASK}
    return Issue(ref=ExternalRef(id=external_id, **ref), **content | changes)


def json_line(external_id: str = "1", **changes: Any) -> bytes:
    """Return an issue in wire form; `ref` changes members of the reference."""
    ref = {"system": PROVIDER, "workspace": WORKSPACE, "id": external_id, **changes.pop("ref", {})}
    content = {"title": "a title", "status": "todo", "issue_type": "task"}
    return json.dumps({"ref": ref, **content, **changes}).encode() + b"\n"


def json_lines(*external_ids: str, **changes: Any) -> bytes:
    """Return issues in wire form, one a line."""
    return b"".join(json_line(external_id, **changes) for external_id in external_ids)


def as_file(content: bytes, name: str = "issues.jsonl") -> ImportFile:
    """Return content as a file to import."""
    return ImportFile.of(name, BytesIO(content))


@dataclass(frozen=True)
class _ReadyPlugin:
    """An entry point whose plugin needs no import."""

    provider: Provider
    value: str = "acme_plugin"

    @property
    def name(self) -> str:
        return self.provider.name

    def load(self) -> object:
        return self

    @hookimpl
    def trackwire_provider(self) -> Provider:
        return self.provider


def make_registry(read_export: ReadExport | None = None) -> ProviderRegistry:
    """Return a registry that knows the made-up tracker alone, as acme-plugin 1.2."""
    provider = Provider(
        name=PROVIDER,
        title="Acme",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
        credential_fields=(
            CredentialField(name="board", help="The board's short name"),
            CredentialField(name="api_key", help="The key", secret=True),
        ),
        read_export=read_export,
    )
    plugin: Any = _ReadyPlugin(provider)
    return ProviderRegistry([Found(PROVIDER, "acme-plugin", "1.2", plugin)], environ={})


def bind_project(root: Path, *, provider: str = PROVIDER, board: str | None = "B1") -> None:
    """Make a directory a bound project, as if by hand."""
    fields = f'trackwire:\n  fields:\n    board: "{board}"\n' if board else ""
    config = root / ".kittify" / "config.yaml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        "project:\n  uuid: 6f1b0f0e-52b4-4c8e-9a37-1f4f0f7b8a11\n  slug: sign-in\n"
        f"tracker:\n  provider: {provider}\n  workspace: {WORKSPACE}\n{fields}"
    )


def make_service(
    root: Path,
    *,
    read_export: ReadExport | None = None,
    environ: Mapping[str, str] | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> TrackerService:
    """Return the service of a project, apart from what the machine has installed or stored."""
    users = UserStore(root / "user" / "credentials.toml")
    return TrackerService(
        root,
        registry=make_registry(read_export),
        credentials=TrackerCredentialStore(users, environ or {}),
        hubs=HubLogin(users, environ or {}),
        notify=notify,
    )


def fill(service: TrackerService, content: bytes, *, replace_all: bool = False) -> None:
    """Import content in the jsonl format."""
    for _ in service.import_files([as_file(content)], file_format="jsonl", replace_all=replace_all):
        pass


ACCEPT, REFUSE, DEFER, LOSE = "accept", "refuse", "defer", "lose"


@dataclass
class IdempotentHub:
    """A hub that accepts each idempotency key once and replays its receipt from then on.

    Args:
        plan: What to do with the next requests; without a plan they are accepted. `refuse` is a
            final answer, `defer` one worth repeating in an hour, and `lose` accepts the snapshot
            and cuts the connection in place of an answer.
        accepted: The keys and bodies that were accepted, in order.
        keys: The key of every request.
        conflicts: Keys that came again with another body.
    """

    plan: deque[str] = field(default_factory=deque)
    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._receipts: dict[str, tuple[bytes, dict[str, object]]] = {}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def state(self) -> bytes:
        """The body of the snapshot that was accepted last."""
        return self.accepted[-1][1]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, key: str, body: bytes) -> tuple[int, dict[str, str], object] | None:
        """Return the answer to a request, or None to cut the connection."""
        self.keys.append(key)
        deed = self.plan.popleft() if self.plan else ACCEPT
        if deed == REFUSE:
            return 422, {}, {"title": "no", "status": 422}
        if deed == DEFER:
            return 503, {"Retry-After": "3600"}, {"title": "later", "status": 503}
        held = self._receipts.get(key)
        if held is not None and held[0] != body:
            self.conflicts.append(key)
            return 422, {}, {"title": "other body", "status": 422}
        if held is None:
            self.accepted.append((key, body))
            self._receipts[key] = body, _receipt(body)
        if deed == LOSE:
            return None
        replay = {} if held is None else {"Idempotent-Replayed": "true"}
        return 201 if held is None else 200, replay, self._receipts[key][1]


@contextmanager
def running_hub() -> Iterator[IdempotentHub]:
    """Run a hub until the block ends."""
    hub = IdempotentHub()
    try:
        yield hub
    finally:
        hub.stop()


def _receipt(body: bytes) -> dict[str, object]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {
        "snapshot_id": "s-1",
        "received_at": "2026-11-21T10:00:00Z",
        "issue_count": len(json.loads(body)["issues"]),
        "digest": f"sha-256=:{digest}:",
        "resolution": {"status": "queued", "mapping_id": None, "project": None},
    }


def _handler(hub: IdempotentHub) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.close_connection = True
            answer = hub.answer(self.headers["Idempotency-Key"], body)
            if answer is None:
                return
            status, headers, document = answer
            content = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    return Handler


LIVE_PLUGIN = """
from datetime import datetime
from trackwire.answers import read_answer
from trackwire.connector import Identity, Listed, Page, Resource, Unplaced
from trackwire.errors import TrackerError
from trackwire.hookspecs import hookimpl
from trackwire.model import ExternalRef, Issue, IssueType, Status
from trackwire.provider import CredentialField, Provider

def asked(context, path, **query):
    token = context.secret("token")
    if token is not None:
        context.client.headers["Authorization"] = f"Bearer {token.reveal()}"
    return read_answer(context.client.get(path, params=query), dict)

class Connector:
    def __init__(self, context):
        self.context, self.board = context, context.value_of("board")

    def pages(self, since, cursor):
        more = True
        while more:
            query = {"after": cursor} if cursor else {}
            if since:
                query["since"] = since.isoformat()
            answer = asked(self.context, "api/cards", board=self.board, **query)
            cursor = answer["next"]
            more = cursor is not None
            yield self.page(answer["cards"], cursor)

    def census(self):
        cards = asked(self.context, "api/ids", board=self.board)["cards"]
        yield [Listed(card["id"], datetime.fromisoformat(card["updated"])) for card in cards]

    def fetch(self, ids):
        answer = asked(self.context, "api/cards", board=self.board, ids=",".join(ids))
        return self.page(answer["cards"], None)

    def page(self, cards, cursor):
        placed = {"new": Status.TODO, **self.context.status_map}
        strange = [Unplaced("status", c["status"]) for c in cards if c["status"] not in placed]
        return Page(
            issues=[
                Issue(
                    ref=ExternalRef(
                        system="acme", workspace=self.context.workspace, id=card["id"],
                        key="B1-" + card["id"],
                    ),
                    title=card["title"],
                    status=placed.get(card["status"], Status.TODO),
                    issue_type=IssueType.TASK,
                    updated_at=datetime.fromisoformat(card["updated"]),
                )
                for card in cards
            ],
            cursor=cursor,
            unplaced=strange,
        )

def connect(context):
    boards = {board["id"] for board in asked(context, "api/boards")["boards"]}
    if context.value_of("board") not in boards:
        raise TrackerError("there is no such board; run: trackwire discover acme")
    return Connector(context)

def resources(context):
    return [Resource(**board) for board in asked(context, "api/boards")["boards"]]

def verify(context):
    me = asked(context, "api/me")
    mine = context.value_of("board")
    seen = next((r for r in resources(context) if r.id == mine), None)
    return Identity(
        account=me["account"], deployment="Acme 9", timezone=me["timezone"], resource=seen
    )

@hookimpl
def trackwire_provider():
    return Provider(
        name="acme",
        title="Acme Boards",
        api_version=1,
        resource_type="acme_board",
        credential_key="board",
        credential_fields=(
            CredentialField(name="base_url", help="The site's address", origin=True),
            CredentialField(name="email", help="Your e-mail", personal=True, required=False),
            CredentialField(name="token", help="Profile, API tokens", secret=True),
            CredentialField(name="spare", help="For experts", secret=True, required=False),
            CredentialField(name="board", help="The board's short name"),
        ),
        connect=connect,
        discover=resources,
        verify=verify,
    )
"""
"""A plugin that reads the live tracker `LiveTracker`."""

TRACKER_TOKEN = "hushhush-tracker-token"
_PAGE_CARDS = 2


@dataclass
class LiveTracker:
    """The made-up tracker itself: boards with cards, read in pages of two.

    Args:
        cards: The cards of the board B1, in the order of their last change.
        boards: What the token can see.
        answers: What the next requests are answered in place of the truth: status and headers;
            None for the truth.
        requests: The target of every request, and whether it had the token.
        pages_before_hold: After how many pages the next one waits for `release`, or None.
        reached: Set when a page waits.
        release: Lets it go.
    """

    cards: list[dict[str, str]] = field(default_factory=list)
    boards: list[dict[str, str]] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str]] | None] = field(default_factory=deque)
    requests: list[tuple[str, bool]] = field(default_factory=list)
    pages_before_hold: int | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.boards = self.boards or [{"id": "B1", "key": "ONE", "name": "First"}]
        self._pages = 0
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _tracker_handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, external_id: str, minute: int = 0, **members: str) -> None:
        """Create a card, or change one."""
        self.cards = [card for card in self.cards if card["id"] != external_id]
        updated = f"2026-11-01T10:{minute:02}:00+00:00"
        card = {"id": external_id, "title": f"card {external_id}", "status": "new"}
        self.cards.append(card | {"updated": updated} | members)
        self.cards.sort(key=lambda each: (each["updated"], each["id"]))

    def stop(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, query: dict[str, str]) -> dict[str, object] | None:
        """Return the truth, or None where there is none."""
        if path == "/api/me":
            return {"account": "Ada", "timezone": "Europe/Berlin"}
        if path == "/api/boards":
            return {"boards": self.boards}
        if path == "/api/ids":
            return {"cards": [{"id": c["id"], "updated": c["updated"]} for c in self.cards]}
        if path != "/api/cards":
            return None
        if "ids" in query:
            wanted = query["ids"].split(",")
            return {"cards": [c for c in self.cards if c["id"] in wanted], "next": None}
        self._hold()
        since = datetime.fromisoformat(query.get("since", "0001-01-01T00:00:00+00:00"))
        found = [c for c in self.cards if datetime.fromisoformat(c["updated"]) >= since]
        start = int(query.get("after", "0"))
        end = start + _PAGE_CARDS
        return {"cards": found[start:end], "next": str(end) if end < len(found) else None}

    def _hold(self) -> None:
        if self._pages == self.pages_before_hold:
            self.reached.set()
            self.release.wait()
        self._pages += 1


@contextmanager
def running_tracker(*external_ids: str) -> Iterator[LiveTracker]:
    """Run the made-up tracker with these cards until the block ends."""
    tracker = LiveTracker()
    for minute, external_id in enumerate(external_ids):
        tracker.put(external_id, minute)
    try:
        yield tracker
    finally:
        tracker.stop()


def _tracker_handler(tracker: LiveTracker) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            authorized = self.headers["Authorization"] == f"Bearer {TRACKER_TOKEN}"
            tracker.requests.append((target.path, authorized))
            headers: dict[str, str] = {}
            status, document = 200, tracker.answer(target.path, dict(parse_qsl(target.query)))
            if planned := tracker.answers.popleft() if tracker.answers else None:
                (status, headers), document = planned, {"error": "as planned"}
            elif not authorized:
                status, document = 401, {"error": f"who is {self.headers['Authorization']}?"}
            elif document is None:
                status, document = 404, {"error": "no such thing"}
            content = json.dumps(document).encode()
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
            with contextlib.suppress(OSError):  # whoever asked may be gone
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    return Handler
