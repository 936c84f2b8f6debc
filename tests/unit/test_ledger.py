"""Generations, idempotency keys and states of publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trackwire.errors import StoreError
from trackwire.ledger import Ledger, PublishState, idempotency_key
from trackwire.store import TrackerSqliteStore

CONTRACTS = next(
    parent / "contracts"
    for parent in Path(__file__).resolve().parents
    if (parent / "contracts" / "schemas").is_dir()
)
VECTORS = json.loads((CONTRACTS / "fixtures" / "idempotency-keys.json").read_text())
STORE_ID = "0d6c3c1e-7f0e-4b1b-9a53-6e3c4e0b2f77"
HUB = "https://hub.example/api/v1/connectors/trackers/snapshots/"
OTHER_HUB = "https://other.example/api/v1/connectors/trackers/snapshots/"
BODY, OTHER_BODY = "ab" * 32, "cd" * 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TrackerSqliteStore]:
    with TrackerSqliteStore(tmp_path / "store.sqlite") as store:
        yield store


@pytest.fixture
def ledger(store: TrackerSqliteStore) -> Ledger:
    return store.ledger


def begin(ledger: Ledger, body: str = BODY, destination: str = HUB) -> Any:
    return ledger.begin(STORE_ID, destination, body, "acme at site.example", 1)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["case"])
def test_key_equals_the_contracts_vector(vector: dict[str, Any]) -> None:
    key = idempotency_key(
        vector["store_id"], vector["destination"], vector["generation"], vector["body_sha256"]
    )
    assert key == vector["idempotency_key"]


def test_first_publish_is_generation_one(ledger: Ledger) -> None:
    assert begin(ledger).generation == 1


def test_entry_carries_the_key_of_its_generation(ledger: Ledger) -> None:
    assert begin(ledger).idempotency_key == idempotency_key(STORE_ID, HUB, 1, BODY)


def test_entry_is_pending_before_the_answer(ledger: Ledger) -> None:
    assert begin(ledger).state is PublishState.PENDING


def test_entry_outlives_the_process_that_began_it(
    store: TrackerSqliteStore, ledger: Ledger
) -> None:
    entry = begin(ledger)
    with TrackerSqliteStore(store.path) as reopened:
        assert reopened.ledger.last(HUB) == entry


def test_same_body_keeps_generation_and_key(ledger: Ledger) -> None:
    first = begin(ledger)
    assert begin(ledger).idempotency_key == first.idempotency_key


def test_other_body_is_the_next_generation(ledger: Ledger) -> None:
    begin(ledger)
    assert begin(ledger, OTHER_BODY).generation == 2


def test_going_back_to_an_earlier_body_is_a_new_generation(ledger: Ledger) -> None:
    first = begin(ledger)
    begin(ledger, OTHER_BODY)
    again = begin(ledger)
    assert (again.generation, again.idempotency_key == first.idempotency_key) == (3, False)


def test_generations_of_destinations_are_apart(ledger: Ledger) -> None:
    begin(ledger)
    begin(ledger, OTHER_BODY)
    assert begin(ledger, OTHER_BODY, OTHER_HUB).generation == 1


def test_asking_for_the_next_generation_records_nothing(ledger: Ledger) -> None:
    ledger.next_generation(HUB, BODY)
    assert ledger.last(HUB) is None


def test_next_generation_is_what_begin_takes(ledger: Ledger) -> None:
    begin(ledger)
    expected = [ledger.next_generation(HUB, body) for body in (BODY, OTHER_BODY)]
    assert expected == [begin(ledger).generation, begin(ledger, OTHER_BODY).generation]


@pytest.mark.parametrize("state", PublishState)
def test_finish_records_state_and_detail(ledger: Ledger, state: PublishState) -> None:
    ledger.finish(begin(ledger), state, "what became of it")
    last = ledger.last(HUB)
    assert last is not None
    assert (last.state, last.detail) == (state, "what became of it")


def test_delivered_stays_delivered_when_sent_again(ledger: Ledger) -> None:
    ledger.finish(begin(ledger), PublishState.DELIVERED, "resolved")
    assert begin(ledger).state is PublishState.DELIVERED


def test_delivered_stays_delivered_when_sending_again_fails(ledger: Ledger) -> None:
    ledger.finish(begin(ledger), PublishState.DELIVERED, "resolved")
    ledger.finish(begin(ledger), PublishState.FAILED, "refused")
    last = ledger.last(HUB)
    assert last is not None
    assert (last.state, last.detail) == (PublishState.DELIVERED, "resolved")


def test_failed_becomes_pending_when_begun_again(ledger: Ledger) -> None:
    ledger.finish(begin(ledger), PublishState.FAILED, "refused")
    again = begin(ledger)
    assert (again.state, again.detail) == (PublishState.PENDING, None)


def test_failed_becomes_delivered_when_accepted_at_last(ledger: Ledger) -> None:
    ledger.finish(begin(ledger), PublishState.FAILED, "refused")
    ledger.finish(begin(ledger), PublishState.DELIVERED, "queued")
    assert ledger.latest()[0].state is PublishState.DELIVERED


def test_finish_touches_its_own_generation_only(ledger: Ledger) -> None:
    first = begin(ledger)
    begin(ledger, OTHER_BODY)
    ledger.finish(first, PublishState.DELIVERED, "resolved")
    last = ledger.last(HUB)
    assert last is not None
    assert (last.generation, last.state) == (2, PublishState.PENDING)


def test_latest_has_the_last_generation_of_each_destination_newest_first(ledger: Ledger) -> None:
    begin(ledger, BODY, OTHER_HUB)
    begin(ledger)
    begin(ledger, OTHER_BODY)
    latest = [(entry.destination, entry.generation) for entry in ledger.latest()]
    assert latest == [(HUB, 2), (OTHER_HUB, 1)]


def test_unknown_hub_takes_no_coding(ledger: Ledger) -> None:
    assert ledger.codings(HUB) == frozenset()


def test_codings_are_remembered_for_their_hub_alone(ledger: Ledger) -> None:
    ledger.remember_codings(HUB, frozenset({"gzip", "zstd"}))
    assert ledger.codings(HUB) == {"gzip", "zstd"}
    assert ledger.codings(OTHER_HUB) == frozenset()


def test_later_codings_replace_earlier_ones(ledger: Ledger) -> None:
    ledger.remember_codings(HUB, frozenset({"gzip", "zstd"}))
    ledger.remember_codings(HUB, frozenset())
    assert ledger.codings(HUB) == frozenset()


def test_unreadable_ledger_is_an_error_that_names_the_store(
    store: TrackerSqliteStore, ledger: Ledger
) -> None:
    store._connection.execute("DROP TABLE ledger")
    with pytest.raises(StoreError, match=r"store\.sqlite: no such table: ledger"):
        ledger.last(HUB)
