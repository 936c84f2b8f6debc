"""What the index finds is what a look at every issue finds."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.jira_index import Index, Span
from emulators.jira_jql import Reading, read_jql
from emulators.jira_model import Records

SIGNS = st.sampled_from(["=", "!=", ">", ">=", "<", "<="])
PROJECTS = st.sampled_from(["ACME", "BETA"])
MOMENTS = st.integers(0, 9)
NUMBERS = st.integers(10001, 10008)
CLAUSES = st.one_of(
    st.builds("project = {}".format, PROJECTS),
    st.builds("project != {}".format, PROJECTS),
    st.builds("updated {} {}".format, SIGNS, MOMENTS),
    st.builds("created {} {}".format, SIGNS, MOMENTS),
    st.builds("id {} {}".format, SIGNS, NUMBERS),
    st.builds("id in ({}, {})".format, NUMBERS, NUMBERS),
    st.builds("(updated {} {} OR project = BETA)".format, SIGNS, MOMENTS),
)
ORDERS = st.sampled_from(
    [
        *("", " ORDER BY id", " ORDER BY id DESC", " ORDER BY updated ASC"),
        *(" ORDER BY updated ASC, id ASC", " ORDER BY updated DESC, id ASC"),
        " ORDER BY created ASC, id ASC",
    ]
)
CHANGES = st.lists(st.tuples(PROJECTS, MOMENTS), min_size=8, max_size=8)


@given(changes=CHANGES, clauses=st.lists(CLAUSES, min_size=1, max_size=4), order=ORDERS)
def test_the_index_finds_what_a_look_at_every_issue_finds(changes, clauses, order):
    records = records_of(changes)
    query = query_of(records, " AND ".join(clauses) + order)
    expected = sorted(filter(query.matches, records.indexed()), key=query.sort_key)
    assert list(Index(records.indexed()).search(query)) == expected


@given(size=st.integers(0, 6), cut=st.slices(7), start=st.integers(0, 6), end=st.integers(0, 6))
def test_a_span_reads_as_the_part_of_the_list_does(size, cut, start, end):
    numbers: Any = list(range(size))
    end = min(end, size)
    span = Span(numbers, start, end)
    assert (len(span), list(span), span[cut]) == (
        len(numbers[start:end]),
        numbers[start:end],
        numbers[start:end][cut],
    )


@pytest.mark.parametrize(
    "jql",
    [
        "project = ACME ORDER BY updated ASC, id ASC",
        "project = ACME AND updated >= 3 AND updated <= 6 ORDER BY updated ASC, id ASC",
        "project = ACME AND id >= 10003 ORDER BY id ASC",
    ],
)
def test_a_window_is_cut_out_of_a_sorted_list(jql):
    records = records_of([("ACME", number) for number in range(8)])
    assert isinstance(Index(records.indexed()).search(query_of(records, jql)), Span)


def records_of(changes):
    records = Records()
    for key in ("ACME", "BETA"):
        records.add_project(key)
    for project, updated in changes:
        records.create(project, updated=updated, created=9 - updated)
    records.move(10002, "BETA")
    return records


def query_of(records, jql):
    return read_jql(jql, Reading(records, ZoneInfo("Etc/UTC"), validates=False))
