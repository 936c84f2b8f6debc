"""The reference of the event envelope has the 15 fields and true examples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from contract.documents import CONTRACTS, ROOT, bare, fences, tables

Schemas = dict[str, dict[str, Any]]
GIT_FIELDS = ["git_branch", "head_commit_sha", "repo_slug"]
NULLABLE = ["causation_id", "project_slug", *GIT_FIELDS]


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docs/reference/event-envelope.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def examples(text: str) -> list[Any]:
    return [json.loads(content) for info, content in fences(text) if info == "json event"]


def test_table_has_the_fifteen_fields_in_schema_order(text: str, schemas: Schemas) -> None:
    fields = [bare(row[0]) for row in tables(text, "The 15 fields")[0]]
    assert fields == list(schemas["event"]["properties"])


def test_table_says_which_fields_can_be_null(text: str) -> None:
    rows = tables(text, "The 15 fields")[0]
    assert [bare(row[0]) for row in rows if row[1].endswith("or null")] == NULLABLE


def test_table_says_what_null_means_of_each_field_that_can_be(text: str) -> None:
    rows = tables(text, "The 15 fields")[0]
    assert [bare(row[0]) for row in rows if row[3].startswith("null: ")] == NULLABLE


def test_table_says_which_fields_an_older_sender_leaves_out(text: str) -> None:
    rows = tables(text, "The 15 fields")[0]
    assert [bare(r[0]) for r in rows if r[3].endswith("absent: an older sender")] == GIT_FIELDS


def test_schema_allows_null_where_the_table_does(schemas: Schemas) -> None:
    properties = schemas["event"]["properties"]
    assert [name for name, part in properties.items() if "null" in part.get("type", ())] == NULLABLE


def test_table_has_the_pattern_of_a_ulid(text: str, schemas: Schemas) -> None:
    row = tables(text, "The 15 fields")[0][0]
    assert f"`{schemas['event']['$defs']['ulid']['pattern']}`" in row[1]


@pytest.mark.parametrize("field", ["event_id", "node_id", "head_commit_sha"])
def test_table_has_the_length_that_the_schema_demands(
    field: str, text: str, schemas: Schemas
) -> None:
    (form,) = (row[1] for row in tables(text, "The 15 fields")[0] if bare(row[0]) == field)
    event = schemas["event"]
    part = event["$defs"]["ulid"] | event["properties"][field]
    demanded = re.findall(r"\{(\d+)\}", part["pattern"])
    assert re.findall(r"(\d+) (?:characters|hexadecimal digits)", form) == demanded


def test_first_example_has_every_field_in_schema_order(
    examples: list[Any], schemas: Schemas
) -> None:
    assert list(examples[0]) == list(schemas["event"]["properties"])


def test_second_example_is_outside_git(examples: list[Any]) -> None:
    assert [examples[1][name] for name in GIT_FIELDS] == [None, None, None]


def test_second_example_follows_from_the_first(examples: list[Any]) -> None:
    assert examples[1]["causation_id"] == examples[0]["event_id"]


def test_third_example_is_from_an_older_sender(examples: list[Any], schemas: Schemas) -> None:
    fields = list(schemas["event"]["properties"])
    assert [name for name in fields if name not in examples[2]] == GIT_FIELDS


def test_example_in_python_runs(
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    event = json.loads((CONTRACTS / "fixtures/event/valid/single-event.json").read_text("utf-8"))
    event["payload"]["to_lane"] = "done"
    (tmp_path / "event.json").write_text(json.dumps(event), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (code,) = [content for info, content in fences(text) if info == "python"]
    exec(code, {})
    assert capsys.readouterr().out == "WP03 is done on 001-sign-in\n"
