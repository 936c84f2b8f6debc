"""A sound plugin, but that its import leaves a thread which never ends."""

from __future__ import annotations

import threading

from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider

threading.Thread(target=threading.Event().wait).start()  # the nuisance


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
