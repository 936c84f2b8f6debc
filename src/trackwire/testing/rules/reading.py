"""Rules about what a connector reads: every issue of the resource, as it is at the tracker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from trackwire.connecting import identified
from trackwire.testing.rules.pulling import (
    listed,
    pulled,
    require_complete,
    require_truth,
    succeeding,
)
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.samples import all_edited, at_once, edited, sample, samples
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    from trackwire.connector import Page
    from trackwire.testing.emulator import Answer, SampleIssue
    from trackwire.testing.faults import Occasion
    from trackwire.testing.subject import Subject

_ONE_PAGE = 3
_MANY = 23
_LIMIT = 7
_MOST_FETCHED, _FETCHED_PAGE = 100, 25
_UNKNOWN = ("424242424242", "424242424243")


def _pulls_empty(subject: Subject) -> None:
    with Workbench.of(subject) as bench:
        pulled(bench, "the pull of a resource without issues")
        require_complete(bench)


def _pulls_one_page(subject: Subject) -> None:
    _require_pages(subject, samples(_ONE_PAGE))


def _pulls_many_pages(subject: Subject) -> None:
    _require_pages(subject, at_once(samples(_MANY), 7, 14))


def _require_pages(subject: Subject, issues: Sequence[SampleIssue]) -> None:
    with Workbench.of(subject, issues=issues) as bench:
        pulled(bench)
        require_complete(bench)
        # the census would bring what the pages lack
        with succeeding(bench, "reading the pages"), bench.connector() as connector:
            read = {issue.ref.id for page in connector.pages(None, None) for issue in page.issues}
        if missing := {issue.id for issue in issues} - read:
            raise Violation(
                f"{len(missing)} of {len(issues)} issues are on none of the pages: "
                f"{listed(missing)}"
            )


def _pulls_changes(subject: Subject) -> None:
    first = samples(_MANY)
    with Workbench.of(subject, issues=first) as bench:
        pulled(bench)
        new = sample(_MANY)
        late = edited(first[20], new)
        later = edited(first[0], late)
        bench.api.issues = [*first[1:20], *first[21:], new, late, later]
        pulled(bench, "the pull of what changed")
        require_truth(bench, "after the pull of what changed")


def _asks_since(subject: Subject) -> None:
    issues = samples(_MANY)
    for since in (issues[0], issues[_MANY // 2], issues[-1]):
        due = {issue.id for issue in issues if issue.updated_at >= since.updated_at}
        with (
            Workbench.of(subject, issues=issues) as bench,
            succeeding(bench, "reading the pages since a change"),
            bench.connector() as connector,
        ):
            pages = connector.pages(since.updated_at, None)
            read = {issue.ref.id for page in pages for issue in page.issues}
        if missing := due - read:
            raise Violation(
                f"asked for what changed at {since.updated_at.isoformat()} or later, pages lacks "
                f"{len(missing)} of {len(due)} issues: {listed(missing)}"
            )


def _pulls_some(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_MANY)) as bench:
        with succeeding(bench, f"a pull of at most {_LIMIT} issues"):
            report = bench.pull(limit=_LIMIT)
        if report.unfit or report.issues != _LIMIT:
            raise Violation(f"a pull of at most {_LIMIT} issues took in {report.issues}")
        pulled(bench, "the pull of the others")
        require_complete(bench, "after a pull with a limit and one without")


def _bears_shifts(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_MANY)) as bench:
        pulled(bench)
        bench.api.issues = all_edited(bench.api.issues)
        bench.api.plan(partial(_shift, bench), after=1, pages=True)
        pulled(bench, "a pull while issues change and are deleted")
        pulled(bench, "the pull after it")
        held = bench.issues()
        there = bench.api.issues
    stale = {
        issue.id
        for issue in there
        if issue.id not in held or held[issue.id].updated_at != issue.updated_at
    }
    if stale:
        raise Violation(
            f"after a pull while issues changed and were deleted, and another one, {len(stale)} of "
            f"{len(there)} issues are not in the store as they are now: {listed(stale)}"
        )


def _shift(bench: Workbench, occasion: Occasion) -> Answer:
    """Move the list under who reads it, from whichever end."""
    oldest, _, *others, _, newest = bench.api.issues
    bench.api.issues = [*others, newest, edited(oldest, newest)]
    return occasion.answer


def _lists_all(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_MANY)) as bench:
        there = {issue.id: issue for issue in bench.api.issues}
        with succeeding(bench, "the census"), bench.connector() as connector:
            found = {one.id: one.updated_at for some in connector.census() for one in some}
        if missing := there.keys() - found.keys():
            raise Violation(
                f"the census lacks {len(missing)} of {len(there)} issues: {listed(missing)}"
            )
        if surplus := found.keys() - there.keys():
            raise Violation(f"the census lists what is not there: {listed(surplus)}")
        times = {key for key, time in found.items() if time not in {None, there[key].updated_at}}
        if times:
            raise Violation(
                f"the census lists issues with another time than their last change: {listed(times)}"
            )


def _finds_gone(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_MANY)) as bench:
        pulled(bench)
        gone = {issue.id for issue in bench.api.issues[4::9]}
        bench.api.issues = [issue for issue in bench.api.issues if issue.id not in gone]
        pulled(bench, "the pull after issues were deleted", full=True)
        require_truth(bench, f"after the issues {listed(gone)} were deleted at the tracker")


def _fetches(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_MOST_FETCHED), page_size=_FETCHED_PAGE) as bench:
        known = [issue.id for issue in bench.api.issues[1 : _MOST_FETCHED - 1]]
        asked = [_UNKNOWN[0], *known, _UNKNOWN[1]]
        with (
            succeeding(bench, f"fetching {len(known)} issues and two that are not there"),
            bench.connector() as connector,
        ):
            page = connector.fetch(asked)
        _require_fetched(page, known)
        with succeeding(bench, "fetching an issue that is not there"), bench.connector() as again:
            _require_fetched(again.fetch(_UNKNOWN[:1]), [])


def _require_fetched(page: Page, ids: Sequence[str]) -> None:
    given = {issue.ref.id for issue in page.issues}
    if missing := set(ids) - given:
        raise Violation(f"fetch does not give {len(missing)} of {len(ids)}: {listed(missing)}")
    if surplus := given - set(ids):
        raise Violation(f"fetch gives what was not asked for or is not there: {listed(surplus)}")


def _discovers(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(1)) as bench:
        with succeeding(bench, "discover"):
            found = bench.service.discover(bench.provider.name, max_wait=0)
        if bench.resource_id not in {resource.id for resource in found}:
            shown = ", ".join(repr(resource.id) for resource in found) or "nothing"
            raise Violation(
                f"discover lists {shown}, and the resource at the tracker is {bench.resource_id!r}"
            )


def _verifies(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(1)) as bench:
        verify = bench.provider.verify
        if verify is None:
            raise Violation("the provider does not verify")
        with succeeding(bench, "verify"), bench.context() as context:
            identity = identified(verify, context, str(bench.found))
        if not identity.account.strip():
            raise Violation("verify tells a blank account")
        if identity.resource is None or identity.resource.id != bench.resource_id:
            shown = identity.resource and identity.resource.id
            raise Violation(
                f"verify tells the resource {shown!r}, and the bound one is {bench.resource_id!r}"
            )


RULES: tuple[Rule, ...] = (
    Rule(
        id="pull-one-page",
        text="The issues of a resource that fits on one page are all read.",
        reason="Small resources would be published with issues missing.",
        remedy="Yield the tracker's first page with its issues also where it is the last.",
        need=Need.CONNECT,
        check=_pulls_one_page,
    ),
    Rule(
        id="pull-empty",
        text="A resource without issues is read as empty and complete.",
        reason="Who binds a new resource could neither pull nor publish it.",
        remedy="Yield one last page from Connector.pages: Page() with no issues and cursor None.",
        need=Need.CONNECT,
        check=_pulls_empty,
    ),
    Rule(
        id="pull-many-pages",
        text="The issues of many pages are all read, also where several changed at the same time.",
        reason=(
            "What lies behind the first pages, or shares its time with others, would be missing."
        ),
        remedy=(
            "Go on until the tracker says that no page follows; trackwire.windows.read_windows "
            "does, and keeps issues apart by their ids."
        ),
        need=Need.CONNECT,
        check=_pulls_many_pages,
    ),
    Rule(
        id="pull-changes",
        text="A second pull brings what was created or changed since the first.",
        reason="The project's copy would grow old until the next full pull.",
        remedy=(
            "Have Connector.pages yield every issue whose last change is `since` or later, and "
            "send the time with its offset, in the form that the tracker's API takes."
        ),
        need=Need.CONNECT,
        check=_pulls_changes,
    ),
    Rule(
        id="since-inclusive",
        text="Connector.pages gives each issue whose last change was at `since` or later.",
        reason="What changed in that very second, or in an hour of a timezone, would be missed.",
        remedy="Ask the tracker in UTC, for what changed at that time or later; round down.",
        need=Need.CONNECT,
        check=_asks_since,
    ),
    Rule(
        id="pull-limit",
        text="A pull with a limit reads so many issues, and the next one the others.",
        reason="`trackwire pull --limit` is how people try a tracker first.",
        remedy=(
            "Take context.page_size, an int or None, for the most issues that a page may have, or "
            "leave it; and give each Page its cursor."
        ),
        need=Need.CONNECT,
        check=_pulls_some,
    ),
    Rule(
        id="list-shifts",
        text="Issues that change or are deleted while the list is read hide no others.",
        reason=(
            "An issue would move up past the place where the next page begins, and stay in the "
            "project as it was."
        ),
        remedy=(
            "Ask for pages in the order of the last change and read them with "
            "trackwire.windows.read_windows, not by an offset."
        ),
        need=Need.CONNECT,
        check=_bears_shifts,
    ),
    Rule(
        id="census-lists-all",
        text="The census lists exactly the issues that the resource has.",
        reason="An issue that it lacks is taken for deleted, one that it has too many for missing.",
        remedy=(
            "Have Connector.census go through all pages, with no filter but the resource, and "
            "give Listed(id, updated_at), or None for a time that the API does not tell."
        ),
        need=Need.CONNECT,
        check=_lists_all,
    ),
    Rule(
        id="census-finds-gone",
        text="An issue that was deleted at the tracker is gone after a full pull.",
        reason="Deleted issues would be published for ever.",
        remedy=(
            "Ask the tracker anew in each call of Connector.census and Connector.fetch; keep no "
            "answers between them."
        ),
        need=Need.CONNECT,
        check=_finds_gone,
    ),
    Rule(
        id="fetch-by-id",
        text="Fetch gives the issues of up to 100 ids that are there; the others are no error.",
        reason=(
            "One deleted issue would end every pull, or an issue that the pages missed stay "
            "missing."
        ),
        remedy=(
            "Have Connector.fetch leave out ids that the tracker does not know, also where all are."
        ),
        need=Need.CONNECT,
        check=_fetches,
    ),
    Rule(
        id="discover-lists",
        text="Discover lists the resource under the id that is bound.",
        reason="Who picks from the list would bind to what cannot be pulled.",
        remedy="Give Resource(id=...) the value that the field named by credential_key takes.",
        need=Need.DISCOVER,
        check=_discovers,
    ),
    Rule(
        id="verify-tells",
        text="Verify tells an account, and the bound resource.",
        reason="The doctor could not tell a good login from a bad one.",
        remedy=(
            "Return an Identity with the account's name or id, and with the resource as the "
            "account sees it."
        ),
        need=Need.VERIFY,
        check=_verifies,
    ),
)
"""In the order in which they are checked."""
