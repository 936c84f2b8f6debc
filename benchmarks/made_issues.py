"""Issues of random words for `publish.py`, always the same, and what project they are of."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from pathlib import Path

WORKSPACE = "measured.example"
PROJECT = "ACME"
WORDS = (
    *("account", "billing", "cache", "deadline", "export", "filter", "gateway", "header"),
    *("invoice", "journal", "keyboard", "login", "mapping", "network", "overview", "payment"),
    *("queue", "report", "session", "timeout", "upload", "vendor", "window", "zone"),
)
NewId = Callable[[random.Random, int], str]
"""Makes the id of the issue with a number."""

IDS: dict[str, NewId] = {
    "sequential": lambda _, number: str(10_000_000 + number),
    "random": lambda source, _: str(uuid.UUID(int=source.getrandbits(128))),
}


def write_lines(path: Path, count: int, text: int, new_id: NewId) -> None:
    """Write issues in wire form, one a line, always the same ones."""
    import msgspec

    source = random.Random(count)  # noqa: S311 - no secret
    with path.open("wb") as stream:
        for number in range(count):
            stream.write(msgspec.json.encode(made_issue(source, number, text, new_id)) + b"\n")


def made_issue(
    source: random.Random,
    number: int,
    text: int,
    new_id: NewId,
) -> object:
    """Make an issue of random words."""
    from datetime import UTC, datetime, timedelta

    from trackwire.model import ExternalRef, Issue, IssueType, Status

    key = f"{PROJECT}-{number + 1}"
    return Issue(
        ref=ExternalRef(
            system="jira",
            workspace=WORKSPACE,
            id=new_id(source, number),
            key=key,
            url=f"https://{WORKSPACE}/browse/{key}",
        ),
        title=" ".join(source.choices(WORDS, k=8)),
        body=" ".join(source.choices(WORDS, k=text // 6))[:text],
        status=source.choice(list(Status)),
        issue_type=source.choice(list(IssueType)),
        priority=source.randrange(5),
        assignees=(f"{source.getrandbits(96):024x}",),
        labels=tuple(source.sample(WORDS, 2)),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
    )
