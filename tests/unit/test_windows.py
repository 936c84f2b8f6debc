"""Reading by windows of time: nothing is skipped, whatever the list does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackwire.errors import CursorError, TrackerError
from trackwire.windows import Bounds, read_tokens, read_windows

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Row:
    id: str
    changed_at: datetime


@dataclass
class ShiftingList:
    """A list by last change whose token is an offset, which is the worst that one can be.

    Args:
        page_size: Rows a page.
        descending: Whether the newest come first.
        rounds: To what a bound is rounded down.
        before_page: Called with the number of each page.
        shown_as: Times that rows show, where the list has them by another.
    """

    page_size: int = 4
    descending: bool = False
    rounds: timedelta = timedelta(microseconds=1)
    before_page: Callable[[int], None] = lambda _: None
    shown_as: dict[str, datetime] = field(default_factory=dict)
    rows: dict[str, datetime] = field(default_factory=dict)
    now: datetime = START
    asked: list[tuple[Bounds, str | None]] = field(default_factory=list)

    def put(self, *ids: str, after: timedelta = timedelta(seconds=1)) -> None:
        for row in ids:
            self.now += after
            self.rows[row] = self.now

    def ask(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Row], str | None]:
        self.asked.append((bounds, token))
        self.before_page(len(self.asked))
        gte = bounds.gte and bounds.gte - (bounds.gte - START) % self.rounds
        found = [
            Row(row, time)
            for row, time in self.rows.items()
            if (gte is None or time >= gte) and (bounds.lte is None or time <= bounds.lte)
        ]
        found.sort(key=lambda row: (row.changed_at, row.id), reverse=self.descending)
        start = int(token or 0)
        end = start + self.page_size
        shown = [Row(r.id, self.shown_as.get(r.id, r.changed_at)) for r in found[start:end]]
        return shown, str(end) if end < len(found) else None

    def read(self, since: datetime | None = None, cursor: str | None = None) -> list[str]:
        pages = read_windows(
            self.ask, lambda row: row.id, lambda row: row.changed_at, since, cursor
        )
        return [row.id for rows, _ in pages for row in rows]


@pytest.fixture(params=[False, True], ids=["ascending", "descending"])
def shifting(request: pytest.FixtureRequest) -> ShiftingList:
    made = ShiftingList(descending=request.param)
    made.put(*map(str, range(30)))
    return made


def test_whole_list_is_read(shifting: ShiftingList) -> None:
    assert set(shifting.read()) == set(shifting.rows)


def test_list_is_read_from_a_time_on(shifting: ShiftingList) -> None:
    since = shifting.rows["20"]
    assert set(shifting.read(since)) == {
        row for row, time in shifting.rows.items() if time >= since
    }


def test_empty_list_has_one_empty_page() -> None:
    assert ShiftingList().read() == []


def test_reading_goes_on_behind_any_page(shifting: ShiftingList) -> None:
    pages = list(
        read_windows(shifting.ask, lambda row: row.id, lambda row: row.changed_at, None, None)
    )
    for number, (_, cursor) in enumerate(pages[:-1]):
        before = {row.id for rows, _ in pages[: number + 1] for row in rows}
        assert before | set(shifting.read(cursor=cursor)) == set(shifting.rows)


def test_row_behind_an_edited_one_is_not_skipped(shifting: ShiftingList) -> None:
    def edit(page: int) -> None:
        if page == 3:
            shifting.put("27" if shifting.descending else "2")

    shifting.before_page = edit
    assert set(shifting.read()) == set(shifting.rows)


def test_row_behind_a_deleted_one_is_not_skipped(shifting: ShiftingList) -> None:
    def delete(page: int) -> None:
        if page == 3:
            del shifting.rows["28" if shifting.descending else "1"]

    shifting.before_page = delete
    assert set(shifting.read()) >= set(shifting.rows)


def test_last_row_of_a_page_that_is_edited_lets_none_be_skipped(shifting: ShiftingList) -> None:
    def edit(page: int) -> None:
        if page == 2:
            shifting.put("26" if shifting.descending else "3")

    shifting.before_page = edit
    assert set(shifting.read()) == set(shifting.rows)


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 7])
def test_rows_of_one_time_are_read_by_token(page_size: int) -> None:
    same = ShiftingList(page_size=page_size)
    same.put(*map(str, range(20)), after=timedelta(0))
    assert sorted(same.read()) == sorted(same.rows)


@pytest.mark.parametrize("page_size", [1, 2, 4, 7])
def test_bound_that_the_tracker_rounds_down_ends(page_size: int) -> None:
    rounding = ShiftingList(page_size=page_size, rounds=timedelta(minutes=1))
    rounding.put(*map(str, range(100)))
    assert set(rounding.read()) == set(rounding.rows)


def test_time_that_is_newer_than_the_place_in_the_list_skips_nothing() -> None:
    lagging = ShiftingList()
    lagging.put(*map(str, range(30)))
    lagging.shown_as = {str(n): lagging.now + timedelta(days=1) for n in (1, 2, 3)}
    assert set(lagging.read()) == set(lagging.rows)


def test_page_begins_anew_at_the_times_of_the_last_rows() -> None:
    plain = ShiftingList()
    plain.put(*map(str, range(8)))
    plain.read()
    assert plain.asked[1] == (Bounds(gte=plain.rows["1"]), None)


def test_row_that_is_asked_for_again_comes_once(shifting: ShiftingList) -> None:
    assert len(shifting.read()) == len(shifting.rows)


def test_cursor_of_another_kind_is_refused() -> None:
    with pytest.raises(CursorError):
        ShiftingList().read(cursor='{"start": 1}')


def test_every_row_edited_between_two_pulls_lets_none_be_skipped(shifting: ShiftingList) -> None:
    pages = read_windows(shifting.ask, lambda row: row.id, lambda row: row.changed_at, None, None)
    cursor = [next(pages)[1] for _ in range(4)][-1]
    read = max(shifting.rows.values()) if shifting.descending else None
    shifting.put(*shifting.rows)
    assert set(shifting.read(cursor=cursor)) | set(shifting.read(since=read)) == set(shifting.rows)


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(seconds=1)])
def test_no_cursor_comes_twice_though_reading_stops_behind_each_page(apart: timedelta) -> None:
    stopping = ShiftingList()
    stopping.put(*map(str, range(12)), after=apart)
    cursor: str | None = None
    seen: set[str | None] = {cursor}
    for _ in range(5):
        pages = read_windows(stopping.ask, lambda r: r.id, lambda r: r.changed_at, None, cursor)
        cursor = next(pages)[1]
        assert cursor not in seen
        seen.add(cursor)


def test_token_that_comes_twice_is_an_error() -> None:
    class Endless(ShiftingList):
        def ask(self, bounds: Bounds, token: str | None) -> tuple[Sequence[Row], str | None]:
            rows, _ = super().ask(bounds, None)
            return rows, "again"

    endless = Endless()
    endless.put(*map(str, range(20)), after=timedelta(0))
    with pytest.raises(TrackerError, match="twice"):
        endless.read()


def test_pages_are_read_by_their_tokens_to_the_last() -> None:
    pages = {None: ("ab", "1"), "1": ("", "2"), "2": ("c", None)}
    assert list(read_tokens(pages.__getitem__)) == ["ab", "", "c"]


@pytest.mark.parametrize("pages", [["1", "1"], ["1", "2", "1"]])
def test_page_that_leads_back_to_an_earlier_one_is_an_error(pages: list[str]) -> None:
    tokens = iter(pages)
    with pytest.raises(TrackerError, match="twice"):
        list(read_tokens(lambda _: ("a", next(tokens))))


Deeds = dict[int, list[tuple[str, int]]]
deeds_at = st.tuples(st.sampled_from(["edit", "delete", "create"]), st.integers(0, 40))
stops_at = st.sets(st.integers(1, 12), max_size=3)


@given(
    descending=st.booleans(),
    page_size=st.integers(5, 9),
    size=st.integers(1, 40),
    deeds=st.dictionaries(st.integers(1, 20), st.lists(deeds_at), max_size=6),
    stops=stops_at,
)
def test_whatever_happens_and_wherever_it_stops_the_next_read_has_the_rest(
    descending: bool, page_size: int, size: int, deeds: Deeds, stops: set[int]
) -> None:
    busy = ShiftingList(page_size=page_size, descending=descending)
    busy.put(*map(str, range(size)))
    read_while_it_changes(busy, deeds, stops)


@given(
    page_size=st.integers(5, 9),
    size=st.integers(1, 60),
    deeds=st.dictionaries(st.integers(1, 40), st.lists(deeds_at, max_size=1)),
    stops=stops_at,
)
def test_whatever_happens_among_rows_of_one_time_the_next_read_has_the_rest(
    page_size: int, size: int, deeds: Deeds, stops: set[int]
) -> None:
    busy = ShiftingList(page_size=page_size)
    busy.put(*map(str, range(size)), after=timedelta(0))
    read_while_it_changes(busy, deeds, stops)


def read_while_it_changes(busy: ShiftingList, deeds: Deeds, stops: set[int]) -> None:
    """Read a list, stopping behind some pages, and then what is new; nothing may be missing."""
    names = (str(number) for number in count(len(busy.rows)))

    def act(page: int) -> None:
        for deed, number in deeds.pop(page, ()):
            there = list(busy.rows)
            if deed == "create":
                busy.put(next(names))
            elif there and deed == "edit":
                busy.put(there[number % len(there)])
            elif there:
                del busy.rows[there[number % len(there)]]

    busy.before_page = act
    held: dict[str, datetime] = {}
    cursor: str | None = None
    ended = False
    while not ended:
        pages = read_windows(busy.ask, lambda row: row.id, lambda row: row.changed_at, None, cursor)
        for number, (rows, behind) in enumerate(pages, start=1):
            for row in rows:
                held[row.id] = max(row.changed_at, held.get(row.id, START))
            cursor, ended = behind, behind is None
            if number in stops:
                stops.discard(number)
                break
    busy.before_page = lambda _: None
    rest = read_windows(
        busy.ask,
        lambda row: row.id,
        lambda row: row.changed_at,
        max(held.values(), default=None),
        None,
    )
    held |= {row.id: row.changed_at for rows, _ in rest for row in rows}
    assert {row: held.get(row) for row in busy.rows} == busy.rows


@given(
    descending=st.booleans(),
    page_size=st.integers(1, 6),
    gaps=st.lists(st.sampled_from([0, 0, 1, 30]), min_size=1, max_size=40),
    rounds=st.sampled_from([timedelta(microseconds=1), timedelta(minutes=1)]),
    created=st.dictionaries(st.integers(1, 12), st.integers(1, 3), max_size=4),
)
def test_whatever_is_created_meanwhile_nothing_is_skipped(
    descending: bool,
    page_size: int,
    gaps: list[int],
    rounds: timedelta,
    created: dict[int, int],
) -> None:
    growing = ShiftingList(page_size=page_size, descending=descending, rounds=rounds)
    names = (str(number) for number in count())
    for gap in gaps:
        growing.put(next(names), after=timedelta(seconds=gap))
    before = set(growing.rows)

    def create(page: int) -> None:
        for _ in range(created.get(page, 0)):
            growing.put(next(names))

    growing.before_page = create
    read = set(growing.read())
    assert read >= before
    assert read <= set(growing.rows)


def test_list_that_ends_where_the_next_page_was_to_begin_is_read_to_there() -> None:
    lagging = ShiftingList()
    lagging.put(*map(str, range(5)))
    lagging.shown_as = {str(n): lagging.now + timedelta(days=n) for n in range(4)}

    def delete(page: int) -> None:
        if page == 2:
            del lagging.rows["4"]

    lagging.before_page = delete
    pages = read_windows(lagging.ask, lambda row: row.id, lambda row: row.changed_at, None, None)
    read = [([row.id for row in rows], cursor is None) for rows, cursor in pages]
    assert read == [(["0", "1", "2", "3"], False), ([], True)]
