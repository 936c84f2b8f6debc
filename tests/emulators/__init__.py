"""Emulators of the trackers' APIs: real servers on loopback with state, driven by the tests."""
