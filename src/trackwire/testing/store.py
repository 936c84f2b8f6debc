"""A real store that lasts as long as a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from trackwire.lock import data_directory
from trackwire.scope import Scope
from trackwire.store import STORE_FILE, TrackerSqliteStore


class TemporaryStore(NamedTuple):
    """A store, and a scope to fill in it.

    Args:
        store: The store.
        scope: The scope.
    """

    store: TrackerSqliteStore
    scope: Scope


@contextmanager
def temporary_store(
    provider: str = "sample", workspace: str = "acme", resource_id: str | None = "SAMPLE"
) -> Iterator[TemporaryStore]:
    """Give a real store in a temporary directory, which ends with the block.

    Args:
        provider: The scope's provider.
        workspace: The scope's workspace.
        resource_id: The scope's resource, or None.
    """
    with TemporaryDirectory(prefix="trackwire-") as directory:
        path = data_directory(Path(directory)) / STORE_FILE
        with TrackerSqliteStore(path) as store:
            yield TemporaryStore(store, Scope(provider, workspace, resource_id))
