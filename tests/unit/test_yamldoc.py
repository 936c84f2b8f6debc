"""Editing one section of a YAML file leaves every other byte as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trackwire.errors import ProjectError
from trackwire.yamldoc import edit_section, mapping_in, quoted, read_document

PATH = Path("config.yaml")
Change = Callable[[Any], None]


def put(key: str, value: str) -> Change:
    def change(section: Any) -> None:
        section[key] = quoted(value)

    return change


def edited(text: str, change: Change) -> str:
    return edit_section(PATH, text, "ours", change)


@pytest.mark.parametrize(
    "before",
    [
        "# a comment\nother: 'single'\n",
        'other: "double"\n',
        "other:   plain   # aligned\n",
        "other: {flow: [1, 2], b: ~}\n",
        "other:\n    - four\n    -   spaced: out\n",
        "other: &anchor\n  a: 1\nagain: *anchor\n",
        "other: !tag {a: 1}\n",
        "---\nother: 1\n",
        "--- # a comment\nother: 1\n",
        "%YAML 1.1\n---\nother: no\n",
        "other: \u00e4\U0001f600\n",
        "\ufeffother: 1\n",
        "other: |\n  literal # text\n\n  more\n",
        "other: >-\n  folded\n  text\n",
        "other: null\nempty:\ntilde: ~\n",
        "? [a, list]\n: as a key\n",
        "'quoted key': 1\n",
        "other: 1\n\n\n# the end\n\n",
        "b: 2\na: 1\n",
        "",
        "# nothing but a comment\n",
        "---\n",
    ],
)
def test_section_is_added_after_everything_else(before: str) -> None:
    assert edited(before, put("key", "value")) == before + 'ours:\n  key: "value"\n'


def test_section_is_added_on_its_own_line_where_the_last_one_has_no_end() -> None:
    assert edited("other: 1", put("a", "b")) == 'other: 1\nours:\n  a: "b"\n'


def test_section_is_added_before_the_end_of_the_document() -> None:
    assert edited("other: 1\n...\n", put("a", "b")) == 'other: 1\nours:\n  a: "b"\n...\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\n\n", "\n# about z\nz: 1\n"),
        ("a: 'x'  # one\n", "z: {p: [q]}"),
        ("---\n", "...\n"),
        ("", "z: &x 1\ny: *x\n"),
        ("# first\n", "# last\n"),
        ("a: |\n  text\n", "\n\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_section_is_changed_in_its_place(before: str, after: str, newline: str) -> None:
    text = f'{before}ours:\n  key: "old" # why\n  # kept\n  more: 1\n{after}'
    wanted = f'{before}ours:\n  key: "new" # why\n  # kept\n  more: 1\n{after}'
    assert edited(text.replace("\n", newline), put("key", "new")) == wanted.replace("\n", newline)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_section_left_empty_is_removed(newline: str) -> None:
    text = "a: 1\nours:\n  key: 1\n\n# about z\nz: 1\n".replace("\n", newline)
    wanted = "a: 1\n\n# about z\nz: 1\n".replace("\n", newline)
    assert edited(text, lambda section: section.clear()) == wanted


@pytest.mark.parametrize("null", ["", " null", " ~", " # later"])
def test_null_section_is_filled(null: str) -> None:
    document = read_document(PATH, edited(f"ours:{null}\nz: 1\n", put("a", "b")))
    assert document.section("ours").text("a") == "b"
    assert document.section("").name == ""


def test_null_mapping_inside_is_filled() -> None:
    def change(section: Any) -> None:
        mapping_in(section, "inner")["a"] = "b"

    assert edited("ours:\n  inner:\n", change) == "ours:\n  inner:\n    a: b\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1\nb: 2\n", ":2:"),
        ("a: 1\n\tb: 2\n", ":2:1"),
        ("a: 'open\n", ":2:1"),
        ("a: 1\nb: \x0c\n", ":2:4"),
        ("a: *nowhere\n", ":1:4"),
        ("a: 1\nb: 2\na: 3\n", ":3:1: the key a stands twice"),
        ("a: 1\n---\nb: 2\n", ":2:1"),
        ("- a\n- b\n", ":1:1: the document must be a mapping"),
        ("text\n", ":1:1: the document must be a mapping"),
    ],
)
def test_malformed_file_is_named_with_line_and_column(text: str, place: str) -> None:
    with pytest.raises(ProjectError) as caught:
        read_document(PATH, text)
    assert str(caught.value).startswith(f"config.yaml{place}")


def test_key_that_is_a_list_is_passed_over() -> None:
    document = read_document(PATH, "? [a, list]\n: as a key\nours: 1\n")
    assert list(document.values) == ["ours"]


def test_file_nested_beyond_reading_is_refused() -> None:
    with pytest.raises(ProjectError, match="nested too deeply"):
        read_document(PATH, "a: " + "[" * 5000 + "]" * 5000)


@pytest.mark.parametrize(
    "text",
    ["a: # c\n  >-\n\nb: 1\n", 'a: "\\UFFFFFFFF"\n', 'a: "\\U00FFFFFF"\n'],
    ids=["comment before a block", "escape beyond C", "escape beyond Unicode"],
)
def test_file_that_the_reader_is_not_made_for_is_refused(text: str) -> None:
    with pytest.raises(ProjectError, match=r"config\.yaml: the YAML reader cannot take it"):
        read_document(PATH, text)


def test_anchor_may_be_given_anew() -> None:
    document = read_document(PATH, "a: &x one\nb: &x two\nc: *x\n")
    assert document.text("c") == "two"


def test_aliases_are_not_multiplied() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 40)]
    document = read_document(PATH, "\n".join(["l0: &l0 [x]", *levels]))
    assert len(document.values) == 40


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{a: 1}\n", "block style"),
        ("  a: 1\n", "without indentation"),
        ("base: &b x\nours:\n  key: *b\n", r"config.yaml:2: .* alias"),
        ("ours:\n  day: 2026-13-01\n", "config.yaml:1: the section ours cannot be edited"),
        ("ours:\n  on: !!bool maybe\n", "config.yaml:1: the section ours cannot be edited"),
        ("ours:\n  ? - [list]\n  : 1\n", "config.yaml:1: the section ours cannot be edited"),
    ],
)
def test_document_that_cannot_be_edited_says_why(text: str, problem: str) -> None:
    with pytest.raises(ProjectError, match=problem):
        edited(text, put("a", "b"))


@pytest.mark.parametrize("error", [TypeError("no"), LookupError("no"), ValueError("no")])
def test_error_of_the_change_itself_is_not_laid_to_the_file(error: Exception) -> None:
    def change(_: Any) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        edited("ours:\n  key: 1\n", change)
    assert caught.value is error


@pytest.mark.parametrize("value", ["!!set {a, b}", "[a]", "text"])
def test_section_that_is_no_plain_mapping_is_not_edited(value: str) -> None:
    problem = r"^config.yaml:2: ours must be a plain mapping, in the section ours$"
    with pytest.raises(ProjectError, match=problem):
        edited(f"a: 1\nours: {value}\n", put("a", "b"))


def test_inner_value_that_is_no_plain_mapping_is_not_edited() -> None:
    problem = r"^config.yaml:1: inner must be a plain mapping, in the section ours$"
    with pytest.raises(ProjectError, match=problem):
        edited("ours:\n  inner: [a]\n", lambda section: mapping_in(section, "inner"))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("ACME", "ACME"),
        ('"007"', "007"),
        ("'1.5'", "1.5"),
        ("!!str 12", "12"),
        ("NO", "NO"),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ('""', ""),
    ],
)
def test_plain_value_is_read(value: str, read: str | int) -> None:
    assert read_document(PATH, f"ours:\n  key: {value}\n").section("ours").plain("key") == read


@pytest.mark.parametrize(
    "value",
    [
        "true",
        "False",
        "1.5",
        "1e3",
        ".inf",
        ".nan",
        "2026-11-21",
        "2026-11-21T10:00:00Z",
        "012",
        "007",
        "0x1F",
        "0o17",
        "+5",
        "null",
        "~",
        "",
        "[a]",
        "{a: b}",
        "!!binary aGk=",
        pytest.param("9" * 5000, id="huge"),
    ],
)
def test_value_that_yaml_does_not_read_as_written_is_refused_with_its_line(value: str) -> None:
    section = read_document(PATH, f"a: 1\nours:\n  key: {value}\n").section("ours")
    with pytest.raises(
        ProjectError, match=r"^config.yaml:3:\d+: ours.key .* put it in double quotes"
    ):
        section.plain("key")


@pytest.mark.parametrize("value", ["12", "true", "1.5", "2026-11-21", "[a]"])
def test_text_that_yaml_reads_as_something_else_is_refused(value: str) -> None:
    document = read_document(PATH, f"a: 1\nkey: {value}\n")
    with pytest.raises(ProjectError, match=r"^config.yaml:2:6: key .* put it in double quotes"):
        document.text("key")


@pytest.mark.parametrize("value", ["x", "[a]", "1"])
def test_section_that_is_no_mapping_is_refused_with_its_line(value: str) -> None:
    with pytest.raises(ProjectError, match=r"^config.yaml:1:7: ours must be a mapping"):
        read_document(PATH, f"ours: {value}\n").section("ours")
