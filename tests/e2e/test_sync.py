"""`trackwire sync`: pull, then publish, as a scheduled job does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from projectkit import (
    LIVE_PLUGIN,
    REFUSE,
    TRACKER_TOKEN,
    IdempotentHub,
    LiveTracker,
    running_hub,
    running_tracker,
)


@pytest.fixture
def tracker() -> Iterator[LiveTracker]:
    """The made-up tracker with three cards."""
    with running_tracker("1", "2", "3") as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[IdempotentHub]:
    """A hub that accepts every snapshot."""
    with running_hub() as made:
        yield made


@pytest.fixture
def job(user: Any, tracker: LiveTracker, receiver: IdempotentHub) -> Any:
    """A user whose project and hub are named as a scheduled job names them."""
    user.install("acme", LIVE_PLUGIN)
    user.does("bind", "acme", "--workspace", "site.example", "--set", "board=B1")
    user.setenv("TRACKWIRE_ACME_BASE_URL", tracker.url)
    user.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
    user.setenv("TRACKWIRE_HUB_URL", receiver.url)
    user.setenv("TRACKWIRE_HUB_TOKEN", "hushhush-hub-token")
    return user


def test_issues_of_the_tracker_reach_the_hub(job: Any, receiver: IdempotentHub) -> None:
    job.does("sync")
    issues = json.loads(receiver.state)["issues"]
    assert [issue["ref"]["id"] for issue in issues] == ["1", "2", "3"]


def test_both_results_are_shown(job: Any) -> None:
    shown = job.does("sync")
    assert "3 created" in shown
    assert "delivered    201" in shown


def test_document_has_both_reports(job: Any) -> None:
    document = job.json("sync")
    assert document["ok"] is True
    assert document["pull"]["created"] == 3
    assert document["publish"]["status_code"] == 201


def test_second_sync_of_unchanged_issues_repeats_the_key(job: Any, receiver: IdempotentHub) -> None:
    job.does("sync")
    job.does("sync")
    assert len(receiver.accepted) == 1
    assert len(set(receiver.keys)) == 1


def test_pull_that_fails_is_not_published(
    job: Any, tracker: LiveTracker, receiver: IdempotentHub
) -> None:
    tracker.answers.extend([None, None, (403, {})])
    document = job.json("sync", code=1)
    assert document["pull"]["issues"] == 2
    assert document["publish"] is None
    assert receiver.keys == []


def test_pull_that_is_worth_repeating_exits_75(job: Any, tracker: LiveTracker) -> None:
    tracker.answers.append((503, {"Retry-After": "3600"}))
    assert "asks to wait" in job.fails("sync", code=75)


def test_refusal_of_the_hub_leaves_the_pulled_issues(job: Any, receiver: IdempotentHub) -> None:
    receiver.plan.append(REFUSE)
    document = job.json("sync", code=1)
    assert document["pull"]["complete"] is True
    assert document["publish"]["status_code"] == 422
    assert job.json("status")["scope"]["issue_count"] == 3


def test_missing_hub_is_said_before_the_tracker_is_read(job: Any, tracker: LiveTracker) -> None:
    job.setenv("TRACKWIRE_HUB_URL", "")
    assert "no hub is named" in job.fails("sync", code=2)
    assert tracker.requests == []


def test_secrets_are_shown_by_neither_half(job: Any, receiver: IdempotentHub) -> None:
    receiver.plan.append(REFUSE)
    shown = job.run("--debug", "sync").output
    assert "hushhush" not in shown
