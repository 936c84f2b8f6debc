"""The structs of events and the schemas that the contract states are one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from contract.documents import CONTRACTS
from contract.schema_values import values_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackwire.errors import RecordError
from trackwire.events import (
    PAYLOADS,
    AggregateType,
    BatchAnswer,
    BatchRefusal,
    BatchResult,
    EntryType,
    ErrorType,
    Event,
    EventType,
    Lane,
    Phase,
    RefusedEvent,
    RejectionCategory,
    ResolutionType,
    ResultStatus,
    WPCreated,
    decode_answer,
    decode_batch,
    decode_event,
    decode_refusal,
)

FaultsOf = Callable[..., set[tuple[str, str]]]
Schemas = dict[str, dict[str, Any]]

DECODERS: dict[str, Callable[[str], object]] = {
    "event": decode_event,
    "event-batch": decode_batch,
    "event-batch-answer": decode_answer,
    "event-batch-refusal": decode_refusal,
}
STRUCTS: dict[tuple[str, str], type[msgspec.Struct]] = {
    ("event", ""): Event,
    **{("event", str(name)): struct for name, struct in PAYLOADS.items()},
    ("event-batch-answer", ""): BatchAnswer,
    ("event-batch-answer", "result"): BatchResult,
    ("event-batch-refusal", ""): BatchRefusal,
    ("event-batch-refusal", "refused_event"): RefusedEvent,
}
CONSTRAINTS = ("type", "minLength", "minimum", "enum", "pattern")
MEMBERS = [
    (kind, definition, field.encode_name)
    for (kind, definition), struct in STRUCTS.items()
    for field in msgspec.structs.fields(struct)
    if field.encode_name not in {"payload", "results", "details", "timestamp"}
]
"""Without those that are objects of their own, and the envelope's time, which has one form only."""

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A machine that is busy with other tests is no fault of the values."""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
counts = st.integers(0, 2**70)
times = st.datetimes(
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
)
wp_ids = st.from_regex(r"WP[0-9]{2}", fullmatch=True)
ulids = st.from_regex(r"[0-9A-HJKMNP-TV-Z]{26}", fullmatch=True)
repo_names = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=0x21, exclude_characters="/"), min_size=1
)
optional_of_git = {
    "git_branch": st.sampled_from([None, msgspec.UNSET]) | names,
    "head_commit_sha": st.sampled_from([None, msgspec.UNSET])
    | st.from_regex(r"[0-9A-Fa-f]{40}", fullmatch=True),
    "repo_slug": st.sampled_from([None, msgspec.UNSET])
    | st.builds("{}/{}".format, repo_names, repo_names),
}
members_of_payload: dict[str, st.SearchStrategy[Any]] = {
    "wp_id": wp_ids,
    "dependency_wp_id": wp_ids,
    "from_lane": st.sampled_from(Lane),
    "to_lane": st.sampled_from(Lane),
    "phase": st.sampled_from(Phase),
    "entry_type": st.sampled_from(EntryType),
    "error_type": st.sampled_from(ErrorType),
    "resolution_type": st.sampled_from(ResolutionType),
    "dependencies": st.lists(wp_ids, max_size=3).map(tuple),
    "feature_number": st.from_regex(r"[0-9]{3}", fullmatch=True),
    "retry_count": counts,
    "wp_count": counts,
    "total_wps": counts,
    "created_at": times,
    "completed_at": times,
    "feature_slug": names,
    "target_branch": names,
    "agent_id": names,
    "title": texts,
    "actor": texts,
    "author": texts,
    "entry_content": texts,
    "error_message": texts,
    "stack_trace": texts,
    "total_duration": texts,
}
feature_slugs = st.from_regex(r"[0-9]{3}-[a-z0-9-]+", fullmatch=True)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
    | texts
    | wp_ids
    | st.sampled_from([*Lane, *EventType, *AggregateType, *ResultStatus]).map(str),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def payloads_of(event_type: EventType) -> st.SearchStrategy[msgspec.Struct]:
    struct = PAYLOADS[event_type]
    known = members_of_payload | (
        {"feature_slug": feature_slugs} if event_type is EventType.FEATURE_CREATED else {}
    )
    return st.builds(
        struct,
        **{
            field.name: known[field.name] if field.required else st.none() | known[field.name]
            for field in msgspec.structs.fields(struct)
        },
    )


def events_of(event_type: EventType) -> st.SearchStrategy[Event[Any]]:
    return st.builds(
        Event,
        event_id=ulids,
        event_type=st.just(event_type),
        aggregate_id=names,
        aggregate_type=st.sampled_from(AggregateType),
        payload=payloads_of(event_type),
        timestamp=st.datetimes(timezones=st.just(UTC)),
        node_id=st.from_regex(r"[0-9A-Fa-f]{12}", fullmatch=True),
        lamport_clock=counts,
        causation_id=st.none() | ulids,
        team_slug=names,
        project_uuid=st.uuids(version=4).map(str),
        project_slug=st.none() | texts,
        **optional_of_git,
    )


events = st.sampled_from(EventType).flatmap(events_of)
answers = st.builds(
    BatchAnswer,
    results=st.lists(
        st.builds(
            BatchResult,
            event_id=texts,
            status=st.sampled_from(ResultStatus),
            error=st.none() | texts,
        ),
        max_size=3,
    ).map(tuple),
)
entries = st.builds(RefusedEvent, event_id=texts, error=texts) | st.builds(
    RefusedEvent, event_id=texts, reason=texts
)
refusals = st.builds(
    BatchRefusal, error=texts, details=texts | st.lists(entries, max_size=3).map(tuple)
)
of_structs: dict[str, st.SearchStrategy[Any]] = {
    "event": events,
    "event-batch-answer": answers,
    "event-batch-refusal": refusals,
}


@cache
def of_schema(kind: str) -> st.SearchStrategy[Any]:
    if kind == "event-batch":
        return st.fixed_dictionaries({"events": st.lists(of_schema("event"), max_size=3)})
    path = CONTRACTS / f"schemas/{kind}.schema.json"
    return values_of(json.loads(path.read_text(encoding="utf-8")))


def wire(value: object) -> Any:
    return json.loads(msgspec.json.encode(value))


def is_taken(value: object, kind: str) -> bool:
    try:
        DECODERS[kind](json.dumps(value))
    except RecordError:
        return False
    return True


def kind_of(path: Path) -> str:
    return path.parts[-3]


def parts_of(value: Any) -> list[dict[str, Any]]:
    """The objects in a value whose members the contract lists."""
    inner = [value.get("payload"), *value.get("results", ()), *value.get("details", ())]
    return [value, *(part for part in inner if isinstance(part, dict))]


def definition_in(schemas: Schemas, kind: str, definition: str) -> dict[str, Any]:
    schema = schemas[kind]
    return schema["$defs"][definition] if definition else schema


def constraints_of_struct(struct: type[msgspec.Struct], member: str) -> dict[str, Any]:
    """What msgspec's own schema demands of a member, in the words of the contract's schema."""
    (root,), components = msgspec.json.schema_components([struct])
    part = components[root["$ref"].rpartition("/")[2]]["properties"][member]
    (choice,) = [c for c in part.get("anyOf", [part]) if c.get("type") != "null"]
    if "$ref" in choice:
        choice = components[choice["$ref"].rpartition("/")[2]]
    found = {name: choice[name] for name in CONSTRAINTS if name in choice}
    if "anyOf" in part:
        found["type"] = [choice["type"], "null"]
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
    if "pattern" in found:
        found["pattern"] = found["pattern"].replace(r"\Z", "$")
    return found


def constraints_of_schema(
    schemas: Schemas, kind: str, definition: str, member: str
) -> dict[str, Any]:
    part = definition_in(schemas, kind, definition)["properties"][member]
    name = part.get("$ref", "").removeprefix("#/$defs/")
    merged = {**schemas[kind].get("$defs", {}).get(name, {}), **part}
    found = {name: merged[name] for name in CONSTRAINTS if name in merged}
    if merged.get("format") == "date-time":
        found.pop("pattern")
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
    return found


@pytest.mark.parametrize(("kind", "definition"), STRUCTS)
def test_struct_has_the_members_of_the_schema_in_its_order(
    kind: str, definition: str, schemas: Schemas
) -> None:
    members = [field.encode_name for field in msgspec.structs.fields(STRUCTS[kind, definition])]
    assert members == list(definition_in(schemas, kind, definition)["properties"])


@pytest.mark.parametrize(("kind", "definition"), STRUCTS)
def test_struct_requires_what_the_schema_requires(
    kind: str, definition: str, schemas: Schemas
) -> None:
    fields = msgspec.structs.fields(STRUCTS[kind, definition])
    required = [field.encode_name for field in fields if field.required]
    assert required == definition_in(schemas, kind, definition)["required"]


@pytest.mark.parametrize(("kind", "definition", "member"), MEMBERS)
def test_struct_constrains_a_member_as_the_schema_does(
    kind: str, definition: str, member: str, schemas: Schemas
) -> None:
    struct: Any = STRUCTS[kind, definition]
    if struct is Event:
        struct = Event[WPCreated]
    expected = constraints_of_schema(schemas, kind, definition, member)
    assert constraints_of_struct(struct, member) == expected


@pytest.mark.parametrize(
    ("enumeration", "words"),
    [
        (AggregateType, "WorkPackage Feature"),
        (Lane, "planned claimed in_progress for_review done blocked canceled"),
        (Phase, "implementation review"),
        (EntryType, "note review error comment"),
        (ErrorType, "validation runtime network auth unknown"),
        (ResolutionType, "completed skipped merged"),
        (ResultStatus, "success duplicate rejected"),
        (RejectionCategory, "schema_mismatch auth_expired server_error unknown"),
        (
            EventType,
            "WPStatusChanged WPCreated WPAssigned FeatureCreated FeatureCompleted HistoryAdded "
            "ErrorLogged DependencyResolved",
        ),
    ],
)
def test_words_are_pinned(enumeration: Any, words: str) -> None:
    assert list(enumeration) == words.split()


@pytest.mark.parametrize(
    ("definition", "pattern"),
    [
        ("ulid", "^[0-9A-HJKMNP-TV-Z]{26}$"),
        ("wp_id", "^WP[0-9]{2}$"),
        ("node_id", "^[0-9A-Fa-f]{12}$"),
        ("head_commit_sha", "^[0-9A-Fa-f]{40}$"),
        ("feature_slug", "^[0-9]{3}-[a-z0-9-]+$"),
        ("feature_number", "^[0-9]{3}$"),
    ],
)
def test_patterns_are_pinned(definition: str, pattern: str, schemas: Schemas) -> None:
    definitions = schemas["event"]["$defs"]
    parts = schemas["event"]["properties"] | definitions["FeatureCreated"]["properties"]
    assert (parts | definitions)[definition]["pattern"] == pattern


@pytest.mark.parametrize("event_type", EventType)
def test_payload_is_named_as_its_event_type(event_type: EventType) -> None:
    assert PAYLOADS[event_type].__name__ == event_type


@pytest.mark.parametrize("kind", of_structs)
@unhurried
@given(data=st.data())
def test_what_the_struct_holds_is_valid(kind: str, data: st.DataObject, faults: FaultsOf) -> None:
    assert faults(wire(data.draw(of_structs[kind])), kind) == set()


@unhurried
@given(batch=st.lists(events, max_size=3))
def test_batch_of_events_is_valid(batch: list[Event[Any]], faults: FaultsOf) -> None:
    assert faults(wire({"events": batch}), "event-batch") == set()


@pytest.mark.parametrize("kind", of_structs)
@unhurried
@given(data=st.data())
def test_what_the_struct_holds_survives_the_wire(kind: str, data: st.DataObject) -> None:
    value = data.draw(of_structs[kind])
    assert DECODERS[kind](msgspec.json.encode(value).decode()) == value


@pytest.mark.parametrize("kind", DECODERS)
@unhurried
@given(data=st.data())
def test_what_the_schema_allows_is_taken(kind: str, data: st.DataObject) -> None:
    assert is_taken(data.draw(of_schema(kind)), kind)


@pytest.mark.parametrize("kind", of_structs)
@unhurried
@given(data=st.data())
def test_schema_and_struct_agree_on_one_strange_member(
    kind: str, data: st.DataObject, faults: FaultsOf
) -> None:
    value = wire(data.draw(of_structs[kind]))
    part = data.draw(st.sampled_from(parts_of(value)))
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(json_values)
    assert is_taken(value, kind) == (faults(value, kind) == set())


@pytest.mark.parametrize("kind", of_structs)
@unhurried
@given(data=st.data())
def test_schema_and_struct_agree_on_one_absent_member(
    kind: str, data: st.DataObject, faults: FaultsOf
) -> None:
    value = wire(data.draw(of_structs[kind]))
    part = data.draw(st.sampled_from(parts_of(value)))
    del part[data.draw(st.sampled_from(sorted(part)))]
    assert is_taken(value, kind) == (faults(value, kind) == set())


def test_valid_fixture_is_taken(valid_of_events: Path) -> None:
    DECODERS[kind_of(valid_of_events)](valid_of_events.read_text(encoding="utf-8"))


def test_invalid_fixture_is_refused_where_its_defect_is(invalid_of_events: Path) -> None:
    kind = kind_of(invalid_of_events)
    defects = json.loads((CONTRACTS / "fixtures/defects.json").read_text(encoding="utf-8"))
    defect = defects[kind][invalid_of_events.stem]
    steps = defect["pointer"].split("/")[1:]
    place = "$" + "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)
    with pytest.raises(RecordError) as caught:
        DECODERS[kind](invalid_of_events.read_text(encoding="utf-8"))
    found, is_missing = caught.value.place, defect["keyword"] == "required"
    assert (found.rpartition(".")[0] if is_missing else found) == place
