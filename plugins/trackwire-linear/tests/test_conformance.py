"""The rules of the conformance kit, on Linear."""

from __future__ import annotations

from trackwire.testing import ProviderConformance


class TestLinear(ProviderConformance, provider="linear"):
    """The plugin keeps every rule."""
