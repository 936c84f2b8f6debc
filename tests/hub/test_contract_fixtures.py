"""The contract's fixtures, posted to a real hub: what is valid there is stored, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hubkit import ROOT, Team

FIXTURES = ROOT / "contracts/fixtures"
VALID = sorted((FIXTURES / "snapshot/valid").iterdir())
INVALID = sorted((FIXTURES / "snapshot/invalid").iterdir())
DEFECTS = json.loads((FIXTURES / "defects.json").read_text())["snapshot"]


def test_there_are_fixtures_and_each_defect_has_one() -> None:
    assert VALID
    assert [path.stem for path in INVALID] == sorted(DEFECTS)


@pytest.mark.parametrize("fixture", VALID, ids=lambda path: path.stem)
def test_a_valid_snapshot_is_stored(team: Team, fixture: Path) -> None:
    answer = team.publish(fixture.read_bytes())
    assert answer.status_code == 201
    assert answer.json()["issue_count"] == len(json.loads(fixture.read_text())["issues"])


@pytest.mark.parametrize("fixture", INVALID, ids=lambda path: path.stem)
def test_an_invalid_snapshot_is_pointed_at_where_its_defect_is(team: Team, fixture: Path) -> None:
    answer = team.publish(fixture.read_bytes())
    assert answer.status_code == 422
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [DEFECTS[fixture.stem]["pointer"]]
