"""A made-up tracker on loopback: what it serves, records, and how it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from board_plugin import BoardEmulator

from trackwire.testing import faults
from trackwire.testing.api import FaultyApi
from trackwire.testing.samples import sample, samples

if TYPE_CHECKING:
    from trackwire.testing.emulator import Answer, Request, SampleTracker

AUTHORIZED = {"Authorization": "Bearer made-up-token"}


@pytest.fixture
def api() -> Iterator[FaultyApi]:
    with FaultyApi(BoardEmulator(), "B1", samples(12)) as running:
        yield running


@pytest.fixture
def client(api: FaultyApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url, headers=AUTHORIZED) as made:
        yield made


def cards(client: httpx.Client) -> list[str]:
    return [card["id"] for card in client.get("api/cards").json()["cards"]]


def test_true_answer_is_the_emulators(api: FaultyApi, client: httpx.Client) -> None:
    assert cards(client) == [issue.id for issue in api.issues[:5]]


def test_issues_are_put_in_the_order_of_their_last_change(api: FaultyApi) -> None:
    api.issues = [sample(2), sample(0), sample(1)]
    assert list(api.issues) == samples(3)


def test_change_of_issues_shows_in_the_next_answer(api: FaultyApi, client: httpx.Client) -> None:
    cards(client)
    api.issues = [sample(40)]
    assert cards(client) == [sample(40).id]


def test_requests_are_recorded(api: FaultyApi, client: httpx.Client) -> None:
    client.post("api/nothing?a=1&b=", content=b"body")
    (exchange,) = api.exchanges
    assert exchange.request.method == "POST"
    assert exchange.request.path == "/site/api/nothing"
    assert exchange.request.query == {"a": "1", "b": ""}
    assert exchange.request.body == b"body"
    assert exchange.request.headers["authorization"] == AUTHORIZED["Authorization"]
    assert (exchange.status, exchange.is_page, exchange.is_faulty) == (404, False, False)


def test_repr_of_a_recorded_request_holds_no_header(api: FaultyApi, client: httpx.Client) -> None:
    cards(client)
    assert "made-up-token" not in repr(api.exchanges)


def test_fault_strikes_once(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.status(404))
    assert [client.get("api/me").status_code for _ in range(3)] == [404, 200, 200]


def test_fault_strikes_after_some_requests(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.status(404), after=1, times=2)
    assert [client.get("api/me").status_code for _ in range(4)] == [200, 404, 404, 200]


def test_fault_strikes_for_good(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.status(410), times=None)
    assert {client.get("api/me").status_code for _ in range(5)} == {410}


def test_fault_strikes_pages_alone(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.status(410), after=1, pages=True)
    paths = ["me", "cards", "me", "cards", "cards"]
    statuses = [client.get(f"api/{path}").status_code for path in paths]
    assert statuses == [200, 200, 200, 410, 200]


def test_mended_api_tells_the_truth(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.status(410), times=None)
    api.mend()
    assert client.get("api/me").is_success


def test_status_has_the_headers_that_are_asked_for(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.status(429, {"Retry-After": "30"}))
    answer = client.get("api/me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")


@pytest.mark.parametrize("fault", [faults.status(403), faults.malformed(), faults.other_json()])
def test_refusal_repeats_what_the_request_carried(
    api: FaultyApi, client: httpx.Client, fault: faults.Fault
) -> None:
    api.plan(fault)
    assert "made-up-token" in client.get("api/me").text


def test_refusals_own_words_repeat_what_the_request_carried(
    api: FaultyApi, client: httpx.Client
) -> None:
    api.plan(faults.status(403))
    assert "made-up-token" in client.get("api/me").json()["error"]


def test_login_page_repeats_what_the_request_carried(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.expired())
    answer = client.get("api/me")
    assert answer.is_success
    assert answer.text.startswith("<!doctype html>")
    assert "made-up-token" in answer.text


def test_true_answer_repeats_nothing(client: httpx.Client) -> None:
    assert "made-up-token" not in client.get("api/me").text


def test_malformed_answer_is_a_success_without_json(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.malformed())
    answer = client.get("api/me")
    assert answer.is_success
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_truncated_answer_breaks_off(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.truncated())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        client.get("api/me")


def test_broken_connection_has_no_answer(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.hang_up())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get("api/me")
    assert api.exchanges[0].status is None


def test_repeated_page_is_the_first_one_that_it_met(api: FaultyApi, client: httpx.Client) -> None:
    api.plan(faults.repeated_page(), times=None, pages=True)
    first, second = client.get("api/cards?after=5"), client.get("api/cards?after=10")
    assert first.content == second.content


def test_connection_is_kept(client: httpx.Client) -> None:
    streams = {id(client.get("api/me").extensions["network_stream"]) for _ in range(3)}
    assert len(streams) == 1


def test_failing_emulator_hangs_up_and_is_remembered() -> None:
    class Failing(BoardEmulator):
        def answer(self, request: Request, tracker: SampleTracker) -> Answer:
            raise KeyError("cards")

    with (
        FaultyApi(Failing(), "B1") as api,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.get(f"{api.url}/api/me")
    assert str(api.failure) == "the emulator failed on GET /site/api/me: KeyError: 'cards'"


def test_asking_without_end_is_given_up(
    api: FaultyApi, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackwire.testing.api.MOST_REQUESTS", 2)
    assert [client.get("api/me").status_code for _ in range(2)] == [200, 200]
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("api/me")
    assert api.has_given_up


def test_no_thread_is_left_while_a_client_keeps_its_connection() -> None:
    before = set(threading.enumerate())
    with httpx.Client() as idle:
        with FaultyApi(BoardEmulator(), "B1") as api:
            idle.get(f"{api.url}/api/me")
        assert set(threading.enumerate()) == before


def open_descriptors() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_no_descriptor_is_left() -> None:
    before = open_descriptors()
    with FaultyApi(BoardEmulator(), "B1") as api:
        httpx.get(f"{api.url}/api/me")
    assert open_descriptors() == before
