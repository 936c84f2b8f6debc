"""The fixtures of the batch API show what they are named for, and break each rule at least once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trackwire.errors import RecordError
from trackwire.events import decode_batch

FaultsOf = Callable[..., set[tuple[str, str]]]
Schemas = dict[str, dict[str, Any]]
GIT_FIELDS = ("git_branch", "head_commit_sha", "repo_slug")
KEYWORDS = ("type", "enum", "pattern", "not", "minLength", "minimum")


@pytest.fixture
def fixture(contracts: Path) -> Callable[[str], Any]:
    def load(name: str) -> Any:
        kind, _, stem = name.partition("/")
        return json.loads((contracts / f"fixtures/{kind}/valid/{stem}.json").read_text("utf-8"))

    return load


Load = Callable[[str], Any]


def test_each_event_type_has_its_single_event(contracts: Path, schemas: Schemas) -> None:
    types = schemas["event"]["properties"]["event_type"]["enum"]
    shown = {
        json.loads(path.read_text("utf-8"))["event_type"]
        for path in (contracts / "fixtures/event/valid").iterdir()
    }
    assert shown == set(types)


def test_events_as_we_send_them_have_all_fields_in_contract_order(
    contracts: Path, schemas: Schemas
) -> None:
    fields = {
        path.stem: list(json.loads(path.read_text("utf-8")))
        for path in (contracts / "fixtures/event/valid").iterdir()
    }
    expected = list(schemas["event"]["properties"])
    assert {name for name, found in fields.items() if found != expected} == {
        "older-sender-without-git-fields",
        "unknown-members",
    }


def test_older_sender_leaves_out_the_git_fields_alone(fixture: Load, schemas: Schemas) -> None:
    event = fixture("event/older-sender-without-git-fields")
    assert [name for name in schemas["event"]["properties"] if name not in event] == list(
        GIT_FIELDS
    )


def test_git_fields_are_null_outside_git(fixture: Load) -> None:
    event = fixture("event/outside-git")
    assert [event[name] for name in GIT_FIELDS] == [None, None, None]


def test_branch_is_head_when_detached(fixture: Load) -> None:
    assert fixture("event/detached-head")["git_branch"] == "HEAD"


def test_leap_day_is_one(fixture: Load) -> None:
    assert fixture("event/timestamp-on-leap-day")["timestamp"][4:10] == "-02-29"


def test_team_is_local_when_not_logged_in(fixture: Load) -> None:
    assert fixture("event/not-logged-in")["team_slug"] == "local"


def test_clock_is_at_zero(fixture: Load) -> None:
    assert fixture("event/clock-at-zero")["lamport_clock"] == 0


@pytest.mark.parametrize("field", ["project_uuid", "node_id", "head_commit_sha"])
def test_hexadecimal_digits_are_in_capitals(field: str, fixture: Load) -> None:
    digits = fixture(f"event/{field.replace('_', '-')}-in-capitals")[field]
    assert (digits.upper(), digits.lower() != digits) == (digits, True)


def test_zero_offset_is_written_in_digits(fixture: Load) -> None:
    assert fixture("event/timestamp-with-zero-offset")["timestamp"].endswith("+00:00")


def test_slug_of_the_repository_alone_is_null_without_a_remote(fixture: Load) -> None:
    event = fixture("event/git-without-remote")
    assert [name for name in GIT_FIELDS if event[name] is None] == ["repo_slug"]


def test_empty_texts_are_empty(fixture: Load) -> None:
    assert "" in fixture("event/empty-texts")["payload"].values()


def test_texts_in_other_scripts_are_not_ascii(fixture: Load) -> None:
    text = "".join(map(str, fixture("event/texts-in-other-scripts")["payload"].values()))
    assert not text.isascii()


def test_unknown_members_are_in_no_schema(fixture: Load, schemas: Schemas) -> None:
    assert set(fixture("event/unknown-members")) - set(schemas["event"]["properties"])


def test_mixed_batch_has_every_event_type(fixture: Load, schemas: Schemas) -> None:
    shown = {event["event_type"] for event in fixture("event-batch/mixed-batch")["events"]}
    assert shown == set(schemas["event"]["properties"]["event_type"]["enum"])


@pytest.mark.parametrize("field", ["lamport_clock", "timestamp", "event_id"])
def test_mixed_batch_is_oldest_first(field: str, fixture: Load) -> None:
    values = [event[field] for event in fixture("event-batch/mixed-batch")["events"]]
    assert values == sorted(set(values))


@pytest.mark.parametrize("member", ["from_lane", "to_lane"])
def test_every_lane_is_shown(member: str, fixture: Load, schemas: Schemas) -> None:
    events = fixture("event-batch/every-lane")["events"]
    shown = [event["payload"][member] for event in events]
    assert sorted(shown) == sorted(schemas["event"]["$defs"]["lane"]["enum"])


@pytest.mark.parametrize(
    ("event_type", "member"),
    [
        ("WPAssigned", "phase"),
        ("HistoryAdded", "entry_type"),
        ("ErrorLogged", "error_type"),
        ("DependencyResolved", "resolution_type"),
    ],
)
def test_every_other_choice_is_shown(
    event_type: str, member: str, fixture: Load, schemas: Schemas
) -> None:
    events = fixture("event-batch/every-other-choice")["events"]
    shown = [e["payload"][member] for e in events if e["event_type"] == event_type]
    assert shown == schemas["event"]["$defs"][event_type]["properties"][member]["enum"]


@pytest.mark.parametrize("state", ["absent", "null"])
def test_no_optional_member_is_set(state: str, fixture: Load, schemas: Schemas) -> None:
    found = {}
    for event in fixture(f"event-batch/optional-members-{state}")["events"]:
        definition = schemas["event"]["$defs"][event["event_type"]]
        optional = set(definition["properties"]) - set(definition["required"])
        found[event["event_type"]] = {
            name: event["payload"].get(name, "absent") for name in optional
        }
    expected = None if state == "null" else "absent"
    assert len(found) == 8
    assert {value for members in found.values() for value in members.values()} == {expected}


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("success", ["success"]),
        ("duplicate", ["duplicate"]),
        ("rejection", ["rejected"]),
        ("mixed-answer", ["duplicate", "rejected", "success"]),
    ],
)
def test_answer_has_the_statuses_that_its_name_tells(
    name: str, statuses: list[str], fixture: Load
) -> None:
    results = fixture(f"event-batch-answer/{name}")["results"]
    assert sorted({result["status"] for result in results}) == statuses


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("details-as-text", None),
        ("details-as-list-with-error", {("event_id", "error")}),
        ("details-as-list-with-reason", {("event_id", "reason")}),
    ],
)
def test_refusal_has_the_form_that_its_name_tells(
    name: str, forms: set[tuple[str, ...]] | None, fixture: Load
) -> None:
    details = fixture(f"event-batch-refusal/{name}")["details"]
    assert (None if isinstance(details, str) else {tuple(entry) for entry in details}) == forms


def batch_of(event: object, count: int) -> dict[str, Any]:
    return {"events": [event] * count}


def test_batch_of_1000_events_is_valid(fixture: Load, faults: FaultsOf) -> None:
    assert faults(batch_of(fixture("event/single-event"), 1000), "event-batch") == set()


def test_batch_of_1000_events_is_decoded(fixture: Load) -> None:
    assert len(decode_batch(json.dumps(batch_of(fixture("event/single-event"), 1000)))) == 1000


def test_batch_of_1001_events_is_invalid(fixture: Load, faults: FaultsOf) -> None:
    batch = batch_of(fixture("event/single-event"), 1001)
    assert faults(batch, "event-batch") == {("#/events", "maxItems")}


def test_batch_of_1001_events_is_refused(fixture: Load) -> None:
    batch = batch_of(fixture("event/single-event"), 1001)
    with pytest.raises(RecordError, match=r"^\$\.events: expected array of length <= 1000"):
        decode_batch(json.dumps(batch))


def rules(schema: dict[str, Any], path: str, definitions: dict[str, Any]) -> Iterator[Any]:
    """What a part demands: (path, keyword), and (path, `required`, member) for each member."""
    part = {**definitions.get(schema.get("$ref", "").removeprefix("#/$defs/"), {}), **schema}
    yield from ((path, keyword) for keyword in KEYWORDS if keyword in part)
    yield from ((path, "required", member) for member in part.get("required", []))
    if "anyOf" in part:
        yield path, "anyOf"
    for name, inner in part.get("properties", {}).items():
        yield from rules(inner, f"{path}/{name}", definitions)
    if "items" in part:
        yield from rules(part["items"], f"{path}/*", definitions)


def broken_rule(value: Any, pointer: str, keyword: str, required: list[str]) -> Any:
    """The rule that an invalid fixture breaks, in the words of `rules`."""
    path = ""
    for step in pointer.split("/")[1:]:
        path += "/*" if step.isdigit() else f"/{step}"
        value = value[int(step) if step.isdigit() else step]
    if keyword == "required":
        (missing,) = [name for name in required if name not in value]
        return path, "required", missing
    return path, keyword


def defects(contracts: Path, kind: str) -> Iterator[tuple[Any, str, str]]:
    listed = json.loads((contracts / "fixtures/defects.json").read_text("utf-8"))[kind]
    for name, defect in listed.items():
        path = contracts / f"fixtures/{kind}/invalid/{name}.json"
        yield json.loads(path.read_text("utf-8")), defect["pointer"], defect["keyword"]


def is_in_payload(defect: tuple[Any, str, str]) -> bool:
    _, pointer, keyword = defect
    return pointer.startswith("#/payload/") or (pointer, keyword) == ("#/payload", "required")


@pytest.mark.parametrize("kind", ["event-batch-answer", "event-batch-refusal"])
def test_each_rule_of_an_answer_has_a_fixture_that_breaks_it(
    kind: str, contracts: Path, schemas: Schemas
) -> None:
    schema = schemas[kind]
    (entry,) = schema["$defs"].values()
    broken = {
        broken_rule(*defect, schema["required"] if defect[1] == "#" else entry["required"])
        for defect in defects(contracts, kind)
    }
    assert set(rules(schema, "", schema["$defs"])) - broken == set()


def test_each_rule_of_the_envelope_has_a_fixture_that_breaks_it(
    contracts: Path, schemas: Schemas
) -> None:
    schema = schemas["event"]
    broken = {
        broken_rule(*defect, schema["required"])
        for defect in defects(contracts, "event")
        if not is_in_payload(defect)
    }
    assert set(rules(schema, "", schema["$defs"])) - broken == set()


@pytest.mark.parametrize(
    "event_type",
    [
        "WPStatusChanged",
        "WPCreated",
        "WPAssigned",
        "FeatureCreated",
        "FeatureCompleted",
        "HistoryAdded",
        "ErrorLogged",
        "DependencyResolved",
    ],
)
def test_each_rule_of_a_payload_has_a_fixture_that_breaks_it(
    event_type: str, contracts: Path, schemas: Schemas
) -> None:
    definitions = schemas["event"]["$defs"]
    definition = definitions[event_type]
    broken = {
        broken_rule(*defect, definition["required"])
        for defect in defects(contracts, "event")
        if is_in_payload(defect) and defect[0]["event_type"] == event_type
    }
    assert set(rules(definition, "/payload", definitions)) - broken == {("/payload", "type")}
