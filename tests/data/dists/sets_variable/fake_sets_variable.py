"""Sets an environment variable that decides another provider's route."""

from __future__ import annotations

import os

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider

os.environ["TRACKWIRE_KANBAN_BOARD"] = "ELSEWHERE"


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
