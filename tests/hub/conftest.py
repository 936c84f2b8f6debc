"""Fixtures of the hub's tests; what they are made of is in `hubkit`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hubkit import HubProcess, Team, join, run_hub

from trackwire.hub.database import open_database

if TYPE_CHECKING:
    from sqlalchemy import Engine


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """The hub that most tests share; its limit is 2 MiB."""
    database = tmp_path_factory.mktemp("hub") / "hub.sqlite"
    with run_hub(database, max_body_bytes=2 << 20) as process:
        yield process


@pytest.fixture
def team(hub: HubProcess) -> Iterator[Team]:
    with join(hub) as made:
        yield made


@pytest.fixture
def other_team(hub: HubProcess) -> Iterator[Team]:
    with join(hub) as made:
        yield made


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., HubProcess]]:
    """Starts hubs with settings of their own."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(run_hub(tmp_path / "hub.sqlite", **settings))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A fresh database without a hub."""
    made = open_database(tmp_path / "hub.sqlite")
    yield made
    made.dispose()
