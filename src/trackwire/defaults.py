"""What holds where a caller says nothing else."""

from __future__ import annotations

from datetime import timedelta

DELIVERY_SECONDS = 120.0
"""The limit of a whole delivery to a hub, retries included."""

TRACKER_WAIT_SECONDS = 900.0
"""The limit of all waits for a tracker together."""

CHOICE_WAIT_SECONDS = 30.0
"""The same while a person waits at a prompt for what there is to choose from."""

LOCK_WAIT_SECONDS = 60.0
"""How long to wait for another process that works on the same project."""

OVERLAP = timedelta(hours=1)
"""How much of what was read before a pull reads again."""
