"""All hostile distributions in one process, one after the other: the sound one stays sound."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hostile.desk import SOUND
from hostile.hostile_set import DISTS, HOSTILE, INSTALLED, INTERRUPTED
from scripted_server import accepting

if TYPE_CHECKING:
    from hostile.desk import Desk

LOADED = [each for each in HOSTILE if each.commands is not INTERRUPTED]
LOAD_ALL = """
import json, sys
from trackwire.discovery import scan
from trackwire.registry import ProviderRegistry
named, outcomes = sys.argv.pop(1).split(","), {}
for claim in scan().claims:
    if claim.dist in named:
        outcome = ProviderRegistry([claim], environ={}).outcome(claim.name)
        outcomes.setdefault(claim.dist, []).append(type(outcome).__name__)
print(json.dumps(outcomes), file=sys.stderr)
from trackwire.cli import main
main()
"""


@pytest.fixture
def after_all_others(desk: Desk) -> Any:
    """Runs a command in a process that has loaded each hostile plugin, and the sound one bound."""
    desk.bind(SOUND, SOUND)
    if not INSTALLED:
        for folder in {folder for each in LOADED for folder in each.folders} | {SOUND}:
            desk.user.on_path(DISTS / folder)

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        names = ",".join({each.distribution for each in LOADED})
        return subprocess.run(
            [sys.executable, "-c", LOAD_ALL, names, *command],
            cwd=desk.user.project,
            env=desk.user.environ,
            capture_output=True,
            text=True,
            check=True,
        )

    return run


def test_sound_provider_publishes_with_its_route_after_all_others(
    desk: Desk, after_all_others: Any
) -> None:
    desk.hub.script(accepting())
    after_all_others("publish", "--hub", desk.hub.url)
    assert desk.sent() == [("kanban", "kanban_board", "B1")]


def test_each_plugin_that_patches_is_found_broken_after_all_others(after_all_others: Any) -> None:
    patching = {each.distribution for each in LOADED if each.apart}
    outcomes = json.loads(after_all_others("route").stderr.splitlines()[0])
    assert [outcomes[dist] for dist in sorted(patching)] == [["Broken"]] * 4
