"""The snapshot: its eleven fields, its bytes, and the file they are spooled to.

The bytes are fixed by contracts/tracker-snapshot-publish.md, "Body": the same state of the store
always renders to the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from trackwire.delivery.body import Body
from trackwire.errors import StoreError

if TYPE_CHECKING:
    from trackwire.project import TrackerProjectConfig
    from trackwire.routing import ResourceRouting
    from trackwire.scope import Scope
    from trackwire.store import TrackerSqliteStore

_CHUNK_BYTES = 1 << 16
_SPOOL_PREFIX = "spool-"
_PROGRESS_ROWS = 10_000
_spools_in_use: set[Path] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A rendered snapshot.

    Args:
        body: Its bytes, in a file.
        issue_count: Issues in it.
        mapping_count: Mappings in it.
    """

    body: Body
    issue_count: int
    mapping_count: int


@contextlib.contextmanager
def spooled(
    directory: Path,
    store: TrackerSqliteStore,
    scope: Scope,
    config: TrackerProjectConfig,
    routing: ResourceRouting,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Snapshot]:
    """Render a scope's state once, from one read transaction, into a file that is then removed.

    Args:
        directory: Where the file lies: the project's data directory.
        store: The store.
        scope: What to publish.
        config: The project.
        routing: The route.
        progress: Told from time to time how many issues are rendered.

    Raises:
        StoreError: The disk is full, or the store cannot be read; nothing is left behind.
    """
    path = directory / f"{_SPOOL_PREFIX}{os.getpid()}-{secrets.token_hex(4)}.json"
    _spools_in_use.add(path)
    try:
        with _new_private_file(path) as stream, store.reading():
            snapshot = _render(path, stream, store, scope, config, routing, progress)
        yield snapshot
    finally:
        path.unlink(missing_ok=True)
        _spools_in_use.discard(path)


def remove_leftovers(directory: Path) -> None:
    """Remove the files of publishes that were killed: those whose process is no more.

    Args:
        directory: The project's data directory.
    """
    for path in directory.glob(f"{_SPOOL_PREFIX}*.json"):
        process = path.name.removeprefix(_SPOOL_PREFIX).partition("-")[0]
        if path not in _spools_in_use and not (process.isdecimal() and _is_running(int(process))):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if process == os.getpid():  # in a container, every run may get the number of the last one
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _new_private_file(path: Path) -> Iterator[BinaryIO]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=_CHUNK_BYTES) as stream:
            yield stream
    except OSError as error:
        raise StoreError(
            f"{path.parent}: the snapshot cannot be written: {error.strerror}; nothing was sent"
        ) from error


class _Digesting:
    """Counts, hashes and writes, in large pieces."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._pending = bytearray()
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self._pending += data
        if len(self._pending) >= _CHUNK_BYTES:
            self._flush()

    def finish(self) -> bytes:
        self._flush()
        return self._digest.digest()

    def _flush(self) -> None:
        self._stream.write(self._pending)
        self._digest.update(self._pending)
        self.size += len(self._pending)
        self._pending.clear()


def _render(
    path: Path,
    stream: BinaryIO,
    store: TrackerSqliteStore,
    scope: Scope,
    config: TrackerProjectConfig,
    routing: ResourceRouting,
    progress: Callable[[int], None],
) -> Snapshot:
    binding = config.bound()
    head = {
        "provider": binding.provider,
        "workspace": binding.workspace,
        "external_resource_type": routing.external_resource_type,
        "external_resource_id": routing.external_resource_id,
        "doctrine_mode": binding.doctrine_mode,
        "doctrine_field_owners": dict(sorted(binding.doctrine_field_owners.items())),
        "project_uuid": config.project_uuid,
        "project_slug": config.project_slug,
    }
    output = _Digesting(stream)
    output.write(msgspec.json.encode(head)[:-1])
    output.write(b',"issues":[')
    issue_count = _write_rows(output, store.issue_bytes(scope), progress)
    output.write(b'],"mappings":[')
    mapping_count = _write_rows(output, store.mapping_bytes(scope), lambda _: None)
    output.write(b'],"checkpoint":')
    output.write(msgspec.json.encode(store.get_checkpoint(scope)))
    output.write(b"}")
    digest = output.finish()
    body = Body(path=path, size=output.size, sha256=digest)
    return Snapshot(body=body, issue_count=issue_count, mapping_count=mapping_count)


def _write_rows(output: _Digesting, rows: Iterable[bytes], progress: Callable[[int], None]) -> int:
    count = 0
    for count, row in enumerate(rows, start=1):
        output.write(row if count == 1 else b"," + row)
        if count % _PROGRESS_ROWS == 0:
            progress(count)
    progress(count)
    return count
