"""An unpaired surrogate is refused where it stands; as `?` it would be another text."""

from __future__ import annotations

import json

import pytest
from hubkit import Team, issue, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from trackwire.hub.surrogates import SurrogateSearch
from trackwire.hub.validation import FaultyError, SnapshotFacts, read_snapshot

UNPAIRED = {
    "first half": rb"\ud800",
    "second half": rb"\udc00",
    "first half before another escape": rb"\ud800\u0041",
    "first half before a backslash": rb"\ud800\\",
    "first half before text": rb"\ud800x",
    "first half twice": rb"\ud83d\ud83d\ude00",
    "second half first": rb"\udc00\ud800",
    "second half after a pair": rb"\ud83d\ude00\ude00",
    "capital digits": rb"\uDBFF\uDBFF",
    "after an escaped backslash": rb"\\\ud800",
    "second half after what only looks like a first": rb"\\ud83d\ude00",
}
PAIRED = {
    "pair": rb"\ud83d\ude00",
    "pair in capitals": rb"\uD83D\uDE00",
    "pairs": rb"\ud83d\ude00\ud83d\ude01",
    "first half behind an escaped backslash": rb"\\ud800",
    "second half behind two": rb"\\\\udc00",
    "last character before them": rb"\ud7ff",
    "first character after them": rb"\ue000",
    "other escapes": rb"\n\\\"\u00e9",
}
MARK = b"MARK"


def body(written: bytes, **members: object) -> bytes:
    document = snapshot(**(members or {"external_resource_id": "ACME-MARK"}))
    return json.dumps(document).encode().replace(MARK, written)


def read_split(document: bytes, at: int) -> SnapshotFacts:
    return read_snapshot([document[:at], document[at:]])


def faults_of_split(document: bytes, at: int) -> list[tuple[str, bool]]:
    with pytest.raises(FaultyError) as caught:
        read_split(document, at)
    return [(fault.pointer, "unpaired surrogate" in fault.detail) for fault in caught.value.faults]


def splits(document: bytes, written: bytes) -> range:
    start = document.index(written)
    return range(start, start + len(written) + 5)


@pytest.mark.parametrize("written", UNPAIRED.values(), ids=UNPAIRED)
def test_an_unpaired_surrogate_is_found_wherever_the_chunks_end(written: bytes) -> None:
    document = body(written)
    found = [faults_of_split(document, at) for at in splits(document, written)]
    assert found == [[("#/external_resource_id", True)]] * len(found)


@pytest.mark.parametrize("written", PAIRED.values(), ids=PAIRED)
def test_what_is_paired_is_read_wherever_the_chunks_end(written: bytes) -> None:
    document = body(written)
    expected = json.loads(document)["external_resource_id"]
    found = [read_split(document, at) for at in splits(document, written)]
    assert {facts.key.external_resource_id for facts in found} == {expected}


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"provider": "jiraMARK"}, "#/provider"),
        ({"issues": [issue(), issue(title="MARK"), issue()]}, "#/issues/1"),
        ({"issues": [issue(), issue(labels=["a", "MARK"])]}, "#/issues/1"),
        ({"issues": [{"MARK": 1}]}, "#/issues/0"),
        ({"issues": ["MARK"]}, "#/issues/0"),
        ({"mappings": [{"wp_id": "MARK"}]}, "#/mappings/0"),
        ({"checkpoint": {"cursor": "MARK", "updated_since": None}}, "#/checkpoint"),
        ({"doctrine_field_owners": {"MARK": "local"}}, "#/doctrine_field_owners"),
        ({"x": {"y": ["MARK"]}}, "#/x"),
        ({"x/y": "MARK"}, "#/x~1y"),
        ({"MARK": 1}, "#"),
    ],
)
def test_an_unpaired_surrogate_is_pointed_at(members: dict[str, object], pointer: str) -> None:
    assert faults_of_split(body(rb"\ud800", **members), 0) == [(pointer, True)]


def test_the_faults_before_an_unpaired_surrogate_are_told_too() -> None:
    document = body(rb"\udc00", issues=[issue(title=3), issue(title="MARK")])
    assert faults_of_split(document, 0) == [("#/issues/0/title", False), ("#/issues/1", True)]


@pytest.mark.parametrize("name", ["external_resource_id", "provider", "MARK"])
@pytest.mark.parametrize("written", [rb"\ud800", rb"\udc00"])
def test_a_snapshot_with_an_unpaired_surrogate_is_not_stored(
    team: Team, name: str, written: bytes
) -> None:
    answer = team.publish(body(written, **{name: "ACME-MARK"}))
    assert answer.status_code == 422
    assert team.snapshots() == []


def test_an_unpaired_surrogate_is_not_resolved_as_a_question_mark(team: Team) -> None:
    route = {name: snapshot()[name] for name in ("provider", "workspace", "external_resource_type")}
    team.add_mapping(**route, external_resource_id="ACME-?", project="other")
    answer = team.publish(body(rb"\ud800"))
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/external_resource_id"]


def test_an_unpaired_surrogate_leaves_its_key_free(team: Team) -> None:
    team.publish(body(rb"\ud800"), key="k")
    assert team.publish(body(b"1"), key="k").status_code == 201


def test_a_pair_of_escapes_is_stored_as_its_character(team: Team) -> None:
    team.publish(body(rb"\ud83d\ude00"))
    assert [each["external_resource_id"] for each in team.snapshots()] == ["ACME-\U0001f600"]


@pytest.mark.parametrize("written", [b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xed\xa0\xbd\xed\xb8\x80"])
def test_a_surrogate_in_bytes_is_no_utf_8(team: Team, written: bytes) -> None:
    answer = team.publish(body(written))
    assert answer.json()["errors"] == [
        {"pointer": "#", "detail": "not valid JSON: invalid bytes in UTF8 string"}
    ]


@pytest.mark.parametrize("written", UNPAIRED.values(), ids=UNPAIRED)
def test_a_mapping_with_an_unpaired_surrogate_is_refused(team: Team, written: bytes) -> None:
    members = {"provider": "jira", "workspace": "MARK", "project": "p"}
    content = json.dumps(members).encode().replace(MARK, written)
    answer = team.client.post(
        "/api/v1/connectors/trackers/mappings/",
        content=content,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422


ESCAPES = st.sampled_from(
    [
        *(r"\ud83d", r"\uD83D", r"\ude00", r"\uDE00", r"\ud7ff", r"\ue000", r"\u00e9"),
        *("\\\\", r"\n", r"\"", "u", "d", "d83d", "\u20ac"),
    ]
)


@settings(deadline=None)
@given(st.lists(ESCAPES).map("".join), st.integers(1, 30))
def test_what_another_parser_makes_a_surrogate_is_found(written: str, size: int) -> None:
    text = f'"{written}"'.encode()
    search = SurrogateSearch()
    places = [search.find(text[at : at + size]) for at in range(0, len(text), size)]
    parsed = json.loads(text)
    assert (places != [None] * len(places)) == any("\ud800" <= c <= "\udfff" for c in parsed)
