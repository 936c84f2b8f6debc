"""Fixtures that several tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from scripted_server import ScriptedServer

# A run in the background of a shell ignores SIGINT and hands that down to what the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    """A scripted HTTP server on loopback; give it scripts by `scripted_server.script(...)`."""
    server = ScriptedServer()
    yield server
    server.stop()
