"""Every time in every schema is one that the calendar and the clock have, in one form."""

from __future__ import annotations

import json
import re
from calendar import isleap
from collections.abc import Iterator
from typing import Any

import pytest
from contract.documents import CONTRACTS, KINDS

TAKEN = [
    "2026-11-20T08:15:30Z",
    "2026-11-20T08:15:30.123456789Z",
    "2026-11-20T23:59:59+00:00",
    "2000-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
]
TAKEN_WITH_ANY_OFFSET = ["2026-11-20T08:15:30+05:30", "2026-11-20T08:15:30-23:59"]
REFUSED = [
    "2026-02-30T08:15:30Z",
    "2026-04-31T08:15:30Z",
    "2026-06-31T08:15:30Z",
    "2026-09-31T08:15:30Z",
    "2026-11-31T08:15:30Z",
    "2026-02-29T08:15:30Z",
    "1900-02-29T08:15:30Z",
    "2026-01-32T08:15:30Z",
    "2026-00-10T08:15:30Z",
    "2026-13-10T08:15:30Z",
    "2026-01-00T08:15:30Z",
    "0000-01-01T00:00:00Z",
    "0000-02-29T00:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T08:60:00Z",
    "2026-11-20T08:15:60Z",
    "2026-11-20T08:15Z",
    "2026-11-20T08:15:30.Z",
    "2026-11-20T08:15:30",
    "2026-11-20T08:15:30+24:00",
    "2026-11-20T08:15:30+29:00",
    "2026-11-20T08:15:30+00:60",
    "2026-11-20T08:15:30+0000",
    "2026-11-20T08:15:30+00",
    "2026-11-20T08:15:30z",
    "2026-11-20t08:15:30Z",
    "2026-11-20 08:15:30Z",
    "2026-11-20T08:15:30Z\n",
    " 2026-11-20T08:15:30Z",
    "2026-11-20",
]


def load(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        (CONTRACTS / f"schemas/{kind}.schema.json").read_text(encoding="utf-8")
    )
    return schema


def members(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every member that an object of the schema has, by its path in the schema."""
    if not isinstance(schema, dict):
        return
    for name, part in schema.get("properties", {}).items():
        yield f"{place}.{name}", part
        yield from members(part, f"{place}.{name}")
    for name, part in schema.get("$defs", {}).items():
        yield from members(part, f"{place}.{name}")
    yield from members(schema.get("items"), f"{place}[]")


def times() -> Iterator[Any]:
    for kind in KINDS:
        schema = load(kind)
        for place, part in members(schema, kind):
            definition = part.get("$ref", "").removeprefix("#/$defs/")
            rules = {**schema.get("$defs", {}).get(definition, {}), **part}
            if rules.get("format") == "date-time":
                yield pytest.param(rules, id=place)


TIMES = list(times())
OF_ANY_OFFSET = [time for time in TIMES if time.id != "event.timestamp"]


def is_taken(time: str, rules: dict[str, Any]) -> bool:
    refused = re.search(rules["not"]["pattern"], time)
    return re.search(rules["pattern"], time) is not None and not refused


def test_every_time_of_the_contracts_is_tried() -> None:
    assert [time.id for time in TIMES] == [
        "snapshot.issue.updated_at",
        "snapshot.work_package_mapping.created_at",
        "snapshot.work_package_mapping.updated_at",
        "snapshot.checkpoint.updated_since",
        "receipt.received_at",
        "event.timestamp",
        "event.FeatureCreated.created_at",
        "event.FeatureCompleted.completed_at",
    ]


@pytest.mark.parametrize("time", TAKEN)
@pytest.mark.parametrize("rules", TIMES)
def test_time_is_taken(rules: dict[str, Any], time: str) -> None:
    assert is_taken(time, rules)


@pytest.mark.parametrize("time", TAKEN_WITH_ANY_OFFSET)
@pytest.mark.parametrize("rules", OF_ANY_OFFSET)
def test_time_with_an_offset_is_taken(rules: dict[str, Any], time: str) -> None:
    assert is_taken(time, rules)


@pytest.mark.parametrize("time", [*TAKEN_WITH_ANY_OFFSET, "2026-11-20T08:15:30-00:00"])
def test_time_of_an_envelope_is_in_utc(time: str) -> None:
    (rules,) = (each.values[0] for each in TIMES if each.id == "event.timestamp")
    assert not is_taken(time, rules)


@pytest.mark.parametrize("time", REFUSED)
@pytest.mark.parametrize("rules", TIMES)
def test_time_is_refused(rules: dict[str, Any], time: str) -> None:
    assert not is_taken(time, rules)


@pytest.mark.parametrize("day", ["02-28", "02-29", "02-30"])
@pytest.mark.parametrize("rules", TIMES)
def test_schema_knows_leap_years(rules: dict[str, Any], day: str) -> None:
    time = re.compile(rules["pattern"])
    taken = [year for year in range(10000) if time.search(f"{year:04}-{day}T00:00:00Z")]
    assert taken == [year for year in range(1, 10000) if day <= f"02-{28 + isleap(year)}"]
