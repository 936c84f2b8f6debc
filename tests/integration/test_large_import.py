"""Memory of imports and publishes, whatever the number of issues."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FEW, MANY = 20_000, 200_000
SLACK_KIB = 8 * 1024

# VmHWM and not ru_maxrss: the latter begins with what the parent had when it forked.
_MEASURED = """
import io, json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from projectkit import bind_project, json_line, make_service
from trackwire.imports import ImportFile

class Lines(io.RawIOBase):
    def __init__(self, count):
        line = json_line("NUMBER", title="a title", body="text " * 30)
        self.head, _, self.tail = line.partition(b"NUMBER")
        self.left = count

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.left:
            return 0
        self.left -= 1
        line = self.head + b"%d" % self.left + self.tail
        buffer[:len(line)] = line
        return len(line)

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

def run(count, **options):
    files = [ImportFile.of("lines", io.BufferedReader(Lines(count)))]
    (report,) = service.import_files(files, file_format="jsonl", **options)
    return report.changes.total

root, count = Path(sys.argv[1]), int(sys.argv[2])
bind_project(root)
service = make_service(root)
imported = run(count)
after_import = peak()
run(count, replace_all=True)
after_replacement = peak()
rendered = service.publish(dry_run=True).issue_count
print(json.dumps([imported, rendered, after_import, after_replacement, peak()]))
"""


def measure(root: Path, count: int) -> dict[str, int]:
    root.mkdir()
    tests = Path(__file__).resolve().parents[1]
    arguments = [sys.executable, "-c", _MEASURED, str(root), str(count), str(tests)]
    output = subprocess.run(arguments, check=True, capture_output=True, timeout=110).stdout
    names = ("imported", "rendered", "import", "replacement", "publish")
    return dict(zip(names, json.loads(output), strict=True))


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    return measure(tmp_path_factory.mktemp("few") / "project", FEW)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    root = tmp_path_factory.mktemp("many") / "project"
    yield measure(root, MANY)
    for path in root.rglob("store.sqlite"):
        path.unlink()


def test_every_line_is_imported_and_rendered(few: dict[str, int], many: dict[str, int]) -> None:
    counts = [(run["imported"], run["rendered"]) for run in (few, many)]
    assert counts == [(FEW, FEW), (MANY, MANY)]


@pytest.mark.parametrize("phase", ["import", "replacement", "publish"])
def test_ten_times_the_issues_take_no_more_memory(
    few: dict[str, int], many: dict[str, int], phase: str
) -> None:
    assert many[phase] - few[phase] < SLACK_KIB
