"""What the emulators' JQL finds, in which order, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from emulators.clock import Clock, to_milliseconds
from emulators.jira_jql import Reading, read_jql
from emulators.jira_model import Records
from emulators.jira_words import JqlError


def at(text: str) -> int:
    return to_milliseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.fixture
def records():
    records = Records(Clock(datetime(2026, 3, 8, 12, tzinfo=UTC)))
    for key in ("ACME", "OR", "BETA"):
        records.add_project(key)
    return records


def found(records, jql, zone="Etc/UTC", **reading):
    query = read_jql(jql, Reading(records, ZoneInfo(zone), **reading))
    matching = filter(query.matches or (lambda _issue: True), records.indexed())
    return [issue.key for issue in sorted(matching, key=query.sort_key)]


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ('project = "ACME" ORDER BY id', ["ACME-1", "ACME-2"]),
        ("project = acme order by key desc", ["ACME-2", "ACME-1"]),
        ("project != ACME", ["OR-1"]),
        ("project in (ACME, 'OR') ORDER BY key ASC", ["ACME-1", "ACME-2", "OR-1"]),
        ('project not in ("OR") ORDER BY key ASC', ["ACME-1", "ACME-2"]),
        ('project = "OR"', ["OR-1"]),
        ("id in (10002, 10003) ORDER BY id DESC", ["OR-1", "ACME-2"]),
        ("key > ACME-1", ["ACME-2"]),
        ("id >= 10001 AND id < 10002", ["ACME-1"]),
        ("key = ACME-1 OR key = OR-1 ORDER BY id", ["ACME-1", "OR-1"]),
        ("project = ACME AND (key = ACME-1 OR key = OR-1)", ["ACME-1"]),
        ("project = ACME AND NOT key = ACME-1", ["ACME-2"]),
        ("project = ACME ORDER BY updated ASC, id ASC", ["ACME-2", "ACME-1"]),
        ("project = ACME ORDER BY updated", ["ACME-1", "ACME-2"]),
        ("project = ACME", ["ACME-2", "ACME-1"]),
        ("updated >= -1h", ["ACME-1"]),
        ("created < '2026/03/08'", []),
    ],
)
def test_a_query_finds_in_its_order(records, jql, keys):
    records.create("ACME")
    records.create("ACME", updated=at("2026-03-08 10:00"))
    records.create("OR", updated=at("2026-03-08 09:00"))
    assert found(records, jql) == keys


@pytest.mark.parametrize(
    ("jql", "complaint"),
    [
        ("project = OR", "'OR' is a reserved JQL word"),
        ("project in (ACME, and)", "'and' is a reserved JQL word"),
        ("project = GONE", "The value 'GONE' does not exist for the field 'project'"),
        ("id in (10001, 99)", "A value with ID '99' does not exist for the field 'id'"),
        ("id > 99", "A value with ID '99' does not exist"),
        ("key = ACME-9", "An issue with key 'ACME-9' does not exist"),
        ("sprint = 3", "Field 'sprint' does not exist"),
        ("project = ACME ORDER BY rank", "Not able to sort using field 'rank'"),
        ("project = ACME AND", "but got 'the end of the query'"),
        ("project = ACME updated > 1", "but got 'updated'"),
        ("(project = ACME", "but got 'the end of the query'"),
        ("project ~ ACME", "'~' is a reserved JQL character"),
        ("project > ACME", "'>' is not supported by the 'project' field"),
        ('updated >= "1698825600000"', "Date value '1698825600000' for field 'updated' is invalid"),
        ('updated >= "2026-03-08T10:00"', "is invalid"),
        ('updated >= "2026-02-30 10:00"', "is invalid"),
        ('updated >= "2026-03-08 10:00:30"', "is invalid"),
    ],
)
def test_a_query_that_jira_refuses_is_refused(records, jql, complaint):
    records.create("ACME")
    with pytest.raises(JqlError) as caught:
        found(records, jql)
    assert complaint in str(caught.value)


def test_a_value_that_is_not_there_finds_nothing_where_queries_are_not_validated(records):
    records.create("ACME")
    assert found(records, "id in (10001, 99)", validates=False) == ["ACME-1"]


def test_unquoted_epoch_milliseconds_are_exact(records):
    moment = at("2026-03-08 10:00:30.250")
    records.create("ACME", updated=moment)
    assert found(records, f"updated >= {moment}") == ["ACME-1"]
    assert found(records, f"updated >= {moment + 1}") == []


def test_epoch_milliseconds_can_be_rounded_down_to_the_minute(records):
    moment = at("2026-03-08 10:00:30.250")
    records.create("ACME", updated=moment - 20_000)
    assert found(records, f"updated >= {moment}", rounds_to_minute=True) == ["ACME-1"]
    assert found(records, f"updated < {moment}", rounds_to_minute=True) == []


@pytest.mark.parametrize(
    ("local", "first_found"),
    [
        ("2026-01-15 10:00", "2026-01-15 15:00"),
        ("2026-07-15 10:00", "2026-07-15 14:00"),
        ("2026-03-08 02:30", "2026-03-08 07:30"),  # the clock jumps from 02:00 to 03:00
        ("2026-11-01 01:30", "2026-11-01 06:30"),  # it was 01:30 an hour before, too
    ],
)
def test_a_quoted_time_is_read_in_the_accounts_timezone(records, local, first_found):
    records.create("ACME", updated=at(first_found) - 1)
    records.create("ACME", updated=at(first_found))
    assert found(records, f'updated >= "{local}"', "America/New_York") == ["ACME-2"]
