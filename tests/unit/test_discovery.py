"""Discovery: what is found, among what, and without importing any of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trackwire.discovery import Found, canonical_distribution

Install = Callable[..., tuple[Found, ...]]
DISTS = Path(__file__).resolve().parents[1] / "data" / "dists"


def told(found: tuple[Found, ...]) -> list[tuple[str, str, str]]:
    return [(claim.name, claim.dist, claim.version) for claim in found]


def test_claims_are_sorted_by_name_and_distribution(installed: Install) -> None:
    assert told(installed("rival", "beads", "good")) == [
        ("acme", "fake-good", "1.0"),
        ("acme", "fake-rival", "2.5"),
        ("beads", "fake-beads", "1.0"),
    ]


def test_discovery_imports_nothing(installed: Install) -> None:
    found = installed("good", "import_error", "exits")
    assert len(found) == 3
    assert not [name for name in sys.modules if name.startswith("fake_")]


def test_no_distribution_is_no_claim(installed: Install) -> None:
    assert installed() == ()


def test_claim_is_told_by_distribution_and_version(installed: Install) -> None:
    assert [str(claim) for claim in installed("rival")] == ["fake-rival 2.5"]


def test_name_is_recorded_in_normal_form(installed: Install) -> None:
    assert [claim.name for claim in installed("dashed_name")] == ["acme_cloud"]


def test_distribution_behind_two_paths_is_found_once(installed: Install, tmp_path: Path) -> None:
    (tmp_path / "lib64").symlink_to(DISTS / "good")
    assert told(installed("good", tmp_path / "lib64")) == [("acme", "fake-good", "1.0")]


@pytest.mark.parametrize("damaged", [(), ("damaged",)], ids=["sound", "beside-damaged-ones"])
def test_shadowed_version_of_a_distribution_is_not_found(
    installed: Install, damaged: tuple[str, ...]
) -> None:
    assert told(installed("good", "older", *damaged)) == [("acme", "fake-good", "1.0")]


@pytest.mark.parametrize("order", [("damaged", "good"), ("good", "damaged")])
def test_damaged_distribution_hides_nobody(installed: Install, order: tuple[str, ...]) -> None:
    assert told(installed(*order)) == [("acme", "fake-good", "1.0")]


def test_distribution_behind_two_paths_is_found_once_beside_damaged_ones(
    installed: Install, tmp_path: Path
) -> None:
    (tmp_path / "lib64").symlink_to(DISTS / "good")
    found = installed("damaged", "good", tmp_path / "lib64")
    assert told(found) == [("acme", "fake-good", "1.0")]


def test_claim_without_metadata_is_found_all_the_same(installed: Install) -> None:
    assert [(claim.name, claim.dist) for claim in installed("nameless")] == [("acme", "(unknown)")]


@pytest.mark.parametrize("spelling", ["Fake_Good", "fake.good", " FAKE--good ", "fake good"])
def test_every_spelling_of_a_distribution_compares_equal(spelling: str) -> None:
    assert canonical_distribution(spelling) == "fake-good"
