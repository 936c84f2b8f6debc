"""A real hub process on loopback, teams, and answers that are held against the contract."""

from __future__ import annotations

import gzip
import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from jsonschema import Draft202012Validator, FormatChecker

from trackwire.hub.database import open_database
from trackwire.hub.teams import create_token

ROOT = Path(__file__).parents[2]
OPENAPI = json.loads((ROOT / "contracts/hub-openapi.json").read_text())
PUBLISH_SCHEMAS = {
    name: Draft202012Validator(
        json.loads((ROOT / f"contracts/schemas/{name.lower()}.schema.json").read_text())
    )
    for name in ("Receipt", "Problem")
}
BASE = "/api/v1/connectors/trackers"
SNAPSHOTS = f"{BASE}/snapshots/"

_RUN = """
import json, resource, sys
from pathlib import Path
from sqlalchemy import event
from trackwire.hub.app import create_app
from trackwire.hub.server import listen, serve
from trackwire.hub.settings import Settings

settings = json.loads(sys.argv[1])
room = {name: settings.pop(name, None) for name in ("file_bytes", "database_pages")}
settings["database"] = Path(settings["database"])
listener = listen("127.0.0.1", 0)
port = listener.getsockname()[1]
app = create_app(Settings(**settings))
if room["file_bytes"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room["file_bytes"], room["file_bytes"]))
if room["database_pages"]:
    limit = f"PRAGMA max_page_count = {room['database_pages']}"
    event.listen(app.state.hub.engine, "connect", lambda driver, _: driver.execute(limit).close())
serve(app, listener, lambda: print(port, flush=True))
"""


@dataclass
class HubProcess:
    """A hub in a process of its own."""

    database: Path
    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def peak_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def open_deleted_files(self) -> int:
        targets: list[str] = []
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since it was listed
                targets.append(str(link.readlink()))
        return sum(str(self.database.parent) in t and "(deleted)" in t for t in targets)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def first_line(process: subprocess.Popen[str]) -> str:
    """Wait for the first line of a process's standard output."""
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def run_hub(database: Path, **settings: float) -> Iterator[HubProcess]:
    """Run a hub until the block ends.

    Args:
        database: Its database; its log lies beside it.
        settings: Those of `Settings`; and `file_bytes`, the largest file that it can write, and
            `database_pages`, where its database is full.
    """
    document = json.dumps({"database": str(database), **settings})
    with (
        (database.parent / "hub.log").open("a+") as log,
        subprocess.Popen(
            [sys.executable, "-c", _RUN, document], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            line = first_line(process)
            log.seek(0)
            assert line, log.read()
            yield HubProcess(database, process, int(line))
        finally:
            process.terminate()


def check_answer(response: httpx.Response) -> None:
    """Hold an answer against the contract: a documented status, headers and body."""
    operation = _operation(response.request.method, response.request.url.path)
    if operation is None:
        assert response.status_code in {404, 405}
        documented = {"content": {"application/problem+json": {"schema": _ref("Problem")}}}
    else:
        assert str(response.status_code) in operation["responses"], response.status_code
        documented = operation["responses"][str(response.status_code)]
    for name, header in documented.get("headers", {}).items():
        assert name in response.headers, name
        _validate(header["schema"], response.headers[name])
    response.read()
    if "content" in documented:
        media_type = response.headers["content-type"]
        schema = documented["content"][media_type]["schema"]
        _validate(schema, response.json())
        if (name := schema.get("$ref", "").rpartition("/")[2]) in PUBLISH_SCHEMAS:
            PUBLISH_SCHEMAS[name].validate(response.json())


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _validate(schema: dict[str, Any], value: object) -> None:
    whole = schema | {"components": OPENAPI["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for template, item in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            operation: dict[str, Any] | None = item.get(method.lower())
            return operation
    return None


@dataclass
class Team:
    """A team with its token, and a client that checks every answer against the contract."""

    team_id: int
    name: str
    token: str = field(repr=False)
    client: httpx.Client

    def publish(
        self, body: object = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body or snapshot()).encode()
        return self.client.post(
            SNAPSHOTS,
            content=content,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": key or str(uuid4()),
                **given,
            },
        )

    def add_mapping(self, **members: object) -> httpx.Response:
        return self.client.post(f"{BASE}/mappings/", json=members)

    def queue(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get(f"{BASE}/queue/").json()["items"]
        return items

    def snapshots(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get(SNAPSHOTS).json()["items"]
        return items


@contextmanager
def join(hub: HubProcess) -> Iterator[Team]:
    """Make a team with a token at a running hub."""
    engine = open_database(hub.database)
    info, token = create_token(engine, f"team {uuid4()}", "tests")
    engine.dispose()
    with closing(sqlite3.connect(hub.database)) as database:
        (team_id,) = database.execute("SELECT id FROM teams WHERE name = ?", [info.team]).fetchone()
    with httpx.Client(
        base_url=hub.url,
        headers={"Authorization": f"Bearer {token.reveal()}"},
        event_hooks={"response": [check_answer]},
        timeout=60,
    ) as client:
        yield Team(team_id, info.team, token.reveal(), client)


def issue(**members: object) -> dict[str, Any]:
    """Return an issue of the contract."""
    return {
        "ref": {
            "system": "jira",
            "workspace": "acme.example",
            "id": "10001",
            "key": "ACME-1",
            "url": None,
        },
        "title": "A title",
        "body": None,
        "status": "todo",
        "issue_type": "task",
        "priority": None,
        "assignees": [],
        "labels": ["a"],
        "updated_at": "2026-11-20T09:15:30+01:00",
        **members,
    }


def snapshot(**members: object) -> dict[str, Any]:
    """Return a snapshot of the contract, routed to ACME."""
    return {
        "provider": "jira",
        "workspace": "acme.example",
        "external_resource_type": "jira_project",
        "external_resource_id": "ACME",
        "doctrine_mode": "external_authoritative",
        "doctrine_field_owners": {},
        "project_uuid": None,
        "project_slug": "sign-in",
        "issues": [issue()],
        "mappings": [],
        "checkpoint": {"cursor": None, "updated_since": None},
        **members,
    }


def gzipped_snapshot(size: int) -> bytes:
    """Return a compressed snapshot whose document has about so many bytes."""
    head, _, tail = json.dumps(snapshot(issues=["MARK"])).partition('"MARK"')
    one = json.dumps(issue(body="b" * 300)).encode()
    count = size // (len(one) + 1)
    block = gzip.compress(b",".join([one] * 1000) + b",", 1)
    members = [gzip.compress(head.encode()), block * (count // 1000)]
    return b"".join([*members, gzip.compress(one + tail.encode())])
