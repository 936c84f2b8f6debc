"""Senders that break off, stall, flood or bomb."""

from __future__ import annotations

import gzip
import json
import random
import socket
import sqlite3
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hubkit import SNAPSHOTS, HubProcess, Team, gzipped_snapshot, issue, join, snapshot
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from trackwire.hub.decoding import zstd

MIB = 1 << 20


def connect(hub: HubProcess, team: Team, headers: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", hub.port), timeout=20)
    head = (
        f"POST {SNAPSHOTS} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {team.token}\r\n"
        f"Idempotency-Key: k\r\nContent-Type: application/json\r\n{headers}\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


def until_spooling(hub: HubProcess, count: int) -> None:
    Retrying(
        retry=retry_if_result(lambda found: found != count),
        wait=wait_fixed(0.01),
        stop=stop_after_delay(10),
    )(hub.open_deleted_files)


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("reset", [False, True])
def test_a_sender_that_breaks_off_leaves_nothing_behind(
    hub: HubProcess, team: Team, framing: str, reset: bool
) -> None:
    connection = connect(hub, team, framing)
    connection.sendall(b"5\r\n{    \r\n" if "chunked" in framing else b"{" + b" " * 500)
    until_spooling(hub, 1)
    if reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    until_spooling(hub, 0)
    with closing(sqlite3.connect(hub.database)) as database:
        query = "SELECT count(*) FROM claims WHERE team_id = ?"
        assert database.execute(query, [team.team_id]).fetchone() == (0,)
    assert team.snapshots() == []
    assert team.publish(key="k").status_code == 201


def test_beside_the_database_lies_no_other_file(hub: HubProcess, team: Team) -> None:
    team.publish()
    names = {path.name for path in hub.database.parent.iterdir()}
    assert names - {"hub.log"} == {"hub.sqlite"}


def test_a_body_that_stops_arriving_is_given_up(start: Callable[..., HubProcess]) -> None:
    hub = start(idle_seconds=0.2)
    with join(hub) as team, connect(hub, team, "Content-Length: 100") as connection:
        connection.sendall(b"{")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_more_snapshots_than_slots_are_told_to_come_back(start: Callable[..., HubProcess]) -> None:
    hub = start(max_in_process=1)
    with join(hub) as team, connect(hub, team, "Content-Length: 100") as connection:
        until_spooling(hub, 1)
        answer = team.publish()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        connection.close()
        until_spooling(hub, 0)
        assert team.publish().status_code == 201


def test_a_locked_database_is_answered_with_retry_after(
    start: Callable[..., HubProcess],
) -> None:
    hub = start(busy_seconds=0.1)
    with join(hub) as team, closing(sqlite3.connect(hub.database)) as database:
        database.execute("BEGIN EXCLUSIVE")
        answer = team.publish()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("excess", [100, MIB])
def test_a_body_that_finds_no_room_on_the_disk_is_told_to_come_back(
    start: Callable[..., HubProcess], excess: int
) -> None:
    hub = start(file_bytes=MIB)
    with join(hub) as team:
        answer = team.publish(json.dumps(snapshot()).encode().ljust(MIB + excess), key="k")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        until_spooling(hub, 0)
        assert team.publish(key="k").status_code == 201


def test_a_snapshot_that_finds_no_room_in_the_database_is_told_to_come_back(
    start: Callable[..., HubProcess],
) -> None:
    hub = start(database_pages=60)
    with join(hub) as team:
        noise = random.Random(0).randbytes(400_000).hex()
        answer = team.publish(snapshot(issues=[issue(body=noise)]), key="k")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert team.snapshots() == []
        assert team.publish(key="k").status_code == 201


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_bomb_is_refused_without_growing_memory(
    start: Callable[..., HubProcess], coding: str
) -> None:
    zeros = bytes(64 * MIB)
    bomb = (gzip.compress(zeros) if coding == "gzip" else zstd.compress(zeros)) * 4
    hub = start(max_body_bytes=200 * MIB)
    with join(hub) as team:
        team.publish()
        before = hub.peak_bytes()
        assert team.publish(bomb, Content_Encoding=coding).status_code == 413
        assert hub.peak_bytes() - before < 24 * MIB


def test_a_large_snapshot_is_stored_in_constant_memory(start: Callable[..., HubProcess]) -> None:
    body = gzipped_snapshot(60 * MIB)
    hub = start()
    with join(hub) as team:
        team.publish(gzip.compress(b" " * 100), Content_Encoding="gzip")
        before = hub.peak_bytes()
        answer = team.publish(body, Content_Encoding="gzip")
        assert answer.json()["issue_count"] > 100_000
        assert hub.peak_bytes() - before < 24 * MIB


def test_the_hub_answers_while_it_reads_a_large_snapshot(start: Callable[..., HubProcess]) -> None:
    body = gzipped_snapshot(60 * MIB)
    hub = start()
    with join(hub) as team, join(hub) as other, ThreadPoolExecutor(1) as pool:
        pending = pool.submit(team.publish, body, Content_Encoding="gzip")
        until_spooling(hub, 1)
        answer = other.publish(snapshot())
        assert not pending.done()
        assert answer.status_code == 201
        assert pending.result().status_code == 201


def test_a_directory_that_is_gone_is_not_told_to_be_full(
    start: Callable[..., HubProcess], tmp_path: Path
) -> None:
    hub = start()
    with join(hub) as team:
        assert team.publish().status_code == 201
        away = tmp_path.rename(tmp_path.with_name(f"{tmp_path.name}-away"))
        answer = team.publish()
        away.rename(tmp_path)
        assert (answer.status_code, "retry-after" in answer.headers) == (500, False)
        assert team.publish().status_code == 201
