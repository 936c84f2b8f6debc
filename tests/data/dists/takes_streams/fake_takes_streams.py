"""A sound plugin, but that it takes the standard streams away at import."""

from __future__ import annotations

import sys

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider

sys.stdout = sys.stderr = None  # type: ignore[assignment]  # the nuisance


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
