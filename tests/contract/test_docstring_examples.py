"""What docstrings show as code is code, and does what it says."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from contract.docstrings import blocks_of, literal_blocks
from contract.public_surface import installed_root

import trackwire.errors
from trackwire.discovery import CONFORMANCE_GROUP, Found, scan
from trackwire.hookspecs import ENTRY_POINT_GROUP
from trackwire.registry import Outcome, ProviderRegistry, Registered
from trackwire.testing import ProviderConformance

BLOCKS = literal_blocks(installed_root())
KIT = ("testing/__init__.py", "testing/conformance.py")


def test_every_literal_block_is_run_or_read_by_a_test() -> None:
    counts = {path: len(blocks) for path, blocks in BLOCKS.items()}
    assert counts == {
        "errors.py": 1,
        "hookspecs.py": 2,
        "registry.py": 1,
        "testing/emulator.py": 1,
        **dict.fromkeys(KIT, 1),
    }


@pytest.mark.parametrize(
    ("docstring", "blocks"),
    [
        ("Such as::\n\n    a = 1\n\n    b = 2\n\nand so on.", ["a = 1\n\nb = 2\n"]),
        ("Such as::\n\n        a = 1\n\n    and so on.\n    ", ["a = 1\n"]),
        ("One::\n\n    a\n\nand two::\n\n    b\n", ["a\n", "b\n"]),
        ("No block: none.", []),
    ],
)
def test_literal_blocks_are_found(docstring: str, blocks: list[str]) -> None:
    assert blocks_of(docstring) == blocks


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Found]:
    """What the specification of the hook shows, installed."""
    declared, source = BLOCKS["hookspecs.py"]
    ((group, entries),) = tomllib.loads(declared)["project"]["entry-points"].items()
    ((name, module),) = entries.items()
    info = tmp_path / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    (found,) = (each for each in scan().claims if each.name == name)
    yield found
    sys.modules.pop(module, None)


def test_example_of_the_hook_is_registered(acme: Found) -> None:
    outcome = ProviderRegistry([acme], environ={}).outcome(acme.name)
    assert isinstance(outcome, Registered), outcome


def test_example_of_the_hook_names_the_entry_point_group(acme: Found) -> None:
    assert acme.entry_point.group == ENTRY_POINT_GROUP


@pytest.mark.parametrize("path", KIT)
def test_example_of_the_kit_gets_the_tests_of_a_plugin(path: str, acme: Found) -> None:
    scope: dict[str, Any] = {"ProviderConformance": ProviderConformance}
    exec(BLOCKS[path][0], scope)
    made = scope["TestAcme"]
    assert made.subject.found == acme
    made().test_name_agrees()


def test_example_of_an_emulator_names_the_entry_point_group() -> None:
    declared = tomllib.loads(BLOCKS["testing/emulator.py"][0])["project"]["entry-points"]
    assert list(declared) == [CONFORMANCE_GROUP]


def lines_of(block: str) -> list[tuple[int, str]]:
    """How deep each line stands, and its first word."""
    matched = (re.match(r"( *)(\w+)", line) for line in block.splitlines())
    return [(len(line[1]), line[2]) for line in matched if line]


def parents(lines: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Each word with the one that it stands below."""
    above: list[tuple[int, str]] = []
    for depth, word in lines:
        while above and above[-1][0] >= depth:
            above.pop()
        if above:
            yield word, above[-1][1]
        above.append((depth, word))


def test_tree_of_errors_is_the_one_of_their_classes() -> None:
    shown = set(parents(lines_of(BLOCKS["errors.py"][0])))
    classes = [each for each in vars(trackwire.errors).values() if isinstance(each, type)]
    assert shown == {
        (each.__name__, base.__name__)
        for each in classes
        for base in each.__bases__
        if base in classes
    }


def test_outcomes_of_a_name_are_those_that_the_registry_has() -> None:
    shown = [word for _, word in lines_of(BLOCKS["registry.py"][0])]
    assert sorted(shown) == sorted(kind.__name__ for kind in get_args(Outcome))
