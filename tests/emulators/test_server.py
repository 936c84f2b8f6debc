"""What the server and the door before an emulator do."""

from __future__ import annotations

import socket
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.responses import JSONResponse

from emulators.door import Door
from emulators.server import serve

if TYPE_CHECKING:
    from emulators.described import Seen

pytestmark = pytest.mark.needs_hub


async def app(scope, receive, send):
    await JSONResponse({"port": scope["server"][1], "numbers": list(range(50))})(
        scope, receive, send
    )


@pytest.fixture
def door():
    return Door(app, lambda seen: ["unknown"] if seen.path == "/unknown" else [])


@pytest.fixture
def client(door):
    with serve(door) as served, httpx.Client(base_url=served.url) as client:
        yield client


def test_each_listener_is_a_server_of_its_own():
    with serve(app, listeners=2) as served:
        ports = [httpx.get(url).json()["port"] for url in served.urls]
    assert [f"http://127.0.0.1:{port}" for port in ports] == list(served.urls)


def test_nothing_listens_when_the_block_has_ended():
    with serve(app) as served:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(served.url)


def test_a_client_that_reads_nothing_does_not_keep_the_server_from_stopping():
    async def large(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            body = {"type": "http.response.body", "body": bytes(1 << 20)}
            await send({**body, "more_body": True})

    with closing(socket.socket()) as client:
        with serve(large) as served:
            client.connect(served.address)
            client.sendall(b"GET / HTTP/1.1\r\nHost: emulator\r\n\r\n")
            assert client.recv(8) == b"HTTP/1.1"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(served.address)


def test_requests_are_recorded_as_they_came(door, client):
    client.post("/a%20b", params={"x": "1,2"}, json={"y": 3}, headers={"X-Name": "z"})
    seen = door.requests[0]
    assert (seen.method, seen.path, seen.parameters) == ("POST", "/a b", [("x", "1,2")])
    assert (seen.json, seen.headers["x-name"]) == ({"y": 3}, "z")


def test_an_ordered_answer_comes_as_often_as_ordered(door, client):
    door.answer_next(429, {"Retry-After": "0"}, times=2)
    answers = [client.get("/") for _ in range(3)]
    assert [a.status_code for a in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "0"


def test_an_ordered_answer_may_be_for_one_path_alone(door, client):
    door.answer_next(503, path="/slow")
    assert [client.get(path).status_code for path in ("/", "/slow")] == [200, 503]


def test_a_cut_connection_gives_no_answer(door, client):
    door.cut_next()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/")
    assert client.get("/").status_code == 200


def test_a_truncated_answer_ends_before_its_length(door, client):
    door.truncate_next()
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get("/")


def test_a_malformed_answer_is_whole_but_no_json(door, client):
    door.malform_next()
    answer = client.get("/")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()


def test_a_hook_runs_before_the_request_is_answered_and_may_wait(door, client):
    started, release = threading.Event(), threading.Event()

    def hook(seen: Seen) -> None:
        if seen.path == "/held":
            started.set()
            assert release.wait(30)

    door.before_request(hook)
    answers: list[int] = []
    held = threading.Thread(target=lambda: answers.append(client.get("/held").status_code))
    held.start()
    assert started.wait(30)
    assert client.get("/").status_code == 200  # others are served meanwhile
    assert not answers
    release.set()
    held.join()
    assert answers == [200]


def test_a_hook_for_the_second_request_runs_once_and_then(door, client):
    seen_before: list[int] = []
    door.before_nth(2, lambda: seen_before.append(len(door.requests)), path="/a")
    for path in ("/a", "/b", "/a", "/a"):
        client.get(path)
    assert seen_before == [3]


def test_a_hook_that_fails_is_a_violation(door, client):
    door.before_request(lambda _seen: 1 / 0)
    client.get("/")
    assert "ZeroDivisionError" in door.take_violations()[0]


def test_a_request_that_the_check_refuses_is_answered_400_and_recorded(door, client):
    answer = client.get("/unknown")
    assert (answer.status_code, answer.json()["errorMessages"]) == (400, ["unknown"])
    with pytest.raises(AssertionError, match="unknown"):
        door.assert_described()
    assert door.take_violations() == ["unknown"]
    door.assert_described()


def test_a_violation_is_recorded_even_where_a_fault_was_ordered(door, client):
    door.answer_next(429)
    assert client.get("/unknown").status_code == 400
    assert door.take_violations() == ["unknown"]
