"""Wraps a function of a module of the core that it is the first to import."""

from __future__ import annotations

from functools import wraps

import trackwire.delivery.sending
from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider


@wraps(trackwire.delivery.sending.deliver)
def deliver_nothing(*_: object, **__: object) -> None:
    """Fail, under the name of what it stands for."""
    raise RuntimeError("traced")


trackwire.delivery.sending.deliver = deliver_nothing  # type: ignore[assignment]  # the defect


@hookimpl
def trackwire_provider() -> Provider:
    return Provider(
        name="acme",
        title="Acme",
        api_version=1,
    )
