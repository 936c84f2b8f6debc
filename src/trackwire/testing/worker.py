"""The program that checks rules for `trackwire.testing.isolation`, in a process of its own.

It is run as a file and takes the import path of who started it. It reads its job from standard
input, and sends a message for the load and for each verdict over the connection that its argument
names.
"""

from __future__ import annotations

import json
import os
import sys
from multiprocessing.connection import Connection
from typing import Any

LOADED = "loaded"
"""The message that the plugin is loaded as far as it comes."""


def main() -> None:
    """Do the job that standard input has."""
    job = json.load(sys.stdin)
    sys.path[:] = job["path"]
    number = int(sys.argv[1])
    os.set_inheritable(number, False)  # noqa: FBT003 - the function's form
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):  # what a plugin prints is no verdict
        os.dup2(nowhere, descriptor)
    with Connection(number, readable=False) as connection:
        _check(job, connection)


def _check(job: dict[str, Any], connection: Connection) -> None:
    from trackwire.testing.rules import RULES
    from trackwire.testing.verdicts import verdict_of

    subject = _subject(job)
    _send(connection, LOADED)
    rules = {rule.id: rule for rule in RULES}
    for rule_id in job["rules"]:
        verdict = verdict_of(subject, rules[rule_id])
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
