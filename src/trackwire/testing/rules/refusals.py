"""Rules about answers that no other attempt mends: they end in an error, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from trackwire.errors import TemporaryError, TrackerError
from trackwire.testing import faults
from trackwire.testing.rules.pulling import (
    error_of,
    instead,
    listed,
    other_calls,
    pulled,
    said,
    untruth,
)
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.samples import all_edited, samples
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    from trackwire.model import Issue
    from trackwire.testing.api import Exchange
    from trackwire.testing.faults import Fault
    from trackwire.testing.subject import Subject

_SOME = 8
_MOST_SENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """A fault that no other attempt mends.

    Args:
        name: What the tracker does, for the violation.
        fault: The fault.
        is_final: Whether the error must not count as one that passes, nor be asked for again.
    """

    name: str
    fault: Callable[[], Fault]
    is_final: bool = False


def _refuses(trouble: _Trouble, subject: Subject) -> None:
    """Have each request of a pull in turn meet the trouble, for good and once."""
    with Workbench.of(subject, issues=samples(_SOME)) as bench:
        pulled(bench, "a pull without any fault")
        faultless = bench.issues()
        for number in count():
            # without the core's own bound on how many may be gone, which would hide the plugin's
            options = {"full": True, "accept_gone": True}
            if not _is_met(trouble, bench, number, faultless, times=None, **options):
                break
        pulled(bench, "a pull after the trouble", full=True, accept_gone=True)
        for number in count():
            if not _is_met(trouble, bench, number, faultless, times=1):
                break
            pulled(bench, "a pull after the trouble")
        _refuses_others(trouble, bench)


def _is_met(
    trouble: _Trouble,
    bench: Workbench,
    number: int,
    faultless: Mapping[str, Issue],
    *,
    times: int | None,
    **options: bool,
) -> bool:
    """Tell whether a pull sends so many requests that it meets the trouble; if so, check it."""
    bench.api.issues = all_edited(bench.api.issues)
    held, begun = bench.issues().keys(), len(bench.api.exchanges)
    bench.api.plan(trouble.fault(), after=number, times=times)
    error = error_of(partial(bench.pull, **options))
    bench.api.mend()
    met = bench.api.exchanges[begun + number :]
    if not met:
        return False
    what = f"{trouble.name} at request {number + 1} ({_named(met[0])})"
    if bench.api.has_given_up:
        raise Violation(f"{what}: requests were sent without end")
    if lost := held - bench.issues().keys():
        raise Violation(f"{what}: issues are lost from the store: {listed(lost)}")
    if error is not None:
        _require_refusal(trouble, bench, what, error, met)
    elif problem := untruth(bench, faultless):
        raise Violation(f"{what}: the pull ended as if all were read, but {problem}")
    return True


def _refuses_others(trouble: _Trouble, bench: Workbench) -> None:
    """Have discover and verify meet the trouble from their first request on."""
    for name, call in other_calls(bench).items():
        begun = len(bench.api.exchanges)
        bench.api.plan(trouble.fault(), times=None)
        error = error_of(call)
        bench.api.mend()
        what = f"{trouble.name} at the first request of {name}"
        if error is None:
            raise Violation(f"{what}: {name} ended as if the tracker had answered")
        _require_refusal(trouble, bench, what, error, bench.api.exchanges[begun:])


def _require_refusal(
    trouble: _Trouble,
    bench: Workbench,
    what: str,
    error: BaseException,
    met: Sequence[Exchange],
) -> None:
    if not isinstance(error, TrackerError):
        raise Violation(f"{what}: {instead(bench, 'TrackerError', error)}")
    if not trouble.is_final:
        return
    if isinstance(error, TemporaryError):
        raise Violation(f"{what}: the error counts as one that passes: {said(bench, error)}")
    sent = Counter(_identity(exchange) for exchange in met)
    (method, path, *_), times = sent.most_common(1)[0]
    if times > _MOST_SENT:
        raise Violation(f"{what}: {method} {path.partition('?')[0]} was sent {times} times")


def _identity(exchange: Exchange) -> tuple[str, str, str, bytes]:
    request = exchange.request
    return request.method, request.target, request.headers.get("authorization", ""), request.body


def _named(exchange: Exchange) -> str:
    return f"{exchange.request.method} {exchange.request.path}"


def _status(code: int) -> Callable[[Subject], None]:
    trouble = _Trouble(name=f"a {code}", fault=partial(faults.status, code), is_final=True)
    return partial(_refuses, trouble)


def _ends(what: str) -> str:
    return (
        f"{what} ends discover, verify and a pull with a TrackerError; a pull that lacks nothing "
        "without that answer may go on."
    )


_READ_ANSWER = (
    "Read every answer with trackwire.answers.read_answer, and catch no TrackerError that you "
    "do not raise again."
)

RULES: tuple[Rule, ...] = (
    Rule(
        id="status-401",
        text=_ends("A 401"),
        reason="Credentials that are not good any more would look like a tracker without issues.",
        remedy=_READ_ANSWER,
        need=Need.CONNECT,
        check=_status(401),
    ),
    Rule(
        id="status-403",
        text=_ends("A 403"),
        reason="Rights that were taken away would look like deleted issues.",
        remedy=_READ_ANSWER,
        need=Need.CONNECT,
        check=_status(403),
    ),
    Rule(
        id="status-404",
        text=_ends("A 404"),
        reason="A resource that moved would look like one without issues.",
        remedy=_READ_ANSWER,
        need=Need.CONNECT,
        check=_status(404),
    ),
    Rule(
        id="status-410",
        text=_ends("A 410"),
        reason="A part of the API that was removed would look like one without issues.",
        remedy=_READ_ANSWER,
        need=Need.CONNECT,
        check=_status(410),
    ),
    Rule(
        id="malformed-json",
        text=_ends("An answer that is no JSON"),
        reason="The user would be told that the plugin is broken, or get too few issues.",
        remedy=f"{_READ_ANSWER} Not with response.json().",
        need=Need.CONNECT,
        check=partial(_refuses, _Trouble(name="malformed JSON", fault=faults.malformed)),
    ),
    Rule(
        id="unexpected-json",
        text=_ends("An answer whose JSON is of another kind"),
        reason="The user would be told that the plugin is broken, or get too few issues.",
        remedy=(
            "Give trackwire.answers.read_answer a msgspec.Struct with the members that you use, "
            "the list of issues among the required ones."
        ),
        need=Need.CONNECT,
        check=partial(_refuses, _Trouble(name="another JSON", fault=faults.other_json)),
    ),
    Rule(
        id="expired-200",
        text=_ends("A 200 that says that the credentials have expired"),
        reason="A login page would look like a tracker without issues.",
        remedy=(
            "Give trackwire.answers.read_answer a msgspec.Struct whose members are required, and "
            "raise a TrackerError for what your tracker says in a way of its own."
        ),
        need=Need.CONNECT,
        check=partial(_refuses, _Trouble(name="an expired login with a 200", fault=faults.expired)),
    ),
)
"""In the order in which they are checked."""
