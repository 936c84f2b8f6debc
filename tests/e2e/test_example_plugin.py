"""The worked example of a plugin, found on the path as a distribution of its own."""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scripted_server import ScriptedServer, accepting

if TYPE_CHECKING:
    from userkit import User

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "cardmill-trackwire"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BIND = ("bind", "cardmill", "--workspace", "acme", "--set", "board_id=4117")
CARD = {"id": 31, "board": 4117, "list": "Shipped", "stage": "finished"}
CARD |= {"title": "Mend the sail", "changed_at": "2026-11-01T10:00:00Z"}


@pytest.fixture
def holder(user: User) -> Iterator[User]:
    """A user who has the example; afterwards, its modules are forgotten."""
    info = user.home / "site" / f"cardmill_trackwire-{PROJECT['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {PROJECT['name']}\nVersion: {PROJECT['version']}\n"
    )
    groups = PROJECT["entry-points"].items()
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
            for group, points in groups
        )
    )
    user.on_path(info.parent)
    user.on_path(EXAMPLE / "src")
    yield user
    for name in [name for name in sys.modules if name.startswith("cardmill_trackwire")]:
        del sys.modules[name]


def page(user: User, *cards: dict[str, object]) -> str:
    """Save a page of the tracker's API, and return where."""
    saved = user.project / "page.json"
    saved.write_text(json.dumps({"items": cards, "continue": None}))
    return str(saved)


def test_example_is_listed_with_its_wire_value(holder: User) -> None:
    done = holder.process("providers", "--json")
    listed = {row["name"]: row for row in json.loads(done.stdout)["providers"]}
    told = ("resource_type", "credential_key", "distribution", "outcome")
    assert [listed["cardmill"][name] for name in told] == [
        *("cardmill_board", "board_id", "cardmill-trackwire", "registered")
    ]


def test_publish_of_the_example_carries_its_wire_value(
    holder: User, scripted_server: ScriptedServer
) -> None:
    holder.setenv("TRACKWIRE_HUB_TOKEN", "fake-hub-token")
    scripted_server.script(accepting())
    holder.does(*BIND)
    holder.does("import", page(holder, CARD))
    holder.does("publish", "--hub", scripted_server.url)
    snapshot = json.loads(scripted_server.requests[0].decoded)
    assert snapshot["external_resource_type"] == "cardmill_board"
    assert snapshot["external_resource_id"] == "4117"
    assert [issue["ref"]["id"] for issue in snapshot["issues"]] == ["31"]


def test_card_of_another_board_is_not_imported(holder: User) -> None:
    holder.does(*BIND)
    done = holder.run("import", page(holder, CARD, {**CARD, "id": 32, "board": 4118}))
    assert "field board is 4118, but the project is bound to 4117" in done.output


def lines_of_code(module: Path) -> int:
    """Count the lines that are neither blank nor in a comment or docstring."""
    text = module.read_text(encoding="utf-8")
    kept = {n for n, line in enumerate(text.splitlines(), 1) if line.split("#")[0].strip()}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            kept -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(kept)


def test_example_has_fewer_than_150_lines_without_its_emulator() -> None:
    modules = set((EXAMPLE / "src").rglob("*.py"))
    provider = [module for module in modules if module.name != "conformance.py"]
    assert len(provider) == len(modules) - 1
    assert 0 < sum(map(lines_of_code, provider)) < 150
