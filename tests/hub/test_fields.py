"""Which documents are snapshots, and where the faults of the others are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hubkit import Team, issue, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from trackwire.hub.validation import MOST_FAULTS, FaultyError, SnapshotFacts, read_snapshot
from trackwire.model import MAX_RECORD_BYTES


def read(document: object, chunk: int = 1 << 16) -> SnapshotFacts:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_snapshot(body[at : at + chunk] for at in range(0, len(body), chunk))


def pointers(document: object, chunk: int = 1 << 16) -> list[str]:
    with pytest.raises(FaultyError) as caught:
        read(document, chunk)
    return [fault.pointer for fault in caught.value.faults]


def test_faults_are_answered_with_their_pointers(team: Team) -> None:
    document = snapshot(issues=[issue(), issue(title=3, status="lost")], checkpoint=None)
    answer = team.publish(document)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "#/issues/1/title",
        "#/issues/1/status",
        "#/checkpoint",
    ]


def test_bad_json_is_answered_with_the_whole_document(team: Team) -> None:
    answer = team.publish(b'{"provider": "jira",')
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"3",
        b"{} {}",
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'{"a": 1e999}',
        b"\xef\xbb\xbf{}",
        b'{"issues": [{"a": "\xff"}]}',
    ],
)
def test_what_is_not_one_json_object_is_faulty_as_a_whole(body: bytes) -> None:
    assert pointers(body)[-1] == "#"


def test_an_error_of_json_does_not_show_the_document() -> None:
    with pytest.raises(FaultyError) as caught:
        read(b'{"a": "hidden", oops}')
    assert "hidden" not in caught.value.faults[0].detail


@settings(deadline=None)
@given(st.integers(1, 40))
def test_where_the_chunks_end_changes_nothing(chunk: int) -> None:
    document = snapshot(issues=[issue(title="\u20ac" * 9), issue(priority=9)])
    assert pointers(document, chunk) == ["#/issues/1/priority"]


def test_the_members_may_stand_in_any_order() -> None:
    document = dict(reversed(snapshot(issues=[issue()] * 3).items()))
    assert read(document).issue_count == 3


@pytest.mark.parametrize("name", ["issues", "provider", "checkpoint", "mappings"])
def test_a_member_that_is_given_twice_is_faulty(name: str) -> None:
    document = snapshot()
    body = json.dumps(document)[:-1] + f', "{name}": {json.dumps(document[name])}}}'
    assert pointers(body.encode()) == [f"#/{name}"]


def test_unknown_members_are_ignored_whatever_they_hold() -> None:
    document = snapshot(
        issues=[issue(extra={"title": 3})], **{"issues.item": [3], "x": {"issues": [[], {}, 1.5]}}
    )
    assert read(document).issue_count == 1


def test_an_unknown_member_may_be_nested_deeply() -> None:
    body = json.dumps(snapshot(x=["MARK"])).replace('"MARK"', "[" * 100_000 + "]" * 100_000)
    assert read(body.encode()).issue_count == 1


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"issues": [issue(), "MARK", issue()]}, "#/issues/1"),
        ({"issues": [issue(), issue(extra="MARK")]}, "#/issues/1"),
        ({"checkpoint": "MARK"}, "#/checkpoint"),
    ],
)
def test_a_value_that_is_nested_deeply_is_pointed_at(
    members: dict[str, object], pointer: str
) -> None:
    body = json.dumps(snapshot(**members)).replace('"MARK"', "[" * 100_000 + "]" * 100_000)
    assert pointers(body.encode()) == [pointer]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"issues": ["MARK"]}, "#/issues/0"),
        ({"issues": [issue(), issue(), issue(body="MARK")]}, "#/issues/2"),
        ({"mappings": [{"MARK": 1}]}, "#/mappings/0"),
        ({"project_slug": "MARK"}, "#/project_slug"),
        ({"unknown": ["MARK"]}, "#/unknown"),
        ({"MARK": 1}, "#"),
    ],
)
def test_a_value_that_is_too_long_to_hold_is_pointed_at(
    members: dict[str, object], pointer: str
) -> None:
    head = json.dumps(snapshot(**members)).partition("MARK")[0].encode()

    def endless() -> Iterator[bytes]:
        yield head
        for _ in range(2 * MAX_RECORD_BYTES >> 16):
            yield b"x" * (1 << 16)
        pytest.fail("all of it was read")

    with pytest.raises(FaultyError) as caught:
        read_snapshot(endless())
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_many_faults_end_the_reading() -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"issues": ['
        for _ in range(MOST_FAULTS + 10):
            yield b"1,"
        pytest.fail("all of it was read")

    with pytest.raises(FaultyError) as caught:
        read_snapshot(endless())
    assert len(caught.value.faults) == MOST_FAULTS


def test_half_a_route_is_faulty_at_the_null_half() -> None:
    assert pointers(snapshot(external_resource_id=None)) == ["#/external_resource_id"]


def test_a_pointer_escapes_what_it_must() -> None:
    owners = {"a/b~c d\u00fc%": "nobody"}
    assert pointers(snapshot(doctrine_field_owners=owners)) == [
        "#/doctrine_field_owners/a~1b~0c%20d%C3%BC%25"
    ]


def test_an_absurdly_long_name_is_left_out_of_the_pointer() -> None:
    owners = {"n" * 5000: "nobody"}
    assert pointers(snapshot(doctrine_field_owners=owners)) == ["#/doctrine_field_owners"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, base: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    for name, member in value.items() if isinstance(value, dict) else ():
        yield (*base, name)
        yield from places(member, (*base, name))


FULL = snapshot(
    issues=[issue(), issue(assignees=["u1"])],
    mappings=[
        {
            "wp_id": "WP01",
            "system": "jira",
            "workspace": "w",
            "external_id": "1",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }
    ],
    doctrine_field_owners={"title": "local"},
)


@settings(deadline=None)
@given(st.sampled_from(list(places(FULL))), JSON)
def test_one_changed_value_is_accepted_or_pointed_at(
    place: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(json.dumps(FULL))
    target = document
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    allowed = {"#/" + "/".join(map(str, place))}
    if place[0] in {"external_resource_type", "external_resource_id"} and value is None:
        allowed |= {"#/external_resource_type", "#/external_resource_id"}
    try:
        read(document)
    except FaultyError as error:
        for fault in error.faults:
            assert any(fault.pointer.startswith(pointer) for pointer in allowed)
