"""Deliveries over real connections to a scripted server."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from pathlib import Path

import pytest
from certificates import self_signed
from scripted_server import (
    Connection,
    Script,
    ScriptedServer,
    accepting,
    answering,
    answering_early,
    dripping,
    hanging,
    reading_slowly,
    render_answer,
    resetting_in_body,
    sending,
)

from trackwire.delivery.body import Body
from trackwire.delivery.sending import Delivery, deliver
from trackwire.destination import endpoint_url
from trackwire.errors import CredentialError, DeliveryDeferred, DeliveryError, StoreError
from trackwire.secret import Secret

KEY = "5f" * 32
TOKEN = "tok-E5+/a.very~private=="
ALL_CODINGS = frozenset({"zstd", "gzip"})
NOW = datetime.datetime(2026, 11, 21, 10, 0, 0, tzinfo=datetime.UTC)


def spool(path: Path, issues: list[str]) -> Body:
    content = json.dumps({"provider": "jira", "issues": issues}).encode()
    path.write_bytes(content)
    return Body(path, len(content), hashlib.sha256(content).digest())


@pytest.fixture
def small_body(tmp_path: Path) -> Body:
    return spool(tmp_path / "small.json", ["one", "two"])


@pytest.fixture(scope="session")
def large_body(tmp_path_factory: pytest.TempPathFactory) -> Body:
    """Larger than what the sockets of a connection can hold."""
    noise = random.Random(7)
    issues = [noise.randbytes(32_000).hex() for _ in range(250)]
    return spool(tmp_path_factory.mktemp("bodies") / "large.json", issues)


class Sender:
    """Delivers with defaults, and records the lines and the waits instead of waiting."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lines: list[str] = []
        self.waits: list[float] = []

    def __call__(
        self,
        body: Body,
        *,
        token: str | None = TOKEN,
        codings: frozenset[str] = frozenset(),
        timeout: float = 30,
        sleep: Callable[[float], None] | None = None,
    ) -> Delivery:
        return deliver(
            body,
            endpoint=endpoint_url(self.url),
            key=KEY,
            token=None if token is None else Secret(token),
            codings=codings,
            timeout=timeout,
            notify=self.lines.append,
            sleep=sleep or self.waits.append,
        )


@pytest.fixture
def send(scripted_server: ScriptedServer) -> Sender:
    return Sender(scripted_server.url)


def test_receipt_of_an_accepted_snapshot_is_returned(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(accepting())
    delivery = send(small_body)
    assert delivery.receipt.snapshot_id == "snap-1"
    assert delivery.receipt.issue_count == 2
    assert delivery.receipt.resolution is not None
    assert delivery.receipt.resolution.project == "apollo"
    assert (delivery.status_code, delivery.attempts, delivery.replayed) == (201, 1, False)


def test_stored_receipt_is_told_as_a_replay(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(accepting(200, {"Idempotent-Replayed": "true"}))
    assert send(small_body).replayed


def test_older_receiver_need_not_say_how_it_resolved(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(accepting(resolution=None))
    assert send(small_body).receipt.resolution is None


def test_control_characters_of_a_receipt_are_removed(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    resolution = {"status": "resolved", "mapping_id": "m", "project": "a\x1b[31mb"}
    scripted_server.script(accepting(resolution=resolution))
    receipt = send(small_body).receipt
    assert receipt.resolution is not None
    assert receipt.resolution.project == "a [31mb"


def test_every_byte_of_a_large_body_arrives(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    scripted_server.script(accepting())
    send(large_body)
    assert scripted_server.requests[0].body == large_body.path.read_bytes()


@pytest.mark.parametrize("status_code", [202, 204, 206])
def test_success_that_is_no_receipt_is_final(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, status_code: int
) -> None:
    scripted_server.script(answering(status_code))
    with pytest.raises(DeliveryError, match="is this a hub") as caught:
        send(small_body)
    assert caught.value.status_code == status_code


@pytest.mark.parametrize(
    "content",
    [
        *(b"<html>welcome</html>", b"[]", b"{}", b"", b"\xff\xfe"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_success_without_a_json_receipt_is_final(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, content: bytes
) -> None:
    scripted_server.script(answering(200, body=content))
    with pytest.raises(DeliveryError, match=r"without a receipt .* is this a hub"):
        send(small_body)


def test_receipt_for_other_bytes_is_final(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    other = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    scripted_server.script(accepting(digest=f"sha-256=:{other}:"))
    with pytest.raises(DeliveryError, match="other bytes than were sent"):
        send(small_body)


def test_answer_of_endless_length_is_cut_off(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    def flood(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 201 Created\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            connection.send(b" " * 65536)

    scripted_server.script(flood)
    with pytest.raises(DeliveryError, match="far too long"):
        send(small_body)


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
def test_compressed_body_decodes_to_the_snapshot(
    scripted_server: ScriptedServer, send: Sender, large_body: Body, coding: str
) -> None:
    scripted_server.script(accepting())
    send(large_body, codings=frozenset({coding}))
    (request,) = scripted_server.requests
    assert request.headers["content-encoding"] == coding
    assert request.decoded == large_body.path.read_bytes()


def test_compressed_body_is_compressed_anew_for_every_attempt(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    scripted_server.script(answering(503), accepting())
    send(large_body, codings=ALL_CODINGS)
    first, second = scripted_server.requests
    assert first.body == second.body


def test_415_is_answered_by_one_try_without_compression(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    scripted_server.script(answering(415), accepting())
    delivery = send(large_body, codings=ALL_CODINGS)
    assert scripted_server.requests[1].body == large_body.path.read_bytes()
    assert (delivery.attempts, send.waits) == (2, [])


def test_coding_that_met_415_is_not_learnt_again(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    said = {"Accept-Encoding": "zstd, gzip"}
    scripted_server.script(answering(415, said), accepting(201, said))
    assert send(large_body, codings=ALL_CODINGS).codings == {"gzip"}


def test_415_that_names_no_coding_says_that_none_is_taken(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    scripted_server.script(answering(415), accepting())
    assert send(large_body, codings=ALL_CODINGS).codings == frozenset()


def test_later_attempts_stay_uncompressed_after_415(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    scripted_server.script(answering(415), answering(503), accepting())
    send(large_body, codings=ALL_CODINGS)
    assert "content-encoding" not in scripted_server.requests[2].headers


def test_415_for_an_uncompressed_body_is_final(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(answering(415))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    assert (caught.value.status_code, caught.value.attempts) == (415, 1)


def test_codings_are_learnt_even_from_a_refusal(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(answering(422, {"Accept-Encoding": "gzip, zstd;q=0, br"}))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    assert caught.value.codings == {"gzip"}


def test_silence_about_codings_is_told_apart_from_none(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(accepting())
    assert send(small_body).codings is None


@pytest.mark.parametrize("status_code", [408, 409, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again_with_the_same_key_and_bytes(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, status_code: int
) -> None:
    scripted_server.script(answering(status_code), accepting())
    assert send(small_body).attempts == 2
    first, second = scripted_server.requests
    assert first == second
    assert first.headers["idempotency-key"] == KEY


@pytest.mark.parametrize("status_code", [400, 401, 403, 404, 405, 410, 411, 413, 422, 501, 505])
def test_final_answer_is_not_tried_again(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, status_code: int
) -> None:
    scripted_server.script(answering(status_code))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    assert (caught.value.status_code, caught.value.attempts) == (status_code, 1)
    assert scripted_server.unexpected == 0


def test_connection_reset_in_mid_body_is_tried_again_from_the_first_byte(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    scripted_server.script(resetting_in_body(100_000), resetting_in_body(3_000_000), accepting())
    assert send(large_body).attempts == 3
    assert scripted_server.requests[0].body == large_body.path.read_bytes()


def test_answer_that_was_lost_is_fetched_by_another_attempt(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    half = render_answer(201, None, {"snapshot_id": "snap-1"})[:-5]
    scripted_server.script(sending(half), accepting(200, {"Idempotent-Replayed": "true"}))
    assert send(small_body).attempts == 2


def test_connection_closed_without_an_answer_is_tried_again(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(sending(b""), accepting())
    assert send(small_body).attempts == 2


def test_hub_that_does_not_listen_is_a_delay(small_body: Body) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    send = Sender(f"http://127.0.0.1:{port}")
    with pytest.raises(DeliveryDeferred, match=f"cannot connect to http://127.0.0.1:{port}"):
        send(small_body, timeout=0.4, sleep=time.sleep)


def test_retry_after_in_seconds_is_waited_for(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(answering(429, {"Retry-After": "7"}), accepting())
    send(small_body)
    assert send.waits == [7.0]


def test_retry_after_as_a_date_counts_from_the_answers_own_date(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    until = NOW + datetime.timedelta(seconds=9)
    headers = {"Date": http_date(NOW), "Retry-After": http_date(until)}
    scripted_server.script(answering(503, headers), accepting())
    send(small_body)
    assert send.waits == [9.0]


def test_retry_after_as_a_date_counts_from_now_where_the_answer_has_no_date(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=20)
    scripted_server.script(answering(503, {"Retry-After": http_date(until)}), accepting())
    send(small_body)
    assert 15 < send.waits[0] <= 20


@pytest.mark.parametrize(
    "value", ["-5", "soon", "1e9", "٣", "Sat, 99 Foo 2026 10:00:00 GMT", "0", ""]
)
def test_unusable_retry_after_leaves_the_backoff(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, value: str
) -> None:
    def script(connection: Connection) -> None:
        connection.read_request()
        head = f"HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: {value}\r\n\r\n"
        connection.send(head.encode())

    scripted_server.script(script, accepting())
    send(small_body)
    assert 0.1 <= send.waits[0] <= 0.5


def test_backoff_grows_and_never_hammers(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(*[answering(503)] * 12, accepting())
    send(small_body)
    bounds = [0.5, 1, 2, 4, 8, 16, 20, 20, 20, 20, 20, 20]
    assert all(0.1 <= wait <= bound for wait, bound in zip(send.waits, bounds, strict=True))
    assert max(send.waits[5:]) > 2


def test_wait_beyond_the_deadline_ends_at_once_and_is_told(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(answering(503, {"Retry-After": "3600"}))
    with pytest.raises(DeliveryDeferred, match="asks to wait 3600 s") as caught:
        send(small_body)
    assert (caught.value.status_code, caught.value.attempts) == (503, 1)
    assert send.waits == []


def test_each_wait_is_told_in_one_line(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    problem = {"title": "Busy", "detail": "ten\nmore\x1b[2J before you"}
    scripted_server.script(answering(429, {"Retry-After": "12"}, problem), accepting())
    send(small_body)
    assert send.lines == [
        "the hub cannot take the snapshot now (HTTP 429: Busy: ten more [2J before you); "
        "attempt 2 follows in 12 s"
    ]


def test_problem_details_are_shown_with_each_pointer(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    problem = {
        "title": "Invalid snapshot",
        "detail": "two fields",
        "errors": [
            {"pointer": "#/issues/3/title", "detail": "is no text"},
            {"pointer": "#/workspace", "detail": "is empty"},
        ],
    }
    scripted_server.script(answering(422, None, problem))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    assert str(caught.value) == (
        "the hub refused the snapshot (HTTP 422: Invalid snapshot: two fields; "
        "at #/issues/3/title: is no text; at #/workspace: is empty)"
    )


def test_long_problem_is_cut_to_a_readable_length(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    errors = [{"pointer": f"#/issues/{n}", "detail": "x" * 5000} for n in range(100)]
    problem = {"title": "t" * 5000, "errors": errors}
    scripted_server.script(answering(422, None, problem))
    with pytest.raises(DeliveryError, match="and 90 more") as caught:
        send(small_body)
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize("status_code", [401, 403])
@pytest.mark.parametrize("token", [TOKEN, None])
def test_refused_sender_is_told_the_command_that_mends_it(
    scripted_server: ScriptedServer,
    send: Sender,
    small_body: Body,
    status_code: int,
    token: str | None,
) -> None:
    scripted_server.script(answering(status_code, {"WWW-Authenticate": "Bearer"}))
    with pytest.raises(DeliveryError) as caught:
        send(small_body, token=token)
    assert f"`trackwire login {scripted_server.url}` or TRACKWIRE_HUB_TOKEN" in str(caught.value)


def test_token_and_key_that_the_hub_repeats_are_not_shown(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    echo = {"title": "x" * 290 + TOKEN, "detail": f"{TOKEN} {KEY}", "errors": [{"detail": TOKEN}]}
    scripted_server.script(answering(503, None, echo), answering(401, None, echo))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    shown = " ".join([*send.lines, str(caught.value)])
    assert "****" in shown
    assert TOKEN[:6] not in shown
    assert KEY not in shown


def test_token_in_a_garbled_answer_is_not_shown(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(sending(f"garbage {TOKEN}\r\n\r\n".encode(), then_hang=True))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "tökén"])
def test_token_that_no_header_can_carry_is_refused_unshown(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, token: str
) -> None:
    with pytest.raises(CredentialError, match="trackwire login") as caught:
        send(small_body, token=token)
    assert not token or token not in str(caught.value)
    assert scripted_server.connections == 0


@pytest.mark.parametrize("status_code", [301, 302, 303, 307, 308])
def test_redirect_is_refused_and_its_origin_named(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, status_code: int
) -> None:
    scripted_server.script(
        answering(status_code, {"Location": "https://Elsewhere.example:8443/x?token=1"})
    )
    with pytest.raises(DeliveryError, match=r"to https://elsewhere\.example:8443 \(HTTP 30"):
        send(small_body)
    assert scripted_server.connections == 1


@pytest.mark.parametrize("location", ["javascript:alert(1)", "http://[", "//u:p@h/"])
def test_redirect_to_an_unusable_address_is_refused(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, location: str
) -> None:
    scripted_server.script(answering(302, {"Location": location}))
    with pytest.raises(
        DeliveryError, match=r"redirects to an unusable address \(HTTP 302\)"
    ) as caught:
        send(small_body)
    assert location not in str(caught.value)


@pytest.mark.parametrize("then_hang", [False, True], ids=["then-closes", "then-hangs"])
@pytest.mark.parametrize("codings", [frozenset(), ALL_CODINGS], ids=["plain", "compressed"])
def test_early_final_answer_is_understood(
    scripted_server: ScriptedServer,
    send: Sender,
    large_body: Body,
    codings: frozenset[str],
    then_hang: bool,
) -> None:
    problem = {"title": "Too large", "detail": "at most 1 MB"}
    scripted_server.script(answering_early(413, problem, then_hang=then_hang))
    with pytest.raises(DeliveryError, match="HTTP 413: Too large: at most 1 MB") as caught:
        send(large_body, codings=codings)
    assert caught.value.attempts == 1


def test_early_replay_is_accepted_without_sending_the_rest(
    scripted_server: ScriptedServer, send: Sender, large_body: Body
) -> None:
    receipt = {
        "snapshot_id": "snap-1",
        "received_at": "2026-11-21T10:00:00Z",
        "issue_count": 250,
        "digest": large_body.repr_digest,
    }
    scripted_server.script(answering_early(200, receipt, then_hang=True))
    assert send(large_body).status_code == 200


@pytest.mark.parametrize(
    "garbage",
    [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"\x00" * 10 + b"\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"],
)
def test_answer_that_is_not_http_is_final(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, garbage: bytes
) -> None:
    scripted_server.script(sending(garbage, then_hang=True))
    with pytest.raises(DeliveryError, match="does not speak HTTP"):
        send(small_body)


def test_endless_headers_are_final(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    head = b"HTTP/1.1 201 Created\r\n" + b"X-Filler: aaaaaaaaaaaaaaaaaaaa\r\n" * 20_000
    scripted_server.script(sending(head, then_hang=True))
    with pytest.raises(DeliveryError, match="does not speak HTTP"):
        send(small_body)


@pytest.mark.parametrize(
    "script",
    [
        hanging,
        reading_slowly,
        dripping(b"HTTP/1.1 201 Created\r\nX-Slow: " + b"a" * 1000, 0.05),
        dripping(render_answer(201, None, b" " * 1000), 0.01),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 0.001),
    ],
    ids=["silence", "slow-reader", "dripping-head", "dripping-body", "informational"],
)
def test_slow_server_does_not_outlive_the_deadline(
    scripted_server: ScriptedServer, send: Sender, large_body: Body, script: Callable[..., None]
) -> None:
    scripted_server.script(script)
    started = time.monotonic()
    with pytest.raises(DeliveryDeferred, match="did not answer in time"):
        send(large_body, timeout=0.7)
    assert time.monotonic() - started < 1.2


def test_waits_count_towards_the_deadline(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(*[answering(503)] * 40)
    started = time.monotonic()
    with pytest.raises(DeliveryDeferred, match="no time is left"):
        send(small_body, timeout=0.8, sleep=time.sleep)
    assert time.monotonic() - started < 1.2
    assert scripted_server.connections > 1


def test_name_look_up_does_not_outlive_the_deadline(
    monkeypatch: pytest.MonkeyPatch, small_body: Body
) -> None:
    release = threading.Event()

    def stuck(*_: object, **__: object) -> list[object]:
        release.wait(10)
        return []

    monkeypatch.setattr("socket.getaddrinfo", stuck)
    started = time.monotonic()
    try:
        with pytest.raises(DeliveryDeferred, match=r"looking up hub\.test took too long"):
            Sender("https://hub.test")(small_body, timeout=0.4)
        assert time.monotonic() - started < 0.9
    finally:
        release.set()


def test_name_that_nobody_knows_is_a_delay(
    monkeypatch: pytest.MonkeyPatch, small_body: Body
) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def give_up(_: float) -> None:
        raise InterruptedError

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    send = Sender("https://hub.test")
    with pytest.raises(InterruptedError):
        send(small_body, sleep=give_up)
    (line,) = send.lines
    assert "looking up hub.test: " in line
    assert "attempt 2 follows" in line


def test_final_status_counts_though_its_body_breaks(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    scripted_server.script(sending(b"HTTP/1.1 422 No\r\nContent-Length: 500\r\n\r\n{"))
    with pytest.raises(DeliveryError) as caught:
        send(small_body)
    assert caught.value.status_code == 422


def test_missing_file_is_named(
    scripted_server: ScriptedServer, send: Sender, small_body: Body
) -> None:
    small_body.path.unlink()
    with pytest.raises(StoreError, match=r"small\.json"):
        send(small_body)


@pytest.mark.parametrize("content", [b"{}", b"x" * 100_000], ids=["shrunk", "grown"])
def test_file_of_another_length_is_never_accepted(
    scripted_server: ScriptedServer, send: Sender, small_body: Body, content: bytes
) -> None:
    small_body.path.write_bytes(content)
    scripted_server.script(accepting())
    with pytest.raises(StoreError, match="no longer the"):
        send(small_body)
    assert scripted_server.requests == []


def test_file_on_a_failing_disk_is_named(scripted_server: ScriptedServer, send: Sender) -> None:
    unreadable = Path("/proc/self/mem")  # nothing is mapped where it begins
    scripted_server.script(accepting())
    with pytest.raises(StoreError, match=r"/mem: .*; publish again to render it anew"):
        send(Body(unreadable, 100, bytes(32)))
    assert scripted_server.requests == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for hub.test and 127.0.0.1, with its key, in one file."""
    return self_signed("hub.test", tmp_path_factory.mktemp("tls") / "hub.pem")


@pytest.fixture
def tls_server(scripted_server: ScriptedServer, certificate: Path) -> ScriptedServer:
    scripted_server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    scripted_server.tls.load_cert_chain(certificate)
    return scripted_server


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_untrusted_certificate_is_final_and_nothing_is_sent(
    tls_server: ScriptedServer, small_body: Body
) -> None:
    tls_server.script(accepting())
    with pytest.raises(DeliveryError, match=r"not trusted.*SSL_CERT_FILE") as caught:
        Sender(tls_server.url)(small_body)
    assert caught.value.attempts == 1
    assert tls_server.heads == []


@pytest.mark.usefixtures("trusted")
def test_large_body_arrives_over_tls(tls_server: ScriptedServer, large_body: Body) -> None:
    tls_server.script(accepting())
    assert Sender(tls_server.url)(large_body).status_code == 201


@pytest.mark.usefixtures("trusted")
def test_early_answer_over_tls_is_understood(tls_server: ScriptedServer, large_body: Body) -> None:
    tls_server.script(answering_early(401, then_hang=True))
    with pytest.raises(DeliveryError, match="trackwire login"):
        Sender(tls_server.url)(large_body)


@pytest.mark.usefixtures("trusted")
def test_silence_in_the_tls_handshake_does_not_outlive_the_deadline(
    scripted_server: ScriptedServer, small_body: Body
) -> None:
    scripted_server.script(lambda connection: connection.hang())
    url = scripted_server.url.replace("http:", "https:")
    started = time.monotonic()
    with pytest.raises(DeliveryDeferred):
        Sender(url)(small_body, timeout=0.5)
    assert time.monotonic() - started < 1


def test_unreadable_certificates_of_the_environment_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_body: Body
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(DeliveryError, match="SSL_CERT_FILE"):
        Sender("https://127.0.0.1:1")(small_body)


def test_plain_http_needs_no_certificates(
    scripted_server: ScriptedServer,
    send: Sender,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    small_body: Body,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    scripted_server.script(accepting())
    assert send(small_body).status_code == 201


@pytest.fixture
def proxy() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.stop()


def set_proxies(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def tunnelling(port: int) -> Script:
    """Connect to a port on loopback, as a proxy does: a script."""

    def connect(connection: Connection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        connection.tunnel(port)

    return connect


def refusing_to_connect(connection: Connection) -> None:
    """Refuse to connect, as a proxy does: a script."""
    connection.read_head()
    connection.answer(503)


@pytest.mark.usefixtures("trusted")
def test_https_goes_through_the_proxy_of_the_environment(
    tls_server: ScriptedServer,
    proxy: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    large_body: Body,
) -> None:
    proxy.script(tunnelling(tls_server.port))
    tls_server.script(accepting())
    set_proxies(monkeypatch, f"http://user:pass@127.0.0.1:{proxy.port}")
    assert Sender("https://hub.test")(large_body).status_code == 201
    assert "authorization" not in proxy.heads[0]


def test_loopback_never_goes_through_a_proxy(
    scripted_server: ScriptedServer,
    proxy: ScriptedServer,
    send: Sender,
    monkeypatch: pytest.MonkeyPatch,
    small_body: Body,
) -> None:
    set_proxies(monkeypatch, proxy.url)
    scripted_server.script(accepting())
    send(small_body)
    assert proxy.connections == 0


@pytest.mark.usefixtures("trusted")
def test_refusal_of_the_proxy_is_a_delay(
    tls_server: ScriptedServer,
    proxy: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    small_body: Body,
) -> None:
    proxy.script(refusing_to_connect, tunnelling(tls_server.port))
    tls_server.script(accepting())
    set_proxies(monkeypatch, proxy.url)
    send = Sender("https://hub.test")
    assert send(small_body).attempts == 2
    assert "the proxy does not connect to https://hub.test" in send.lines[0]


def http_date(moment: datetime.datetime) -> str:
    return format_datetime(moment, usegmt=True)
