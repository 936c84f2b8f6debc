"""What is read out of an answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackwire.delivery.answer import accepted_codings, describe_problem, plain_text, retry_after

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": DATE}, 30.0),
        ({"Retry-After": "Saturday, 21-Nov-26 10:00:30 GMT", "Date": DATE}, 30.0),
        ({"Retry-After": "Sat Nov 21 10:00:30 2026", "Date": DATE}, 30.0),
        ({"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": DATE}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_of_any_length_is_a_finite_wait() -> None:
    assert retry_after({"Retry-After": "9" * 5000}) == 10.0 * 365 * 24 * 3600


@given(st.text(), st.text())
def test_no_text_in_the_time_headers_raises(value: str, date: str) -> None:
    seconds = retry_after({"Retry-After": value, "Date": date})
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("value", "codings"),
    [
        ("zstd, gzip", {"zstd", "gzip"}),
        ("GZIP;q=0.5", {"gzip"}),
        ("gzip ; q=0, zstd;q=0.000", set()),
        ("gzip;q=soon", {"gzip"}),
        ("identity, br, *", set()),
        ("", set()),
    ],
)
def test_only_known_codings_with_a_weight_are_learnt(value: str, codings: set[str]) -> None:
    assert accepted_codings({"Accept-Encoding": value}) == codings


def test_absent_accept_encoding_says_nothing() -> None:
    assert accepted_codings({}) is None


@pytest.mark.parametrize(
    "problem",
    [
        {"title": 5, "detail": ["x"], "errors": "no"},
        {"errors": [1, None, []]},
        {"errors": {}},
        [],
        "text",
        None,
    ],
)
def test_problem_of_a_wrong_shape_says_nothing(problem: object) -> None:
    assert describe_problem(json.dumps(problem).encode()) == ""


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\xff", pytest.param(b"[" * 100_000, id="deep")]
)
def test_problem_that_is_no_json_says_nothing(content: bytes) -> None:
    assert describe_problem(content) == ""


def test_error_without_a_pointer_is_still_shown() -> None:
    content = json.dumps({"errors": [{"detail": "is odd"}, {"pointer": "#/issues"}]}).encode()
    assert describe_problem(content) == "at an unnamed place: is odd; at #/issues: refused"


def test_markup_stays_text() -> None:
    assert plain_text("[bold]x[/bold]") == "[bold]x[/bold]"


def test_direction_overrides_and_escapes_are_removed() -> None:
    assert plain_text("a\u202eb\x1b]0;c\x07\r\nd\x9be") == "a b ]0;c d e"


def test_hidden_value_is_masked_before_the_text_is_cut() -> None:
    assert "secret" not in plain_text("x" * 290 + "secret-token", ["secret-token"])


@given(st.text(max_size=2000))
def test_plain_text_is_one_short_printable_line(text: str) -> None:
    shown = plain_text(text)
    assert len(shown) <= 300
    assert all(character.isprintable() for character in shown)
