"""Projects that are bound already, and hostile distributions beside a sound one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostile.desk import Desk, stock
from hostile.hostile_set import INSTALLED
from userkit import new_user

if TYPE_CHECKING:
    from scripted_server import ScriptedServer

collect_ignore = [] if INSTALLED else ["test_all_installed.py"]


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a project that is bound to a provider, once for all tests."""
    made: dict[tuple[str, ...], Path] = {}

    def make(name: str, *folders: str) -> Path:
        asked = (name, *folders)
        if asked not in made:
            with pytest.MonkeyPatch.context() as monkeypatch:
                place = tmp_path_factory.mktemp("stocked")
                with new_user(place, monkeypatch) as user:
                    made[asked] = stock(user, name, *folders)
        return made[asked]

    return make


@pytest.fixture
def desk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scripted_server: ScriptedServer,
    stocked: Callable[..., Path],
) -> Iterator[Desk]:
    """A user with a token of a hub, and an empty project."""
    with new_user(tmp_path, monkeypatch) as user:
        user.setenv("TRACKWIRE_HUB_TOKEN", "fake-hub-token")
        yield Desk(user, scripted_server, stocked)
