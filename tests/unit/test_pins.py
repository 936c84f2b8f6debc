"""The pin files agree with what the distributions declare."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)
TABLES = [tomllib.loads(file.read_text(encoding="utf-8")) for file in PROJECTS]
OURS = {table["project"]["name"] for table in TABLES}


def needs(lines: Iterable[str]) -> list[Requirement]:
    return [need for need in map(Requirement, lines) if need.name not in OURS]


def to_run() -> list[Requirement]:
    """What the three distributions need to run, the hub extra included."""
    lines: list[str] = []
    for table in TABLES:
        lines += table["project"].get("dependencies", [])
        for extra in table["project"].get("optional-dependencies", {}).values():
            lines += extra
    return needs(lines)


def group(*names: str) -> list[Requirement]:
    """What dependency groups name themselves."""
    groups = TABLES[0]["dependency-groups"]
    return needs(line for name in names for line in groups[name] if isinstance(line, str))


def to_build() -> list[Requirement]:
    return needs(line for table in TABLES for line in table["build-system"]["requires"])


NEWEST = [
    ("ci.txt", [*to_run(), *group(*TABLES[0]["dependency-groups"])]),
    ("tox.txt", group("tox")),
    ("build.txt", to_build()),
]
LOWEST = [*to_run(), *group("test", "coverage")]
FILES = ["build.txt", "ci.txt", "lowest.txt", "newest.txt", "tox.txt"]
REGISTRY = {"pluggy", "httpx", "importlib-metadata"}
"""What the registry stands on."""


def pins(file: str) -> dict[str, Version]:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    return {name: Version(version) for name, version in PIN.findall(text)}


def lowest_declared() -> dict[str, Version]:
    bounds: defaultdict[str, list[Version]] = defaultdict(list)
    for need in LOWEST:
        bounds[canonicalize_name(need.name)] += [
            Version(bound.version) for bound in need.specifier if bound.operator == ">="
        ]
    return {name: max(versions) for name, versions in bounds.items()}


def test_every_dependency_declares_a_lower_bound() -> None:
    declared = [need for _, requirements in NEWEST for need in requirements]
    without = [str(need) for need in declared if ">=" not in str(need.specifier)]
    assert without == []


@pytest.mark.parametrize(("file", "declared"), NEWEST, ids=[file for file, _ in NEWEST])
def test_pins_satisfy_every_declaration(file: str, declared: list[Requirement]) -> None:
    pinned = pins(file)
    astray = [
        str(need)
        for need in declared
        if not need.specifier.contains(pinned.get(canonicalize_name(need.name), Version("0")))
    ]
    assert astray == [], "run .ci/pin"


def test_lowest_pins_are_the_declared_lower_bounds() -> None:
    expected = lowest_declared()
    pinned = {name: version for name, version in pins("lowest.txt").items() if name in expected}
    assert pinned == expected, "run .ci/pin"


def test_newest_pins_are_the_newest_of_what_the_registry_stands_on() -> None:
    newest, ci = pins("newest.txt"), pins("ci.txt")
    assert {name: newest[name] for name in REGISTRY} == {name: ci[name] for name in REGISTRY}


def test_newest_pins_are_the_lowest_of_all_else_that_is_declared() -> None:
    newest, lowest = pins("newest.txt"), pins("lowest.txt")
    alike = lowest_declared().keys() & newest.keys() - REGISTRY
    assert {name: newest[name] for name in alike} == {name: lowest[name] for name in alike}


@pytest.mark.parametrize("file", FILES)
def test_pin_file_names_no_address(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    assert re.findall(r"://|--(?:extra-)?index|--find-links", text) == []


@pytest.mark.parametrize("file", FILES)
def test_every_pin_has_a_hash(file: str) -> None:
    entries = (ROOT / "requirements" / file).read_text(encoding="utf-8").split("\n")
    heads = [number for number, line in enumerate(entries) if PIN.match(line)]
    assert heads
    assert [entries[at] for at in heads if "--hash=sha256:" not in entries[at + 1]] == []


def test_environment_that_holds_something_unpinned_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.txt"
    nothing.touch()
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "pinned.py", nothing], capture_output=True, text=True
    )
    told = f"pytest {pytest.__version__}: nothing.txt has nothing"
    assert (done.returncode, told in done.stderr.splitlines()) == (1, True)
