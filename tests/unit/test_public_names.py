"""The package's own names."""

from __future__ import annotations

import pytest

import trackwire


@pytest.mark.parametrize("name", trackwire.__all__)
def test_public_name_is_there(name: str) -> None:
    assert getattr(trackwire, name) is not None
    assert name in dir(trackwire)


def test_other_name_is_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = trackwire.nothing
