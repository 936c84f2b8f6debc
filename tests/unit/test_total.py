"""The sum over a run's environments, from the files that pytest really writes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOTAL = Path(__file__).resolve().parents[2] / ".ci" / "total.py"
GOOD = "def test_good(): pass\n"
BAD = "def test_bad(): raise ValueError\n"
SKIPPED = "import pytest\n@pytest.mark.skip\ndef test_left_out(): pass\n"
BROKEN = "import pytest\n@pytest.fixture\ndef no(): raise ValueError\ndef test_it(no): pass\n"


def run_in(folder: Path, environment: str, *sources: str) -> None:
    """Run tests in a process of their own, as an environment of the matrix does."""
    file = folder / f"test_{environment}.py"
    file.write_text("".join(sources))
    options = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={folder}"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--junitxml={folder}/{environment}.xml", file],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
    )


def shown(folder: Path, *environments: str) -> tuple[list[str], int]:
    """The lines and the exit code."""
    done = subprocess.run(
        [sys.executable, TOTAL, folder, *environments], capture_output=True, text=True
    )
    return done.stdout.splitlines(), done.returncode


def total(folder: Path, *environments: str) -> tuple[str, int]:
    """The last line and the exit code."""
    lines, code = shown(folder, *environments)
    return lines[-1], code


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ((GOOD,), ("1 passed, 0 failed, 0 skipped", 0)),
        ((GOOD, BAD), ("1 passed, 1 failed, 0 skipped", 1)),
        ((GOOD, BROKEN), ("1 passed, 1 failed, 0 skipped", 1)),
        ((GOOD, SKIPPED), ("1 passed, 0 failed, 1 skipped", 1)),
        ((), ("0 passed, 0 failed, 0 skipped", 1)),
    ],
    ids=["good", "failure", "error", "skip", "nothing"],
)
def test_run_succeeds_where_all_of_its_tests_ran_and_passed(
    tmp_path: Path, sources: tuple[str, ...], expected: tuple[str, int]
) -> None:
    run_in(tmp_path, "py311", *sources)
    assert total(tmp_path, "py311") == expected


def test_environments_are_added_up(tmp_path: Path) -> None:
    run_in(tmp_path, "py311", GOOD)
    run_in(tmp_path, "core", GOOD)
    assert total(tmp_path, "py311", "core") == ("2 passed, 0 failed, 0 skipped", 0)


def test_environment_without_a_result_is_a_failure(tmp_path: Path) -> None:
    run_in(tmp_path, "py311", GOOD)
    assert total(tmp_path, "py311", "core") == ("1 passed, 1 failed, 0 skipped", 1)


def test_environment_that_is_left_out_is_named_beside_the_sum(tmp_path: Path) -> None:
    run_in(tmp_path, "core", GOOD)
    lines, _ = shown(tmp_path, "core", "--left-out", "py312", "py314")
    assert lines[-3:] == [
        "py312: left out, as this machine lacks its Python",
        "py314: left out, as this machine lacks its Python",
        "1 passed, 0 failed, 0 skipped",
    ]


def test_environment_that_is_left_out_fails_nothing(tmp_path: Path) -> None:
    run_in(tmp_path, "core", GOOD)
    assert total(tmp_path, "core", "--left-out", "py312") == ("1 passed, 0 failed, 0 skipped", 0)


def test_each_environment_has_a_line_of_its_own(tmp_path: Path) -> None:
    run_in(tmp_path, "py311", GOOD, BAD)
    run_in(tmp_path, "core", GOOD)
    lines, _ = shown(tmp_path, "py311", "core")
    assert [line.split(" in ")[0] for line in lines[:-1]] == [
        "py311: 1 passed, 1 failed, 0 skipped",
        "core: 1 passed, 0 failed, 0 skipped",
    ]
