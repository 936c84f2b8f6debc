"""The plugin keeps every rule that concerns it."""

from trackwire.testing import ProviderConformance


class TestCardmill(ProviderConformance, provider="cardmill"):
    """Cardmill, as it is installed."""
