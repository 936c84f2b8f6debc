"""Sound plugins that look odd: none of them loses its route or spoils the output."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile.desk import put
from hostile.hostile_set import DISTS, INSTALLED, NOT_WHEELS

if TYPE_CHECKING:
    from hostile.desk import Desk

BOARD = ("acme", "acme_board", "B1")
ODD = {"nameless", "prints", "takes_streams"} - (NOT_WHEELS if INSTALLED else set())
each_odd = pytest.mark.parametrize("folder", sorted(ODD))


def test_distribution_that_is_visible_through_two_paths_publishes_with_its_route(
    desk: Desk, tmp_path: Path
) -> None:
    desk.bind("acme", "good")
    put(desk.user, "good")
    site = Path(sysconfig.get_path("purelib")) if INSTALLED else DISTS / "good"
    (tmp_path / "lib64").symlink_to(site)
    desk.user.on_path(tmp_path / "lib64")
    assert (desk.publish().code, desk.sent()) == (0, [BOARD])


def test_distribution_that_is_visible_through_two_paths_is_listed_once(
    desk: Desk, tmp_path: Path
) -> None:
    put(desk.user, "good")
    site = Path(sysconfig.get_path("purelib")) if INSTALLED else DISTS / "good"
    (tmp_path / "lib64").symlink_to(site)
    desk.user.on_path(tmp_path / "lib64")
    rows = desk.run("providers", "--json").document["providers"]
    listed = [(row["distribution"], row["outcome"]) for row in rows if row["name"] == "acme"]
    assert listed.count(("fake-good", "registered")) == 1


def test_provider_without_routing_publishes_null(desk: Desk) -> None:
    desk.bind("beads", "beads")
    put(desk.user, "beads")
    assert (desk.publish().code, desk.sent()) == (0, [("beads", None, None)])


@each_odd
@pytest.mark.parametrize("command", ["providers", "route", "doctor"])
def test_odd_plugin_leaves_one_document_on_standard_output(
    desk: Desk, folder: str, command: str
) -> None:
    desk.bind("acme")
    put(desk.user, folder)
    assert desk.run(command, "--json").document.keys() >= {"ok"}


@each_odd
def test_odd_plugin_publishes(desk: Desk, folder: str) -> None:
    desk.bind("acme")
    put(desk.user, folder)
    assert (desk.publish().code, desk.sent()) == (0, [("acme", None, None)])
