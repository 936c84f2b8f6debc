"""What it costs to derive a route from a provider and its credentials.

Run it from the repository, in an environment with both plugins:

    python benchmarks/routing.py [--repeat 15] [--json]

Each line calls `resolve_resource_routing` with a provider whose plugin is loaded, beside two things
that cost next to nothing: a call of an empty function with two arguments, and a look-up in a
dictionary. All are measured in turn, each often enough to take a fifth of a second; `min` is the
fastest of the repeats, and the ratios are of the medians. It is CPU time, which a busy machine
changes less. The second table is the first resolution of a process: finding the installed plugins,
loading the one that is asked for, and the call.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from timeit import Timer
from typing import Any

from measuring import Measured, machine, middle, print_table, run, say

AIM_NANOSECONDS = 1000
NANOSECONDS = 1e9
EMPTY_CALL, LOOK_UP = "an empty call", "a look-up in a dictionary"
FIRST_STEPS = ("import", "discover", "load", "resolve", "whole")


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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--role", choices=("first",), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        print(json.dumps(first_resolution(json.load(sys.stdin)["provider"])))
        return
    with tempfile.TemporaryDirectory() as kept:
        about = machine(Path(kept)) | {"runs": str(options.repeat)}
    repeated = list(as_records(measure(options.repeat)))
    say("first resolutions")
    firsts = [first_record(name, options.repeat) for name in ("jira", "linear", "measured")]
    if options.json:
        print(json.dumps({"machine": about, "results": repeated, "first": firsts}, indent=2))
        return
    print(", ".join(f"{name}: {value}" for name, value in about.items()), end="\n\n")
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
    counts = {name: timer.autorange()[0] for name, timer in calls.items()}
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
    runs = [run(__file__, "first", {"provider": provider}) for _ in range(repeat)]
    return {"provider": provider, **{step: middle(runs, step) for step in FIRST_STEPS}}


def first_resolution(provider: str) -> Measured:
    """Tell how many milliseconds each step takes in a process that has done none of them."""
    took: dict[str, float] = {}

    def step(name: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = call()
        took[name] = (time.perf_counter() - began) * 1000
        return result

    registry_class, resolve = step("import", import_them)
    registry = step("discover", registry_class)
    loaded = step("load", lambda: registry.provider(provider))
    step("resolve", lambda: resolve(loaded, {"project_key": "ACME", "team_id": "abc-123-def"}))
    return {**took, "whole": sum(took.values())}


def import_them() -> tuple[Any, Any]:
    """Import the registry and the resolver."""
    from trackwire.registry import ProviderRegistry
    from trackwire.routing import resolve_resource_routing

    return ProviderRegistry, resolve_resource_routing


if __name__ == "__main__":
    main()
