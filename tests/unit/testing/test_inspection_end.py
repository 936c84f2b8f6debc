"""A load that is inspected ends by itself, where nobody is left to end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trackwire.testing import inspection

if TYPE_CHECKING:
    import pytest


def test_endless_load_ends_by_itself_after_its_time(
    installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_SPARE_SECONDS", -59)
    (found,) = installed("endless")
    inspected = inspection.inspect_load(found, 60)
    assert inspected.problem == "its import ended the process by SIGALRM"
