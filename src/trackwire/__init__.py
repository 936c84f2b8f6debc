"""Trackwire publishes issue-tracker snapshots with their route on them.

A user of the library starts from the names below, each loaded when it is first used. Public beside
them: `trackwire.errors` and `trackwire.model`; for senders and receivers of events
`trackwire.events`; and for the authors of provider plugins `trackwire.hookspecs`,
`trackwire.provider`, `trackwire.context`, `trackwire.connector`, `trackwire.secret`,
`trackwire.origin`, `trackwire.answers`, `trackwire.windows`, `trackwire.records`,
`trackwire.fetching`, `trackwire.fetching.renewal`, `trackwire.testing` and
`trackwire.testing.faults` (contracts/provider-plugin.md, "What is stable").
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trackwire.binding import BindRequest
    from trackwire.errors import TemporaryError, TrackwireError
    from trackwire.imports import ImportFile
    from trackwire.model import Checkpoint, ExternalRef, Issue, WorkPackageMapping
    from trackwire.provider import CredentialField, Provider
    from trackwire.pulling import PullProgress, PullReport
    from trackwire.registry import ProviderRegistry
    from trackwire.routing import ResourceRouting, resolve_resource_routing
    from trackwire.service import SyncReport, TrackerService
    from trackwire.visiting import PullOptions

__version__ = "0.1.0"

__all__ = [
    "BindRequest",
    "Checkpoint",
    "CredentialField",
    "ExternalRef",
    "ImportFile",
    "Issue",
    "Provider",
    "ProviderRegistry",
    "PullOptions",
    "PullProgress",
    "PullReport",
    "ResourceRouting",
    "SyncReport",
    "TemporaryError",
    "TrackerService",
    "TrackwireError",
    "WorkPackageMapping",
    "__version__",
    "resolve_resource_routing",
]

_HOMES = {
    "binding": ("BindRequest",),
    "errors": ("TemporaryError", "TrackwireError"),
    "model": ("Checkpoint", "ExternalRef", "Issue", "WorkPackageMapping"),
    "provider": ("CredentialField", "Provider"),
    "pulling": ("PullProgress", "PullReport"),
    "registry": ("ProviderRegistry",),
    "routing": ("ResourceRouting", "resolve_resource_routing"),
    "imports": ("ImportFile",),
    "service": ("SyncReport", "TrackerService"),
    "visiting": ("PullOptions",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
