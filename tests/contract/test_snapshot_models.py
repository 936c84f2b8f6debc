"""What the contract's schemas allow, our reading takes; what it leaves aside is listed here."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from contract.documents import CONTRACTS, fences
from contract.schema_values import values_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from projectkit import bind_project, fill, json_lines, make_service
from scripted_server import ScriptedServer, accepting

from trackwire.answers import plain_text
from trackwire.delivery.answer import describe_problem
from trackwire.delivery.receipt import read_receipt
from trackwire.model import Checkpoint, ExternalRef, Issue, WorkPackageMapping

DOCUMENT = CONTRACTS / "tracker-snapshot-publish.md"
SNAPSHOT, RECEIPT, PROBLEM = (
    json.loads((CONTRACTS / f"schemas/{kind}.schema.json").read_text("utf-8"))
    for kind in ("snapshot", "receipt", "problem")
)
INVALID_RECEIPTS = sorted((CONTRACTS / "fixtures/receipt/invalid").iterdir())
VALID_RECEIPTS = sorted((CONTRACTS / "fixtures/receipt/valid").iterdir())
INVALID_PROBLEMS = sorted((CONTRACTS / "fixtures/problem/invalid").iterdir())

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that is busy with other tests is no fault of the values."""
ROUTING = {"external_resource_type", "external_resource_id"}
TIMES = {"updated_at", "created_at", "updated_since"}
LEFT_TO_THE_DIGEST = {
    "digest-hexadecimal",
    "digest-of-another-algorithm",
    "digest-too-short",
    "digest-with-line-break-at-its-end",
    "digest-without-colons",
}
"""Refused because a publisher compares the text with the digest that it has sent."""
LEFT_TO_THE_READER_OF_TIMES = {"received-at-blank-for-t", "received-at-offset-without-colon"}
"""Taken: the moment is plain, though a hub must not write it so."""
LEFT_TO_NEWER_AND_OLDER_HUBS = {
    "queued-with-mapping-id",
    "queued-with-project",
    "resolution-mapping-id-empty",
    "resolution-mapping-id-missing",
    "resolution-missing",
    "resolution-project-empty",
    "resolution-project-missing",
    "resolution-status-unknown",
    "resolved-with-null-mapping-id",
    "resolved-with-null-project",
    "workspace-fallback-with-null-project",
}
"""Taken: the snapshot is stored, and what a hub says of its resolution is only shown."""
LEFT_ASIDE = LEFT_TO_THE_DIGEST | LEFT_TO_THE_READER_OF_TIMES | LEFT_TO_NEWER_AND_OLDER_HUBS


def shown(info: str) -> list[str]:
    return [text for found, text in fences(DOCUMENT.read_text("utf-8")) if found == info]


def wire(value: object) -> bytes:
    return json.dumps(value).encode()


def is_preserved(sent: Any, taken: Any) -> bool:
    """Whether all that both sides have is the same; a time may be written in other ways."""
    if isinstance(taken, dict):
        both = [name for name in taken if name in sent and name not in TIMES]
        return all(is_preserved(sent[name], taken[name]) for name in both)
    return bool(sent == taken)


def is_receipt(content: bytes) -> bool:
    try:
        read_receipt(content)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("definition", "struct"),
    [
        ("issue", Issue),
        ("external_ref", ExternalRef),
        ("work_package_mapping", WorkPackageMapping),
        ("checkpoint", Checkpoint),
    ],
)
@unhurried
@given(data=st.data())
def test_what_the_schema_allows_of_a_record_its_struct_takes(
    definition: str, struct: type[msgspec.Struct], data: st.DataObject
) -> None:
    value = data.draw(values_of(SNAPSHOT, definition))
    taken = json.loads(msgspec.json.encode(msgspec.json.decode(wire(value), type=struct)))
    assert is_preserved(value, taken)


@pytest.mark.needs_hub
@unhurried
@given(snapshot=values_of(SNAPSHOT))
def test_what_the_schema_allows_of_a_snapshot_the_hub_takes(snapshot: dict[str, Any]) -> None:
    from trackwire.hub.validation import read_snapshot

    facts = read_snapshot([wire(snapshot)])
    assert (facts.issue_count, facts.mapping_count) == (
        len(snapshot["issues"]),
        len(snapshot["mappings"]),
    )


@pytest.mark.needs_hub
@unhurried
@given(snapshot=values_of(SNAPSHOT))
def test_hub_reads_the_routing_key_as_it_stands(snapshot: dict[str, Any]) -> None:
    from trackwire.hub.validation import read_snapshot

    members = ("provider", "workspace", "external_resource_type", "external_resource_id")
    key = {name: snapshot.get(name) for name in members}
    assert dataclasses.asdict(read_snapshot([wire(snapshot)]).key) == key


@unhurried
@given(receipt=values_of(RECEIPT))
def test_what_the_schema_allows_of_a_receipt_the_publisher_takes(receipt: dict[str, Any]) -> None:
    read = read_receipt(wire(receipt))
    assert (read.digest, read.issue_count) == (receipt["digest"], receipt["issue_count"])
    assert read.resolution
    assert read.resolution.status == receipt["resolution"]["status"]


@unhurried
@given(problem=values_of(PROBLEM))
def test_what_the_schema_allows_of_a_problem_the_publisher_tells(problem: dict[str, Any]) -> None:
    head = plain_text(": ".join(filter(None, (problem["title"], problem.get("detail")))))
    assert describe_problem(wire(problem)).startswith(head)


@unhurried
@given(problem=values_of(PROBLEM).filter(lambda problem: "errors" in problem))
def test_publisher_tells_the_place_of_the_first_fault(problem: dict[str, Any]) -> None:
    place = plain_text(f"at {problem['errors'][0]['pointer']}: ")
    assert place[:100] in describe_problem(wire(problem))


@pytest.mark.parametrize("fixture", VALID_RECEIPTS, ids=lambda path: path.stem)
def test_valid_receipt_is_taken(fixture: Path) -> None:
    assert is_receipt(fixture.read_bytes())


@pytest.mark.parametrize("fixture", INVALID_RECEIPTS, ids=lambda path: path.stem)
def test_invalid_receipt_is_refused_unless_it_is_left_aside(fixture: Path) -> None:
    assert is_receipt(fixture.read_bytes()) == (fixture.stem in LEFT_ASIDE)


def test_digest_that_is_left_aside_is_none_that_a_publisher_sends() -> None:
    contents = (
        CONTRACTS / "fixtures/receipt/invalid" / f"{name}.json" for name in LEFT_TO_THE_DIGEST
    )
    digests = {read_receipt(path.read_bytes()).digest for path in contents}
    allowed = re.compile(RECEIPT["properties"]["digest"]["pattern"])
    assert [digest for digest in digests if allowed.fullmatch(digest)] == []


@pytest.mark.parametrize("fixture", INVALID_PROBLEMS, ids=lambda path: path.stem)
def test_invalid_problem_stops_no_publisher(fixture: Path) -> None:
    assert describe_problem(fixture.read_bytes()).isprintable()


def test_receipt_of_an_older_hub_is_taken_though_the_schema_refuses_it() -> None:
    (text,) = shown("json older-receipt")
    faults = [
        error.message for error in Draft202012Validator(RECEIPT).iter_errors(json.loads(text))
    ]
    assert read_receipt(text.encode()).resolution is None
    assert faults == ["'resolution' is a required property"]


def test_snapshot_of_an_older_sender_is_allowed_by_the_schema() -> None:
    (text,) = shown("json older-snapshot")
    assert set(SNAPSHOT["properties"]) - set(json.loads(text)) == ROUTING
    assert Draft202012Validator(SNAPSHOT).is_valid(json.loads(text))


def test_publish_to_an_older_hub_is_done_and_routed_all_the_same(
    scripted_server: ScriptedServer, tmp_path: Path
) -> None:
    bind_project(tmp_path)
    service = make_service(tmp_path)
    fill(service, json_lines("1"))
    scripted_server.script(accepting(resolution=None))
    report = service.publish(hub=scripted_server.url)
    (request,) = scripted_server.requests
    assert (report.ok, report.resolution) == (True, None)
    assert json.loads(request.body).keys() >= ROUTING
