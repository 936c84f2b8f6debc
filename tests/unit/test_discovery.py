"""Discovery: what is found, among what, and without importing any of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest

from trackwire.discovery import Found, canonical_distribution, scan

Install = Callable[..., tuple[Found, ...]]
DISTS = Path(__file__).resolve().parents[1] / "data" / "dists"


class Recorded(importlib_metadata.Distribution):
    """An installed distribution that records which of its files are read."""

    def __init__(self, points: str = "[console_scripts]\nbystander = bystander:main\n") -> None:
        self.read: list[str] = []
        self.points = points

    def read_text(self, filename: str | os.PathLike[str]) -> str | None:
        self.read.append(str(filename))
        texts = {
            "METADATA": "Metadata-Version: 2.1\nName: bystander\nVersion: 1.0\n",
            "entry_points.txt": self.points,
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


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, int | None]]]:
    """Tells what is installed in directories and cannot be read, each with the wrong line."""

    def look(*sites: Path) -> list[tuple[str, int | None]]:
        monkeypatch.setattr(sys, "path", [*map(str, sites), *sys.path])
        return [(str(found), found.line) for found in scan().unreadable]

    return look


def write_points(site: Path, points: bytes, folder: str = "fake_odd-1.0.dist-info") -> Path:
    """Write a distribution with these entry points into a directory, and return the directory."""
    name, _, version = folder.removesuffix(".dist-info").partition("-")
    metadata = f"Name: {name.replace('_', '-')}\nVersion: {version}\n"
    write_info(site, folder, metadata)
    (site / folder / "entry_points.txt").write_bytes(points)
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
    assert told(installed("nameless")) == [("acme", "fake_nameless", "(unknown)")]


def test_fork_that_kept_the_name_of_the_original_is_found(
    installed: Install, tmp_path: Path
) -> None:
    metadata = "Name: mytool\nVersion: 1.0\n"
    site = write_info(tmp_path, "mytool-1.0.dist-info", metadata)
    write_info(site, "mytool_acme-1.0.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "mytool", "1.0")]


def test_claim_in_a_directory_of_unescaped_name_is_found(
    installed: Install, tmp_path: Path
) -> None:
    metadata = "Name: fake-acme\nVersion: 2.0\n"
    site = write_info(tmp_path / "a", "fake-acme-2.0.dist-info", metadata, points="acme = fake")
    stale = write_info(tmp_path / "b", "fake_acme-1.0.dist-info", "Name: fake-acme\nVersion: 1.0\n")
    assert told(installed(site, stale)) == [("acme", "fake-acme", "2.0")]


def test_unescaped_directory_is_not_taken_for_another_distribution(
    installed: Install, tmp_path: Path
) -> None:
    other = write_info(tmp_path / "a", "fake-1.0.dist-info", "Name: fake\nVersion: 1.0\n")
    metadata = "Name: fake-acme\nVersion: 2.0\n"
    site = write_info(tmp_path / "b", "fake-acme-2.0.dist-info", metadata, points="acme = fake")
    assert told(installed(other, site)) == [("acme", "fake-acme", "2.0")]


def test_same_claim_in_another_spelling_of_the_directory_is_found_once(
    installed: Install, tmp_path: Path
) -> None:
    metadata = "Name: fake-acme\nVersion: {}\n"
    for site, folder, version in (("a", "fake-acme", "2.0"), ("b", "fake_acme", "1.0")):
        text = metadata.format(version)
        write_info(tmp_path / site, f"{folder}-{version}.dist-info", text, points="acme = fake")
    found = installed(tmp_path / "a", tmp_path / "b")
    assert told(found) == [("acme", "fake-acme", "2.0")]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_leftover_without_metadata_is_no_second_claimant(
    installed: Install, tmp_path: Path, order: tuple[str, str]
) -> None:
    metadata = "Name: fake-acme\nVersion: 2.0\n"
    write_info(tmp_path / "a", "fake_acme-2.0.dist-info", metadata, points="acme = fake.new")
    write_info(tmp_path / "b", "fake_acme-1.0.dist-info", "", points="acme = fake.old")
    (tmp_path / "b" / "fake_acme-1.0.dist-info" / "METADATA").unlink()
    found = installed(*(tmp_path / folder for folder in order))
    assert told(found) == [("acme", "fake-acme", "2.0")]


def test_leftover_without_metadata_does_not_hide_a_claim(
    installed: Install, tmp_path: Path
) -> None:
    (tmp_path / "fake_good-0.9.dist-info").mkdir()
    assert told(installed(tmp_path, "good")) == [("acme", "fake-good", "1.0")]


def test_shadowed_version_with_undecodable_metadata_is_not_found(
    installed: Install, tmp_path: Path
) -> None:
    folder = "fake_good-0.9.dist-info"
    site = write_info(tmp_path, folder, "", points="acme = fake_old")
    (site / folder / "METADATA").write_bytes(b"Name: fake-good\nVersion: 0.9\n\nM\xfcller\n")
    assert told(installed("good", site)) == [("acme", "fake-good", "1.0")]


def test_name_is_read_from_metadata_that_is_not_utf8(installed: Install, tmp_path: Path) -> None:
    folder = "fake_latin-1.0.dist-info"
    site = write_info(tmp_path, folder, "", points="acme = fake")
    (site / folder / "METADATA").write_bytes(b"Author: M\xfcller\nName: fake-latin\nVersion: 3\n")
    assert told(installed(site)) == [("acme", "fake-latin", "3")]


def test_name_is_read_behind_a_byte_order_mark(installed: Install, tmp_path: Path) -> None:
    metadata = "\ufeffName: fake-marked\nVersion: 3\n"
    site = write_info(tmp_path, "fake_marked-3.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "fake-marked", "3")]


@pytest.mark.parametrize("metadata", ["Summary: it has no name\n", ""], ids=["no-name", "empty"])
def test_metadata_without_a_name_is_not_taken_for_a_leftover(
    installed: Install, tmp_path: Path, metadata: str
) -> None:
    folder = "fake_good-2.0.dist-info"
    site = write_info(tmp_path / "a", folder, metadata, points="acme = fake")
    stale = write_info(tmp_path / "b", "fake_good-1.0.dist-info", "Name: fake-good\n")
    assert told(installed(site, stale)) == [("acme", "fake_good", "(unknown)")]


def test_line_that_looks_blank_ends_the_fields(installed: Install, tmp_path: Path) -> None:
    metadata = "Metadata-Version: 2.1\n \nName: evil\nVersion: 3\n"
    site = write_info(tmp_path, "fake_blank-1.0.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "fake_blank", "(unknown)")]


def test_first_of_two_names_counts(installed: Install, tmp_path: Path) -> None:
    metadata = "Name: fake-first\nName: evil\nVersion: 3\n"
    site = write_info(tmp_path, "fake_first-3.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "fake-first", "3")]


def test_continuation_is_not_taken_for_a_field(installed: Install, tmp_path: Path) -> None:
    metadata = "License: free\n        Name: evil\nName: fake-folded\nVersion: 3\n"
    site = write_info(tmp_path, "fake_folded-3.dist-info", metadata, points="acme = fake")
    assert told(installed(site)) == [("acme", "fake-folded", "3")]


def test_metadata_of_a_claim_from_a_finder_is_read(
    installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimant = Recorded("[trackwire.providers]\nacme = fake\n")
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, claimant])
    assert told(installed()) == [("acme", "bystander", "1.0")]


def test_metadata_of_a_claim_is_read_once(
    installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    read_text = importlib_metadata.PathDistribution.read_text

    def recorded(distribution: importlib_metadata.PathDistribution, filename: str) -> str | None:
        read.append(filename)
        return read_text(distribution, filename)

    monkeypatch.setattr(importlib_metadata.PathDistribution, "read_text", recorded)
    installed("good")
    assert read.count("METADATA") == 1


@pytest.mark.parametrize(
    ("points", "line"),
    [
        (b"[trackwire.providers]\n; by hand\nacme = fake\n", 2),
        (b"[console_scripts]\n; by hand\nx = a:b\n[trackwire.providers]\nacme = fake\n", 2),
        (b"[trackwire.providers]\n\nacme: fake\n", 3),
        (b"[trackwire.providers]\nacme\n", 2),
        (b"[trackwire.providers]\n# M\xfcller\nacme = fake\n", 2),
        (b"\xef\xbb\xbf[trackwire.providers]\nacme = fake\n", 1),
        (b"[ trackwire.providers ]\nacme = fake\n", 1),
        (b"[trackwire.providers] # mine\nacme = fake\n", 1),
        (b"[trackwire.providers\nacme = fake\n", 1),
    ],
    ids=[
        *("semicolon", "semicolon-elsewhere", "colon", "no-value", "not-utf8", "byte-order-mark"),
        *("spaces-in-header", "comment-behind-header", "half-a-header"),
    ],
)
def test_claim_that_cannot_be_read_is_told_with_its_line(
    unreadable: Callable[..., Any], tmp_path: Path, points: bytes, line: int
) -> None:
    assert unreadable(write_points(tmp_path, points)) == [("fake-odd 1.0", line)]


@pytest.mark.parametrize(
    "points",
    [
        b"[console_scripts]\n; by hand\nx = a:b\n",
        b"[console_scripts]\nx = trackwire.providers:main\n",
        b"# no [trackwire.providers] here\n[console_scripts]\nx = a:b\n",
        b"[trackwire.providers]\n",
        b"odd\n[trackwire.providers]\nfake = fake\n",
    ],
    ids=["another-group", "a-module", "a-comment", "no-claim", "readable-all-the-same"],
)
def test_what_hides_no_claim_is_not_told_as_unreadable(
    unreadable: Callable[..., Any], tmp_path: Path, points: bytes
) -> None:
    assert unreadable(write_points(tmp_path, points)) == []


def test_unreadable_distribution_behind_two_paths_is_told_once(
    unreadable: Callable[..., Any], tmp_path: Path
) -> None:
    site = write_points(tmp_path / "lib", b"[trackwire.providers]\nacme\n")
    (tmp_path / "lib64").symlink_to(site)
    assert len(unreadable(site, tmp_path / "lib64")) == 1


def test_sound_version_shadows_an_unreadable_one(
    unreadable: Callable[..., Any], tmp_path: Path
) -> None:
    folder = "fake_odd-2.0.dist-info"
    newer = write_points(tmp_path / "a", b"[trackwire.providers]\nodd = fake\n", folder)
    older = write_points(tmp_path / "b", b"[trackwire.providers]\nodd\n")
    assert unreadable(newer, older) == []


def test_unreadable_version_shadows_a_sound_one(installed: Install, tmp_path: Path) -> None:
    folder = "fake_good-2.0.dist-info"
    newer = write_points(tmp_path, b"[trackwire.providers]\nacme\n", folder)
    assert installed(newer, "good") == ()


@pytest.mark.parametrize("spelling", ["Fake_Good", "fake.good", " FAKE--good ", "fake good"])
def test_every_spelling_of_a_distribution_compares_equal(spelling: str) -> None:
    assert canonical_distribution(spelling) == "fake-good"
