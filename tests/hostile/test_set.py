"""The set itself: nothing of tests/data/dists is forgotten, neither here nor as a wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hostile.hostile_set import DISTS, ENDLESS, INSTALLED, NOT_WHEELS, ROOT, SOUND, TABLE


def folders() -> set[str]:
    return {path.name for path in DISTS.iterdir() if path.is_dir()}


def test_every_distribution_is_either_hostile_or_sound() -> None:
    hostile = [each.folder for each in (*TABLE, ENDLESS)]
    assert sorted([*hostile, *SOUND]) == sorted(folders())


def test_every_distribution_is_packed_as_a_wheel_or_listed_with_the_reason(tmp_path: Path) -> None:
    script = ROOT / ".ci" / "hostile_wheels.py"
    subprocess.run([sys.executable, script, tmp_path], check=True)
    packed = {wheel.name.partition("-")[0] for wheel in tmp_path.glob("*.whl")}
    assert packed == {f"fake_{folder}" for folder in folders() - NOT_WHEELS}


def test_every_wheel_is_installed_where_the_wheels_are_to_be() -> None:
    from importlib import metadata

    names = {each.name for each in metadata.distributions() if each.name.startswith("fake-")}
    wheels = {f"fake-{folder.replace('_', '-')}" for folder in folders() - NOT_WHEELS}
    assert names == (wheels if INSTALLED else set())
