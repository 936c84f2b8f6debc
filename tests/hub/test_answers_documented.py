"""The contract's document lists every answer to a publish, as the real hub gives it."""

from __future__ import annotations

import ast
import asyncio
import gzip
import json
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
from contract.documents import CONTRACTS, bare, fences, tables
from hubkit import (
    OPENAPI,
    SNAPSHOTS,
    HubProcess,
    Team,
    check_answer,
    issue,
    join,
    snapshot,
)

import trackwire.hub
from trackwire.hub import idempotency
from trackwire.hub.app import create_app
from trackwire.hub.database import open_database
from trackwire.hub.decoding import zstd
from trackwire.hub.requests import Hub
from trackwire.hub.settings import Settings
from trackwire.hub.teams import create_token

DOCUMENT = (CONTRACTS / "tracker-snapshot-publish.md").read_text(encoding="utf-8")
BODY = json.dumps(snapshot()).encode()
JSON = {"Content-Type": "application/json"}
MIB = 1 << 20
NOT_MET_BY_A_PUBLISH = {"small_body"}
"""Refuses what `views` read, which no publish reaches either."""
WORDED_BY_THEIR_CALLER = {
    "Problem(400, str(error))",
    "Problem(401, detail, headers={'WWW-Authenticate': challenge})",
    "Problem(503, detail, headers={'Retry-After': str(BUSY_RETRY_SECONDS)})",
    "Problem(error.status_code, detail, headers=error.headers)",
}
STATUS_OF = {"busy": 503, "DamagedError": 400, "_unauthorized": 401}

Refusal = tuple[int, str]


def rows(heading: str, nth: int = 0) -> list[list[str]]:
    return [[bare(cell) for cell in row] for row in tables(DOCUMENT, heading)[nth]]


def blocks(info: str) -> list[Any]:
    return [json.loads(text) for found, text in fences(DOCUMENT) if found == info]


REFUSALS = [(int(row[0]), row[1]) for row in rows("Problems of the reference hub")]
EXAMPLES = blocks("json problem")
MAPPINGS, RESOLUTIONS = (rows("Worked resolution", nth) for nth in range(2))


def is_of(text: str, form: str) -> bool:
    """Whether a text has this form, where an ellipsis stands for anything."""
    return re.fullmatch(re.escape(form).replace("…", ".+"), text) is not None


@dataclass(frozen=True)
class Bench:
    """What an answer is provoked with.

    Args:
        team: Of the hub that the tests share.
        start: Starts a hub with settings of its own.
        directory: Where nothing else is.
    """

    team: Team
    start: Callable[..., HubProcess]
    directory: Path


@pytest.fixture
def bench(team: Team, start: Callable[..., HubProcess], tmp_path: Path) -> Bench:
    return Bench(team, start, tmp_path)


def without_slash(bench: Bench) -> httpx.Response:
    return bench.team.client.post(SNAPSHOTS.removesuffix("/"), content=BODY)


def by_put(bench: Bench) -> httpx.Response:
    return bench.team.client.put(SNAPSHOTS, content=BODY)


def keyed(*keys: str) -> Callable[[Bench], httpx.Response]:
    headers = [*JSON.items(), *(("Idempotency-Key", key) for key in keys)]
    return lambda bench: bench.team.client.post(SNAPSHOTS, content=BODY, headers=headers)


def sent(body: object = BODY, **headers: str) -> Callable[[Bench], httpx.Response]:
    return lambda bench: bench.team.publish(body, **headers)


def without_room(bench: Bench) -> httpx.Response:
    with join(bench.start(max_in_process=0)) as team:
        return team.publish()


def stalled(bench: Bench) -> httpx.Response:
    hub = bench.start(idle_seconds=0.1)
    with join(hub) as team, closing(HTTPConnection("127.0.0.1", hub.port, timeout=20)) as line:
        line.putrequest("POST", SNAPSHOTS)
        head = {"Authorization": f"Bearer {team.token}", "Idempotency-Key": "k", **JSON}
        for name, value in {**head, "Content-Length": "100"}.items():
            line.putheader(name, value)
        line.endheaders(b"{")
        answer = line.getresponse()
        return checked(answer.status, dict(answer.getheaders()), answer.read())


def broken_off(bench: Bench) -> httpx.Response:
    """Serve a request in this process, for over a connection nobody sees its answer."""
    app = create_app(Settings(database=bench.directory / "hub.sqlite"))
    hub = app.state.hub
    assert isinstance(hub, Hub)
    _, token = create_token(hub.engine, "red", "tests")
    head = {"Authorization": f"Bearer {token.reveal()}", "Idempotency-Key": "k", **JSON}
    request = httpx.Request("POST", f"http://hub.example{SNAPSHOTS}", headers=head)
    arriving = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )
    answers: list[Any] = []

    async def receive() -> Any:
        return next(arriving)

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": SNAPSHOTS,
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
    }
    asyncio.run(app(scope, receive, send))
    hub.engine.dispose()
    headers = {name.decode(): value.decode() for name, value in answers[0]["headers"]}
    return checked(answers[0]["status"], headers, answers[1]["body"])


def checked(status: int, headers: dict[str, str], content: bytes) -> httpx.Response:
    request = httpx.Request("POST", f"http://hub.example{SNAPSHOTS}")
    response = httpx.Response(status, headers=headers, content=content, request=request)
    check_answer(response)
    return response


def on_a_full_disk(bench: Bench) -> httpx.Response:
    with join(bench.start(file_bytes=MIB)) as team:
        return team.publish(BODY.ljust(MIB + 100))


def with_another_body(bench: Bench) -> httpx.Response:
    bench.team.publish(BODY, key="k")
    return bench.team.publish(BODY + b" ", key="k")


def in_flight(bench: Bench) -> httpx.Response:
    database = bench.directory / "hub.sqlite"
    with join(bench.start()) as team:
        engine = open_database(database)
        key = idempotency.Key(team.team_id, SNAPSHOTS, "k")
        idempotency.claim(engine, key, bytes(32), lease_seconds=60)
        engine.dispose()
        return team.publish(key="k")


def with_a_locked_database(bench: Bench) -> httpx.Response:
    hub = bench.start(busy_seconds=0.1)
    with join(hub) as team, closing(sqlite3.connect(hub.database)) as database:
        database.execute("BEGIN EXCLUSIVE")
        return team.publish()


def without_its_directory(bench: Bench) -> httpx.Response:
    with join(bench.start()) as team:
        team.publish()
        moved = bench.directory.rename(bench.directory.with_name("moved"))
        try:
            return team.publish()
        finally:
            moved.rename(bench.directory)


PROVOCATIONS: dict[str, Callable[[Bench], httpx.Response]] = {
    "there is nothing at …; paths end with a slash": without_slash,
    "… is not possible at …": by_put,
    "a team token is needed, as Authorization: Bearer TOKEN": sent(Authorization=""),
    "this hub does not know the token": sent(Authorization="Bearer twh_wrong"),
    "the header Idempotency-Key is missing": keyed(),
    "the header Idempotency-Key is given more than once": keyed("a", "b"),
    "Idempotency-Key is not a string of RFC 8941: …": keyed('"open'),
    "Idempotency-Key must be 1 to 255 visible ASCII characters, no blanks": keyed("k" * 256),
    "the body must be sent with Content-Type: application/json": sent(Content_Type="text/json"),
    "the content coding is not taken; this hub takes zstd, gzip or none": sent(
        Content_Encoding="br"
    ),
    "the body is over the limit of … bytes, which holds before and after decompression": sent(
        b" " * (2 * MIB + 1)
    ),
    "Repr-Digest is not a dictionary of RFC 8941: …": sent(Repr_Digest="sha-256=:*:"),
    "Repr-Digest: sha-256 must be 32 bytes, written as :BASE64:": sent(
        Repr_Digest="sha-256=:AAAA:"
    ),
    "as many snapshots are in process as this hub takes at once": without_room,
    "no part of the body arrived for … seconds": stalled,
    "the body ended early": broken_off,
    "the body is not valid gzip": sent(Content_Encoding="gzip"),
    "the gzip body ends early": sent(gzip.compress(BODY)[:-3], Content_Encoding="gzip"),
    "the body is not valid Zstandard with windows of at most 8 MiB": sent(Content_Encoding="zstd"),
    "the Zstandard body ends early": sent(zstd.compress(BODY)[:-3], Content_Encoding="zstd"),
    "the hub's disk is full; repeat the request later": on_a_full_disk,
    "the body is not what Repr-Digest says: the one that arrived has …": sent(
        Repr_Digest=f"sha-256=:{'A' * 43}=:"
    ),
    "this Idempotency-Key was accepted before with another body": with_another_body,
    "a snapshot with this Idempotency-Key is in process": in_flight,
    "the body is not a snapshot; `errors` says where": sent(b"{"),
    "the hub's database is busy or full; repeat the request later": with_a_locked_database,
    "the hub failed on this request; its log says why": without_its_directory,
}


@pytest.mark.parametrize(("status", "detail"), REFUSALS)
def test_documented_problem_is_what_the_hub_answers(status: int, detail: str, bench: Bench) -> None:
    answer = PROVOCATIONS[detail](bench)
    titles = {example["title"] for example in EXAMPLES if example["status"] == status}
    assert (answer.status_code, {answer.json()["title"]}) == (status, titles)
    assert is_of(answer.json()["detail"], detail)


def test_no_problem_is_provoked_that_the_document_lacks() -> None:
    assert [detail for _, detail in REFUSALS] == list(PROVOCATIONS)


def test_every_example_of_a_problem_is_one_of_those_that_are_listed() -> None:
    strange = [
        example
        for example in EXAMPLES
        if not any(
            status == example["status"] and is_of(example["detail"], detail)
            for status, detail in REFUSALS
        )
    ]
    assert strange == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            snapshot(external_resource_id=None, issues=[*[issue()] * 3, issue(title=None)]),
            id="faulty",
        ),
        pytest.param(BODY[:-40], id="broken off"),
    ],
)
def test_example_of_faults_is_the_hubs_own_answer(team: Team, body: object) -> None:
    assert team.publish(body).json() in EXAMPLES


def refusals_in_the_code() -> Iterator[Refusal | str]:
    """Yield status and text of each refusal that the hub words, or the code that words none."""
    for path in sorted(Path(trackwire.hub.__file__).parent.glob("*.py")):
        if path.stem != "views":
            yield from refusals_of(ast.parse(path.read_text(encoding="utf-8")))


def refusals_of(node: ast.AST) -> Iterator[Refusal | str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if child.name in NOT_MET_BY_A_PUBLISH:
                continue
        elif isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            yield from refusal_of_call(child, child.func.id)
        elif isinstance(child, ast.Dict):
            for key, value in zip(child.keys, child.values, strict=True):
                if isinstance(value, ast.JoinedStr) and (status := number(key)):
                    yield status, worded(value)
        yield from refusals_of(child)


def refusal_of_call(call: ast.Call, name: str) -> Iterator[Refusal | str]:
    if name == "Problem":
        status, text = call.args[:2]
    elif name in STATUS_OF:
        status, text = ast.Constant(STATUS_OF[name]), call.args[0]
    else:
        return
    if number(status) and worded(text):
        yield number(status), worded(text)
    else:
        yield ast.unparse(call)


def number(node: ast.AST | None) -> int:
    """Return a whole number of the code, or 0."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else 0


def worded(text: ast.AST) -> str:
    """Return a text of the code, with an ellipsis for what is put into it; empty for no text."""
    if isinstance(text, ast.Constant):
        return str(text.value)
    if isinstance(text, ast.JoinedStr):
        return "".join(worded(part) or "…" for part in text.values)
    return ""


def test_every_refusal_of_the_code_is_worded_where_this_test_can_read_it() -> None:
    assert {r for r in refusals_in_the_code() if isinstance(r, str)} == WORDED_BY_THEIR_CALLER


def test_every_refusal_of_the_code_is_documented() -> None:
    missing = [
        refusal
        for refusal in refusals_in_the_code()
        if not isinstance(refusal, str)
        and not any(refusal[0] == s and is_of(detail, refusal[1]) for s, detail in REFUSALS)
    ]
    assert missing == []


def test_every_documented_refusal_is_in_the_code() -> None:
    found = [refusal for refusal in refusals_in_the_code() if not isinstance(refusal, str)]
    invented = [
        (status, detail)
        for status, detail in REFUSALS
        if not any(status == s and is_of(detail, text) for s, text in found)
    ]
    assert invented == []


def test_interface_lists_the_statuses_of_the_document() -> None:
    listed = OPENAPI["paths"][SNAPSHOTS]["post"]["responses"]
    by_the_router = {"404", "405"}
    assert {str(status) for status, _ in REFUSALS} - by_the_router == set(listed) - {"200", "201"}


def test_table_of_answers_has_every_status_of_the_hub() -> None:
    in_table = {status for status, *_ in rows("Answers")}
    listed = OPENAPI["paths"][SNAPSHOTS]["post"]["responses"]
    assert {*listed, "404", "405"} - in_table == set()


def test_every_status_of_the_hub_has_an_example() -> None:
    assert {status for status, _ in REFUSALS} == {example["status"] for example in EXAMPLES}


def test_first_fault_of_a_request_is_answered_in_the_documented_order(team: Team) -> None:
    (order,) = re.findall(r"answered by the first of them: (.+), and then", DOCUMENT)
    digest = f"sha-256=:{'A' * 43}=:"
    with httpx.Client(base_url=team.client.base_url, timeout=60) as client:
        request: dict[str, Any] = {
            "method": "PUT",
            "url": SNAPSHOTS.removesuffix("/"),
            "content": b" " * (2 * MIB + 1),
            "headers": {"Content-Encoding": "br", "Repr-Digest": "sha-256=:AAAA:"},
        }
        mended: list[Callable[[], object]] = [
            lambda: request.update(url=SNAPSHOTS),
            lambda: request.update(method="POST"),
            lambda: request["headers"].update(Authorization=f"Bearer {team.token}"),
            lambda: request["headers"].update({"Idempotency-Key": "k"}),
            lambda: request["headers"].update(JSON),
            lambda: request["headers"].pop("Content-Encoding"),
            lambda: request.update(content=b"{"),
            lambda: request["headers"].update({"Repr-Digest": digest}),
        ]
        found = []
        for mend in mended:
            found.append(str(client.request(**request).status_code))
            mend()
    assert list(dict.fromkeys(found[:7])) + found[7:] == re.findall(r"\d{3}", order)


def test_refused_method_is_told_with_those_that_are_allowed(team: Team) -> None:
    assert "POST" in team.client.put(SNAPSHOTS).headers["allow"]


def test_what_is_not_http_is_refused_in_plain_text(hub: HubProcess) -> None:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as connection:
        connection.sendall(b"hello\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"text/plain" in answer


@pytest.mark.parametrize(("beyond", "status"), [(0, 201), (1, 422)])
def test_issue_is_nested_no_deeper_than_documented(team: Team, beyond: int, status: int) -> None:
    (levels,) = re.findall(r"nested deeper than (\d+) levels, itself counted", DOCUMENT)
    arrays = int(levels) - 1 + beyond
    nested = json.loads("[" * arrays + "]" * arrays)
    assert team.publish(snapshot(issues=[issue(x_new=nested)])).status_code == status


@pytest.mark.parametrize("member", list(snapshot()))
def test_member_that_is_given_twice_is_refused(team: Team, member: str) -> None:
    again = json.dumps({member: snapshot()[member]}).encode()
    answer = team.publish(BODY[:-1] + b", " + again[1:])
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{member}"]


def null(cell: str) -> str | None:
    return None if cell == "null" else cell


@pytest.mark.parametrize("row", RESOLUTIONS, ids="-".join)
def test_worked_resolution_is_the_hubs_own(team: Team, row: list[str]) -> None:
    for provider, workspace, kind, name, project in MAPPINGS:
        added = team.add_mapping(
            provider=provider,
            workspace=workspace,
            external_resource_type=null(kind),
            external_resource_id=null(name),
            project=project,
        )
        assert added.status_code == 201
    provider, workspace, kind, name, status, project = row
    route = {"external_resource_type": null(kind), "external_resource_id": null(name)}
    sent = snapshot(provider=provider, workspace=workspace) | route
    if kind == "absent":
        sent = {member: value for member, value in sent.items() if member not in route}
    resolution = team.publish(sent).json()["resolution"]
    assert (resolution["status"], resolution["project"]) == (status, null(project))


def test_snapshot_of_an_older_sender_is_queued_without_a_mapping(team: Team) -> None:
    (older,) = blocks("json older-snapshot")
    answer = team.publish(older)
    assert (answer.status_code, answer.json()["resolution"]["status"]) == (201, "queued")


def test_snapshot_of_an_older_sender_falls_back_to_its_workspace(team: Team) -> None:
    (older,) = blocks("json older-snapshot")
    team.add_mapping(provider=older["provider"], workspace=older["workspace"], project="all")
    assert team.publish(older).json()["resolution"]["status"] == "workspace_fallback"


def test_snapshot_of_an_older_sender_is_not_resolved_by_the_only_resource(team: Team) -> None:
    (older,) = blocks("json older-snapshot")
    route = {"external_resource_type": "jira_project", "external_resource_id": "ACME"}
    site = {"provider": older["provider"], "workspace": older["workspace"]}
    team.add_mapping(**site, **route, project="web")
    assert team.publish(older).json()["resolution"]["status"] == "queued"


@pytest.mark.parametrize(
    "half", [{"external_resource_type": "jira_project"}, {"external_resource_id": "ACME"}]
)
def test_half_a_route_beside_an_absent_half_is_a_fault(team: Team, half: dict[str, str]) -> None:
    (older,) = blocks("json older-snapshot")
    answer = team.publish(older | half)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#"]
