"""The state behind the emulators of Jira: what is true, and what the index knows of it."""

from __future__ import annotations

import pytest

from emulators.jira_model import Records


@pytest.fixture
def records():
    records = Records()
    records.add_project("ACME")
    records.add_project("BETA")
    return records


def indexed(records):
    return [(issue.key, issue.summary) for issue in records.indexed()]


def test_each_edit_is_stamped_by_the_clock(records):
    issue = records.create("ACME")
    records.clock.advance(0.002)
    edited = records.edit(issue, summary="Second")
    assert edited.updated == issue.updated + 2
    assert edited.updated_at == records.clock.now


def test_a_move_changes_the_key_alone(records):
    issue = records.create("ACME")
    records.create("BETA")
    records.clock.advance(60)
    moved = records.move(issue, "BETA")
    assert (moved.id, moved.key, moved.updated) == (issue.id, "BETA-2", issue.updated)
    assert records.find("ACME-1") is moved
    assert records.issues_of("ACME") == []


def test_a_deleted_issue_is_not_found_and_its_number_is_not_used_again(records):
    records.delete(records.create("ACME"))
    assert records.find("ACME-1") is None
    assert [records.create("ACME").key, *(i.key for i in records.issues_of("ACME"))] == [
        "ACME-2",
        "ACME-2",
    ]


def test_a_hidden_project_is_not_seen_but_is_still_true(records):
    records.create("ACME")
    records.hide_project("ACME")
    assert records.find("ACME-1") is None
    assert indexed(records) == []
    assert len(records.issues_of("ACME")) == 1
    records.show_project("ACME")
    assert records.find("ACME-1") is not None


def test_the_index_sees_an_edit_when_its_lag_is_over(records):
    issue = records.create("ACME", summary="First")
    records.clock.advance(60)
    records.lag(10)
    records.edit(issue, summary="Second")
    records.clock.advance(9.999)
    assert indexed(records) == [("ACME-1", "First")]
    records.clock.advance(0.001)
    assert indexed(records) == [("ACME-1", "Second")]


def test_one_issue_may_lag_more_than_the_others(records):
    first, second = records.create("ACME", summary="a"), records.create("ACME", summary="b")
    records.clock.advance(3600)
    records.lag(600, first)
    records.edit(first, summary="c")
    records.edit(second, summary="d")
    assert indexed(records) == [("ACME-1", "a"), ("ACME-2", "d")]


def test_a_deleted_issue_lingers_in_the_index(records):
    issue = records.create("ACME", summary="a")
    records.clock.advance(60)
    records.lag(10)
    records.delete(issue)
    assert indexed(records) == [("ACME-1", "a")]
    records.clock.advance(10)
    assert indexed(records) == []


def test_a_moved_issue_is_still_in_its_old_project_for_the_index(records):
    issue = records.create("ACME", summary="a")
    records.clock.advance(60)
    records.lag(10)
    records.move(issue, "BETA")
    assert indexed(records) == [("ACME-1", "a")]


def test_a_reconciled_issue_is_seen_as_it_is(records):
    issue = records.create("ACME", summary="a")
    records.lag(600)
    assert list(records.indexed()) == []
    assert list(records.indexed(frozenset({issue.id}))) == [issue]
