"""The shared reader of records in JSON files."""

from __future__ import annotations

import io
import json
import tracemalloc
from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from trackwire.errors import RecordError
from trackwire.model import Issue, NonEmpty
from trackwire.records import (
    convert,
    read_array,
    read_document,
    read_outline,
    read_time,
)
from trackwire.wording import explain


def stream(text: str | bytes) -> io.BytesIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


def outline(text: str, *, to_first_array: bool = False):
    return read_outline(
        stream(text),
        is_array={"", "issues"}.__contains__,
        is_scalar={"total", "next", "issues.item.id"}.__contains__,
        to_first_array=to_first_array,
    )


class Name(msgspec.Struct):
    name: str


class Record(msgspec.Struct):
    id: str
    status: Name | None = None
    labels: tuple[str, ...] = ()


class Parts(msgspec.Struct):
    parts: tuple[Name, ...]


def test_outline_finds_the_array_under_its_key():
    assert outline('{"total": 2, "issues": [1, 2]}').arrays == ("issues",)


def test_outline_finds_a_top_level_array():
    assert outline("[1, 2]").arrays == ("",)


def test_outline_names_no_array_of_another_place():
    assert outline('{"page": {"issues": []}, "issues": {"issues": []}}').arrays == ()


def test_outline_reads_scalars_on_both_sides_of_the_array():
    found = outline('{"total": 2, "issues": [1, 2], "next": null}')
    assert found.scalars == {"total": 2, "next": None}


def test_outline_keeps_the_first_of_several_values():
    assert outline('{"issues": [{"id": 1}, {"id": 2}]}').scalars == {"issues.item.id": 1}


def test_outline_to_the_first_array_reads_nothing_behind_it():
    found = outline('{"total": 2, "issues": [1, broken', to_first_array=True)
    assert (found.arrays, found.scalars) == (("issues",), {"total": 2})


def test_elements_come_with_their_places():
    assert list(read_array(stream('{"issues": ["a", "b"]}'), "issues")) == [
        ("issues[0]", "a"),
        ("issues[1]", "b"),
    ]


def test_elements_of_a_top_level_array_have_bare_places():
    assert list(read_array(stream("[7]"), "")) == [("[0]", 7)]


@pytest.mark.parametrize(
    "number",
    [
        *("9223372036854775807", "9223372036854775808", "2.5", "1E20"),
        pytest.param("-" + "7" * 3000, id="3000-digits"),
    ],
)
def test_a_number_is_read_whatever_its_size(number):
    assert list(read_array(stream(f"[{number}]"), "")) == [("[0]", json.loads(number))]


def test_elements_around_a_large_number_come_once_and_in_order():
    elements = [1, 2.5, 10**30, "text", 2**70, 3]
    found = read_array(stream(json.dumps(elements)), "")
    assert [element for _, element in found] == elements


def test_the_outline_of_a_document_with_a_large_number_is_whole():
    document = {"total": 2, "issues": [{"id": 1}, {"id": 10**30}], "next": "n"}
    found = outline(json.dumps(document))
    assert (found.arrays, found.scalars) == (
        ("issues",),
        {"total": 2, "issues.item.id": 1, "next": "n"},
    )


@pytest.mark.parametrize(
    "number", [pytest.param("1" * 5000, id="5000-digits"), "2e99999999999999999999"]
)
@pytest.mark.parametrize("offset", [0, (1 << 18) - 2000])
def test_a_number_beyond_reason_is_refused(number, offset):
    with pytest.raises(RecordError, match=r"^the file: it has a number too large to read"):
        read_document(stream(" " * offset + f"[{number}]"))


def test_a_text_of_digits_is_read_whatever_its_length():
    digits = "0123456789" * 1000
    assert read_document(stream(json.dumps([digits]))) == [digits]


def test_a_byte_order_mark_is_skipped():
    assert read_document(stream(b'\xef\xbb\xbf{"id": "1"}')) == {"id": "1"}


def test_each_read_starts_at_the_beginning():
    source = stream("[1]")
    source.seek(2)
    assert read_document(source) == [1]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"  \n",
        b'{"issues": [',
        b"[1] trailing",
        b"[NaN]",
        b'["\xff\xfe"]',
        b'{"total": g2b}',
        b"<html></html>",
    ],
)
def test_what_is_not_json_is_refused_as_such(text):
    with pytest.raises(RecordError, match=r"^the file: not valid JSON: \S"):
        read_document(stream(text))


def test_elements_before_the_fault_are_still_read():
    elements = read_array(stream("[1, 2, oops]"), "")
    assert [next(elements), next(elements)] == [("[0]", 1), ("[1]", 2)]
    with pytest.raises(RecordError, match="not valid JSON"):
        next(elements)


def test_the_json_error_is_one_line_of_text():
    with pytest.raises(RecordError) as caught:
        read_document(stream(b'["\xff"]'))
    assert str(caught.value).endswith("invalid bytes in UTF8 string.")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_is_refused_with_its_remedy(codec):
    text = ("\ufeff" + "[1]").encode(codec)
    with pytest.raises(RecordError, match="save it as UTF-8"):
        read_document(stream(text))


def test_a_good_record_becomes_the_struct():
    record = {"id": "1", "status": {"name": "Open"}, "unknown": 3}
    assert convert(record, Record, "[0]") == Record("1", Name("Open"))


@pytest.mark.parametrize(
    ("record", "field", "problem"),
    [
        ({}, "id", "it is missing"),
        ({"id": "1", "status": {}}, "status.name", "it is missing"),
        ({"id": 1}, "id", "expected text, found int"),
        ({"id": None}, "id", "expected text, found null"),
        ({"id": "1", "status": 5}, "status", "expected object or null, found int"),
        ({"id": "1", "labels": ["a", None]}, "labels[1]", "expected text, found null"),
        ("text", None, "expected object, found text"),
    ],
)
def test_a_bad_record_is_named_by_place_and_field(record, field, problem):
    with pytest.raises(RecordError) as caught:
        convert(record, Record, "issues[3]")
    assert (caught.value.place, caught.value.field, caught.value.problem) == (
        "issues[3]",
        field,
        problem,
    )


def test_the_remedy_of_a_field_follows_its_problem():
    with pytest.raises(RecordError, match=r"field id: it is missing; ask for it$"):
        convert({}, Record, "[0]", {"id": "ask for it"})


def test_the_remedy_of_an_elements_field_is_that_of_any_index():
    with pytest.raises(RecordError, match=r"field parts\[1\]\.name: it is missing; ask for it$"):
        convert({"parts": [{"name": "a"}, {}]}, Parts, "[0]", {"parts[].name": "ask for it"})


def test_a_remedy_for_what_is_missing_is_not_given_for_what_is_wrong():
    with pytest.raises(RecordError, match=r"field id: expected text, found int$"):
        convert({"id": 1}, Record, "[0]", {"id": "ask for it"})


REF = {"system": "acme", "workspace": "w", "id": "1"}
WIRE = {
    "ref": REF,
    "title": "t",
    "status": "todo",
    "issue_type": "task",
}


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    owners: dict[NonEmpty, int] = {}


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"title": 3}, "title", "expected text, found int"),
        ({"labels": ["a", None]}, "labels[1]", "expected text, found null"),
        ({"ref": {"system": "acme"}}, "ref.workspace", "it is missing"),
        ({"ref": REF | {"id": ""}}, "ref.id", "expected text of length >= 1"),
        ({"status": "open"}, "status", "it cannot be 'open'"),
        ({"status": "a - at `$.b`"}, "status", "it cannot be 'a - at `$.b`'"),
        ({"priority": 5}, "priority", "expected int <= 4"),
        ({"priority": 1.5}, "priority", "expected int or null, found float"),
        ({"updated_at": 7}, "updated_at", "expected time or null, found int"),
        ({"updated_at": "soon"}, "updated_at", "expected an ISO 8601 time with an offset from UTC"),
        (
            {"updated_at": "2026-03-02T10:11:12"},
            "updated_at",
            "expected a time with an offset from UTC",
        ),
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        lambda members: msgspec.convert(members, Issue),
        lambda members: msgspec.json.decode(json.dumps(members), type=Issue),
    ],
    ids=["converted", "decoded"],
)
def test_fault_of_an_issue_is_explained(changes, field, problem, read):
    with pytest.raises(msgspec.ValidationError) as caught:
        read(WIRE | changes)
    assert explain(caught.value) == (field, problem)


@pytest.mark.parametrize(
    ("text", "field", "problem"),
    [
        ('{"colour": 1}', "colour", "there is no such field"),
        ('{"col`our\\n": 1}', "col`our\n", "there is no such field"),
        ('{"owners": {"": 1}}', "owners", "expected text of length >= 1 in one of its keys"),
        ('{"owners": {"a": "x"}}', "owners[...]", "expected int, found text"),
        ("[]", None, "expected object, found array"),
        ("[", None, "expected object, found array"),
        ("{", None, "Input data was truncated"),
        ("{nope", None, "JSON is malformed: object keys must be strings (byte 1)"),
    ],
)
def test_fault_of_a_document_is_explained(text, field, problem):
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(text, type=Closed)
    assert explain(caught.value) == (field, problem)


def test_explanation_quotes_no_more_than_a_person_reads():
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(WIRE | {"status": "x" * 100_000}, Issue)
    _, problem = explain(caught.value)
    assert len(problem) == 300


def test_name_of_an_unknown_field_is_quoted_no_longer_than_a_person_reads():
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"x" * 100_000: 1}, Closed)
    field, _ = explain(caught.value)
    assert field == "x" * 300


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-03-02T10:11:12.345+0100", timedelta(hours=1)),
        ("2026-03-02T10:11:12.345+01:00", timedelta(hours=1)),
        ("2026-03-02T10:11:12.345Z", timedelta(0)),
    ],
)
def test_time_is_read_with_its_offset(text, offset):
    expected = datetime(2026, 3, 2, 10, 11, 12, 345000, tzinfo=timezone(offset))
    assert read_time(text, "[0]", "updated") == expected


def test_time_that_is_not_said_is_none():
    assert read_time(None, "[0]", "updated") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("yesterday", "'yesterday' is no ISO 8601 time"),
        ("", "'' is no ISO 8601 time"),
        pytest.param("9" * 1000, f"'{'9' * 40}' is no ISO 8601 time", id="long"),
        ("2026-03-02T10:11:12", "'2026-03-02T10:11:12' has no offset from UTC, such as Z or +0000"),
    ],
)
def test_unusable_time_is_named_by_place_and_field(text, problem):
    with pytest.raises(RecordError) as caught:
        read_time(text, "issues[3]", "fields.updated")
    assert (caught.value.place, caught.value.field) == ("issues[3]", "fields.updated")
    assert caught.value.problem == problem


def test_memory_does_not_grow_with_the_array(tmp_path):
    path = tmp_path / "large.json"
    element = json.dumps({"id": "1", "text": "x" * 1000})
    with path.open("w") as file:
        file.write('{"issues": [')
        file.writelines(element + "," for _ in range(20_000))
        file.write(element + "]}")
    with path.open("rb") as file:
        tracemalloc.start()
        try:
            count = sum(1 for _ in read_array(file, "issues"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (count, peak < 3 << 20) == (20_001, True)
