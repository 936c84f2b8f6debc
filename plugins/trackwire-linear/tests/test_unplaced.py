"""Which names of Linear's are reported because neither the project nor the plugin places them."""

from __future__ import annotations

import pytest
from trackwire_linear.issues import unplaced_names
from trackwire_linear.shapes import Record, WorkflowState

from trackwire.connector import Unplaced
from trackwire.model import Status
from trackwire.provider import ExportContext

BOUND = ExportContext(workspace="acme")


def unplaced(context=BOUND, *, state=("started", "Doing"), **parts):
    record = Record("1", "Title", WorkflowState(*state), **parts)
    return list(unplaced_names(record, context))


@pytest.mark.parametrize(
    "kind",
    ["triage", "backlog", "unstarted", "started", "completed", "canceled", "duplicate"],
)
def test_the_seven_types_of_a_state_are_placed(kind):
    assert unplaced(state=(kind, "Whatever it is called")) == []


def test_a_state_of_another_type_is_reported_by_its_name():
    assert unplaced(state=("someday", "Icebox")) == [Unplaced("status", "Icebox")]


def test_a_state_without_a_name_is_reported_by_its_type():
    assert unplaced(state=("someday", None)) == [Unplaced("status", "someday")]


def test_a_state_that_the_project_maps_is_placed():
    context = ExportContext(workspace="acme", status_map={"icebox": Status.BLOCKED})
    assert unplaced(context, state=("someday", "Icebox")) == []


@pytest.mark.parametrize("priority", [None, 0, 1, 2, 3, 4, 4.0])
def test_the_five_priorities_are_placed(priority):
    assert unplaced(priority=priority) == []


@pytest.mark.parametrize(
    ("priority", "label", "name"), [(5, "Someday", "Someday"), (5, None, "5"), (1.5, None, "1.5")]
)
def test_another_priority_is_reported(priority, label, name):
    assert unplaced(priority=priority, priority_label=label) == [Unplaced("priority", name)]


def test_a_priority_that_the_project_maps_is_placed():
    context = ExportContext(workspace="acme", priority_map={"Someday": 4})
    assert unplaced(context, priority=5, priority_label="Someday") == []
