"""What the rules about connecting share: a pull that must succeed, and what it must come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from trackwire.answers import plain_text
from trackwire.connecting import GuardedConnector, identified, opened
from trackwire.errors import TrackwireError
from trackwire.scope import Fill
from trackwire.testing.rules.rule import Violation

if TYPE_CHECKING:
    from trackwire.connector import Identity, Verify
    from trackwire.model import Issue
    from trackwire.pulling import PullReport
    from trackwire.testing.workbench import Workbench

T = TypeVar("T")

_MOST_SHOWN = 5
_STORED = ("title", "body", "status", "issue_type", "priority", "assignees", "labels", "ref")
_NOTHING: Mapping[str, Issue] = MappingProxyType({})


def said(bench: Workbench, error: BaseException) -> str:
    """Tell what an error says, in one line and without a secret.

    Args:
        bench: Whose secrets are left out.
        error: The error.
    """
    return plain_text(f"{type(error).__name__}: {error}", bench.secrets)


@contextmanager
def succeeding(bench: Workbench, what: str) -> Iterator[None]:
    """Require that nothing in the block fails.

    Args:
        bench: The bound project.
        what: What is tried, for the violation.
    """
    try:
        yield
    except TrackwireError as error:
        raise Violation(f"{what} failed: {said(bench, error)}") from error


def error_of(call: Callable[[], object]) -> TrackwireError | None:
    """Call, and return what it raises, or None.

    Args:
        call: What to call.
    """
    try:
        call()
    except TrackwireError as error:
        return error
    return None


def other_calls(bench: Workbench) -> dict[str, Callable[[], object]]:
    """List what sends requests to the tracker beside a pull, by its name.

    Args:
        bench: The bound project.
    """
    provider = bench.provider
    calls: dict[str, Callable[[], object]] = {}
    if provider.discover is not None:
        calls["discover"] = partial(bench.service.discover, provider.name, max_wait=0)
    if provider.verify is not None:
        calls["verify"] = partial(verified, bench, provider.verify)
    return calls


@contextmanager
def opened_with(bench: Workbench, **changes: Any) -> Iterator[GuardedConnector]:
    """Open the bound resource for reading in another context.

    Args:
        bench: The bound project.
        changes: Members of the `ConnectContext` that differ.
    """
    connect = bench.provider.connect
    if connect is None:
        raise Violation("the provider does not connect")
    with bench.context() as context:
        binding = bench.service.config().bound()
        yield opened(connect, replace(context, **changes), str(bench.found), binding)


class EveryName(Mapping[str, T]):
    """A project's map that places every name.

    Args:
        value: Where it places them.
    """

    def __init__(self, value: T) -> None:
        self._value = value

    def __getitem__(self, name: str) -> T:
        return self._value

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


def verified(bench: Workbench, verify: Verify) -> Identity:
    """Ask whose the credentials are, as the doctor does.

    Args:
        bench: The bound project.
        verify: The provider's.
    """
    with bench.context() as context:
        return identified(verify, context, str(bench.found))


def instead(bench: Workbench, due: str, error: BaseException) -> str:
    """Tell what came in place of an error that is due.

    Args:
        bench: Whose secrets are left out.
        due: The type of the error that is due.
        error: What came.
    """
    return f"a {due} is due, and it came to {said(bench, error)}"


def pulled(bench: Workbench, what: str = "a pull", **options: Any) -> PullReport:
    """Pull, and require that it reaches the end.

    Args:
        bench: The bound project.
        what: What is pulled, for the violation.
        options: As `Workbench.pull` takes them.
    """
    with succeeding(bench, what):
        report = bench.pull(**options)
    if not report.complete:
        raise Violation(f"{what} did not reach the end of what there is to read")
    if report.unfit:
        raise Violation(f"{what} could not take in an issue: {report.unfit[0].problem}")
    return report


def require_truth(bench: Workbench, what: str = "after the pull") -> None:
    """Require that the store holds the tracker's issues, as they are now, and no others.

    Args:
        bench: The bound project.
        what: When that is, for the violation.
    """
    if problem := untruth(bench):
        raise Violation(f"{what}, {problem}")


def require_complete(bench: Workbench, what: str = "after the pull") -> None:
    """Require that the store counts as complete, and holds the tracker's issues as they are.

    Args:
        bench: The bound project.
        what: When that is, for the violation.
    """
    require_truth(bench, what)
    if bench.fill() is not Fill.COMPLETE:
        raise Violation(f"{what}, the project's issues do not count as complete")


def untruth(bench: Workbench, faultless: Mapping[str, Issue] = _NOTHING) -> str | None:
    """Say how the store differs from the tracker, by ids and last changes; None where it does not.

    Args:
        bench: The bound project.
        faultless: By their ids, what a pull without any fault stored of issues that have not
            changed since but for the time of their last change: all other fields are compared.
    """
    held = bench.issues()
    there = {issue.id: issue for issue in bench.api.issues}
    if missing := there.keys() - held.keys():
        return f"{len(missing)} of {len(there)} issues are not in the store: {listed(missing)}"
    if surplus := held.keys() - there.keys():
        return f"the store holds issues that the tracker has not: {listed(surplus)}"
    stale = [key for key, issue in there.items() if held[key].updated_at != issue.updated_at]
    if stale:
        shown, true = held[stale[0]].updated_at, there[stale[0]].updated_at
        return (
            f"{len(stale)} of {len(there)} issues are not in the store as they are now: issue "
            f"{stale[0]} has updated_at {shown and shown.isoformat()}, and its last change is "
            f"{true.isoformat()}"
        )
    for key, true_issue in faultless.items():
        if other := [f for f in _STORED if getattr(held[key], f) != getattr(true_issue, f)]:
            return (
                f"issue {key} is stored with another {' and '.join(other)} than without the fault"
            )
    return None


def listed(ids: Iterable[str]) -> str:
    """List some ids in one line.

    Args:
        ids: The ids.
    """
    ordered = sorted(ids, key=lambda key: (len(key), key))
    rest = len(ordered) - _MOST_SHOWN
    return ", ".join(ordered[:_MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
