"""What holds where a caller says nothing else."""

from __future__ import annotations

from datetime import timedelta

DELIVERY_SECONDS = 120.0
"""The limit of a whole delivery to a hub, retries included."""

WAIT_SECONDS = 900.0
"""The limit of all waits together that a tracker asks for."""

OVERLAP = timedelta(hours=1)
"""How much of what was read before a pull reads again."""
