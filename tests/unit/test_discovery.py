"""Discovery: what is found, among what, and without importing any of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import importlib_metadata
import pytest

from trackwire.discovery import Found, canonical_distribution

Install = Callable[..., tuple[Found, ...]]
DISTS = Path(__file__).resolve().parents[1] / "data" / "dists"


class Recorded(importlib_metadata.Distribution):
    """An installed distribution that records which of its files are read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def read_text(self, filename: str | os.PathLike[str]) -> str | None:
        self.read.append(str(filename))
        texts = {
            "METADATA": "Metadata-Version: 2.1\nName: bystander\nVersion: 1.0\n",
            "entry_points.txt": "[console_scripts]\nbystander = bystander:main\n",
        }
        return texts.get(str(filename))

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        return Path(path)

    def find_distributions(
        self, context: importlib_metadata.DistributionFinder.Context
    ) -> Iterator[importlib_metadata.Distribution]:
        """Find itself, as a finder on `sys.meta_path`."""
        if context.name in {None, "bystander"}:
            yield self


def write_info(site: Path, folder: str, metadata: str, *, points: str | None = None) -> Path:
    """Write a distribution's metadata into a directory, and return the directory."""
    info = site / folder
    info.mkdir(parents=True)
    (info / ("PKG-INFO" if folder.endswith(".egg-info") else "METADATA")).write_text(metadata)
    if points:
        (info / "entry_points.txt").write_text(f"[trackwire.providers]\n{points}\n")
    return site


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


def test_version_without_a_claim_shadows_one_with_a_claim(
    installed: Install, tmp_path: Path
) -> None:
    newer = write_info(tmp_path, "fake_good-2.0.dist-info", "Name: fake-good\nVersion: 2.0\n")
    assert installed(newer, "good") == ()


def test_claim_beside_metadata_of_another_name_is_found(installed: Install, tmp_path: Path) -> None:
    metadata = "Name: renamed\nVersion: 3.0\n"
    site = write_info(tmp_path, "original-3.0.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "renamed", "3.0")]


def test_claim_of_an_egg_is_found(installed: Install, tmp_path: Path) -> None:
    metadata = "Name: fake-egg\nVersion: 0.1\n"
    site = write_info(tmp_path, "fake_egg.egg-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "fake-egg", "0.1")]


def test_description_is_not_taken_for_a_field(installed: Install, tmp_path: Path) -> None:
    metadata = "name:  fake-wordy \n\nName: chapter one\nVersion: 9\n"
    site = write_info(tmp_path, "fake_wordy-1.0.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "fake-wordy", "(unknown)")]


def test_of_a_distribution_without_a_claim_the_entry_points_alone_are_read(
    installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    bystander = Recorded()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, bystander])
    installed("good")
    assert set(bystander.read) == {"entry_points.txt"}


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
