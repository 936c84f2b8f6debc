"""Made-up issues, and what an emulator says where its author says nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trackwire.testing.emulator import Answer, Emulator, Request, SampleTracker
from trackwire.testing.samples import STRANGE_TEXTS, all_edited, at_once, edited, sample, samples


def request(target: str = "/", body: bytes = b"") -> Request:
    return Request(method="GET", target=target, headers={}, body=body)


def test_samples_have_ids_of_digits_and_times_of_their_own() -> None:
    issues = samples(30)
    assert all(issue.id.isdigit() for issue in issues)
    assert len({issue.id for issue in issues}) == len({issue.updated_at for issue in issues}) == 30


def test_samples_lie_in_the_past_in_whole_seconds() -> None:
    assert all(issue.updated_at < datetime.now(UTC) for issue in all_edited(samples(30)))
    assert not any(issue.updated_at.microsecond for issue in samples(30))


def test_samples_lack_nothing() -> None:
    issue = sample(0)
    assert None not in (issue.body, issue.priority, issue.assignee)
    assert issue.labels


def test_issues_of_a_bulk_edit_share_their_time() -> None:
    issues = at_once(samples(5), 1, 4)
    assert len({issue.updated_at for issue in issues[1:4]}) == 1
    assert len({issue.updated_at for issue in issues}) == 3


def test_edited_issue_is_the_latest() -> None:
    first, *_, last = samples(5)
    assert edited(first, last).updated_at > last.updated_at


def test_all_edited_issues_change_after_the_last_change_in_their_order() -> None:
    before, after = samples(5), all_edited(samples(5))
    assert after[0].updated_at > before[-1].updated_at
    assert [issue.id for issue in sorted(after, key=lambda i: i.updated_at)] == [
        issue.id for issue in before
    ]


@pytest.mark.parametrize("part", ["ü", "复", "إ", "\N{ROCKET}", "\N{COMBINING ACUTE ACCENT}", '"<'])
def test_strange_texts_hold_what_is_often_broken(part: str) -> None:
    assert any(set(part) <= set(text) for text in STRANGE_TEXTS)


def test_request_tells_path_and_decoded_query() -> None:
    made = request("/api/cards?board=B%201&after=")
    assert (made.path, made.query) == ("/api/cards", {"board": "B 1", "after": ""})


def test_request_without_json_says_so() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        request(body=b"no").json()


def test_answer_of_json_keeps_every_letter() -> None:
    answer = Answer.of_json({"name": "größe"}, status=203, is_page=True)
    assert answer.body.decode() == '{"name": "größe"}'
    assert (answer.status, answer.is_page) == (203, True)


def test_refusal_is_json_unless_the_author_says_more() -> None:
    answer = Emulator().refusal(404, request())
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")


def test_expired_login_is_a_web_page_unless_the_author_says_more() -> None:
    answer = Emulator().expired(request())
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html")


def test_emulator_without_an_api_says_so() -> None:
    tracker = SampleTracker(resource_id="B1", issues=(), page_size=5)
    with pytest.raises(NotImplementedError):
        Emulator().answer(request(), tracker)
