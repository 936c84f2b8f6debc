"""The contract of the snapshot publish says what its schemas say; its examples are true."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from contract.documents import bare
from ruamel.yaml import YAML

from trackwire.destination import endpoint_url
from trackwire.model import Checkpoint, Issue, WorkPackageMapping

Blocks = list[tuple[str, str]]
FaultsOf = Callable[..., set[tuple[str, str]]]
Table = Callable[[str], list[list[str]]]

ENDPOINT = "/api/v1/connectors/trackers/snapshots/"
ELEVEN_FIELDS = [
    "provider",
    "workspace",
    "external_resource_type",
    "external_resource_id",
    "doctrine_mode",
    "doctrine_field_owners",
    "project_uuid",
    "project_slug",
    "issues",
    "mappings",
    "checkpoint",
]
CANONICAL_WIRE_VALUES = {
    "jira": ("jira_project", "project_key", "ACME"),
    "linear": ("linear_team", "team_id", "abc-123-def"),
    "any other": ("null", "-", "null"),
}
RETRIED = {"408", "409", "425", "429", "500", "502", "503", "504"}
BLOCKS = {"json snapshot", "json issue", "json mapping", "json checkpoint"}
BLOCKS |= {"json receipt", "json problem", "json older-snapshot", "json older-receipt"}


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def examples(blocks: Blocks, info: str) -> list[Any]:
    return [json.loads(text) for found, text in blocks if found == info]


def property_names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties
        for part in (*properties.values(), *schema.get("$defs", {}).values(), schema.get("items")):
            yield from property_names(part)


def test_contract_version_is_2_1_0(document: str) -> None:
    assert re.findall(r"^Contract version: (.+)$", document, re.MULTILINE) == ["2.1.0"]


def test_change_log_leads_with_the_contract_version(contracts: Path) -> None:
    versions = re.findall(r"^## \[(\d[^]]*)\]", (contracts / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == "2.1.0"


def test_endpoint_is_pinned(document: str) -> None:
    assert re.findall(r"^    POST \{hub\}(\S+)$", document, re.MULTILINE) == [ENDPOINT]


def test_document_lists_the_eleven_fields_in_order(table: Table) -> None:
    assert [bare(row[0]) for row in table("## Snapshot")] == ELEVEN_FIELDS


def test_schema_lists_the_eleven_fields_in_order(schemas: dict[str, dict[str, Any]]) -> None:
    assert list(schemas["snapshot"]["properties"]) == ELEVEN_FIELDS


def test_only_the_routing_fields_may_be_absent(schemas: dict[str, dict[str, Any]]) -> None:
    optional = set(ELEVEN_FIELDS) - set(schemas["snapshot"]["required"])
    assert optional == {"external_resource_type", "external_resource_id"}


def test_canonical_wire_values_are_pinned(table: Table) -> None:
    rows = {row[0]: tuple(map(bare, row[1:])) for row in table("## Resource routing")}
    assert rows == CANONICAL_WIRE_VALUES


@pytest.mark.parametrize("provider", ["jira", "linear"])
def test_example_snapshot_carries_the_canonical_wire_values(provider: str, blocks: Blocks) -> None:
    (snapshot,) = [s for s in examples(blocks, "json snapshot") if s["provider"] == provider]
    resource_type, _, resource_id = CANONICAL_WIRE_VALUES[provider]
    route = (snapshot["external_resource_type"], snapshot["external_resource_id"])
    assert route == (resource_type, resource_id)


def test_example_of_an_unregistered_provider_is_null_null(blocks: Blocks) -> None:
    (snapshot,) = [
        s for s in examples(blocks, "json snapshot") if s["provider"] not in CANONICAL_WIRE_VALUES
    ]
    route = (snapshot["external_resource_type"], snapshot["external_resource_id"])
    assert route == (None, None)


def test_every_kind_of_block_has_an_example(blocks: Blocks) -> None:
    kinds = {info for info, _ in blocks if info.startswith("json")}
    assert kinds == BLOCKS


def test_example_snapshots_are_what_a_publisher_writes(blocks: Blocks) -> None:
    snapshots = examples(blocks, "json snapshot")
    written = [
        compact(part)
        for snapshot in snapshots
        for part in (*snapshot["issues"], *snapshot["mappings"], snapshot["checkpoint"])
    ]
    decoded = [
        msgspec.json.encode(msgspec.json.decode(compact(part), type=struct))
        for snapshot in snapshots
        for struct, parts in (
            (Issue, snapshot["issues"]),
            (WorkPackageMapping, snapshot["mappings"]),
            (Checkpoint, [snapshot["checkpoint"]]),
        )
        for part in parts
    ]
    assert decoded == written


def test_example_snapshots_have_the_eleven_fields_in_order(blocks: Blocks) -> None:
    found = {tuple(snapshot) for snapshot in examples(blocks, "json snapshot")}
    assert found == {tuple(ELEVEN_FIELDS)}


def test_example_receipts_show_every_resolution_status(
    blocks: Blocks, schemas: dict[str, dict[str, Any]]
) -> None:
    shown = [receipt["resolution"]["status"] for receipt in examples(blocks, "json receipt")]
    resolution = schemas["receipt"]["properties"]["resolution"]
    assert shown == resolution["properties"]["status"]["enum"]


def test_example_receipts_have_the_digests_of_the_example_snapshots(blocks: Blocks) -> None:
    digests = [
        f"sha-256=:{base64.b64encode(hashlib.sha256(compact(snapshot)).digest()).decode()}:"
        for snapshot in examples(blocks, "json snapshot")
    ]
    assert [receipt["digest"] for receipt in examples(blocks, "json receipt")] == digests


def test_example_key_is_the_hash_of_its_five_lines(document: str, blocks: Blocks) -> None:
    (text,) = [text for info, text in blocks if info == "text idempotency-key"]
    key = hashlib.sha256(text.removesuffix("\n").encode()).hexdigest()
    assert f"has the key `{key}`" in document


def test_example_key_is_made_of_the_jira_example(blocks: Blocks) -> None:
    (text,) = [text for info, text in blocks if info == "text idempotency-key"]
    body = compact(examples(blocks, "json snapshot")[0])
    assert text.splitlines()[4] == hashlib.sha256(body).hexdigest()


def test_key_vectors_follow_the_recipe(contracts: Path) -> None:
    vectors = json.loads((contracts / "fixtures/idempotency-keys.json").read_text())
    made = [
        hashlib.sha256(
            "\n".join(
                (
                    "trackwire-publish-v1",
                    vector["store_id"],
                    vector["destination"],
                    str(vector["generation"]),
                    vector["body_sha256"],
                )
            ).encode()
        ).hexdigest()
        for vector in vectors
    ]
    assert made == [vector["idempotency_key"] for vector in vectors]


def test_key_vectors_all_differ(contracts: Path) -> None:
    vectors = json.loads((contracts / "fixtures/idempotency-keys.json").read_text())
    assert len({vector["idempotency_key"] for vector in vectors}) == len(vectors)


def test_answers_that_are_retried_are_pinned(table: Table) -> None:
    retried = {status for status, _, reaction in table("## Answers") if reaction == "retried"}
    assert retried == RETRIED


def test_every_answer_has_its_reaction(table: Table) -> None:
    reactions = {
        reaction.partition(",")[0].partition(":")[0] for *_, reaction in table("## Answers")
    }
    assert reactions == {"done", "final", "retried", "once more without compression"}


def test_headers_of_an_answer_are_those_of_the_interface(table: Table, contracts: Path) -> None:
    interface = json.loads((contracts / "hub-openapi.json").read_text("utf-8"))
    answers = interface["paths"][ENDPOINT]["post"]["responses"]
    told = {
        status: set(re.findall(r"`(WWW-Authenticate|Retry-After|Idempotent-Replayed)", meaning))
        for status, meaning, _ in table("## Answers")
    }
    assert {status: told[status] | {"Accept-Encoding"} for status in answers} == {
        status: set(answer["headers"]) for status, answer in answers.items()
    }


def test_other_overload_is_told_with_retry_after(table: Table) -> None:
    (meaning,) = (meaning for status, meaning, _ in table("## Answers") if status == "429")
    assert meaning == "overload; with `Retry-After`"


def test_null_null_is_no_error(document: str) -> None:
    assert (
        "Null/null means that the sender has no route for the snapshot. "
        "It is not an error: the publish succeeds," in document
    )


def resolution_steps(document: str) -> list[str]:
    section = document.split("\n## Resolution\n", 1)[1].split("\n### ", 1)[0]
    return re.findall(r"^[123]\. (.+)$", section, re.MULTILINE)


def test_resolution_steps_end_in_the_statuses_of_the_receipt_in_order(
    document: str, schemas: dict[str, dict[str, Any]]
) -> None:
    statuses = [re.findall(r"Status `(\w+)`", step) for step in resolution_steps(document)]
    resolution = schemas["receipt"]["properties"]["resolution"]
    assert statuses == [[status] for status in resolution["properties"]["status"]["enum"]]


def test_resolution_steps_try_the_routing_key_and_then_the_workspace(document: str) -> None:
    keys = [re.findall(r"for \((.+?)\)", step) for step in resolution_steps(document)]
    key = [f"`{name}`" for name in ELEVEN_FIELDS[:4]]
    assert keys == [[", ".join(key)], [", ".join(key[:2])], []]


@pytest.mark.parametrize("kind", ["snapshot", "receipt", "problem"])
def test_document_names_every_property(
    kind: str, document: str, schemas: dict[str, dict[str, Any]]
) -> None:
    named = {name.rpartition(".")[2] for name in re.findall(r"`([a-z_.]+)`", document)}
    assert set(property_names(schemas[kind])) - named == set()


@pytest.mark.parametrize(
    ("heading", "kind", "definition", "nested"),
    [
        ("### Issue", "snapshot", "issue", {"ref": "external_ref"}),
        ("### Mapping", "snapshot", "work_package_mapping", {}),
        ("### Checkpoint", "snapshot", "checkpoint", {}),
    ],
)
def test_document_lists_the_members_in_schema_order(
    heading: str,
    kind: str,
    definition: str,
    nested: dict[str, str],
    table: Table,
    schemas: dict[str, dict[str, Any]],
) -> None:
    definitions = schemas[kind]["$defs"]
    expected: list[str] = []
    for name in definitions[definition]["properties"]:
        expected.append(name)
        if name in nested:
            expected += [f"{name}.{part}" for part in definitions[nested[name]]["properties"]]
    assert [bare(row[0]) for row in table(heading)] == expected


def test_example_configuration_has_the_sections_that_the_document_names(blocks: Blocks) -> None:
    (text,) = [text for info, text in blocks if info == "yaml"]
    config = YAML(typ="safe").load(text)
    assert {section: list(config[section]) for section in config} == {
        "project": ["uuid", "slug"],
        "tracker": ["provider", "workspace", "doctrine"],
        "trackwire": ["fields", "status_map", "priority_map"],
    }


def test_worked_destinations_are_what_a_publisher_makes_of_the_address(table: Table) -> None:
    rows = [[bare(cell) for cell in row] for row in table("## Idempotency key")]
    assert len(rows) == 3
    assert [row[1] for row in rows] == [endpoint_url(row[0]) for row in rows]
