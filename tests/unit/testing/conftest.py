"""Plugins that are written for one test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from unit.testing.written_plugin import write_plugin

Write = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path, installed: Callable[..., object]) -> Write:
    """Writes a plugin, sound but for what the test changes, and puts it on the import path."""
    del installed  # it puts the import path and the imported modules back

    def write(above: str = "", *, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Path:
        site = write_plugin(tmp_path, above, **changes)
        monkeypatch.syspath_prepend(site)
        return site

    return write
