"""What this environment is to hold: as tox says, and elsewhere as the distributions' names say."""

from __future__ import annotations

import os
import re
from importlib import metadata

UNDER_TOX = "TOX_ENV_NAME" in os.environ
CORE_ALONE = "core" in os.environ.get("TOX_ENV_NAME", "").split("-")


def installed() -> set[str]:
    """Return the normalized names of the distributions of this environment."""
    return {re.sub(r"[-_.]+", "-", each.name).lower() for each in metadata.distributions()}


def _plugins() -> frozenset[str]:
    if UNDER_TOX:  # without the variable, tox.ini is at fault
        return frozenset(filter(None, os.environ["EXPECTED_PLUGINS"].split(",")))
    prefix = "trackwire-"
    return frozenset(n.removeprefix(prefix) for n in installed() if n.startswith(prefix))


PLUGINS = _plugins()
"""The providers whose plugins are to be installed, and no others."""
