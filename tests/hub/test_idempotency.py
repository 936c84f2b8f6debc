"""Keys under concurrency, crash and takeover."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hubkit import SNAPSHOTS, HubProcess, Team, gzipped_snapshot, join, snapshot
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from trackwire.hub import idempotency
from trackwire.hub.database import open_database, writing
from trackwire.hub.idempotency import Claim, Finished, InFlight, Key, LostClaimError, OtherBody
from trackwire.hub.intake import renewing
from trackwire.hub.requests import Hub, Slots
from trackwire.hub.settings import Settings
from trackwire.hub.snapshots import Body, list_snapshots, store_snapshot
from trackwire.hub.teams import ensure_team
from trackwire.hub.validation import SnapshotFacts, read_snapshot

if TYPE_CHECKING:
    from sqlalchemy import Engine

DOCUMENT = json.dumps(snapshot()).encode()
SHA256 = hashlib.sha256(DOCUMENT).digest()
FACTS = read_snapshot([DOCUMENT])
LEASE = 60.0
EXPIRED = -1.0


@pytest.fixture
def key(engine: Engine) -> Key:
    with writing(engine) as connection:
        return Key(ensure_team(connection, "red"), SNAPSHOTS, "k")


def take(engine: Engine, key: Key, lease_seconds: float = LEASE) -> Claim:
    held = idempotency.claim(engine, key, SHA256, lease_seconds)
    assert isinstance(held, Claim)
    return held


def store(engine: Engine, held: Claim, facts: SnapshotFacts = FACTS) -> str:
    return store_snapshot(engine, held, facts, Body(SHA256, len(DOCUMENT), [DOCUMENT]))


def test_a_key_in_process_cannot_be_claimed(engine: Engine, key: Key) -> None:
    take(engine, key)
    assert isinstance(idempotency.claim(engine, key, SHA256, LEASE), InFlight)


def test_a_released_key_can_be_claimed(engine: Engine, key: Key) -> None:
    idempotency.release(engine, take(engine, key))
    take(engine, key)


def test_a_finished_key_gives_its_receipt(engine: Engine, key: Key) -> None:
    receipt = store(engine, take(engine, key))
    assert idempotency.claim(engine, key, SHA256, LEASE) == Finished(receipt)


def test_a_finished_key_is_not_released(engine: Engine, key: Key) -> None:
    held = take(engine, key)
    store(engine, held)
    idempotency.release(engine, held)
    assert isinstance(idempotency.claim(engine, key, SHA256, LEASE), Finished)


def test_a_finished_key_refuses_another_body(engine: Engine, key: Key) -> None:
    store(engine, take(engine, key))
    assert idempotency.claim(engine, key, bytes(32), LEASE) == OtherBody()


def test_an_expired_lease_is_taken_over(engine: Engine, key: Key) -> None:
    take(engine, key, EXPIRED)
    take(engine, key)


def test_a_lease_from_before_the_clock_was_set_back_is_taken_over(engine: Engine, key: Key) -> None:
    take(engine, key, 1000 * LEASE)
    take(engine, key)


def test_a_claim_that_was_taken_over_stores_nothing(engine: Engine, key: Key) -> None:
    lost = take(engine, key, EXPIRED)
    take(engine, key)
    with pytest.raises(LostClaimError):
        store(engine, lost)
    assert list_snapshots(engine, key.team_id, 10) == []


def test_a_claim_that_was_taken_over_releases_nothing(engine: Engine, key: Key) -> None:
    lost = take(engine, key, EXPIRED)
    take(engine, key)
    idempotency.release(engine, lost)
    assert isinstance(idempotency.claim(engine, key, SHA256, LEASE), InFlight)


def test_a_claim_that_was_taken_over_is_not_renewed(engine: Engine, key: Key) -> None:
    lost = take(engine, key, EXPIRED)
    take(engine, key)
    with pytest.raises(LostClaimError):
        idempotency.renew(engine, lost)


def test_a_renewed_lease_is_not_taken_over(engine: Engine, key: Key) -> None:
    held = take(engine, key, EXPIRED)
    idempotency.renew(engine, Claim(held.key, held.owner, LEASE))
    assert isinstance(idempotency.claim(engine, key, SHA256, LEASE), InFlight)


def test_a_store_that_fails_halfway_leaves_nothing(engine: Engine, key: Key) -> None:
    def broken() -> Iterator[bytes]:
        yield DOCUMENT
        raise OSError("the disk is gone")

    held = take(engine, key)
    with pytest.raises(OSError, match="gone"):
        store_snapshot(engine, held, FACTS, Body(SHA256, len(DOCUMENT), broken()))
    assert list_snapshots(engine, key.team_id, 10) == []
    assert isinstance(idempotency.claim(engine, key, SHA256, LEASE), InFlight)


def test_a_key_in_process_is_answered_409_with_retry_after(hub: HubProcess, team: Team) -> None:
    engine = open_database(hub.database)
    take(engine, Key(team.team_id, SNAPSHOTS, "k"))
    engine.dispose()
    answer = team.publish(key="k")
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "5")


def test_one_key_from_many_threads_is_accepted_once(hub: HubProcess, team: Team) -> None:
    together = threading.Barrier(8)

    def publish(_: int) -> int:
        together.wait()
        return int(team.publish(DOCUMENT, key="k").status_code)

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(publish, range(8)))
    assert statuses[201] == 1
    assert set(statuses) <= {200, 201, 409}
    assert len(team.snapshots()) == 1


def test_many_keys_from_many_threads_are_all_accepted(hub: HubProcess, team: Team) -> None:
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda n: team.publish(key=f"k-{n}").status_code, range(24)))
    assert statuses == [201] * 24


def claimed(hub: HubProcess) -> bool:
    with closing(sqlite3.connect(hub.database, timeout=10)) as database:
        return database.execute("SELECT 1 FROM claims").fetchone() is not None


def until_claimed(hub: HubProcess) -> None:
    waiting = Retrying(
        retry=retry_if_result(lambda done: not done),
        wait=wait_fixed(0.01),
        stop=stop_after_delay(20),
    )
    waiting(claimed, hub)


@pytest.mark.parametrize("lease_seconds", [LEASE, 0.4], ids=["when it stores", "when it renews"])
def test_a_publish_that_loses_its_claim_is_answered_409_and_stores_nothing(
    start: Callable[..., HubProcess], lease_seconds: float
) -> None:
    hub = start(lease_seconds=lease_seconds)
    with join(hub) as team, ThreadPoolExecutor(1) as pool:
        pending = pool.submit(
            team.publish, gzipped_snapshot(60 << 20), key="k", Content_Encoding="gzip"
        )
        until_claimed(hub)
        engine = open_database(hub.database)
        taken_over = take(engine, Key(team.team_id, SNAPSHOTS, "k"), lease_seconds=0.001)
        answer = pending.result()
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "5")
        assert team.snapshots() == []
        idempotency.renew(engine, taken_over)  # would raise, had the loser given the key back
        engine.dispose()


def test_after_kill_9_nothing_is_stored_and_the_lease_runs_out(
    start: Callable[..., HubProcess],
) -> None:
    body = gzipped_snapshot(60 << 20)
    hub = start(lease_seconds=2)
    with join(hub) as team, ThreadPoolExecutor(1) as pool:
        pending = pool.submit(team.publish, body, key="k", Content_Encoding="gzip")
        until_claimed(hub)
        hub.kill()
        assert pending.exception() is not None

    again = start(lease_seconds=2)
    assert claimed(again)
    with join(again) as other:
        other.client.headers["Authorization"] = f"Bearer {team.token}"
        assert other.snapshots() == []
        in_flight = retry_if_result(lambda answer: answer.status_code == 409)
        answer = Retrying(retry=in_flight, wait=wait_fixed(0.1), stop=stop_after_delay(30))(
            other.publish, key="k"
        )
        assert answer.status_code == 201
        assert len(other.snapshots()) == 1


def test_a_long_body_renews_its_lease_as_it_is_read(engine: Engine, key: Key) -> None:
    hub = Hub(Settings(database=Path()), engine, Slots(1))
    held = take(engine, key, 0.0)  # a quarter of it is due at once
    reading = renewing(hub, held, iter([b"a", b"b"]))
    next(reading)
    take(engine, key)
    with pytest.raises(LostClaimError):
        next(reading)
