"""The mappings of a scope: which work package is which issue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trackwire.errors import UsageError

if TYPE_CHECKING:
    from trackwire.model import WorkPackageMapping
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore

_WORK_PACKAGE = re.compile(r"WP[0-9]{2}")


def add_mapping(
    store: TrackerSqliteStore, scope: Scope, wp_id: str, issue: str, *, readable: bool
) -> WorkPackageMapping:
    """Tie a work package to an issue.

    Args:
        store: The store.
        scope: Whose issue it is.
        wp_id: The work package, such as `WP01`.
        issue: The issue's key or id.
        readable: Whether the scope can be pulled, for the error.

    Raises:
        UsageError: The work package is ill-formed, or the issue is not at hand.
    """
    if _WORK_PACKAGE.fullmatch(wp_id) is None:
        raise UsageError(f"{wp_id!r} is no work package; one looks like WP01")
    held = store.find_issue(scope, issue)
    if held is None:
        get_it = "run: trackwire pull, or import it" if readable else "import it first"
        raise UsageError(
            f"there is no issue {issue!r} in {scope}; {get_it}, or see its key or id at the tracker"
        )
    return store.put_mapping(scope, wp_id, held)


def remove_mapping(
    store: TrackerSqliteStore, scope: Scope, wp_id: str, issue: str
) -> WorkPackageMapping:
    """Remove a mapping.

    Args:
        store: The store.
        scope: Whose mapping it is.
        wp_id: The work package.
        issue: The issue's key, whatever its case, or id.

    Raises:
        UsageError: There is no such mapping.
    """
    for held in store.list_mappings(scope):
        if held.wp_id == wp_id and _bears(held, issue):
            store.remove_mapping(scope, wp_id, held.external_id)
            return held
    raise UsageError(f"{wp_id} is not mapped to {issue!r}; see: trackwire map list")


def _bears(mapping: WorkPackageMapping, issue: str) -> bool:
    key = mapping.external_key or ""
    return issue == mapping.external_id or issue.lower() == key.lower()
