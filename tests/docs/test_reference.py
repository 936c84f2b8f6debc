"""The reference has every public name of the plugin API."""

from __future__ import annotations

import subprocess
import sys
import zlib

import pytest
from contract.public_surface import Surface, installed_root
from docs.blocks import ROOT

PAGES = ("docs/reference/plugin-api", "docs/reference/library")


@pytest.fixture(scope="module")
def anchors(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What the pages of the reference describe, as Sphinx lists it for other sites."""
    site = tmp_path_factory.mktemp("reference")
    settings = {
        "root_doc": PAGES[0],
        "include_patterns": ",".join(f"{page}.rst" for page in PAGES),
    }
    options = [part for name, value in settings.items() for part in ("-D", f"{name}={value}")]
    build = [sys.executable, "-m", "sphinx", "-E", "-q", "-b", "html", "-d"]
    done = subprocess.run(
        [*build, site / "doctrees", "-c", "docs", *options, ".", site],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *_, compressed = (site / "objects.inv").read_bytes().split(b"\n", 4)
    return {line.split()[0] for line in zlib.decompress(compressed).decode().splitlines()}


def test_reference_has_every_public_module(anchors: set[str]) -> None:
    assert set(Surface(installed_root()).names()) - anchors == set()


def test_reference_has_every_public_name(anchors: set[str]) -> None:
    names = Surface(installed_root()).names()
    public = {f"{module}.{name}" for module, own in names.items() for name in own}
    assert public - anchors == set()
