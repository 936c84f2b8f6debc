"""The lists of an emulated Linear: their filters, their order, and their cursors."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, Literal

from graphql import GraphQLError

from emulators.linear_model import Issue, Listed, Model, Order, read_time

DEFAULT_FIRST = 50

CursorStyle = Literal["issue", "offset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the lists behave, and what the account is.

    Args:
        descending: Whether lists of issues run from the latest time to the earliest.
        cursors: What a cursor holds: the last issue of its page, so that it moves with that
            issue, or how many issues come before the next page, whichever those are by then.
        epoch: Cursors of another epoch are refused.
        largest_page: What `first` may be at most.
        hidden: Ids of teams that the account cannot see.
        account: The account's name.
        timezone: The account's.
        url_key: The workspace's.
        previous_url_keys: The workspace's.
    """

    descending: bool = True
    cursors: CursorStyle = "issue"
    epoch: int = 0
    largest_page: int = 250
    hidden: frozenset[str] = frozenset()
    account: str = "Ana Anatoli"
    timezone: str | None = "Europe/Berlin"
    url_key: str = "acme"
    previous_url_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page of issues, and its `pageInfo`."""

    issues: Sequence[Issue]
    info: Mapping[str, Any]


class InputError(GraphQLError):
    """A bad argument.

    Args:
        message: What went wrong.
        said: Likewise, for people.
    """

    def __init__(self, message: str, said: str) -> None:
        extensions = {
            "type": "invalid input",
            "code": "INPUT_ERROR",
            "statusCode": 400,
            "userError": True,
            "userPresentableMessage": said,
        }
        super().__init__(message, extensions=extensions)


def page_of_issues(
    model: Model,
    settings: Settings,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the schema's name
    first: int | None = None,
    after: str | None = None,
    includeArchived: bool | None = None,  # noqa: N803 - the schema's name
    orderBy: Order | None = None,  # noqa: N803 - the schema's name
) -> Page:
    """Resolve the query's `issues`."""
    size = DEFAULT_FIRST if first is None else first
    if not 1 <= size <= settings.largest_page:
        raise _bad_argument(f"first must be from 1 to {settings.largest_page}")
    order: Order = orderBy or "createdAt"
    wanted = filter or {}
    teams = _teams(model, settings, wanted)
    listed = _together([model.listed(t, order, archived=bool(includeArchived)) for t in teams])
    listed = _filtered(listed, wanted, order)
    start = _start(listed, model, settings, order, after)
    if settings.descending:
        end = len(listed.issues) - start
        low = max(0, end - size)
        issues, more = listed.issues[low:end][::-1], low > 0
    else:
        issues, more = listed.issues[start : start + size], start + size < len(listed.issues)
    cursor = _cursor(settings, issues[-1].id, start + len(issues)) if issues else None
    return Page(issues, {"hasNextPage": more, "endCursor": cursor})


def page_of_labels(
    issue: Issue, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    """Resolve an issue's `labels`."""
    start = int(after or 0)
    end = start + (DEFAULT_FIRST if first is None else first)
    info = {"hasNextPage": end < len(issue.labels), "endCursor": str(end)}
    return {"nodes": [{"name": name} for name in issue.labels[start:end]], "pageInfo": info}


def _teams(model: Model, settings: Settings, wanted: Mapping[str, Any]) -> list[str]:
    comparator = (wanted.get("team") or {}).get("id") or {}
    seen = [team for team in model.teams if team not in settings.hidden]
    return [team for team in seen if _is_id(comparator, team)]


def _is_id(comparator: Mapping[str, Any], value: str) -> bool:
    """Compare an id; a constraint that is null is none at all, as at the real API."""
    equal, among = comparator.get("eq"), comparator.get("in")
    return (equal is None or equal == value) and (among is None or value in among)


def _together(lists: Sequence[Listed]) -> Listed:
    if len(lists) == 1:
        return lists[0]
    pairs = merge(*(zip(part.keys, part.issues, strict=True) for part in lists), key=_key)
    both = list(pairs)
    return Listed([key for key, _ in both], [issue for _, issue in both])


def _key(pair: tuple[tuple[int, str], Issue]) -> tuple[int, str]:
    return pair[0]


def _filtered(listed: Listed, wanted: Mapping[str, Any], order: Order) -> Listed:
    bounds = wanted.get(order) or {}
    kept = listed.between(_time(bounds.get("gte")), _time(bounds.get("lte")))
    other: Order = "createdAt" if order == "updatedAt" else "updatedAt"
    if not wanted.get("id") and not wanted.get(other):
        return kept
    issues = list(_matching(kept.issues, wanted, other))
    return Listed([(issue.time(order), issue.id) for issue in issues], issues)


def _matching(issues: Sequence[Issue], wanted: Mapping[str, Any], other: Order) -> Iterator[Issue]:
    ids, bounds = wanted.get("id") or {}, wanted.get(other) or {}
    earliest, latest = _time(bounds.get("gte")), _time(bounds.get("lte"))
    for issue in issues:
        time = issue.time(other)
        late_enough = earliest is None or time >= earliest
        if late_enough and (latest is None or time <= latest) and _is_id(ids, issue.id):
            yield issue


def _time(text: str | None) -> int | None:
    try:
        return None if text is None else read_time(text)
    except ValueError as error:
        raise _bad_argument(str(error)) from error


def _cursor(settings: Settings, last: str, behind: int) -> str:
    return f"{settings.epoch}:{last if settings.cursors == 'issue' else behind}"


def _start(
    listed: Listed, model: Model, settings: Settings, order: Order, after: str | None
) -> int:
    """Count the issues that come before the page, in the list's own direction."""
    if after is None:
        return 0
    epoch, _, place = after.partition(":")
    if epoch != str(settings.epoch):
        raise _bad_argument("the cursor is unknown")
    if settings.cursors == "offset":
        return min(int(place), len(listed.issues))
    last = model.shown(place)
    if last is None:
        raise InputError("Entity not found: Issue", "Could not find referenced Issue.")
    key = (last.time(order), last.id)
    if settings.descending:
        return len(listed.keys) - bisect_left(listed.keys, key)
    return bisect_right(listed.keys, key)


def _bad_argument(said: str) -> InputError:
    return InputError("Argument Validation Error", said)
