"""A hub that keeps what it gets: its answers are the contract's."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from board_plugin import provider_of

from trackwire.delivery.receipt import read_receipt
from trackwire.destination import endpoint_url
from trackwire.errors import DeliveryDeferred, DeliveryError
from trackwire.testing.hub import RecordingHub
from trackwire.testing.workbench import Workbench

NOTHING: Mapping[str, str] = {}


@pytest.fixture
def hub() -> Iterator[RecordingHub]:
    with RecordingHub() as running:
        yield running


def post(
    hub: RecordingHub, document: Any, key: str | None = "k", headers: Mapping[str, str] = NOTHING
) -> httpx.Response:
    given = {} if key is None else {"Idempotency-Key": key}
    return httpx.post(endpoint_url(hub.url), json=document, headers={**given, **headers})


def test_snapshot_is_kept_with_its_headers(hub: RecordingHub) -> None:
    post(hub, {"issues": [{}]}, "key-1")
    (publish,) = hub.published
    assert publish.document == {"issues": [{}]}
    assert publish.headers["idempotency-key"] == "key-1"


def test_accepted_snapshot_has_a_receipt(hub: RecordingHub) -> None:
    answer = post(hub, {"issues": [{}, {}]})
    receipt = read_receipt(answer.content)
    digest = base64.b64encode(hashlib.sha256(hub.published[0].body).digest()).decode()
    assert answer.status_code == 201
    assert (receipt.issue_count, receipt.digest) == (2, f"sha-256=:{digest}:")
    assert receipt.resolution.status == "queued"


def test_known_key_has_its_receipt_again(hub: RecordingHub) -> None:
    first, second = (post(hub, {"issues": []}) for _ in range(2))
    assert (second.status_code, second.headers["Idempotent-Replayed"]) == (200, "true")
    assert second.json()["snapshot_id"] == first.json()["snapshot_id"]


def test_known_key_with_another_body_is_refused(hub: RecordingHub) -> None:
    post(hub, {"issues": []})
    assert post(hub, {"issues": [{}]}).status_code == 422


def test_request_without_key_is_refused(hub: RecordingHub) -> None:
    assert post(hub, {"issues": []}, key=None).status_code == 400


def test_body_that_is_no_snapshot_is_refused(hub: RecordingHub) -> None:
    assert post(hub, ["issues"]).status_code == 422


def test_body_of_another_digest_is_refused(hub: RecordingHub) -> None:
    answer = post(hub, {"issues": []}, headers={"Repr-Digest": "sha-256=:AAAA:"})
    assert answer.status_code == 400


def test_compressed_body_is_refused_with_the_codings_that_are_taken(hub: RecordingHub) -> None:
    answer = post(hub, {"issues": []}, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")


def test_other_paths_are_not_there(hub: RecordingHub) -> None:
    assert httpx.post(f"{hub.url}/api/").status_code == 404


def test_reading_is_not_possible(hub: RecordingHub) -> None:
    answer = httpx.get(endpoint_url(hub.url))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_planned_refusal_is_problem_details(hub: RecordingHub) -> None:
    hub.refuse(422, "no such team")
    answer = post(hub, {"issues": []})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["detail"] == "no such team"


def test_planned_refusals_end(hub: RecordingHub) -> None:
    hub.refuse(422)
    statuses = [post(hub, {"issues": []}).status_code for _ in range(2)]
    assert (statuses, len(hub.documents)) == ([422, 201], 1)


def test_publish_is_accepted(hub: RecordingHub) -> None:
    with Workbench(provider_of()) as bench:
        report = bench.service.publish(hub=hub.url, allow_empty=True)
    assert report.ok
    assert hub.documents[0]["external_resource_type"] == "acme_board"


def test_publish_meets_a_refusal(hub: RecordingHub) -> None:
    hub.refuse(422, "no such team")
    with Workbench(provider_of()) as bench, pytest.raises(DeliveryError, match="no such team"):
        bench.service.publish(hub=hub.url, allow_empty=True)


def test_publish_meets_a_wait(hub: RecordingHub) -> None:
    hub.refuse(503, retry_after=3600)
    with Workbench(provider_of()) as bench, pytest.raises(DeliveryDeferred):
        bench.service.publish(hub=hub.url, allow_empty=True, timeout=5)
