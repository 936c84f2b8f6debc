"""A user and a hub, and an environment from which the example was uninstalled."""

from __future__ import annotations

import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from userkit import User, new_user

from trackwire.testing import RecordingHub


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A user who has nothing but a token of the hub."""
    with new_user(tmp_path, monkeypatch) as made:
        made.environ["TRACKWIRE_HUB_TOKEN"] = "fake-hub-token"
        yield made


@pytest.fixture
def hub() -> Iterator[RecordingHub]:
    """A hub on loopback that keeps what it gets."""
    with RecordingHub() as made:
        yield made


@pytest.fixture
def uninstalled(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    """A user of an environment that has what is installed here, but for the example."""
    place = tmp_path / "environment"
    venv.create(place, with_pip=False)
    paths = sysconfig.get_paths(vars={"base": str(place), "platbase": str(place)})
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("cardmill_trackwire", "_virtualenv", "__pycache__")):
            (Path(paths["purelib"]) / entry.name).symlink_to(entry)
    monkeypatch.setattr("sys.executable", f"{paths['scripts']}/python")
    return user
