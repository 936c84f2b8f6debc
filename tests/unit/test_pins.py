"""The pin files agree with what the distributions declare."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)


def declared() -> list[Requirement]:
    """What the three distributions need to run, the hub extra included."""
    tables = [tomllib.loads(file.read_text(encoding="utf-8"))["project"] for file in PROJECTS]
    ours = {table["name"] for table in tables}
    lines = [line for table in tables for line in table.get("dependencies", [])]
    lines += [
        line
        for table in tables
        for extra in table.get("optional-dependencies", {}).values()
        for line in extra
    ]
    return [need for need in map(Requirement, lines) if need.name not in ours]


def pins(file: str) -> dict[str, Version]:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    return {name: Version(version) for name, version in PIN.findall(text)}


def lowest_declared() -> dict[str, Version]:
    bounds: defaultdict[str, list[Version]] = defaultdict(list)
    for need in declared():
        bounds[canonicalize_name(need.name)] += [
            Version(bound.version) for bound in need.specifier if bound.operator == ">="
        ]
    return {name: max(versions) for name, versions in bounds.items()}


def test_every_dependency_declares_a_lower_bound() -> None:
    without = [str(need) for need in declared() if ">=" not in str(need.specifier)]
    assert without == []


def test_newest_pins_satisfy_every_declaration() -> None:
    pinned = pins("ci.txt")
    astray = [
        str(need)
        for need in declared()
        if not need.specifier.contains(pinned.get(canonicalize_name(need.name), Version("0")))
    ]
    assert astray == [], "run .ci/pin"


def test_lowest_pins_are_the_declared_lower_bounds() -> None:
    expected = lowest_declared()
    pinned = {name: version for name, version in pins("lowest.txt").items() if name in expected}
    assert pinned == expected, "run .ci/pin"


@pytest.mark.parametrize("file", ["build.txt", "ci.txt", "lowest.txt", "tox.txt"])
def test_pin_file_names_no_address(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    assert re.findall(r"://|--(?:extra-)?index|--find-links", text) == []


@pytest.mark.parametrize("file", ["build.txt", "ci.txt", "lowest.txt", "tox.txt"])
def test_every_pin_has_a_hash(file: str) -> None:
    entries = (ROOT / "requirements" / file).read_text(encoding="utf-8").split("\n")
    heads = [number for number, line in enumerate(entries) if PIN.match(line)]
    assert heads
    assert [entries[at] for at in heads if "--hash=sha256:" not in entries[at + 1]] == []
