"""A sound plugin that leaves a thread which never ends: no command waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile.desk import put

if TYPE_CHECKING:
    from hostile.desk import Desk

NOTE = "note: a plugin or a library has left a thread running; ended it\n"


@pytest.mark.parametrize(("command", "code"), [("providers", 0), ("route", 0), ("doctor", 1)])
def test_command_that_loads_it_ends_with_its_exit_code_and_says_so(
    desk: Desk, command: str, code: int
) -> None:
    desk.bind("acme")  # and no hub, which the doctor finds wrong
    put(desk.user, "lingers")
    done = desk.user.process(command, "--json")
    assert (done.returncode, done.stdout[-2:], done.stderr) == (code, "}\n", NOTE)
