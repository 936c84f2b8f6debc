"""The contract of the batch API says what its schemas say, and its words are pinned."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from contract.documents import CONTRACTS, bare, fences, headings, tables

from trackwire.events import LANE_ALIASES, REJECTION_KEYWORDS

Schemas = dict[str, dict[str, Any]]

FIFTEEN_FIELDS = [
    "event_id",
    "event_type",
    "aggregate_id",
    "aggregate_type",
    "payload",
    "timestamp",
    "node_id",
    "lamport_clock",
    "causation_id",
    "team_slug",
    "project_uuid",
    "project_slug",
    "git_branch",
    "head_commit_sha",
    "repo_slug",
]
EVENT_TYPES = [
    "WPStatusChanged",
    "WPCreated",
    "WPAssigned",
    "FeatureCreated",
    "FeatureCompleted",
    "HistoryAdded",
    "ErrorLogged",
    "DependencyResolved",
]
SECTIONS = [
    "Words",
    "Authentication",
    "Event envelope",
    "Event types",
    "Lanes",
    "Batch request",
    "Batch answer",
    "Error categories",
    "Compatibility",
    "Fixtures",
    "Tracker snapshot payload",
]
CATEGORIES = {
    "schema_mismatch": ["invalid", "schema", "field", "missing", "type"],
    "auth_expired": ["token", "expired", "unauthorized", "401"],
    "server_error": ["internal", "500", "timeout", "unavailable"],
    "unknown": [],
}
KINDS = ["event", "event-batch", "event-batch-answer", "event-batch-refusal"]


@pytest.fixture(scope="module")
def text() -> str:
    return (CONTRACTS / "batch-api-contract.md").read_text(encoding="utf-8")


def first_cells(text: str, heading: str, number: int = 0) -> list[str]:
    return [bare(row[0]) for row in tables(text, heading)[number]]


def words_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def property_names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties
        for part in (*properties.values(), *schema.get("$defs", {}).values(), schema.get("items")):
            yield from property_names(part)


def choices(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("enum", [])
        for part in schema.values():
            yield from choices(part)


def test_contract_version_is_1_0_0(text: str) -> None:
    assert re.findall(r"^Contract version: (.+)$", text, re.MULTILINE) == ["1.0.0"]


def test_change_log_names_the_contract_version() -> None:
    log = (CONTRACTS / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"The batch API, version ([0-9.]+[0-9])", log)[0] == "1.0.0"


def test_sections_are_pinned_and_the_snapshot_payload_is_last(text: str) -> None:
    assert headings(text, level=2) == SECTIONS


def test_endpoints_are_pinned(text: str) -> None:
    assert re.findall(r"^    POST \{hub\}(\S+)$", text, re.MULTILINE) == [
        "/api/v1/events/batch/",
        "/api/v1/connectors/trackers/snapshots/",
    ]


def test_document_lists_the_fifteen_fields_in_order(text: str) -> None:
    assert first_cells(text, "Event envelope") == FIFTEEN_FIELDS


def test_schema_lists_the_fifteen_fields_in_order(schemas: Schemas) -> None:
    assert list(schemas["event"]["properties"]) == FIFTEEN_FIELDS


def test_only_the_git_fields_may_be_absent(schemas: Schemas) -> None:
    assert schemas["event"]["required"] == FIFTEEN_FIELDS[:12]


def test_schema_lists_the_eight_event_types(schemas: Schemas) -> None:
    assert schemas["event"]["properties"]["event_type"]["enum"] == EVENT_TYPES


def test_document_describes_the_event_types_in_order(text: str) -> None:
    found = headings(text, level=3)
    assert [heading for heading in found if heading in EVENT_TYPES] == EVENT_TYPES


def test_schema_chooses_the_payload_that_is_named_as_the_event_type(schemas: Schemas) -> None:
    chosen = [
        (
            branch["if"]["properties"]["event_type"]["const"],
            branch["then"]["properties"]["payload"]["$ref"],
        )
        for branch in schemas["event"]["allOf"]
    ]
    assert chosen == [(name, f"#/$defs/{name}") for name in EVENT_TYPES]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_table_of_a_payload_has_its_members_in_schema_order(
    event_type: str, text: str, schemas: Schemas
) -> None:
    definition = schemas["event"]["$defs"][event_type]
    rows = [(bare(row[0]), row[2]) for row in tables(text, event_type)[0]]
    assert rows == [
        (name, "yes" if name in definition["required"] else "no")
        for name in definition["properties"]
    ]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_table_of_a_payload_says_where_null_is_allowed(
    event_type: str, text: str, schemas: Schemas
) -> None:
    properties = schemas["event"]["$defs"][event_type]["properties"]
    said = {bare(row[0]): row[1].endswith(" or null") for row in tables(text, event_type)[0]}
    assert said == {name: "null" in part.get("type", ()) for name, part in properties.items()}


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_example_of_a_payload_has_all_members_in_schema_order(
    event_type: str, text: str, schemas: Schemas
) -> None:
    (example,) = [content for info, content in fences(text) if info == f"json {event_type}"]
    properties = schemas["event"]["$defs"][event_type]["properties"]
    assert list(json.loads(example)) == list(properties)


@pytest.mark.parametrize(
    ("heading", "number", "kind", "definition"),
    [
        ("Batch request", 1, "event-batch", ""),
        ("Results", 0, "event-batch-answer", ""),
        ("Results", 1, "event-batch-answer", "result"),
        ("Refusals", 0, "event-batch-refusal", ""),
        ("Refusals", 1, "event-batch-refusal", "refused_event"),
    ],
)
def test_table_lists_the_members_in_schema_order(
    heading: str, number: int, kind: str, definition: str, text: str, schemas: Schemas
) -> None:
    schema = schemas[kind]["$defs"][definition] if definition else schemas[kind]
    assert first_cells(text, heading, number) == list(schema["properties"])


def test_lanes_are_pinned(text: str, schemas: Schemas) -> None:
    lanes = ["planned", "claimed", "in_progress", "for_review", "done", "blocked", "canceled"]
    assert first_cells(text, "Lanes") == lanes == schemas["event"]["$defs"]["lane"]["enum"]


def test_the_one_alias_of_a_lane_is_in_the_document(text: str) -> None:
    said = re.findall(r"alias `(\w+)` means `(\w+)`", text)
    assert said == [("doing", "in_progress")] == list(LANE_ALIASES.items())


def test_categories_are_tried_in_the_order_of_their_table(text: str) -> None:
    rows = {bare(row[0]): words_in(row[1]) for row in tables(text, "Error categories")[0]}
    assert list(rows.items()) == list(CATEGORIES.items())


def test_categories_of_the_code_are_those_of_the_contract() -> None:
    code = {category: list(keywords) for category, keywords in REJECTION_KEYWORDS.items()}
    assert list(code.items()) == list(CATEGORIES.items())[:3]


def test_answers_are_pinned(text: str) -> None:
    assert first_cells(text, "Batch answer") == ["200", "400", "401", "5xx", "other"]


def test_reactions_to_an_answer_are_pinned(text: str) -> None:
    counted = "the retry count of each grows by one"
    assert {bare(row[0]): row[2] for row in tables(text, "Batch answer")[0]} == {
        "200": "success and duplicate leave the queue; rejected stays, and its retry count grows "
        "by one",
        "400": f"every event stays; those that `details` names count as rejected, and {counted}",
        "401": "every event stays; get a new token, then send again",
        "5xx": "every event stays; send again later",
        "other": "every event stays",
    }


def test_meaning_of_each_answer_is_pinned(text: str) -> None:
    assert {bare(row[0]): row[1] for row in tables(text, "Batch answer")[0]} == {
        "200": "there is a result for each event",
        "400": "the batch is refused as a whole, and nothing is stored",
        "401": "no token, a wrong or an expired one",
        "5xx": "the hub failed",
        "other": "not part of this contract",
    }


def test_headers_of_a_batch_are_pinned(text: str) -> None:
    rows = {bare(row[0]): words_in(row[1]) for row in tables(text, "Batch request")[0]}
    assert rows == {
        "Authorization": ["Bearer TOKEN"],
        "Content-Type": ["application/json"],
        "Content-Encoding": ["gzip"],
    }


def merged(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What a member demands, with the definition that it refers to."""
    name = part.get("$ref", "").removeprefix("#/$defs/")
    return {**schema["$defs"].get(name, {}), **part}


def described(text: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield each member of envelope and payloads: name, what the schema demands, its cell."""
    for heading in ("Event envelope", *EVENT_TYPES):
        properties = schema["$defs"].get(heading, schema)["properties"]
        for row in tables(text, heading)[0]:
            name = bare(row[0])
            demands = merged(schema, properties[name])
            if "items" in demands:
                demands |= {"pattern": merged(schema, demands["items"])["pattern"]}
            yield f"{heading}.{name}", demands, row[-1]


FORMS = {
    "ulid": "{length} characters of `{alphabet}`",
    "node_id": "{length} hexadecimal digits",
    "head_commit_sha": "{length} hexadecimal digits",
    "wp_id": "`WP` and {word} digits",
    "feature_slug": "{word} digits, a hyphen, and lower-case letters, digits and hyphens",
    "feature_number": "{word} digits",
}
TOLD_BY_ANOTHER_CELL = {"Event envelope.causation_id"}
"""It is the `event_id` of another event."""
WORDS = {"2": "two", "3": "three"}


@pytest.mark.parametrize("form", FORMS)
def test_document_tells_the_form_that_the_schema_demands(
    form: str, text: str, schemas: Schemas
) -> None:
    event = schemas["event"]
    created = event["$defs"]["FeatureCreated"]["properties"]
    pattern = (event["properties"] | created | event["$defs"])[form]["pattern"]
    (length,) = re.findall(r"\{(\d+)\}", pattern)
    alphabet = pattern.partition("[")[2].partition("]")[0]
    told = FORMS[form].format(length=length, alphabet=alphabet, word=WORDS.get(length))
    cells = [
        cell
        for name, part, cell in described(text, event)
        if part.get("pattern") == pattern and name not in TOLD_BY_ANOTHER_CELL
    ]
    assert cells
    assert [cell for cell in cells if told not in cell] == []


@pytest.mark.parametrize(
    ("keyword", "value", "told"),
    [("minLength", 1, "not empty"), ("minimum", 0, "from 0")],
)
def test_document_tells_the_least_that_the_schema_demands(
    keyword: str, value: int, told: str, text: str, schemas: Schemas
) -> None:
    members = list(described(text, schemas["event"]))
    demanded = [name for name, part, _ in members if part.get(keyword) == value]
    assert demanded
    assert [name for name, _, cell in members if told in cell] == demanded


def test_document_tells_the_choices_of_each_member(text: str, schemas: Schemas) -> None:
    members = list(described(text, schemas["event"]))
    chosen = {
        name: part["enum"] for name, part, cell in members if "enum" in part and "[" not in cell
    }
    cells = {name: words_in(cell) for name, _, cell in members}
    assert chosen
    assert {name: cells[name] for name in chosen} == chosen


def test_document_names_the_aggregate_of_each_event_type(text: str) -> None:
    rows = [(words_in(row[0]), words_in(row[1])) for row in tables(text, "Aggregates")[0]]
    assert sorted(name for names, _ in rows for name in names) == sorted(EVENT_TYPES)
    assert {name: aggregates for names, aggregates in rows for name in names} == {
        "WPStatusChanged": ["WorkPackage"],
        "WPCreated": ["WorkPackage"],
        "WPAssigned": ["WorkPackage"],
        "HistoryAdded": ["WorkPackage"],
        "DependencyResolved": ["WorkPackage"],
        "FeatureCreated": ["Feature"],
        "FeatureCompleted": ["Feature"],
        "ErrorLogged": ["WorkPackage", "wp_id", "Feature"],
    }


def events_of_the_fixtures() -> Iterator[dict[str, Any]]:
    for path in sorted((CONTRACTS / "fixtures").glob("event*/valid/*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        yield from value.get("events", [value] if "event_type" in value else [])


def test_events_of_the_fixtures_have_the_aggregates_that_the_document_names() -> None:
    about_features = {"FeatureCreated", "FeatureCompleted"}
    strange = [
        event
        for event in events_of_the_fixtures()
        if (event["aggregate_type"] == "Feature")
        != (
            event["event_type"] in about_features
            or (event["event_type"] == "ErrorLogged" and event["payload"].get("wp_id") is None)
        )
    ]
    assert strange == []


def test_reactions_to_a_result_are_pinned(text: str, schemas: Schemas) -> None:
    rows = {bare(row[0]): row[2] for row in tables(text, "Results")[2]}
    assert rows == {
        "success": "leaves the queue",
        "duplicate": "leaves the queue",
        "rejected": "stays, and its retry count grows by one",
    }


def test_statuses_of_a_result_are_pinned(schemas: Schemas) -> None:
    result = schemas["event-batch-answer"]["$defs"]["result"]
    assert result["properties"]["status"]["enum"] == ["success", "duplicate", "rejected"]


def test_a_batch_has_at_most_1000_events(text: str, schemas: Schemas) -> None:
    (row,) = tables(text, "Batch request")[1]
    said = re.findall(r"at most (\d+)", row[2])
    assert said == ["1000"] == [str(schemas["event-batch"]["properties"]["events"]["maxItems"])]


@pytest.mark.parametrize("kind", KINDS)
def test_document_names_every_property(kind: str, text: str, schemas: Schemas) -> None:
    named = {name.rpartition(".")[2] for name in re.findall(r"`([a-z_.]+)`", text)}
    assert set(property_names(schemas[kind])) - named == set()


@pytest.mark.parametrize("kind", KINDS)
def test_document_names_every_choice(kind: str, text: str, schemas: Schemas) -> None:
    named = {*re.findall(r"`(\w+)`", text), *headings(text, level=3)}
    assert set(choices(schemas[kind])) - named == set()


def test_example_refusals_show_the_three_forms(text: str) -> None:
    details = [
        json.loads(content)["details"]
        for info, content in fences(text)
        if info == "json event-batch-refusal"
    ]
    forms = [form if isinstance(form, str) else list(form[0]) for form in details]
    assert [isinstance(forms[0], str), *forms[1:]] == [
        True,
        ["event_id", "error"],
        ["event_id", "reason"],
    ]


def test_example_answer_shows_every_status(text: str, schemas: Schemas) -> None:
    (example,) = [content for info, content in fences(text) if info == "json event-batch-answer"]
    shown = {result["status"] for result in json.loads(example)["results"]}
    result = schemas["event-batch-answer"]["$defs"]["result"]
    assert shown == set(result["properties"]["status"]["enum"])


def test_routing_fields_are_named_in_wire_order(text: str, schemas: Schemas) -> None:
    fields = [name for name in schemas["snapshot"]["properties"] if "external" in name]
    assert first_cells(text, "Tracker snapshot payload") == fields


def test_canonical_wire_values_are_those_of_the_snapshot_publish(text: str) -> None:
    publish = (CONTRACTS / "tracker-snapshot-publish.md").read_text(encoding="utf-8")
    expected = tables(publish, "Resource routing")[0]
    assert tables(text, "Tracker snapshot payload")[1] == expected


def test_example_snapshot_has_its_route(text: str) -> None:
    (example,) = [content for info, content in fences(text) if info == "json snapshot"]
    snapshot = json.loads(example)
    route = (snapshot["external_resource_type"], snapshot["external_resource_id"])
    assert route == ("jira_project", "ACME")
