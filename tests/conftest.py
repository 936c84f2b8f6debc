"""Fixtures that several tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_server import ScriptedServer


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    """A scripted HTTP server on loopback; give it scripts by `scripted_server.script(...)`."""
    server = ScriptedServer()
    yield server
    server.stop()
