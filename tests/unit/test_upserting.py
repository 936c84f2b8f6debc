from __future__ import annotations

import weakref
from collections.abc import Iterator
from itertools import count

import msgspec
from projectkit import make_issue

from trackwire.model import Issue
from trackwire.upserting import BATCH, BATCH_BYTES, in_batches


class Watched(Issue, frozen=True, kw_only=True, weakref=True):
    """An issue that can be seen to go."""


def drawn(issues: list[Issue]) -> list[list[str]]:
    return [[issue.ref.id for issue, _ in batch] for batch in in_batches(issues)]


def test_short_issues_fill_a_batch_by_their_number() -> None:
    batches = drawn([make_issue(str(number)) for number in range(BATCH + 1)])
    assert [len(batch) for batch in batches] == [BATCH, 1]


def test_long_issues_end_a_batch_by_their_length() -> None:
    half = "x" * (BATCH_BYTES // 2)
    assert drawn([make_issue(name, body=half) for name in "abc"]) == [["a", "b"], ["c"]]


def test_issue_longer_than_a_batch_is_one_of_its_own() -> None:
    issues = [make_issue("long", body="x" * BATCH_BYTES), make_issue("short")]
    assert drawn(issues) == [["long"], ["short"]]


def test_batch_is_there_before_the_next_issue_is_read() -> None:
    read = count()

    def issues() -> Iterator[Issue]:
        for number in read:
            yield make_issue(str(number), body="x" * BATCH_BYTES)

    next(in_batches(issues()))
    assert next(read) == 1


def test_batch_stays_as_it_is_when_the_next_is_asked_for() -> None:
    batches = list(in_batches(make_issue(str(number)) for number in range(2 * BATCH + 1)))
    assert [len(batch) for batch in batches] == [BATCH, BATCH, 1]


def test_batch_that_was_dropped_is_not_held() -> None:
    issues = (make_issue(str(number)) for number in range(BATCH + 1))
    batches = in_batches(msgspec.convert(one, Watched, from_attributes=True) for one in issues)
    first = weakref.ref(next(batches)[0].issue)
    next(batches)
    assert first() is None


def test_batch_holds_issues_of_one_id_in_the_order_given() -> None:
    (batch,) = in_batches([make_issue("1", title="old"), make_issue("1", title="new")])
    assert [issue.title for issue, _ in batch] == ["old", "new"]


def test_batch_holds_each_issue_in_its_wire_form() -> None:
    issue = make_issue("1")
    (batch,) = in_batches([issue])
    assert batch[0].wire == msgspec.json.encode(issue)


def test_no_issues_make_no_batch() -> None:
    assert drawn([]) == []
