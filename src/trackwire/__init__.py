"""Trackwire publishes issue-tracker snapshots with their route on them."""

__version__ = "0.1.0"
