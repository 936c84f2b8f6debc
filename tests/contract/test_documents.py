"""What holds for every document: its JSON is valid, its links lead somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.documents import (
    DOCUMENTS,
    KINDS,
    KINDS_OF_CONTRACT,
    OTHER_PAGES,
    ROOT,
    anchors,
    fences,
    links,
)

from trackwire.events import PAYLOADS

FaultsOf = Callable[..., set[tuple[str, str]]]
Schemas = dict[str, dict[str, Any]]

SHOWN_IN_BLOCK = {
    "json snapshot": ("snapshot", ""),
    "json issue": ("snapshot", "issue"),
    "json mapping": ("snapshot", "work_package_mapping"),
    "json checkpoint": ("snapshot", "checkpoint"),
    "json older-snapshot": ("snapshot", ""),
    "json receipt": ("receipt", ""),
    "json older-receipt": ("receipt", ""),
    "json problem": ("problem", ""),
    "json event": ("event", ""),
    "json event-batch": ("event-batch", ""),
    "json event-batch-answer": ("event-batch-answer", ""),
    "json event-batch-refusal": ("event-batch-refusal", ""),
    **{f"json {name}": ("event", str(name)) for name in PAYLOADS},
}
"""The schema, and the definition in it, that the info string of a JSON block names."""
FAULTS_OF_BLOCK = {"json older-receipt": {("#", "required")}}
"""What the schema finds in a block that shows what others write, and nothing else."""


def faulty_blocks(text: str, faults: FaultsOf) -> list[tuple[str, str]]:
    return [
        (info, content)
        for info, content in fences(text)
        if info.lower().startswith("json")
        and (
            info not in SHOWN_IN_BLOCK
            or faults(json.loads(content), *SHOWN_IN_BLOCK[info])
            != FAULTS_OF_BLOCK.get(info, set())
        )
    ]


def dead_links(path: Path, text: str) -> list[str]:
    dead = []
    for link in links(text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            dead.append(link)
    return dead


def described_parts(schema: Any, name: str) -> Iterator[tuple[str, bool]]:
    if isinstance(schema, dict):
        for part, inner in schema.get("properties", {}).items():
            yield f"{name}.{part}", bool(inner.get("description"))
            yield from described_parts(inner, f"{name}.{part}")
        for part, inner in schema.get("$defs", {}).items():
            yield part, bool(inner.get("description"))
            yield from described_parts(inner, part)
        yield from described_parts(schema.get("items"), f"{name}[]")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_json_block_names_its_schema_and_is_valid(path: Path, faults: FaultsOf) -> None:
    assert faulty_blocks(path.read_text("utf-8"), faults) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_fence_names_its_kind(path: Path) -> None:
    assert [content for info, content in fences(path.read_text("utf-8")) if not info] == []


@pytest.mark.parametrize("path", [*DOCUMENTS, *OTHER_PAGES], ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    assert dead_links(path, path.read_text("utf-8")) == []


def test_every_kind_of_block_has_an_example() -> None:
    shown = {info for path in DOCUMENTS for info, _ in fences(path.read_text("utf-8"))}
    assert set(SHOWN_IN_BLOCK) - shown == set()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('```json\n{"status": 404, "title": "Not Found"}\n```\n', id="unlabelled"),
        pytest.param('- one\n\n  ```json\n  {"a": 1}\n  ```\n', id="unlabelled in a list"),
        pytest.param('~~~json\n{"a": 1}\n~~~\n', id="unlabelled with tildes"),
        pytest.param('```json problem\n{"status": 404}\n```\n', id="invalid"),
        pytest.param('```json porblem\n{"status": 404}\n```\n', id="misspelt"),
    ],
)
def test_faulty_block_is_found(text: str, faults: FaultsOf) -> None:
    assert len(faulty_blocks(text, faults)) == 1


@pytest.mark.parametrize("link", ["#nothing", "nothing.md", "README.md#nothing"])
def test_dead_link_is_found(link: str, contracts: Path) -> None:
    text = f"# Something\n\nA [word]({link}).\n"
    assert dead_links(contracts / "README.md", text) == [link]


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_property_is_described(kind: str, schemas: Schemas) -> None:
    assert [name for name, described in described_parts(schemas[kind], kind) if not described] == []


@pytest.mark.parametrize(("contract", "kinds"), KINDS_OF_CONTRACT.items())
def test_schema_ids_bear_the_contract_version(
    contract: str, kinds: tuple[str, ...], schemas: Schemas
) -> None:
    expected = [f"urn:trackwire:contract:{contract}:{kind}" for kind in kinds]
    assert [schemas[kind]["$id"] for kind in kinds] == expected


def test_every_schema_belongs_to_a_contract(contracts: Path) -> None:
    names = {path.name for path in (contracts / "schemas").iterdir()}
    assert names == {f"{kind}.schema.json" for kind in KINDS}


def test_every_folder_of_fixtures_belongs_to_a_contract(contracts: Path) -> None:
    assert {path.name for path in (contracts / "fixtures").iterdir() if path.is_dir()} == set(KINDS)


def test_readme_of_the_contracts_leads_to_every_contract(contracts: Path) -> None:
    named = set(links((contracts / "README.md").read_text("utf-8")))
    assert {path.name for path in contracts.glob("*.md")} - named == {"README.md"}


def patterned(schema: Any) -> Iterator[dict[str, Any]]:
    """The parts of a schema that demand a pattern; what they refuse by `not` is left out."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema
        for name, part in schema.items():
            if name != "not":
                yield from patterned(part)


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_use_no_escape_that_dialects_read_differently(kind: str, schemas: Schemas) -> None:
    patterns = [part["pattern"] for part in patterned(schemas[kind])]
    assert [pattern for pattern in patterns if re.search(r"\\[dDwWsSbBzZA]", pattern)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_end_before_a_line_break_refuses_it_apart(kind: str, schemas: Schemas) -> None:
    ending = [part for part in patterned(schemas[kind]) if part["pattern"].endswith("$")]
    assert [part for part in ending if part.get("not", {}).get("pattern") != "\\n"] == []
