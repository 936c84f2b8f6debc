"""What a publisher is answered; contracts/hub-openapi.json holds for every answer here."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import httpx
import pytest

from trackwire.hub.decoding import zstd

if TYPE_CHECKING:
    from hubkit import HubProcess, Team

BODY = json.dumps(
    {
        "provider": "linear",
        "workspace": "acme",
        "external_resource_type": None,
        "external_resource_id": None,
        "doctrine_mode": "external_authoritative",
        "doctrine_field_owners": {},
        "project_uuid": None,
        "project_slug": None,
        "issues": [],
        "mappings": [],
        "checkpoint": {},
    }
).encode()
SHA256 = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
DIGEST = f"sha-256=:{SHA256}:"
PATH = "/api/v1/connectors/trackers/snapshots/"


def test_a_snapshot_is_answered_by_its_receipt(team: Team) -> None:
    answer = team.publish(BODY)
    assert answer.status_code == 201
    receipt = answer.json()
    assert (receipt["issue_count"], receipt["digest"]) == (0, DIGEST)


def test_a_finished_key_is_answered_by_the_stored_receipt(team: Team) -> None:
    first = team.publish(BODY, key="k")
    again = team.publish(BODY, key="k")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"


def test_a_first_answer_is_not_marked_as_replayed(team: Team) -> None:
    assert "idempotent-replayed" not in team.publish(BODY).headers


def test_the_receipt_of_a_queued_snapshot_is_replayed_after_its_mapping(team: Team) -> None:
    first = team.publish(BODY, key="k")
    team.add_mapping(provider="linear", workspace="acme", project="mobile")
    assert team.publish(BODY, key="k").content == first.content


@pytest.mark.parametrize(("first", "second"), [("k-1", '"k-1"'), (r'"a\"b\\c"', r'a"b\c')])
def test_a_bare_and_a_quoted_key_are_the_same(team: Team, first: str, second: str) -> None:
    team.publish(BODY, key=first)
    assert team.publish(BODY, key=second).status_code == 200


def test_a_key_means_nothing_to_another_team(team: Team, other_team: Team) -> None:
    team.publish(BODY, key="k")
    assert other_team.publish(BODY, key="k").status_code == 201


def test_a_finished_key_with_another_body_is_refused(team: Team) -> None:
    team.publish(BODY, key="k")
    answer = team.publish(BODY + b" ", key="k")
    assert answer.status_code == 422
    assert "errors" not in answer.json()


def test_the_coding_of_a_replay_may_differ(team: Team) -> None:
    team.publish(BODY, key="k")
    again = team.publish(gzip.compress(BODY), key="k", Content_Encoding="gzip")
    assert again.status_code == 200


@pytest.mark.parametrize("refused", [b"{", b'{"provider": 1}'])
def test_a_refused_body_leaves_its_key_free(team: Team, refused: bytes) -> None:
    assert team.publish(refused, key="k").status_code == 422
    assert team.publish(BODY, key="k").status_code == 201


@pytest.mark.parametrize(
    "key",
    [
        *("", '""', "a b", '"a b"', '"open', "caf\u00e9", "tab\tin", '"k";;', '"k" "l"'),
        pytest.param("k" * 256, id="too-long"),
    ],
)
def test_an_unusable_key_is_refused(team: Team, key: str) -> None:
    answer = team.client.post(
        PATH,
        content=BODY,
        headers=[
            (b"Content-Type", b"application/json"),
            (b"Idempotency-Key", key.encode("latin-1")),
        ],
    )
    assert answer.status_code == 400


def test_a_missing_key_is_refused(team: Team) -> None:
    answer = team.client.post(PATH, content=BODY, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_two_keys_are_refused(team: Team) -> None:
    headers = [("Content-Type", "application/json"), *[("Idempotency-Key", k) for k in "ab"]]
    assert team.client.post(PATH, content=BODY, headers=headers).status_code == 400


def test_the_longest_key_is_taken(team: Team) -> None:
    assert team.publish(BODY, key="k" * 255).status_code == 201


@pytest.mark.parametrize(
    "digest",
    [
        DIGEST,
        DIGEST + ";note=1",
        f"sha-512=:AAAA:, {DIGEST}, unixsum=30637",
        "sha-512=:AAAA:",
        "",
    ],
)
def test_a_digest_that_fits_is_accepted(team: Team, digest: str) -> None:
    assert team.publish(BODY, Repr_Digest=digest).status_code == 201


@pytest.mark.parametrize(
    "digest",
    [
        f"sha-256=:{base64.b64encode(bytes(32)).decode()}:",
        "sha-256=:AAAA:",
        f"sha-256={SHA256}",
        f'sha-256="{SHA256}"',
        "sha-256",
        "sha-256=(:AAAA:)",
        "sha-256=:*:",
        "SHA-256=:AAAA:",
        ",",
    ],
)
def test_a_digest_that_differs_or_is_malformed_is_refused(team: Team, digest: str) -> None:
    assert team.publish(BODY, Repr_Digest=digest).status_code == 400


def test_the_digest_is_of_the_body_before_compression(team: Team) -> None:
    answer = team.publish(gzip.compress(BODY), Content_Encoding="gzip", Repr_Digest=DIGEST)
    assert answer.status_code == 201


HALVES = BODY[:50], BODY[50:]
GZIPPED = gzip.compress(BODY, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("identity", BODY),
        ("gzip", GZIPPED),
        ("GZIP", GZIPPED),
        ("x-gzip", GZIPPED),
        ("gzip", b"".join(gzip.compress(half, mtime=0) for half in HALVES)),
        ("zstd", zstd.compress(BODY)),
        ("zstd", b"".join(map(zstd.compress, HALVES))),
        ("zstd", b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd.compress(BODY)),
    ],
    ids=[
        "plain",
        "gzip",
        "gzip in capitals",
        "gzip by its old name",
        "gzip in two members",
        "zstd",
        "zstd in two frames",
        "zstd behind a skippable frame",
    ],
)
def test_a_coded_body_is_stored_as_it_was_before(team: Team, coding: str, body: bytes) -> None:
    answer = team.publish(body, Content_Encoding=coding)
    assert answer.json()["digest"] == DIGEST


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["empty", "cut", "garbage", "plain", "cut second"])
def test_a_damaged_coded_body_is_refused(team: Team, coding: str, damage: str) -> None:
    whole = gzip.compress(BODY) if coding == "gzip" else zstd.compress(BODY)
    body = {
        "empty": b"",
        "cut": whole[:-3],
        "garbage": whole + b"garbage",
        "plain": BODY,
        "cut second": whole + whole[:-3],
    }[damage]
    assert team.publish(body, Content_Encoding=coding).status_code == 400


def test_a_zstd_window_over_8_mib_is_refused(team: Team) -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 24}
    frame = zstd.ZstdCompressor(options=options)
    body = frame.compress(BODY) + frame.flush(zstd.ZstdCompressor.FLUSH_FRAME)
    assert team.publish(body, Content_Encoding="zstd").status_code == 400


@pytest.mark.parametrize("coding", ["br", "gzip, zstd", "deflate"])
def test_an_unknown_coding_is_refused_with_those_that_are_taken(team: Team, coding: str) -> None:
    answer = team.publish(BODY, Content_Encoding=coding)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "zstd, gzip")


@pytest.mark.parametrize("media_type", ["text/json", "application/json-patch+json", ""])
def test_another_media_type_is_refused(team: Team, media_type: str) -> None:
    assert team.publish(BODY, Content_Type=media_type).status_code == 415


def test_a_charset_beside_the_media_type_is_accepted(team: Team) -> None:
    answer = team.publish(BODY, Content_Type="Application/JSON; charset=utf-8")
    assert answer.status_code == 201


def test_a_chunked_body_is_accepted(team: Team) -> None:
    def pieces() -> Iterator[bytes]:
        yield from HALVES

    answer = team.client.post(
        PATH,
        content=pieces(),
        headers={"Content-Type": "application/json", "Idempotency-Key": "chunked"},
    )
    assert answer.json()["digest"] == DIGEST


def test_every_answer_names_the_codings_that_are_taken(team: Team) -> None:
    answers = [
        team.publish(BODY),
        team.publish(b"{"),
        team.client.get(PATH),
        team.client.delete(PATH),
        team.client.get(PATH, headers={"Authorization": ""}),
    ]
    assert [answer.status_code for answer in answers] == [201, 422, 200, 405, 401]
    assert {answer.headers["accept-encoding"] for answer in answers} == {"zstd, gzip"}


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer twh_wrong", "Basic twh_wrong", "Bearer \u00fc"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_or_a_wrong_token_is_challenged(team: Team, method: str, authorization: str) -> None:
    headers = [(b"Authorization", authorization.encode("latin-1"))]
    answer = team.client.request(method, PATH, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_wrong_token_is_refused_before_the_body_arrives(hub: HubProcess) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"
    assert answer_to(hub, head.encode()).startswith(b"HTTP/1.1 401 ")


def test_a_length_over_the_limit_is_refused_before_the_body_arrives(
    hub: HubProcess, team: Team
) -> None:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {team.token}\r\n"
        "Idempotency-Key: k\r\nContent-Type: application/json\r\n"
        "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    )
    assert answer_to(hub, head.encode()).startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_over_the_limit_is_refused(team: Team) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * (1 << 16)

    answer = team.client.post(
        PATH,
        content=pieces(),
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )
    assert answer.status_code == 413


def test_a_coded_body_over_the_limit_is_refused_however_little_it_decodes_to(team: Team) -> None:
    nothing = gzip.compress(b"")

    def pieces() -> Iterator[bytes]:
        for _ in range(3 * (1 << 20) // len(nothing) // 1000 + 1):
            yield nothing * 1000
        yield gzip.compress(BODY)

    answer = team.client.post(
        PATH,
        content=pieces(),
        headers={
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Idempotency-Key": "k",
        },
    )
    assert answer.status_code == 413


def test_a_sender_that_does_not_read_sees_the_early_answer_after_its_body(hub: HubProcess) -> None:
    answer = httpx.post(f"{hub.url}{PATH}", content=b" " * (20 << 20))
    assert answer.status_code == 401


@pytest.mark.parametrize(("coding", "module"), [("gzip", gzip), ("zstd", zstd)])
def test_a_body_over_the_limit_once_decompressed_is_refused(
    team: Team, coding: str, module: ModuleType
) -> None:
    body = module.compress(b" " * (3 << 20))
    assert team.publish(body, Content_Encoding=coding).status_code == 413


def test_a_body_of_exactly_the_limit_is_accepted(team: Team) -> None:
    assert team.publish(BODY.ljust(2 << 20)).status_code == 201


def answer_to(hub: HubProcess, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65536)
