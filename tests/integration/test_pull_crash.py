"""A pull that is killed at any moment leaves a sound store, and the next one goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from memory_tracker import MemoryTracker
from projectkit import SCOPE

from trackwire.errors import TrackwireError
from trackwire.pulling import Pull, pull
from trackwire.scope import Fill
from trackwire.store import TrackerSqliteStore

TESTS = Path(__file__).parents[1]
DIES = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from memory_tracker import MemoryTracker
from projectkit import SCOPE
from trackwire.pulling import Pull, pull
from trackwire.store import TrackerSqliteStore

statements = int(sys.argv[3])
tracker = MemoryTracker()
tracker.put(*map(str, range(12)))
with TrackerSqliteStore(Path(sys.argv[2])) as store:
    def count(statement):
        global statements
        statements -= 1
        if not statements:
            os.kill(os.getpid(), signal.SIGKILL)
    store._connection.set_trace_callback(count)
    pull(Pull(connector=tracker, scope=SCOPE, store=store, fingerprint="f"))
print("ended")
"""


def killed_after(statements: int, path: Path) -> bool:
    """Pull in another process that kills itself before its n-th statement; False if it ended."""
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(TESTS), str(path), str(statements)],
        capture_output=True,
        text=True,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode == -9


@pytest.mark.parametrize("first", [1, 2, 3, 4])
def test_pull_that_is_killed_at_any_statement_goes_on_to_the_whole(
    tmp_path: Path, first: int
) -> None:
    tracker = MemoryTracker()
    tracker.put(*map(str, range(12)))
    statements = first
    while killed_after(statements, path := tmp_path / f"{statements}.sqlite"):
        with TrackerSqliteStore(path) as store:
            before = store.issue_count(SCOPE)
            if store.fill(SCOPE) is not Fill.COMPLETE:
                assert before in {0, 3, 6, 9, 12}
            pull(Pull(connector=tracker, scope=SCOPE, store=store, fingerprint="f"))
            assert {issue.ref.id: issue for issue in store.list_issues(SCOPE)} == tracker.issues
            assert store.fill(SCOPE) is Fill.COMPLETE
            assert store.get_checkpoint(SCOPE).updated_since == tracker.now
        assert [beside.name for beside in tmp_path.glob(f"{path.name}*")] == [path.name]
        statements += 13
    assert statements > 40


def test_disk_that_is_full_in_mid_pull_keeps_the_pages_before(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    tracker = MemoryTracker(page_size=10)
    tracker.put(*map(str, range(100)), body="x" * 4000)
    with TrackerSqliteStore(path) as store:
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages + 60}")
        request = Pull(connector=tracker, scope=SCOPE, store=store, fingerprint="f")
        with pytest.raises(TrackwireError, match="full"):
            pull(request)
        kept = store.issue_count(SCOPE)
        assert 0 < kept < 100
        assert kept % 10 == 0
        store._connection.execute("PRAGMA max_page_count = 100000")
        pull(request)
        assert store.issue_count(SCOPE) == 100
