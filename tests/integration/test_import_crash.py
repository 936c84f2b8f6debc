"""Imports that are killed half way."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from projectkit import SCOPE, bind_project, fill, json_line, json_lines, make_service

from trackwire.lock import DATA_DIRECTORY
from trackwire.scope import Fill, ScopeState
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.service import TrackerService

_IMPORT = """
from pathlib import Path
from trackwire import database
from trackwire.imports import ImportFile
from projectkit import make_service

database.CACHE_KIB = 16  # a few pages, so that the import writes to the file long before its end
files = [ImportFile.of("standard input", sys.stdin.buffer)]
reports = make_service(Path(sys.argv[1])).import_files(
    files,
    file_format="jsonl",
    replace_all=sys.argv[2] == "replace",
    progress=lambda count: print(count, flush=True),
)
for report in reports:
    print("kept", flush=True)
"""

NEW = b"".join(json_line(str(number), title="new", body="x" * 500) for number in range(2000))


def state_of(service: TrackerService) -> tuple[ScopeState, set[str]]:
    with TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as store:
        return store.scope_state(SCOPE), {issue.title for issue in store.list_issues(SCOPE)}


def killed_import(root: Path, start_python: Callable[..., Popen[str]], *, how: str) -> None:
    store = root / DATA_DIRECTORY / STORE_FILE
    before = store.read_bytes()
    process = start_python(_IMPORT, root, how)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(NEW.decode())
    process.stdin.flush()
    assert [process.stdout.readline() for _ in range(2)] == ["1000\n", "2000\n"]
    process.send_signal(signal.SIGKILL)  # it is waiting for the next line
    process.wait()
    assert store.read_bytes() != before  # or else nothing was there to be taken back


def bound(root: Path) -> TrackerService:
    bind_project(root)
    service = make_service(root)
    fill(service, json_lines("1", "old-1", "old-2", title="old"))
    return service


OLD = ScopeState(scope=SCOPE, fill=Fill.COMPLETE, issue_count=3), {"old"}


def test_killed_import_leaves_the_old_state(
    tmp_path: Path, start_python: Callable[..., Popen[str]]
) -> None:
    service = bound(tmp_path)
    killed_import(tmp_path, start_python, how="add")
    assert state_of(service) == OLD


def test_killed_replacement_leaves_the_old_state(
    tmp_path: Path, start_python: Callable[..., Popen[str]]
) -> None:
    service = bound(tmp_path)
    killed_import(tmp_path, start_python, how="replace")
    assert state_of(service) == OLD


def test_import_after_a_killed_one_works(
    tmp_path: Path, start_python: Callable[..., Popen[str]]
) -> None:
    service = bound(tmp_path)
    killed_import(tmp_path, start_python, how="add")
    fill(service, NEW, replace_all=True)
    state, titles = state_of(service)
    assert (state.issue_count, titles) == (2000, {"new"})


def test_journal_of_a_killed_import_is_gone_once_the_store_is_used(
    tmp_path: Path, start_python: Callable[..., Popen[str]]
) -> None:
    service = bound(tmp_path)
    killed_import(tmp_path, start_python, how="add")
    journal = tmp_path / DATA_DIRECTORY / f"{STORE_FILE}-journal"
    before = journal.exists()
    state_of(service)
    assert (before, journal.exists()) == (True, False)
