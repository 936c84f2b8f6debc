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
