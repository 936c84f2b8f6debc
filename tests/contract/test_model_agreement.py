"""The structs that the code sends and the schemas that the contract states are one thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackwire.model import (
    Checkpoint,
    DoctrineMode,
    ExternalRef,
    FieldOwner,
    Issue,
    IssueType,
    Status,
    WorkPackageMapping,
)

FaultsOf = Callable[..., set[tuple[str, str]]]
Schemas = dict[str, dict[str, Any]]
DEFINITIONS: dict[str, type[msgspec.Struct]] = {
    "issue": Issue,
    "external_ref": ExternalRef,
    "work_package_mapping": WorkPackageMapping,
    "checkpoint": Checkpoint,
}
CONSTRAINTS = ("type", "minLength", "minimum", "maximum", "enum")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(timezones=offsets)
refs = st.builds(
    ExternalRef,
    system=names,
    workspace=names,
    id=names,
    key=st.none() | texts,
    url=st.none() | texts,
)
issues = st.builds(
    Issue,
    ref=refs,
    title=texts,
    body=st.none() | texts,
    status=st.sampled_from(Status),
    issue_type=st.sampled_from(IssueType),
    priority=st.none() | st.integers(0, 4),
    assignees=st.lists(texts, max_size=3).map(tuple),
    labels=st.lists(texts, max_size=3).map(tuple),
    updated_at=st.none() | times,
)
mappings = st.builds(
    WorkPackageMapping,
    wp_id=names,
    system=names,
    workspace=names,
    external_id=names,
    external_key=st.none() | texts,
    external_url=st.none() | texts,
    created_at=times,
    updated_at=times,
)
checkpoints = st.builds(Checkpoint, cursor=st.none() | texts, updated_since=st.none() | times)
fractions = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | fractions | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def wire(value: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(value))


def is_decodable(value: object, struct: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(json.dumps(value), type=struct)
    except msgspec.ValidationError:
        return False
    return True


def constraints_of_struct(struct: type[msgspec.Struct], member: str) -> dict[str, Any]:
    """What msgspec's own schema demands of a member, in the words of the contract's schema."""
    (root,), components = msgspec.json.schema_components([struct])
    part = components[root["$ref"].rpartition("/")[2]]["properties"][member]
    choices = [c for c in part.get("anyOf", [part]) if c.get("type") != "null"]
    (choice,) = choices
    if "$ref" in choice:
        choice = components[choice["$ref"].rpartition("/")[2]]
    found = {name: choice[name] for name in CONSTRAINTS if name in choice}
    if "anyOf" in part:
        found["type"] = [choice["type"], "null"]
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
    return found


def constraints_of_schema(schemas: Schemas, definition: str, member: str) -> dict[str, Any]:
    definitions = schemas["snapshot"]["$defs"]
    part = definitions[definition]["properties"][member]
    referred = definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else {}
    merged = {**referred, **part}
    found = {name: merged[name] for name in CONSTRAINTS if name in merged}
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
    return found


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_struct_has_the_members_of_the_schema_in_its_order(
    definition: str, schemas: Schemas
) -> None:
    members = [field.encode_name for field in msgspec.structs.fields(DEFINITIONS[definition])]
    assert members == list(schemas["snapshot"]["$defs"][definition]["properties"])


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_struct_requires_what_the_schema_requires(definition: str, schemas: Schemas) -> None:
    fields = msgspec.structs.fields(DEFINITIONS[definition])
    required = [field.encode_name for field in fields if field.required]
    assert required == schemas["snapshot"]["$defs"][definition].get("required", [])


@pytest.mark.parametrize(
    ("definition", "member"),
    [
        (definition, field.encode_name)
        for definition, struct in DEFINITIONS.items()
        for field in msgspec.structs.fields(struct)
    ],
)
def test_struct_constrains_a_member_as_the_schema_does(
    definition: str, member: str, schemas: Schemas
) -> None:
    expected = constraints_of_schema(schemas, definition, member)
    assert constraints_of_struct(DEFINITIONS[definition], member) == expected


def test_doctrine_modes_are_those_of_the_schema(schemas: Schemas) -> None:
    assert schemas["snapshot"]["properties"]["doctrine_mode"]["enum"] == list(DoctrineMode)


def test_field_owners_are_those_of_the_schema(schemas: Schemas) -> None:
    owners = schemas["snapshot"]["properties"]["doctrine_field_owners"]
    assert owners["additionalProperties"]["enum"] == list(FieldOwner)


@given(issue=issues)
def test_any_issue_is_accepted_by_the_schema(issue: Issue, faults: FaultsOf) -> None:
    assert faults(wire(issue), "snapshot", "issue") == set()


@given(mapping=mappings)
def test_any_mapping_is_accepted_by_the_schema(
    mapping: WorkPackageMapping, faults: FaultsOf
) -> None:
    assert faults(wire(mapping), "snapshot", "work_package_mapping") == set()


@given(checkpoint=checkpoints)
def test_any_checkpoint_is_accepted_by_the_schema(checkpoint: Checkpoint, faults: FaultsOf) -> None:
    assert faults(wire(checkpoint), "snapshot", "checkpoint") == set()


@given(issue=issues, data=st.data())
def test_schema_and_struct_agree_on_an_issue_with_one_strange_member(
    issue: Issue, data: st.DataObject, faults: FaultsOf
) -> None:
    value = wire(issue)
    value[data.draw(st.sampled_from(list(value)))] = data.draw(json_values)
    assert is_decodable(value, Issue) == (faults(value, "snapshot", "issue") == set())


@given(mapping=mappings, data=st.data())
def test_schema_and_struct_agree_on_a_mapping_with_one_strange_member(
    mapping: WorkPackageMapping, data: st.DataObject, faults: FaultsOf
) -> None:
    value = wire(mapping)
    value[data.draw(st.sampled_from(list(value)))] = data.draw(json_values)
    accepted = faults(value, "snapshot", "work_package_mapping") == set()
    assert is_decodable(value, WorkPackageMapping) == accepted


@given(issue=issues, data=st.data())
def test_schema_and_struct_agree_on_an_issue_with_one_member_absent(
    issue: Issue, data: st.DataObject, faults: FaultsOf
) -> None:
    value = wire(issue)
    del value[data.draw(st.sampled_from(list(value)))]
    assert is_decodable(value, Issue) == (faults(value, "snapshot", "issue") == set())


def test_valid_snapshot_decodes_into_the_structs(valid_snapshot: Path) -> None:
    snapshot = json.loads(valid_snapshot.read_text(encoding="utf-8"))
    decoded = [
        *msgspec.convert(snapshot["issues"], list[Issue]),
        *msgspec.convert(snapshot["mappings"], list[WorkPackageMapping]),
        msgspec.convert(snapshot["checkpoint"], Checkpoint),
    ]
    assert len(decoded) == len(snapshot["issues"]) + len(snapshot["mappings"]) + 1


@pytest.mark.parametrize(
    ("member", "target"),
    [
        ("issues", list[Issue]),
        ("mappings", list[WorkPackageMapping]),
        ("checkpoint", Checkpoint),
    ],
)
def test_defect_inside_a_member_is_refused_by_the_struct_too(
    member: str, target: Any, contracts: Path
) -> None:
    directory = contracts / "fixtures/snapshot/invalid"
    defects = json.loads((contracts / "fixtures/defects.json").read_text())["snapshot"]
    inside = [
        name for name, defect in defects.items() if defect["pointer"].startswith(f"#/{member}")
    ]
    decoded = []
    for name in inside:
        value = json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))[member]
        try:
            msgspec.json.decode(json.dumps(value), type=target)
        except msgspec.ValidationError:
            continue
        decoded.append(name)
    assert (bool(inside), decoded) == (True, [])
