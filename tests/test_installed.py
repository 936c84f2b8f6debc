"""What is under test: the built wheels under tox, this tree elsewhere."""

from __future__ import annotations

import importlib.util
import re
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest
from matrix.expected import CORE_ALONE, PLUGINS, UNDER_TOX, installed

ROOT = Path(__file__).resolve().parents[1]
OURS = {"trackwire", *(f"trackwire-{name}" for name in PLUGINS)}


def package_folder(distribution: str) -> Path:
    spec = importlib.util.find_spec(distribution.replace("-", "_"))
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.mark.parametrize("distribution", sorted(OURS))
def test_package_under_test_is_the_wheel_under_tox_and_this_tree_elsewhere(
    distribution: str,
) -> None:
    base = Path(sysconfig.get_path("purelib")) if UNDER_TOX else ROOT
    package = distribution.replace("-", "_")
    in_tree = {"trackwire": "src"}.get(distribution, f"plugins/{distribution}/src")
    expected = base / package if UNDER_TOX else base / in_tree / package
    assert package_folder(distribution).resolve() == expected.resolve()


@pytest.mark.parametrize("distribution", sorted(OURS))
def test_package_says_that_it_is_typed(distribution: str) -> None:
    assert (package_folder(distribution) / "py.typed").is_file()


@pytest.mark.parametrize("distribution", sorted(OURS))
def test_distribution_carries_the_license(distribution: str) -> None:
    carried = [
        file.read_text(encoding="utf-8")
        for file in metadata.files(distribution) or []
        if file.as_posix().endswith(".dist-info/licenses/LICENSE")
    ]
    assert carried == [(ROOT / "LICENSE").read_text(encoding="utf-8")]


@pytest.mark.parametrize("distribution", sorted(OURS))
def test_distribution_puts_nothing_beside_its_package(distribution: str) -> None:
    package = distribution.replace("-", "_")
    own = re.compile(rf"{package}(-[^/]+\.dist-info)?/|(\.\./)+bin/trackwire$|[^/]+\.pth$")
    files = [file.as_posix() for file in metadata.files(distribution) or []]
    assert files
    assert [file for file in files if not own.match(file)] == []


def test_exactly_the_expected_distributions_are_installed() -> None:
    assert {name for name in installed() if name.startswith("trackwire")} == OURS


def test_exactly_the_expected_plugins_register_a_provider() -> None:
    declared = metadata.entry_points(group="trackwire.providers")
    found = sorted((each.name, each.dist.name if each.dist else None) for each in declared)
    assert found == [(name, f"trackwire-{name}") for name in sorted(PLUGINS)]


def test_hub_extra_is_installed_except_for_the_core_alone() -> None:
    assert ("starlette" in installed()) is not CORE_ALONE
