"""The program that checks rules for `trackwire.testing.isolation`, in a process of its own.

It is run as a file and takes the import path of who started it. It reads its job from the first
line of standard input, and sends a message for the load and for each verdict over the connection
that its first argument names. Where standard input ends before it does, its parent is no more: it
ends too, with all that it has started, and removes the directory of its second argument, where its
temporary files are.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

LOADED = "loaded"
"""The message that the plugin is loaded as far as it comes."""


def main() -> None:
    """Do the job that standard input has."""
    job = json.loads(sys.stdin.readline())
    sys.path[:] = job["path"]
    number = int(sys.argv[1])
    os.set_inheritable(number, False)  # noqa: FBT003 - the function's form
    _end_with_parent(os.dup(0), sys.argv[2])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):  # what a plugin prints is no verdict
        os.dup2(nowhere, descriptor)
    with Connection(number, readable=False) as connection:
        _check(job, connection)


def _end_with_parent(pipe: int, scratch: str) -> None:
    """Watch a pipe that the parent alone holds, from a thread of its own.

    Args:
        pipe: The end to read from.
        scratch: The directory of temporary files, which the parent would have removed.
    """

    def watch() -> None:
        with suppress(OSError):  # the plugin has closed it
            if os.read(pipe, 1) == b"":
                shutil.rmtree(scratch, ignore_errors=True)
                os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _check(job: dict[str, Any], connection: Connection) -> None:
    from trackwire.testing.rules import RULES, Need
    from trackwire.testing.verdicts import verdicts

    subject = _subject(job)
    _send(connection, LOADED)
    known = {rule.id: rule for rule in RULES}
    rules = (known[rule_id] for rule_id in job["rules"])
    for verdict in verdicts(subject, rules, tuple(map(Need, job["lost"]))):
        _send(connection, {"outcome": verdict.outcome.value, "detail": verdict.detail})


def _subject(job: dict[str, Any]) -> Any:
    from trackwire.discovery import scan
    from trackwire.testing.subject import Stage, Subject, subject_of_claim

    (found,) = (each for each in scan().claims if claim_key(each) == job["claim"])
    if job["problem"] is not None:
        return Subject(
            found=found, provider=None, problem=job["problem"], stage=Stage(job["stage"])
        )
    return subject_of_claim(found, time_limit=job["time_limit"])


def claim_key(found: Any) -> list[str]:
    """Return what tells a claim from others, also in another process.

    Args:
        found: The claim.
    """
    return [found.dist, found.version, found.entry_point.name, found.entry_point.value]


def _send(connection: Connection, message: object) -> None:
    connection.send_bytes(json.dumps(message).encode())


if __name__ == "__main__":
    main()
