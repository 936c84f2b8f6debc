"""A project at a glance: what it is bound to, what is at hand, and how it was last published."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackwire.journal import PullState
from trackwire.lock import DATA_DIRECTORY
from trackwire.scope import ScopeState, state_of
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.ledger import LedgerEntry
    from trackwire.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A project at a glance.

    Args:
        route: The route.
        state: What the bound scope holds.
        pulls: How far the bound scope was pulled.
        others: What other scopes of the store hold.
        hub: The address of the hub where none is named, or None.
        publishes: The latest publish of each destination, the newest first.
        at_work: What is being done to the project just now, such as `pull`, or None.
    """

    route: Route
    state: ScopeState
    pulls: PullState
    others: tuple[ScopeState, ...]
    hub: str | None
    publishes: tuple[LedgerEntry, ...]
    at_work: str | None


def overview(route: Route, hub: str | None) -> Overview:
    """Look at a project; nothing is made or changed.

    Args:
        route: The bound project's route.
        hub: The address of the hub where none is named, or None.
    """
    data = route.config.root / DATA_DIRECTORY
    states: list[ScopeState] = []
    publishes: list[LedgerEntry] = []
    pulls = PullState()
    if (data / STORE_FILE).exists():
        with TrackerSqliteStore(data / STORE_FILE) as store:
            states, publishes = store.scopes(), store.ledger.latest()
            pulls = store.journal.state(route.scope)
    return Overview(
        route=route,
        state=state_of(route.scope, states),
        pulls=pulls,
        others=tuple(s for s in states if s.scope != route.scope),
        hub=hub,
        publishes=tuple(publishes),
        at_work=_at_work(data / "lock.holder"),
    )


def _at_work(holder: Path) -> str | None:
    # The lock itself is not tried: taking it, however briefly, would refuse a pull that begins.
    try:
        held = json.loads(holder.read_text())
        action, process = str(held["action"]), int(held["pid"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return action if _is_running(process) else None


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:  # it is another user's
        return True
    except (OSError, OverflowError):
        return False
    return True
