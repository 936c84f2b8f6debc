"""A tracker's client over real connections to a scripted server."""

from __future__ import annotations

import datetime
import gzip
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest
from certificates import self_signed
from scripted_server import (
    Connection,
    Script,
    ScriptedServer,
    answering,
    answering_alive,
    dripping,
    hanging,
    keeping_alive,
    render_answer,
    sending,
    tunnelling,
)

from trackwire import __version__
from trackwire.answers import read_answer
from trackwire.errors import TrackerDeferred, TrackerError, UsageError
from trackwire.fetching import Limits, TrackerClient, new_client

if TYPE_CHECKING:
    from trackwire.connector import Pause

TOKEN = "tok-E5a.obviously-fake"
USER = "ada@tracker.example"
CURSOR = "cursor-in-the-query"
NOW = datetime.datetime(2026, 11, 21, 10, 0, 0, tzinfo=datetime.UTC)

fine = answering(200, body={"name": "Ada"})


class Name(msgspec.Struct):
    name: str


class Fetcher:
    """Makes clients with defaults, and records the lines and the waits instead of waiting."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lines: list[str] = []
        self.waits: list[float] = []
        self._clients: list[TrackerClient] = []

    def client(
        self,
        url: str | None = None,
        *,
        gateways: tuple[str, ...] = (),
        pause: Pause | None = None,
        max_wait: float = 900,
        sleep: Callable[[float], None] | None = None,
        limits: Limits | None = None,
    ) -> TrackerClient:
        client = new_client(
            url or self.url,
            gateways=gateways,
            address_field="site",
            pause=pause,
            max_wait=max_wait,
            notify=self.lines.append,
            sleep=sleep or self.waits.append,
            limits=limits,
        )
        client.auth = httpx.BasicAuth(USER, TOKEN)
        self._clients.append(client)
        return client

    def get(self) -> httpx.Response:
        return self.client().get("rest/me", params={"after": CURSOR})

    def close(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def fetch(scripted_server: ScriptedServer) -> Iterator[Fetcher]:
    fetcher = Fetcher(scripted_server.url)
    yield fetcher
    fetcher.close()


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.stop()


def http_date(moment: datetime.datetime) -> str:
    return format_datetime(moment, usegmt=True)


def cutting(data: bytes) -> Script:
    """Read the request, send these bytes and cut the connection."""

    def script(connection: Connection) -> None:
        connection.read_request()
        connection.send(data)
        connection.reset()

    return script


def test_an_answer_arrives_as_the_tracker_sent_it(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(fine)
    assert read_answer(fetch.get(), Name).name == "Ada"


def test_a_relative_url_counts_from_the_address_with_its_path(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(fine)
    fetch.client(f"{scripted_server.url}/tracker/").get("/rest/me?x=1")
    assert scripted_server.requests[0].target == "/tracker/rest/me?x=1"


def test_an_empty_url_is_the_address_itself(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(fine)
    fetch.client(f"{scripted_server.url}/graphql").post("", json={"query": "{ viewer }"})
    assert scripted_server.requests[0].target == "/graphql"


def test_a_request_says_who_asks_and_what_it_takes(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(fine)
    fetch.get()
    headers = scripted_server.requests[0].headers
    assert headers["user-agent"] == f"trackwire/{__version__}"
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "gzip"


def test_a_packed_answer_is_unpacked(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    packed = gzip.compress(b'{"name": "Ada"}')
    scripted_server.script(answering(200, {"Content-Encoding": "gzip"}, packed))
    assert fetch.get().content == b'{"name": "Ada"}'


def test_connections_are_kept(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    answer = answering_alive(200, body={"name": "Ada"})
    scripted_server.script(keeping_alive(answer, answer, answer))
    client = fetch.client()
    for _ in range(3):
        client.get("rest/me")
    assert len(scripted_server.requests) == 3
    assert scripted_server.connections == 1


def test_a_kept_connection_that_was_closed_meanwhile_costs_no_attempt(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    answered_once = keeping_alive(answering_alive(200, body={"name": "Ada"}), reading_and_leaving)
    scripted_server.script(answered_once, fine)
    client = fetch.client()
    client.get("rest/me")
    assert client.get("rest/me").status_code == 200
    assert (scripted_server.connections, fetch.waits) == (2, [])


def reading_and_leaving(connection: Connection) -> None:
    """Read a request and close without an answer: a script."""
    connection.read_head()


def test_an_answer_cut_in_its_body_is_asked_for_again(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    half = render_answer(200, None, {"name": "Ada"})[:-5]
    scripted_server.script(cutting(half), sending(half), fine)
    assert read_answer(fetch.get(), Name).name == "Ada"
    assert scripted_server.connections == 3


def test_a_chunked_answer_cut_between_its_chunks_is_asked_for_again(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    begun = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"name":\r\n'
    scripted_server.script(sending(begun), fine)
    assert read_answer(fetch.get(), Name).name == "Ada"


def test_a_repeated_post_carries_its_whole_body(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(503), fine)
    fetch.client().post("search", content=iter([b"one ", b"two"]))
    assert [request.body for request in scripted_server.requests] == [b"one two"] * 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(
    scripted_server: ScriptedServer, fetch: Fetcher, status: int
) -> None:
    scripted_server.script(answering(status), fine)
    assert fetch.get().status_code == 200
    assert 0.1 <= fetch.waits[0] <= 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 501])
def test_any_other_answer_goes_to_the_plugin(
    scripted_server: ScriptedServer, fetch: Fetcher, status: int
) -> None:
    scripted_server.script(answering(status, {"Retry-After": "5"}))
    assert fetch.get().status_code == status
    assert scripted_server.connections == 1


def test_three_failures_cost_three_growing_waits(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(500)] * 3, fine)
    client = fetch.client()
    assert client.get("rest/me").status_code == 200
    assert all(0.1 <= wait <= most for wait, most in zip(fetch.waits, [1, 2, 4], strict=True))
    assert client.waited == pytest.approx(sum(fetch.waits))


def test_endless_failure_is_a_delay_after_eight_attempts(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(500, None, {"message": "out of order"})] * 20)
    with pytest.raises(TrackerDeferred, match=r"HTTP 500: out of order\); .* 8 attempts"):
        fetch.get()
    assert scripted_server.connections == 8
    assert sum(fetch.waits) <= 123


def test_endless_failures_end_when_the_waiting_is_used_up(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(500)] * 20)
    client = fetch.client(max_wait=0.05)
    with pytest.raises(TrackerDeferred, match=r"no more than 0\.1 s are for waiting"):
        client.get("rest/me")
    assert (scripted_server.connections, client.waited) == (1, 0)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "2"}, 2),
        (
            {
                "Date": http_date(NOW),
                "Retry-After": http_date(NOW + datetime.timedelta(seconds=9)),
            },
            9,
        ),
    ],
    ids=["at-once", "seconds", "date"],
)
@pytest.mark.parametrize("status", [429, 503])
def test_no_attempt_is_sooner_than_the_tracker_asks(
    scripted_server: ScriptedServer,
    fetch: Fetcher,
    status: int,
    headers: dict[str, str],
    wait: float,
) -> None:
    scripted_server.script(answering(status, headers), fine)
    fetch.get()
    assert fetch.waits == [wait]


def test_a_wait_is_really_waited_for(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    scripted_server.script(answering(429, {"Retry-After": "1"}), fine)
    started = time.monotonic()
    fetch.client(sleep=time.sleep).get("rest/me")
    assert 1 <= time.monotonic() - started < 5


def test_a_tracker_that_asks_to_wait_is_asked_more_than_eight_times(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(429, {"Retry-After": "1"})] * 12, fine)
    assert fetch.get().status_code == 200


def test_failures_count_apart_from_the_waits_that_were_asked_for(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(429, {"Retry-After": "1"})] * 9, *[answering(502)] * 7, fine)
    assert fetch.get().status_code == 200


def test_a_wait_beyond_the_budget_ends_at_once_and_says_how_long_it_is(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(429, {"Retry-After": "3600"}))
    with pytest.raises(TrackerDeferred, match=r"asks to wait 3600 s.*again later"):
        fetch.get()
    assert fetch.waits == []


def test_the_budget_is_that_of_all_requests_of_a_client(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    busy = answering(429, {"Retry-After": "60"})
    scripted_server.script(busy, fine, busy)
    client = fetch.client(max_wait=100)
    client.get("rest/me")
    with pytest.raises(TrackerDeferred, match="60 s of which are spent"):
        client.get("rest/me")
    assert client.waited == 60


def test_a_backoff_leaves_room_for_the_waits_that_are_asked_for(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(429, {"Retry-After": "10"})] * 20)
    client = fetch.client(max_wait=90)
    with pytest.raises(TrackerDeferred):
        client.get("rest/me")
    assert 80 < client.waited <= 90


def test_a_wait_is_told_in_words(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    scripted_server.script(answering(429, {"Retry-After": "30"}), fine)
    fetch.get()
    host = f"127.0.0.1:{scripted_server.port}"
    assert fetch.lines == [
        f"{host} asks to wait 30 s (rate limit); attempt 2 follows in 30 s",
    ]


def test_a_failure_is_told_with_the_trackers_own_words(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(*[answering(503, None, {"message": "Ten\nmore\x1b[2J"})] * 7, fine)
    fetch.get()
    told = [wait for wait in fetch.waits if wait >= 1]
    assert len(fetch.lines) == len(told) > 0
    assert "cannot answer now (HTTP 503: Ten more [2J); attempt " in fetch.lines[-1]


def rate_limited(response: httpx.Response) -> float | None:
    value = response.headers.get("X-Wait")
    return None if value is None else float(value)


def test_an_answer_that_the_provider_knows_as_a_wait_is_repeated(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(400, {"X-Wait": "7"}), fine)
    assert fetch.client(pause=rate_limited).get("rest/me").status_code == 200
    assert fetch.waits == [7]


def test_the_longer_of_two_asked_waits_counts(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(429, {"X-Wait": "3", "Retry-After": "8"}), fine)
    fetch.client(pause=rate_limited).get("rest/me")
    assert fetch.waits == [8]


def test_a_success_that_asks_to_wait_delays_the_next_request(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(200, {"X-Wait": "50"}), fine, fine)
    client = fetch.client(pause=rate_limited)
    client.get("rest/me")
    assert fetch.waits == []
    client.get("rest/me")
    client.get("rest/me")
    (wait,) = fetch.waits
    assert 30 < wait <= 50
    assert "before the next request" in fetch.lines[0]


def test_a_success_that_asks_to_wait_too_long_ends_with_the_next_request(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(200, {"X-Wait": "5000"}))
    client = fetch.client(pause=rate_limited)
    client.get("rest/me")
    with pytest.raises(TrackerDeferred, match=r"asks to wait \d+ s before the next request"):
        client.get("rest/me")
    assert scripted_server.connections == 1


def test_a_client_that_gave_up_sends_nothing_sooner_than_asked(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(429, {"Retry-After": "3600"}))
    client = fetch.client()
    for _ in range(2):
        with pytest.raises(TrackerDeferred, match=r"asks to wait 3[56]\d\d s"):
            client.get("rest/me")
    assert scripted_server.connections == 1


@pytest.mark.parametrize("value", ["nan", "-3"])
def test_an_odd_wait_of_the_providers_is_the_shortest(
    scripted_server: ScriptedServer, fetch: Fetcher, value: str
) -> None:
    scripted_server.script(answering(400, {"X-Wait": value}), fine)
    fetch.client(pause=rate_limited).get("rest/me")
    assert fetch.waits == [1]


@pytest.mark.parametrize("value", ["nan", "-3"])
def test_an_odd_wait_of_the_providers_delays_no_success(
    scripted_server: ScriptedServer, fetch: Fetcher, value: str
) -> None:
    scripted_server.script(answering(200, {"X-Wait": value}), fine)
    client = fetch.client(pause=rate_limited)
    client.get("rest/me")
    client.get("rest/me")
    assert fetch.waits == []


def test_an_error_of_the_providers_pause_is_passed_on(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    def refuse(_: httpx.Response) -> float | None:
        raise TrackerError("the token has expired")

    scripted_server.script(fine)
    with pytest.raises(TrackerError, match="has expired"):
        fetch.client(pause=refuse).get("rest/me")


def test_a_tracker_that_does_not_listen_is_a_delay(fetch: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(TrackerDeferred, match=f"cannot connect to {url}.* 3 attempts. Check site"):
        fetch.client(url).get("rest/me")


def test_a_tracker_that_has_answered_before_is_tried_for_longer(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(fine)
    client = fetch.client()
    client.get("rest/me")
    scripted_server.stop()
    with pytest.raises(TrackerDeferred, match=r"8 attempts\. Run the command again later"):
        client.get("rest/me")


def test_a_name_that_nobody_knows_is_a_delay(
    monkeypatch: pytest.MonkeyPatch, fetch: Fetcher
) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    set_proxies(monkeypatch, None)
    monkeypatch.setattr("socket.getaddrinfo", unknown)
    client = fetch.client("https://tracker.test")
    with pytest.raises(TrackerDeferred, match=r"looking up tracker\.test: "):
        client.get("rest/me")


@pytest.mark.parametrize(
    "script",
    [
        hanging,
        dripping(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000, 0.05),
        dripping(render_answer(200, None, b" " * 1000), 0.01),
    ],
    ids=["silence", "dripping-head", "dripping-body"],
)
def test_a_slow_answer_does_not_outlive_its_time(
    scripted_server: ScriptedServer, fetch: Fetcher, script: Script
) -> None:
    scripted_server.script(script, script)
    client = fetch.client(limits=Limits(answer_seconds=0.5))
    started = time.monotonic()
    with pytest.raises(TrackerDeferred, match=r"did not answer in time.*given up after 1 attempt"):
        client.get("rest/me")
    assert time.monotonic() - started < 3


def test_each_answer_has_its_time_anew(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    slow = dripping(render_answer(200, {"Connection": "keep-alive"}, b"{}"), 0.005)
    scripted_server.script(keeping_alive(*[slow] * 9))
    client = fetch.client(limits=Limits(answer_seconds=1.5))
    started = time.monotonic()
    while time.monotonic() - started < 1.8:
        client.get("rest/me")
    assert scripted_server.connections == 1


@pytest.mark.parametrize(
    "content",
    [b" " * 3_000_000, gzip.compress(b" " * 3_000_000)],
    ids=["as-it-travels", "unpacked"],
)
def test_an_answer_beyond_the_limit_is_refused(
    scripted_server: ScriptedServer, fetch: Fetcher, content: bytes
) -> None:
    encoding = "identity" if content.startswith(b" ") else "gzip"
    scripted_server.script(answering(200, {"Content-Encoding": encoding}, content))
    client = fetch.client(limits=Limits(answer_bytes=2 << 20))
    with pytest.raises(TrackerError, match=r"GET http.*/rest/me is longer than 2 MiB"):
        client.get("rest/me", params={"after": CURSOR})
    assert scripted_server.connections == 1


def test_an_endless_answer_is_cut_off(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    def flood(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            connection.send(b" " * 65536)

    scripted_server.script(flood)
    with pytest.raises(TrackerError, match="longer than 64 MiB"):
        fetch.get()


def test_an_answer_that_cannot_be_unpacked_is_final(
    scripted_server: ScriptedServer, fetch: Fetcher
) -> None:
    scripted_server.script(answering(200, {"Content-Encoding": "gzip"}, b"not packed"))
    with pytest.raises(TrackerError, match="cannot be unpacked"):
        fetch.get()


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_an_answer_that_is_not_http_is_final(
    scripted_server: ScriptedServer, fetch: Fetcher, garbage: bytes
) -> None:
    scripted_server.script(sending(garbage, then_hang=True))
    with pytest.raises(TrackerError, match="does not speak HTTP"):
        fetch.get()


def test_a_request_to_another_origin_is_not_sent(
    scripted_server: ScriptedServer, elsewhere: ScriptedServer, fetch: Fetcher
) -> None:
    with pytest.raises(TrackerError, match="was not sent") as caught:
        fetch.client().get(f"{elsewhere.url}/rest/me?after={CURSOR}")
    assert elsewhere.url in str(caught.value)
    assert scripted_server.url in str(caught.value)
    assert CURSOR not in str(caught.value)
    assert elsewhere.connections == 0


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "https://1.2.3/x"])
def test_a_request_to_an_unusable_address_is_not_sent(
    scripted_server: ScriptedServer, fetch: Fetcher, url: str
) -> None:
    with pytest.raises(TrackerError, match="to an unusable address was not sent"):
        fetch.client().get(url)
    assert scripted_server.connections == 0


def test_a_gateway_may_be_asked(
    scripted_server: ScriptedServer, elsewhere: ScriptedServer, fetch: Fetcher
) -> None:
    elsewhere.script(fine)
    client = fetch.client(gateways=(f"{elsewhere.url}/api",))
    assert client.get(f"{elsewhere.url}/api/me").status_code == 200
    assert "authorization" in elsewhere.requests[0].headers


@pytest.mark.parametrize("url", ["http://tracker.example", "http://10.0.0.1:8080"])
def test_plain_http_is_for_loopback_alone(fetch: Fetcher, url: str) -> None:
    with pytest.raises(UsageError, match="plain http would show"):
        fetch.client(url)
    with pytest.raises(UsageError, match="plain http would show"):
        fetch.client(gateways=(url,))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_server_is_followed(
    scripted_server: ScriptedServer, fetch: Fetcher, status: int
) -> None:
    scripted_server.script(answering(status, {"Location": "/there?x=1"}), fine)
    assert read_answer(fetch.get(), Name).name == "Ada"
    assert scripted_server.requests[1].target == "/there?x=1"
    assert "authorization" in scripted_server.requests[1].headers


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirected_post_stays_one(
    scripted_server: ScriptedServer, fetch: Fetcher, status: int
) -> None:
    scripted_server.script(answering(status, {"Location": "/there"}), fine)
    fetch.client().post("search", json={"q": 1})
    first, second = scripted_server.requests
    assert (second.method, second.body) == ("POST", first.body)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_make_a_post_a_get_is_refused(
    scripted_server: ScriptedServer, fetch: Fetcher, status: int
) -> None:
    scripted_server.script(answering(status, {"Location": "/there"}))
    with pytest.raises(TrackerError, match=rf"to {scripted_server.url} \(HTTP {status}\)"):
        fetch.client().post("search", json={"q": 1})
    assert scripted_server.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_elsewhere_is_refused_before_anything_is_sent_there(
    scripted_server: ScriptedServer, elsewhere: ScriptedServer, fetch: Fetcher, status: int
) -> None:
    location = f"{elsewhere.url}/login?token={CURSOR}"
    scripted_server.script(answering(status, {"Location": location}))
    with pytest.raises(TrackerError, match=f"redirected to {elsewhere.url} ") as caught:
        fetch.get()
    assert elsewhere.connections == 0
    assert CURSOR not in str(caught.value)


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "http://[", "//u:p@127.0.0.1/", "https://h:port/"]
)
def test_a_redirect_to_an_unusable_address_is_refused(
    scripted_server: ScriptedServer, fetch: Fetcher, location: str
) -> None:
    scripted_server.script(answering(302, {"Location": location}))
    with pytest.raises(TrackerError, match="redirected to an unusable address"):
        fetch.get()


def test_redirects_in_a_circle_end(scripted_server: ScriptedServer, fetch: Fetcher) -> None:
    scripted_server.script(*[answering(302, {"Location": f"/r?{CURSOR}"})] * 20)
    with pytest.raises(TrackerError, match="redirected more than 5 times") as caught:
        fetch.get()
    assert scripted_server.connections == 6
    assert CURSOR not in str(caught.value)


PAGE = f"<html><title>{TOKEN}</title></html>".encode()
ECHO = {"message": f"{USER}:{TOKEN} is unknown", "errors": [{"detail": TOKEN}]}


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (answering(401, None, ECHO), TrackerError),
        (answering(200, {"Content-Type": "text/html"}, PAGE), TrackerError),
        (answering(200, None, TOKEN.encode()), TrackerError),
        (answering(200, None, {"name": [TOKEN]}), TrackerError),
        (answering(302, {"Location": f"https://h.example/?{TOKEN}"}), TrackerError),
        (answering(503, None, ECHO), TrackerDeferred),
        (sending(f"garbage {TOKEN}\r\n\r\n".encode(), then_hang=True), TrackerError),
        (cutting(b"HTTP/1.1 200"), TrackerDeferred),
    ],
    ids=["refusal", "page", "text", "misfit", "redirect", "trouble", "garbage", "cut"],
)
def test_nothing_secret_is_in_errors_or_lines(
    scripted_server: ScriptedServer, fetch: Fetcher, script: Script, error: type[Exception]
) -> None:
    scripted_server.script(*[script] * 8)
    with pytest.raises(error) as caught:
        read_answer(fetch.get(), Name)
    sent = scripted_server.requests[0].headers["authorization"].removeprefix("Basic ")
    shown = " ".join([str(caught.value), repr(caught.value), *fetch.lines])
    for secret in (TOKEN, USER, sent, CURSOR):
        assert secret not in shown


def test_nothing_that_a_request_carries_is_logged(
    scripted_server: ScriptedServer, fetch: Fetcher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    moved = answering(307, {"Location": "/there"})
    scripted_server.script(answering(503, None, ECHO), cutting(b"HTTP"), moved, fine)
    client = fetch.client()
    client.post("token", data={"refresh_token": "ref-obviously-fake"}, headers={"X-Key": TOKEN})
    sent = scripted_server.requests[0].headers["authorization"].removeprefix("Basic ")
    assert "127.0.0.1" in caplog.text
    for secret in (TOKEN, USER, sent, "ref-obviously-fake"):
        assert secret not in caplog.text


def test_a_clients_representation_shows_nothing(fetch: Fetcher) -> None:
    client = fetch.client()
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    assert TOKEN not in f"{client!r} {client}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed("tracker.test", tmp_path_factory.mktemp("tls") / "tracker.pem")


@pytest.fixture
def tls_server(scripted_server: ScriptedServer, certificate: Path) -> ScriptedServer:
    scripted_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    scripted_server.tls.load_cert_chain(certificate)
    return scripted_server


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def set_proxies(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        for spelling in (name, name.upper()):
            if url is None:
                monkeypatch.delenv(spelling, raising=False)
            else:
                monkeypatch.setenv(spelling, url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_an_untrusted_certificate_is_final_and_nothing_is_sent(
    tls_server: ScriptedServer, fetch: Fetcher
) -> None:
    tls_server.script(fine)
    with pytest.raises(TrackerError, match=r"not trusted.*SSL_CERT_FILE"):
        fetch.client(tls_server.url).get("rest/me")
    assert tls_server.heads == []


@pytest.mark.usefixtures("trusted")
def test_connections_over_tls_are_kept(tls_server: ScriptedServer, fetch: Fetcher) -> None:
    answer = answering_alive(200, body={"name": "Ada"})
    tls_server.script(keeping_alive(answer, answer))
    client = fetch.client(tls_server.url)
    client.get("rest/me")
    client.get("rest/me")
    assert (len(tls_server.requests), tls_server.connections) == (2, 1)


@pytest.mark.usefixtures("trusted")
def test_https_goes_through_the_proxy_of_the_environment(
    tls_server: ScriptedServer,
    elsewhere: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    fetch: Fetcher,
) -> None:
    elsewhere.script(tunnelling(tls_server.port))
    tls_server.script(fine)
    set_proxies(monkeypatch, f"http://user:pass@127.0.0.1:{elsewhere.port}")
    assert fetch.client("https://tracker.test").get("rest/me").status_code == 200
    assert "authorization" not in elsewhere.heads[0]


def test_loopback_never_goes_through_a_proxy(
    scripted_server: ScriptedServer,
    elsewhere: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    fetch: Fetcher,
) -> None:
    set_proxies(monkeypatch, elsewhere.url)
    scripted_server.script(fine)
    fetch.get()
    assert elsewhere.connections == 0


@pytest.mark.parametrize("proxy", [f"socks5://user:{TOKEN}@127.0.0.1:1", f"http://{TOKEN}@[::"])
def test_an_unusable_proxy_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, fetch: Fetcher, proxy: str
) -> None:
    set_proxies(monkeypatch, proxy)
    with pytest.raises(UsageError, match=r"HTTPS_PROXY.*except tracker\.test") as caught:
        fetch.client("https://tracker.test").get("rest/me")
    assert TOKEN not in str(caught.value)


def test_unreadable_certificates_of_the_environment_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fetch: Fetcher
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        fetch.client("https://127.0.0.1:1").get("rest/me")


def test_a_login_file_of_the_users_is_not_read(
    scripted_server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fetch: Fetcher,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    scripted_server.script(fine)
    fetch.client().get("rest/me", auth=None)
    assert "authorization" not in scripted_server.requests[0].headers
