"""Events as a user of the library makes and reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from trackwire.errors import RecordError, UsageError
from trackwire.events import (
    AggregateType,
    Event,
    EventType,
    FeatureCompleted,
    FeatureCreated,
    Lane,
    RefusedEvent,
    RejectionCategory,
    WPCreated,
    WPStatusChanged,
    decode_answer,
    decode_batch,
    decode_event,
    decode_refusal,
    rejection_category,
    resolve_lane,
)

GIT_FIELDS = {"git_branch", "head_commit_sha", "repo_slug"}
MOVED = WPStatusChanged(wp_id="WP01", from_lane=Lane.PLANNED, to_lane=Lane.CLAIMED)
REMEDY = "contracts/batch-api-contract.md says what belongs there"


def event(**changes: Any) -> Event[Any]:
    fields: dict[str, Any] = {
        "event_id": "01M7W7RNR4DSMW85960C1EFGPC",
        "event_type": EventType.WP_STATUS_CHANGED,
        "aggregate_id": "WP01",
        "aggregate_type": AggregateType.WORK_PACKAGE,
        "payload": MOVED,
        "timestamp": datetime(2026, 11, 20, 8, tzinfo=UTC),
        "node_id": "9f2c41d07ab3",
        "lamport_clock": 7,
        "causation_id": None,
        "team_slug": "local",
        "project_uuid": "6f1b0f0e-52b4-4c8e-9a37-1f4f0f7b8a11",
        "project_slug": None,
    }
    return Event(**(fields | changes))


def written(**changes: Any) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(msgspec.json.encode(event()))
    return members | changes


def refusal_of(data: bytes | str) -> RecordError:
    with pytest.raises(RecordError) as caught:
        decode_event(data)
    return caught.value


@pytest.mark.parametrize("lane", Lane)
def test_lane_resolves_to_itself(lane: Lane) -> None:
    assert resolve_lane(str(lane)) is lane


def test_doing_resolves_to_in_progress() -> None:
    assert resolve_lane("doing") is Lane.IN_PROGRESS


@pytest.mark.parametrize("text", ["Doing", "DONE", " done", "in-progress", "", "backlog"])
def test_other_word_is_no_lane(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no lane; use one of planned, .*, canceled, doing$"):
        resolve_lane(text)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Invalid payload", "schema_mismatch"),
        ("does not match the SCHEMA", "schema_mismatch"),
        ("unknown Field x", "schema_mismatch"),
        ("wp_id is missing", "schema_mismatch"),
        ("wrong type", "schema_mismatch"),
        ("Token refused", "auth_expired"),
        ("session EXPIRED", "auth_expired"),
        ("Unauthorized", "auth_expired"),
        ("HTTP 401", "auth_expired"),
        ("Internal server error", "server_error"),
        ("HTTP 500", "server_error"),
        ("timeout", "server_error"),
        ("service unavailable", "server_error"),
        ("the feature is frozen", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_rejection_is_sorted_by_its_keyword(text: str | None, category: str) -> None:
    assert rejection_category(text) is RejectionCategory(category)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("unauthorized: invalid token", "schema_mismatch"),
        ("500: unexpected type", "schema_mismatch"),
        ("timeout while the token was checked", "auth_expired"),
    ],
)
def test_first_category_with_a_keyword_wins(text: str, category: str) -> None:
    assert rejection_category(text) is RejectionCategory(category)


def test_payload_of_another_type_is_refused() -> None:
    payload = WPCreated(wp_id="WP01", title="", feature_slug="001-sign-in")
    expected = "payload of WPStatusChanged is WPCreated; give a WPStatusChanged"
    with pytest.raises(TypeError, match=expected):
        event(payload=payload)


@pytest.mark.parametrize(
    "timestamp",
    [
        datetime(2026, 11, 20, 8),  # noqa: DTZ001 - that it has no zone is the point
        datetime(2026, 11, 20, 8, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_timestamp_that_is_not_utc_is_refused(timestamp: datetime) -> None:
    with pytest.raises(ValueError, match=r"the timestamp 2026-11-20 08:00:00.* is not UTC"):
        event(timestamp=timestamp)


def test_zone_that_equals_utc_is_accepted() -> None:
    zone = timezone(timedelta(0), "GMT")
    assert event(timestamp=datetime(2026, 11, 20, 8, tzinfo=zone)).timestamp.tzinfo is zone


def test_timestamp_is_written_with_z() -> None:
    assert written()["timestamp"] == "2026-11-20T08:00:00Z"


def test_event_is_frozen() -> None:
    with pytest.raises(AttributeError):
        event().lamport_clock = 8  # type: ignore[misc]  # that it fails is the point


def test_git_field_that_was_absent_stays_absent() -> None:
    again = json.loads(msgspec.json.encode(decode_event(json.dumps(written()))))
    assert GIT_FIELDS & set(again) == set()


def test_git_field_that_was_null_stays_null() -> None:
    data = json.dumps(written(git_branch=None, head_commit_sha=None, repo_slug=None))
    again = json.loads(msgspec.json.encode(decode_event(data)))
    assert {again.get(name, "absent") for name in GIT_FIELDS} == {None}


def test_payload_is_of_the_struct_that_the_event_type_names() -> None:
    assert decode_event(json.dumps(written())).payload == MOVED


def test_optional_member_that_was_absent_counts_as_null() -> None:
    payload = {"wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed", "actor": None}
    assert decode_event(json.dumps(written(payload=payload))).payload == MOVED


@pytest.mark.parametrize(
    ("payload", "place", "problem"),
    [
        ({"wp_id": "WP1"}, "$.payload.wp_id", "expected WP and two digits, such as WP01"),
        ({"wp_id": "WP01", "from_lane": "planned"}, "$.payload.to_lane", "it is missing"),
        ({"wp_id": "WP01", "from_lane": "doing"}, "$.payload.from_lane", "it cannot be 'doing'"),
        ([], "$.payload", "expected object, found array"),
    ],
)
def test_refusal_names_place_and_remedy(payload: Any, place: str, problem: str) -> None:
    error = refusal_of(json.dumps(written(payload=payload)))
    assert str(error) == f"{place}: {problem}; {REMEDY}"


def test_unknown_event_type_is_named_before_its_payload() -> None:
    error = refusal_of(json.dumps(written(event_type="WPDeleted", payload=None)))
    assert (error.place, error.problem) == (
        "$.event_type",
        f"it cannot be 'WPDeleted'; {REMEDY}",
    )


@pytest.mark.parametrize("time", ["2026-11-20T09:00:00+01:00", "2026-11-20T08:00:00-00:00"])
def test_time_in_another_form_than_utc_is_refused_at_its_place(time: str) -> None:
    assert refusal_of(json.dumps(written(timestamp=time))).place == "$.timestamp"


FEATURE_CREATED: dict[str, Any] = {
    "feature_slug": "001-sign-in",
    "feature_number": "001",
    "target_branch": "main",
    "wp_count": 2,
}
FEATURE_COMPLETED: dict[str, Any] = {"feature_slug": "001-sign-in", "total_wps": 2}
TIMES_IN_OTHER_FORMS = [
    "2026-11-20T08:00:00z",
    "2026-11-20t08:00:00Z",
    "2026-11-20 08:00:00Z",
    "2026-11-20T08:00:00+0000",
    "2026-11-20T08:00Z",
    "20261120T080000Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T08:00:00+24:00",
    "2026-04-31T08:00:00Z",
]


@pytest.mark.parametrize("time", TIMES_IN_OTHER_FORMS)
@pytest.mark.parametrize(
    ("event_type", "payload", "member"),
    [
        ("FeatureCreated", FEATURE_CREATED, "created_at"),
        ("FeatureCompleted", FEATURE_COMPLETED, "completed_at"),
    ],
)
def test_time_of_a_payload_in_another_form_is_refused_at_its_place(
    event_type: str, payload: dict[str, Any], member: str, time: str
) -> None:
    members = written(event_type=event_type, payload=payload | {member: time})
    assert refusal_of(json.dumps(members)).place == f"$.payload.{member}"


@pytest.mark.parametrize(
    ("struct", "payload", "member"),
    [
        (FeatureCreated, FEATURE_CREATED, "created_at"),
        (FeatureCompleted, FEATURE_COMPLETED, "completed_at"),
    ],
)
def test_payload_that_is_read_alone_refuses_a_time_without_offset(
    struct: type[msgspec.Struct], payload: dict[str, Any], member: str
) -> None:
    data = json.dumps(payload | {member: "2026-11-20T08:00:00"})
    with pytest.raises(msgspec.ValidationError, match=f"timezone component - at `\\$.{member}`"):
        msgspec.json.decode(data, type=struct)


@pytest.mark.parametrize("member", ["created_at", "completed_at"])
def test_unknown_member_that_is_named_as_a_time_is_ignored(member: str) -> None:
    payload = {"wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed", member: "soon"}
    assert decode_event(json.dumps(written(payload=payload))).payload == MOVED


def test_time_of_the_other_payload_is_an_unknown_member() -> None:
    payload = FEATURE_CREATED | {"completed_at": "soon"}
    read = decode_event(json.dumps(written(event_type="FeatureCreated", payload=payload)))
    assert read.payload == FeatureCreated(**FEATURE_CREATED)


@pytest.mark.parametrize("zone", ["Z", "+00:00", "+05:30", "-23:59"])
def test_time_of_a_payload_can_have_any_offset(zone: str) -> None:
    time = f"2026-11-20T08:00:00.5{zone}"
    payload = FEATURE_CREATED | {"created_at": time}
    read = decode_event(json.dumps(written(event_type="FeatureCreated", payload=payload)))
    assert read.payload.created_at == datetime.fromisoformat(time)


def test_count_below_two_to_the_53rd_is_taken() -> None:
    largest = 2**53 - 1
    assert decode_event(json.dumps(written(lamport_clock=largest))).lamport_clock == largest


@pytest.mark.parametrize("digits", ["7.0", "7e0", pytest.param("9" * 5000, id="huge")])
def test_count_in_another_form_is_refused_at_its_place(digits: str) -> None:
    data = json.dumps(written(lamport_clock="?")).replace('"?"', digits)
    assert refusal_of(data).place == "$.lamport_clock"


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("event_id", "", "a ULID: 26 characters of 0-9A-HJKMNP-TV-Z"),
        ("node_id", "x", "12 hexadecimal digits"),
        ("project_uuid", "\n", "a UUID of version 4, with hyphens"),
        ("head_commit_sha", "x", "40 hexadecimal digits"),
        ("repo_slug", "a/b/c", "owner/repo, with one slash and no blank"),
        ("timestamp", "now", "a time in UTC, with Z or +00:00, such as 2026-11-20T08:00:00Z"),
    ],
)
def test_text_in_another_form_is_told_the_form_in_words(
    member: str, value: str, problem: str
) -> None:
    error = refusal_of(json.dumps(written(**{member: value})))
    assert error.problem == f"expected {problem}; {REMEDY}"


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("feature_slug", "1-x", "three digits, a hyphen and a name in a-z0-9-"),
        ("feature_number", "1", "three digits, such as 001"),
        ("created_at", "now", "a time such as 2026-11-20T09:00:00+01:00"),
    ],
)
def test_text_of_a_payload_in_another_form_is_told_the_form_in_words(
    member: str, value: str, problem: str
) -> None:
    payload = FEATURE_CREATED | {member: value}
    error = refusal_of(json.dumps(written(event_type="FeatureCreated", payload=payload)))
    assert error.problem.startswith(f"expected {problem}")


@pytest.mark.parametrize("member", ["node_id", "head_commit_sha"])
def test_hexadecimal_digits_stay_in_the_case_that_they_came_in(member: str) -> None:
    digits = "9F2c" * {"node_id": 3, "head_commit_sha": 10}[member]
    assert getattr(decode_event(json.dumps(written(**{member: digits}))), member) == digits


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "Input data was truncated", id="empty"),
        pytest.param(b"\xff", "JSON is malformed", id="not JSON"),
        pytest.param('{"event_type": "\udc80"}', "its text is not valid UTF-8", id="surrogate"),
        pytest.param(b'{"x": ' + b"[" * 10**5, "it is nested too deeply", id="nested"),
        pytest.param(b"[]", "expected object, found array", id="array"),
    ],
)
def test_what_is_no_event_at_all_is_refused(data: bytes | str, problem: str) -> None:
    error = refusal_of(data)
    assert (error.place, error.problem.startswith(problem)) == ("$", True)


def test_text_that_is_not_utf8_is_refused() -> None:
    data = json.dumps(written(project_slug="?")).encode().replace(b'"?"', b'"\xff"')
    assert refusal_of(data).problem == f"its text is not valid UTF-8; {REMEDY}"


def test_long_value_is_not_repeated_whole() -> None:
    assert len(str(refusal_of(json.dumps(written(event_type="x" * 10**5))))) < 500


def test_fault_in_a_batch_names_the_event() -> None:
    events = [written(), written(), written(payload={"wp_id": "WP1"})]
    with pytest.raises(RecordError, match=r"^\$\.events\[2\]\.payload\.wp_id: expected WP and two"):
        decode_batch(json.dumps({"events": events}))


def test_event_without_a_project_uuid_is_refused_in_a_batch() -> None:
    lacking = {name: value for name, value in written().items() if name != "project_uuid"}
    with pytest.raises(RecordError, match=r"^\$\.events\[0\]\.project_uuid: it is missing"):
        decode_batch(json.dumps({"events": [lacking]}))


def test_text_in_a_batch_that_is_not_utf8_names_the_event() -> None:
    data = json.dumps({"events": [written(), written(project_slug="?")]}).encode()
    with pytest.raises(RecordError, match=r"^\$\.events\[1\]: its text is not valid UTF-8"):
        decode_batch(data.replace(b'"?"', b'"\xff"'))


def test_batch_keeps_the_order_of_its_events() -> None:
    data = json.dumps({"events": [written(lamport_clock=clock) for clock in (3, 1, 2)]})
    assert [event.lamport_clock for event in decode_batch(data)] == [3, 1, 2]


def test_fault_in_an_answer_names_the_result() -> None:
    results = [{"event_id": "a", "status": "success"}, {"event_id": "b", "status": "stored"}]
    with pytest.raises(RecordError, match=r"^\$\.results\[1\]\.status: it cannot be 'stored'"):
        decode_answer(json.dumps({"results": results}))


def test_refused_event_without_text_is_refused() -> None:
    with pytest.raises(ValueError, match="neither error nor reason is there"):
        RefusedEvent(event_id="a")


def test_fault_in_a_refusal_names_the_entry() -> None:
    data = json.dumps({"error": "Invalid", "details": [{"event_id": "a"}]})
    with pytest.raises(RecordError, match=r"^\$\.details\[0\]: neither error nor reason"):
        decode_refusal(data)
