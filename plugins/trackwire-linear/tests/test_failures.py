"""What an answer's errors are, and how long an answer asks to wait."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from trackwire_linear.failures import failures_in, has_code, pause
from trackwire_linear.shapes import Extensions, Failure

DATE = "Mon, 02 Mar 2026 12:00:00 GMT"
NOW = 1772452800
LIMITED = {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}


def answer(status=200, document=None, **headers):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return httpx.Response(status, headers=named, content=content)


def budget(name, *, left, reset_in):
    said = f"X_RateLimit_{name}"
    return {f"{said}_Remaining": left, f"{said}_Reset": (NOW + reset_in) * 1000}


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_errors_are_read_whatever_the_status(status):
    error = {"message": "No", "extensions": {"code": "FORBIDDEN", "userPresentableMessage": "Go"}}
    assert failures_in(answer(status, {"errors": [error]})) == (
        Failure("No", Extensions("FORBIDDEN", "Go")),
    )


@pytest.mark.parametrize(
    "document",
    [
        {"data": {}},
        {"errors": []},
        {"errors": None},
        {"data": {"label": "errors"}},
        [],
        b'"errors"',
        pytest.param(b"{" + b'"deep": {' * 50_000, id="nested"),
    ],
)
def test_an_answer_without_errors_has_no_failure(document):
    assert failures_in(answer(200, document)) == ()


@pytest.mark.parametrize("content", [b"<html>errors</html>", b'{"errors": [', b'\xff"errors"'])
def test_an_answer_that_is_no_json_has_no_failure(content):
    assert failures_in(answer(502, content)) == ()


@pytest.mark.parametrize(
    ("message", "said", "words"),
    [
        ("No.", "Go away. ", "No: Go away"),
        ("No.", "No", "No"),
        ("No", None, "No"),
        ("", "Go", "Go"),
        ("", None, "an error unnamed"),
        (" .", "Go", "Go"),
    ],
)
def test_an_error_is_told_in_all_its_words_once(message, said, words):
    assert Failure(message, Extensions("", said)).words == words


def test_an_error_of_nothing_is_an_error_still():
    assert failures_in(answer(200, {"errors": [{}]})) == (Failure(),)


@pytest.mark.parametrize("errors", [["oops"], {"message": "alone"}, [{"message": 7}]])
def test_errors_of_another_form_are_left_to_who_reads_the_answer(errors):
    assert failures_in(answer(200, {"errors": errors})) == ()


def test_a_query_that_is_too_complex_is_told_from_other_bad_input():
    said = {"code": "INPUT_ERROR", "userPresentableMessage": "The query is too complex."}
    errors = [{"message": "Query too complex", "extensions": said}]
    assert [failure.is_too_complex for failure in failures_in(answer(400, {"errors": errors}))] == [
        True
    ]


def test_a_spent_complexity_budget_is_no_query_that_is_too_complex():
    words = "Too complex queries were sent for an hour"
    assert not Failure(words, Extensions("RATELIMITED")).is_too_complex


@pytest.mark.parametrize(("code", "found"), [("RATELIMITED", True), ("FORBIDDEN", False)])
def test_an_answer_is_of_the_kind_that_its_errors_say(code, found):
    assert has_code(answer(400, LIMITED), code) is found


@pytest.mark.parametrize("status", [200, 400, 429])
def test_the_code_says_that_a_budget_is_spent_whatever_the_status(status):
    headers = budget("Requests", left=0, reset_in=90)
    assert pause(answer(status, LIMITED, Date=DATE, **headers)) == 90


@pytest.mark.parametrize("name", ["Requests", "Complexity", "Endpoint_Requests"])
def test_the_wait_is_for_the_budget_that_is_spent(name):
    headers = {
        **budget("Requests", left=7, reset_in=3000),
        **budget("Complexity", left=7, reset_in=3000),
        **budget("Endpoint_Requests", left=7, reset_in=3000),
        **budget(name, left=0, reset_in=12),
    }
    assert pause(answer(400, LIMITED, Date=DATE, **headers)) == 12


def test_of_two_spent_budgets_the_later_one_counts():
    headers = {
        **budget("Requests", left=0, reset_in=5),
        **budget("Complexity", left=0, reset_in=22),
    }
    assert pause(answer(400, LIMITED, Date=DATE, **headers)) == 22


def test_where_no_budget_says_that_it_is_spent_the_latest_counts():
    headers = {
        **budget("Requests", left=7, reset_in=5),
        **budget("Complexity", left=7, reset_in=22),
    }
    assert pause(answer(400, LIMITED, Date=DATE, **headers)) == 22


def test_a_budget_that_tells_only_when_it_is_full_is_waited_for():
    reset = {"Date": DATE, "X_RateLimit_Requests_Reset": (NOW + 8) * 1000}
    assert pause(answer(400, LIMITED, **reset)) == pytest.approx(8)


def test_a_success_that_tells_only_when_a_budget_is_full_delays_nothing():
    reset = {"Date": DATE, "X_RateLimit_Requests_Reset": (NOW + 8) * 1000}
    assert pause(answer(200, {"data": {}}, **reset)) is None


def test_where_a_query_costs_more_than_is_left_the_emptiest_budget_counts():
    headers = {
        **budget("Requests", left=2000, reset_in=3000),
        "X_RateLimit_Requests_Limit": 2500,
        **budget("Complexity", left=400, reset_in=50),
        "X_RateLimit_Complexity_Limit": 250000,
    }
    assert pause(answer(400, LIMITED, Date=DATE, **headers)) == 50


def test_a_success_that_spends_a_budget_delays_the_next_request():
    headers = budget("Requests", left=0, reset_in=30)
    assert pause(answer(200, {"data": {}}, Date=DATE, **headers)) == 30


def test_a_success_that_leaves_something_delays_nothing():
    headers = budget("Requests", left=1, reset_in=30)
    assert pause(answer(200, {"data": {}}, Date=DATE, **headers)) is None


def test_an_edge_that_refuses_without_json_is_waited_for_by_its_headers():
    headers = budget("Requests", left=0, reset_in=40)
    assert pause(answer(429, b"<html>slow down</html>", Date=DATE, **headers)) == 40


def test_an_edge_that_says_nothing_of_budgets_leaves_the_wait_to_retry_after():
    assert pause(answer(429, b"slow down", Retry_After=5)) is None


def test_a_rate_limit_that_says_nothing_of_budgets_is_waited_for_still():
    assert pause(answer(400, LIMITED)) == 60


def test_a_reset_that_has_passed_is_waited_for_a_second():
    headers = budget("Requests", left=0, reset_in=-10)
    assert pause(answer(400, LIMITED, Date=DATE, **headers)) == 1


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_without_the_servers_time_the_own_clock_counts(date):
    reset = {"X_RateLimit_Requests_Remaining": 0}
    reset["X_RateLimit_Requests_Reset"] = int((time.time() + 100) * 1000)
    known = {} if date is None else {"Date": date}
    wait = pause(answer(400, LIMITED, **reset, **known))
    assert wait == pytest.approx(100, abs=30)


@pytest.mark.parametrize("garbage", ["soon", "-5", "", "1e400", "nan"])
def test_a_garbled_reset_is_as_good_as_none(garbage):
    headers = {"X_RateLimit_Requests_Remaining": 0, "X_RateLimit_Requests_Reset": garbage}
    assert pause(answer(400, LIMITED, Date=DATE, **headers)) == 60


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_another_refusal_asks_for_no_wait(status):
    headers = budget("Requests", left=0, reset_in=30)
    assert pause(answer(status, {"errors": [{"message": "No"}]}, Date=DATE, **headers)) is None
