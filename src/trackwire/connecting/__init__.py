"""The way to the live tracker: credentials checked, address safe, client made, plugin guarded."""

from trackwire.connecting.calls import discovered, identified
from trackwire.connecting.context import (
    fingerprint,
    open_context,
    origin_problem,
)
from trackwire.connecting.fields import (
    effective_values,
    lacking,
    missing_fields,
    remedy_of,
    unset_fields,
)
from trackwire.connecting.guarding import GuardedConnector, guarded, opened

__all__ = [
    "GuardedConnector",
    "discovered",
    "effective_values",
    "fingerprint",
    "guarded",
    "identified",
    "lacking",
    "missing_fields",
    "open_context",
    "opened",
    "origin_problem",
    "remedy_of",
    "unset_fields",
]
