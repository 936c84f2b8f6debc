"""What is read out of an answer, of a hub or a tracker."""

from __future__ import annotations

import subprocess
import sys

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackwire.answers import (
    ADDRESS_FIELD,
    plain_text,
    read_answer,
    retry_after,
    secrets_of,
    words_of,
)
from trackwire.errors import TrackerError

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"
TOKEN = "tok-E5a.obviously-fake"


class Status(msgspec.Struct):
    name: str


class Item(msgspec.Struct):
    status: Status


class Items(msgspec.Struct):
    items: list[Item]


def answer(
    status: int = 200,
    content: object = b"",
    *,
    kind: str = "application/json",
    field: str | None = None,
    headers: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
) -> httpx.Response:
    """An answer to a request that carries the token, and a cursor in its query."""
    request = httpx.Request(
        "POST" if form else "GET",
        "https://tracker.example/rest/search?cursor=in-the-query",
        headers={"Authorization": f"Bearer {TOKEN}"} if headers is None else headers,
        data=form,
        extensions={ADDRESS_FIELD: field},
    )
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return httpx.Response(status, headers={"Content-Type": kind}, content=body, request=request)


def refusal(response: httpx.Response, remedies: dict[int, str] | None = None) -> str:
    with pytest.raises(TrackerError) as caught:
        read_answer(response, Items, remedies or {})
    return str(caught.value)


def test_a_success_is_decoded() -> None:
    found = read_answer(answer(200, {"items": [{"status": {"name": "Open"}}]}), Items)
    assert found.items[0].status.name == "Open"


def test_an_array_is_decoded_too() -> None:
    assert read_answer(answer(201, [{"name": "Open"}]), list[Status]) == [Status("Open")]


def test_a_refusal_names_request_status_words_and_remedy() -> None:
    told = refusal(answer(403, {"message": "Not yours"}), {403: "ask the owner"})
    assert told == (
        "the tracker refused GET https://tracker.example/rest/search (HTTP 403: Not yours); "
        "ask the owner"
    )


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 503])
def test_the_usual_refusals_have_a_remedy(status: int) -> None:
    assert f"(HTTP {status}); " in refusal(answer(status))


def test_a_remedy_for_another_status_is_not_told() -> None:
    assert "ask the owner" not in refusal(answer(404), {403: "ask the owner"})


def test_a_status_without_a_remedy_is_told_alone() -> None:
    assert refusal(answer(418)).endswith("(HTTP 418)")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"errorMessages": ["No board", "No team"], "errors": {}}, "No board; No team"),
        ({"errors": {"project": "is required", "odd": 5}}, "project: is required"),
        ({"errors": [{"message": "Too complex", "path": ["a"]}]}, "Too complex"),
        ({"error": {"code": 5, "message": "Busy"}}, "Busy"),
        ({"error": "invalid_grant", "error_description": "Gone"}, "invalid_grant; Gone"),
        ({"title": "Invalid", "detail": "twice\x1b[2J"}, "Invalid; twice [2J"),
        (["Wrong", ["nested"]], "Wrong; nested"),
        ("Wrong", "Wrong"),
        ({"data": {"secret": "x"}}, ""),
        (None, ""),
    ],
)
def test_the_trackers_own_words_are_found(content: object, words: str) -> None:
    assert words_of(answer(400, content)) == words


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b'{"message": "\xff"}', pytest.param(b"[" * 100_000, id="deep")],
)
def test_a_refusal_that_is_no_json_has_no_words(content: bytes) -> None:
    assert words_of(answer(400, content)) == ""


def test_plain_text_is_the_trackers_words() -> None:
    assert words_of(answer(400, b"Slow\ndown", kind="text/plain; charset=utf-8")) == "Slow down"


def test_a_web_pages_title_is_its_words() -> None:
    page = b"<!doctype html><TITLE dir=ltr>Log in &amp; go</TITLE>"
    assert words_of(answer(403, page, kind="text/html")) == "the web page 'Log in & go'"


def test_words_are_of_bounded_length() -> None:
    assert len(words_of(answer(400, {"errorMessages": ["x" * 5000] * 100}))) <= 300


def test_a_refusal_of_many_megabytes_is_not_read() -> None:
    assert words_of(answer(400, {"message": "x" * (2 << 20)})) == ""


def test_a_missing_field_is_named() -> None:
    told = refusal(answer(200, {"items": [{"status": {"name": "Open"}}, {"status": {}}]}))
    assert "GET https://tracker.example/rest/search is not as expected" in told
    assert "field items[1].status.name: it is missing" in told
    assert "install a newer version" in told


def test_a_field_of_another_type_is_named() -> None:
    told = refusal(answer(200, {"items": [{"status": {"name": 5}}]}))
    assert "field items[0].status.name: expected text, found int" in told


def test_a_web_page_where_json_was_expected_says_so_and_names_the_address_field() -> None:
    page = b"<html><title>Sign in</title></html>"
    told = refusal(answer(200, page, kind="text/html", field="site"))
    assert told == (
        "a web page came where JSON was expected (the web page 'Sign in'), in answer to "
        "GET https://tracker.example/rest/search; check site, the tracker's address"
    )


def test_a_web_page_that_says_it_is_json_is_known_as_one() -> None:
    assert "a web page came" in refusal(answer(200, b"\n <!doctype html>"))


@pytest.mark.parametrize(
    "content",
    [
        b"welcome",
        b'{"items": [',
        b'{"items": [{"status": {"name": "\xff"}}]}',
        pytest.param(b'{"x": ' + b"[" * 100_000, id="deep"),
    ],
)
def test_an_answer_that_is_no_json_says_so(content: bytes) -> None:
    assert "/rest/search is not JSON (" in refusal(answer(200, content))


def test_an_empty_answer_says_so() -> None:
    assert "is not JSON (empty)" in refusal(answer(200))


def test_a_providers_remedy_for_an_odd_success_comes_first() -> None:
    odd = answer(200, {"items": 5})
    assert refusal(odd, {200: "turn on the API"}).endswith("; turn on the API")


@pytest.mark.parametrize(
    "response",
    [
        answer(401, {"message": f"{TOKEN} is unknown"}),
        answer(401, {"message": "x" * 290 + TOKEN}),
        answer(401, TOKEN.encode(), kind="text/plain"),
        answer(401, f"<title>{TOKEN}</title>".encode(), kind="text/html"),
        answer(200, {"items": TOKEN}),
        answer(200, TOKEN.encode()),
        answer(401, {"message": f"Basic YWRhOnRvay {TOKEN}"}, headers={"X-Key": TOKEN}),
        answer(400, {"error": f"{TOKEN} was used"}, headers={}, form={"refresh_token": TOKEN}),
    ],
    ids=["json", "cut", "text", "page", "misfit", "no-json", "own-header", "form"],
)
def test_a_secret_that_the_tracker_repeats_is_not_shown(response: httpx.Response) -> None:
    told = refusal(response)
    assert TOKEN[:8] not in told
    assert "in-the-query" not in told


def test_both_halves_of_a_login_are_secret() -> None:
    request = httpx.Request("GET", "https://tracker.example")
    signed = next(httpx.BasicAuth("ada@x.example", "pa:ss w%rd").sync_auth_flow(request))
    hidden = secrets_of(signed)
    assert {"ada@x.example", "pa:ss w%rd", "pa%3Ass%20w%25rd"} <= set(hidden)
    assert "ada@x.example:pa:ss w%rd" in hidden


def test_a_login_that_is_no_base64_is_secret_as_it_is() -> None:
    headers = {"Authorization": "Basic not-in-base64!"}
    request = httpx.Request("GET", "https://tracker.example", headers=headers)
    assert "not-in-base64!" in secrets_of(request)


def test_cookies_are_secret() -> None:
    request = httpx.Request(
        "GET", "https://tracker.example", headers={"Cookie": "a=first-one; b=second-one"}
    )
    assert {"first-one", "second-one"} <= set(secrets_of(request))


def test_the_usual_headers_are_no_secret() -> None:
    with httpx.Client() as client:
        request = client.build_request("POST", "https://tracker.example", content=iter([b"x"]))
    request.headers["Accept-Language"] = "en-US"
    assert secrets_of(request) == ()


def test_reading_answers_loads_no_http_client() -> None:
    script = (
        "import sys, trackwire.answers, trackwire.connector, trackwire.provider\n"
        "assert not {'httpx', 'httpcore', 'tenacity'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("got Zm9vOmJhcmJhego= today", "got **** today"),
        ("got Zm9vOmJhcm", "got ****"),
        ("got Zm9vOmJhcmJhX twice Zm9vOmJhcmJhego=.", "got ****X twice ****."),
        ("got Zm9vOmJh only", "got Zm9vOmJh only"),
    ],
)
def test_secret_that_is_cut_off_is_masked_as_far_as_it_goes(text: str, shown: str) -> None:
    assert plain_text(text, ["Zm9vOmJhcmJhego="]) == shown
