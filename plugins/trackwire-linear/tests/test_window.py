"""Where the next page begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from trackwire_linear.shapes import PageInfo
from trackwire_linear.window import Window

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MORE = PageInfo(has_next_page=True, end_cursor="behind-the-page")


def at(*minutes: float) -> list[datetime]:
    return [START + timedelta(minutes=each) for each in minutes]


def test_behind_the_last_page_there_is_none():
    assert Window(gte=START).behind(at(1, 2), PageInfo(end_cursor="c")) is None


def test_an_ascending_page_is_followed_from_its_latest_time_on():
    assert Window(gte=START).behind(at(1, 2, 2, 3), MORE) == Window(gte=at(3)[0])


def test_a_descending_page_is_followed_from_its_earliest_time_back():
    following = Window(gte=START).behind(at(3, 2, 2, 1), MORE)
    assert following == Window(gte=START, lte=at(1)[0] + timedelta(milliseconds=1))


@pytest.mark.parametrize("minutes", [(2, 2, 2), (2,), (), (1, 3, 2)])
def test_a_page_of_no_direction_is_followed_by_the_cursor(minutes):
    assert Window(gte=START).behind(at(*minutes), MORE) == Window(gte=START, after=MORE.end_cursor)


def test_a_page_that_narrows_nothing_is_followed_by_the_cursor():
    instant = timedelta(milliseconds=1)
    window = Window(lte=START + instant)
    following = window.behind([START + instant, START], MORE)
    assert following == Window(lte=START + instant, after=MORE.end_cursor)


def test_a_narrower_window_begins_without_a_cursor():
    window = Window(gte=START, after="of-an-earlier-page")
    assert window.behind(at(1, 2), MORE) == Window(gte=at(2)[0])


def test_bounds_name_only_the_times_there_are():
    assert Window(lte=START).bounds == {"lte": "2026-03-02T12:00:00+00:00"}
