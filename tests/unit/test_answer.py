"""What is read out of an answer of the hub."""

from __future__ import annotations

import json

import pytest

from trackwire.delivery.answer import accepted_codings, describe_problem


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
    "content",
    [
        *(b"", b"<html>", b"\xff", b'{"title": "\xff"}'),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_problem_that_is_no_json_says_nothing(content: bytes) -> None:
    assert describe_problem(content) == ""


def test_error_without_a_pointer_is_still_shown() -> None:
    content = json.dumps({"errors": [{"detail": "is odd"}, {"pointer": "#/issues"}]}).encode()
    assert describe_problem(content) == "at an unnamed place: is odd; at #/issues: refused"
