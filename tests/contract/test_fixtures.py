"""Every fixture is accepted, or refused for the one defect that it was made for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.documents import KINDS
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no annotations

FaultsOf = Callable[..., set[tuple[str, str]]]
CONSTRAINING = {"type", "enum", "required", "pattern", "not", "anyOf"}
CONSTRAINING |= {"minLength", "minimum", "maximum", "minItems"}


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def kind_of(path: Path) -> str:
    return path.parts[-3]


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_valid_json_schema(kind: str, schemas: dict[str, dict[str, Any]]) -> None:
    Draft202012Validator.check_schema(schemas[kind])


def test_valid_fixture_is_accepted(valid_fixture: Path, faults: FaultsOf) -> None:
    assert faults(load(valid_fixture), kind_of(valid_fixture)) == set()


def test_invalid_fixture_is_refused_for_its_one_defect(
    invalid_fixture: Path, faults: FaultsOf, contracts: Path
) -> None:
    kind = kind_of(invalid_fixture)
    defect = load(contracts / "fixtures/defects.json")[kind][invalid_fixture.stem]
    assert faults(load(invalid_fixture), kind) == {(defect["pointer"], defect["keyword"])}


@pytest.mark.parametrize("kind", KINDS)
def test_every_listed_defect_has_its_fixture(kind: str, contracts: Path) -> None:
    listed = load(contracts / "fixtures/defects.json")[kind]
    files = {path.stem for path in (contracts / f"fixtures/{kind}/invalid").iterdir()}
    assert set(listed) == files


@pytest.mark.parametrize("kind", KINDS)
def test_every_constraining_keyword_has_a_fixture_that_breaks_it(
    kind: str, schemas: dict[str, dict[str, Any]], contracts: Path
) -> None:
    defects = load(contracts / "fixtures/defects.json")[kind].values()
    broken = {defect["keyword"] for defect in defects}
    assert constraining_keywords(schemas[kind]) - broken == set()


def constraining_keywords(schema: Any) -> set[str]:
    """The keywords that refuse values anywhere in a schema; conditions are left out."""
    if not isinstance(schema, dict):
        return set()
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    parts += [schema.get("items"), schema.get("additionalProperties")]
    return CONSTRAINING.intersection(schema).union(*map(constraining_keywords, parts))


@pytest.mark.parametrize(
    ("name", "resource_type", "resource_id"),
    [
        ("jira-routed", "jira_project", "ACME"),
        ("linear-routed", "linear_team", "abc-123-def"),
        ("linear-without-team", None, None),
        ("unregistered-provider", None, None),
    ],
)
def test_fixture_carries_the_route_that_its_name_tells(
    name: str, resource_type: str | None, resource_id: str | None, contracts: Path
) -> None:
    snapshot = load(contracts / f"fixtures/snapshot/valid/{name}.json")
    route = (snapshot["external_resource_type"], snapshot["external_resource_id"])
    assert route == (resource_type, resource_id)


def test_older_sender_leaves_both_routing_fields_out(contracts: Path) -> None:
    snapshot = load(contracts / "fixtures/snapshot/valid/older-sender-without-routing.json")
    assert not {"external_resource_type", "external_resource_id"} & set(snapshot)


def test_snapshots_as_we_send_them_have_all_members_in_contract_order(
    contracts: Path, schemas: dict[str, dict[str, Any]]
) -> None:
    members = {
        path.stem: list(load(path)) for path in contracts.glob("fixtures/snapshot/valid/*.json")
    }
    expected = list(schemas["snapshot"]["properties"])
    assert {name for name, found in members.items() if found != expected} == {
        "older-sender-without-routing",
        "unknown-members",
    }


def test_valid_fixtures_show_every_status_and_issue_type(
    contracts: Path, schemas: dict[str, dict[str, Any]]
) -> None:
    issues = load(contracts / "fixtures/snapshot/valid/every-status-and-type.json")["issues"]
    properties = schemas["snapshot"]["$defs"]["issue"]["properties"]
    shown = ({issue["status"] for issue in issues}, {issue["issue_type"] for issue in issues})
    assert shown == (set(properties["status"]["enum"]), set(properties["issue_type"]["enum"]))
