"""Memory of imports and publishes of long issues, whatever their number."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projectkit import json_line

FEW, MANY = 10, 100
BODY_BYTES = 1_000_000
SLACK_KIB = 8 * 1024

# VmHWM and not ru_maxrss: the latter begins with what the parent had when it forked.
_MEASURED = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from projectkit import bind_project, make_service
from trackwire.imports import ImportFile

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

root = Path(sys.argv[2])
bind_project(root)
service = make_service(root)
list(service.import_files([ImportFile.at(Path(sys.argv[3]))], file_format="jsonl"))
imported = peak()
count = service.publish(dry_run=True).issue_count
print(json.dumps({"count": count, "import": imported, "publish": peak()}))
"""


def measured(home: Path, count: int) -> dict[str, int]:
    tests = Path(__file__).resolve().parents[1]
    root, lines = home / "project", home / "issues.jsonl"
    root.mkdir()
    with lines.open("wb") as stream:
        for number in range(count):
            stream.write(json_line(str(number), body="x" * BODY_BYTES))
    arguments = [sys.executable, "-c", _MEASURED, str(tests), str(root), str(lines)]
    output = subprocess.run(arguments, check=True, capture_output=True, timeout=110).stdout
    result: dict[str, int] = json.loads(output)
    return result


@pytest.mark.parametrize("phase", ["import", "publish"])
def test_ten_times_the_long_issues_take_no_more_memory(tmp_path: Path, phase: str) -> None:
    for name in ("few", "many"):
        (tmp_path / name).mkdir()
    few, many = measured(tmp_path / "few", FEW), measured(tmp_path / "many", MANY)
    assert many[phase] - few[phase] < SLACK_KIB
