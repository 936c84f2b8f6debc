"""What it costs to derive a route from a provider and its credentials.

Run it from the repository, in an environment with both plugins; it takes less than a minute:

    python benchmarks/routing.py

Each line calls `resolve_resource_routing` with a provider whose plugin is loaded, beside two things
that cost next to nothing: a call of an empty function with two arguments, and a look-up in a
dictionary. All are measured in turn, each for at least a twentieth of a second; `min` is the
fastest of the repeats, and the ratios are of the medians. It is CPU time, which a busy machine
changes less.

The second table is the first resolution of a process that has only started Python: importing the
registry and the resolver, finding the installed plugins, loading the one that is asked for, and the
call. It is time on the clock, waiting included; each figure is the median of fresh processes, that
of `whole` the median of their sums. `measured` is a provider without a plugin.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from timeit import Timer
from typing import Any

from machine import afterwards, machine, print_machine
from measuring import begin, middle, print_table, say, told
from options import parser_for, positive

AIM_NANOSECONDS = 1000
NANOSECONDS = 1e9
EMPTY_CALL, LOOK_UP = "an empty call", "a look-up in a dictionary"
FIRST_STEPS = ("import", "discover", "load", "resolve", "whole")
# Only built-in modules, so that the import has all to do that it has to do in any process.
FIRST = """
import sys, time
times = [time.perf_counter()]
from trackwire.registry import ProviderRegistry
from trackwire.routing import resolve_resource_routing
times.append(time.perf_counter())
registry = ProviderRegistry()
times.append(time.perf_counter())
provider = registry.provider(sys.argv[1])
times.append(time.perf_counter())
resolve_resource_routing(provider, {"project_key": "ACME", "team_id": "abc-123-def"})
times.append(time.perf_counter())
import json
steps = [1000 * (after - before) for before, after in zip(times, times[1:])]
names = ("import", "discover", "load", "resolve")
print(json.dumps({**dict(zip(names, steps)), "whole": sum(steps)}))
"""
DIVISOR = 4
"""What the calls that `timeit` finds to take a fifth of a second are divided by."""


@dataclass(frozen=True)
class Case:
    """A call of the resolver.

    Args:
        provider: The provider's name; one that no plugin registers resolves to null/null.
        credentials: What the resolver gets.
        expected: The id that it must come to, or None for null/null.
    """

    provider: str
    credentials: Mapping[str, object]
    expected: str | None


CASES = {
    "jira, with its key": Case("jira", {"project_key": "ACME"}, "ACME"),
    "linear, with its team": Case("linear", {"team_id": "abc-123-def"}, "abc-123-def"),
    "jira, with a number": Case("jira", {"project_key": 10042}, "10042"),
    "jira, with blanks": Case("jira", {"project_key": "   "}, None),
    "jira, without its key": Case("jira", {}, None),
    "unregistered": Case("measured", {"project_key": "ACME"}, None),
}


def main() -> None:
    """Measure, and print two tables."""
    parser = parser_for(__doc__)
    parser.add_argument("--repeat", type=positive, default=15, help="runs (default: 15)")
    options = parser.parse_args()
    begin()
    with tempfile.TemporaryDirectory() as kept:
        about = machine(Path(kept)) | {"runs": str(options.repeat)}
    repeated = list(as_records(measure(options.repeat)))
    say("first resolutions")
    firsts = [first_record(name, options.repeat) for name in ("jira", "linear", "measured")]
    about = afterwards(about)
    if options.json:
        print(json.dumps({"machine": about, "results": repeated, "first": firsts}, indent=2))
        return
    print_machine(about)
    headings = ("call", "min ns", "median ns", "x empty call", "x look-up", "under 1 us")
    print_table(headings, map(cells, repeated))
    print()
    print_table(
        ("first resolution", *(f"{step} ms" for step in FIRST_STEPS)),
        ([first["provider"], *(f"{first[step]:.2f}" for step in FIRST_STEPS)] for first in firsts),
    )


def measure(repeat: int) -> dict[str, list[float]]:
    """Time every call, in turn.

    Args:
        repeat: How often.

    Returns:
        Nanoseconds for a call, one for each repeat.
    """
    calls = timers()
    counts = {name: max(1, timer.autorange()[0] // DIVISOR) for name, timer in calls.items()}
    results: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(repeat):
        say(f"run {number + 1} of {repeat}")
        for name, timer in calls.items():
            seconds = timer.timeit(counts[name])
            results[name].append(seconds / counts[name] * NANOSECONDS)
    return results


def timers() -> dict[str, Timer]:
    """Prepare every call; each case is checked to come to what it must."""
    from trackwire.registry import ProviderRegistry
    from trackwire.routing import resolve_resource_routing

    registry = ProviderRegistry()
    credentials = {"project_key": "ACME"}
    names: dict[str, Any] = {
        "empty": empty,
        "provider": registry.provider("jira"),
        "credentials": credentials,
    }
    calls = {
        EMPTY_CALL: Timer("empty(provider, credentials)", globals=names, timer=time.process_time),
        LOOK_UP: Timer("credentials['project_key']", globals=names, timer=time.process_time),
    }
    for name, case in CASES.items():
        provider = registry.provider(case.provider)
        route = resolve_resource_routing(provider, case.credentials)
        if route.external_resource_id != case.expected:
            raise SystemExit(f"{name}: resolved to {route}; are both plugins installed?")
        names = {
            "resolve": resolve_resource_routing,
            "provider": provider,
            "credentials": case.credentials,
        }
        calls[name] = Timer(
            "resolve(provider, credentials)", globals=names, timer=time.process_time
        )
    return calls


def empty(provider: object, credentials: object) -> None:
    """Do nothing."""


def as_records(results: dict[str, list[float]]) -> Iterator[dict[str, Any]]:
    """Yield what a machine reads of each call."""
    medians = {name: statistics.median(each) for name, each in results.items()}
    for name, each in results.items():
        yield {
            "call": name,
            "min": min(each),
            "median": medians[name],
            "times_empty_call": medians[name] / medians[EMPTY_CALL],
            "times_look_up": medians[name] / medians[LOOK_UP],
            "under_aim": medians[name] < AIM_NANOSECONDS,
        }


def cells(record: dict[str, Any]) -> list[str]:
    """Write a record as a line of the table."""
    return [
        record["call"],
        f"{record['min']:.0f}",
        f"{record['median']:.0f}",
        f"{record['times_empty_call']:.1f}",
        f"{record['times_look_up']:.1f}",
        "yes" if record["under_aim"] else "no",
    ]


def first_record(provider: str, repeat: int) -> dict[str, Any]:
    """Measure the first resolution in so many fresh processes; milliseconds."""
    runs = [told((sys.executable, "-P", "-c", FIRST, provider)) for _ in range(repeat)]
    return {"provider": provider, **{step: middle(runs, step) for step in FIRST_STEPS}}


if __name__ == "__main__":
    main()
