"""Rules about what a provider leaves alone: other resources, other projects, and the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from trackwire.connector import Page
from trackwire.errors import TrackerError
from trackwire.model import Status
from trackwire.testing.rules.environment import environment, process_kept, variables_of
from trackwire.testing.rules.pulling import (
    EveryName,
    error_of,
    instead,
    opened_with,
    other_calls,
    pulled,
    succeeding,
    verified,
)
from trackwire.testing.rules.rule import Need, Rule, Violation
from trackwire.testing.rules.secrecy import decoded
from trackwire.testing.samples import samples
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    import httpx

    from trackwire.model import Issue
    from trackwire.testing.emulator import Request, SampleIssue
    from trackwire.testing.subject import Subject

_SOME = 12
_FEW = 3


def _reads_bound_resource_alone(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_FEW)) as bench:
        bench.api.resource_id = other = _another(bench.resource_id)
        error = error_of(bench.pull)
        what = f"the tracker has {other!r}, and {bench.resource_id!r} is bound"
        if error is None:
            raise Violation(
                f"{what}: the pull read {len(bench.issues())} issues; either the plugin asks for "
                "another resource than the bound one, or the emulator looks at none"
            )
        if not isinstance(error, TrackerError):
            raise Violation(f"{what}: {instead(bench, 'TrackerError', error)}")
        _require_unseen(bench, what)


def _require_unseen(bench: Workbench, what: str) -> None:
    if bench.provider.verify is None:
        return
    try:
        identity = verified(bench, bench.provider.verify)
    except TrackerError:
        return
    if identity.resource is not None:
        raise Violation(f"{what}: verify tells the resource {identity.resource.id!r}")


def _another(resource_id: str) -> str:
    """Change the last letter or digit of an id, so that it keeps its form."""
    place = max((n for n, sign in enumerate(resource_id) if sign.isalnum()), default=0)
    sign = resource_id[place]
    letter = "b" if sign in "aA" else "a"
    other = str((int(sign) + 3) % 10) if sign.isdecimal() else letter
    other = other.upper() if sign.isupper() else other
    return f"{resource_id[:place]}{other}{resource_id[place + 1 :]}"


def _keeps_projects_apart(subject: Subject) -> None:
    projects = [_Project("here", Status.BLOCKED), _Project("there", Status.CANCELED)]
    with ExitStack() as stack:
        draws: list[Iterator[Page]] = []
        for project in projects:
            bench = stack.enter_context(Workbench.of(subject, issues=project.issues()))
            stack.enter_context(succeeding(bench, "reading two projects by turns"))
            maps = EveryName(project.status)
            connector = stack.enter_context(opened_with(bench, status_map=maps))
            draws.append(connector.pages(None, None))
        drawn = list(zip_longest(*draws, fillvalue=Page()))
    for project, other, pages in zip(
        projects, projects[::-1], zip(*drawn, strict=True), strict=True
    ):
        _require_own({i.ref.id: i for page in pages for i in page.issues}, project, other)


@dataclass(frozen=True, slots=True)
class _Project:
    """A project whose issues bear its name as a label, and have its status by its map alone."""

    name: str
    status: Status

    def issues(self) -> list[SampleIssue]:
        return [
            replace(issue, title=f"{issue.title} {self.name}", labels=(self.name,))
            for issue in samples(_SOME)
        ]


def _require_own(read: Mapping[str, Issue], project: _Project, other: _Project) -> None:
    for issue in project.issues():
        if issue.id not in read:
            raise Violation(f"read by turns with another project, issue {issue.id} is not read")
        held = read[issue.id]
        mixed = {
            "title": held.title == f"{issue.title.removesuffix(project.name)}{other.name}",
            "labels": other.name in held.labels,
            "status": held.status is other.status,
        }
        if found := [field for field, is_others in mixed.items() if is_others]:
            raise Violation(
                f"read by turns with another project, issue {issue.id} has that one's "
                f"{' and '.join(found)}"
            )


def _reads_no_variable(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_FEW)) as bench:
        variables = variables_of(bench.provider)
        with environment(variables):
            error_of(bench.pull)  # how it ends is for other rules to say
            for call in other_calls(bench).values():
                error_of(call)
        for request in bench.api.requests:
            for name, value in variables.items():
                if _carries(request, value):
                    raise Violation(
                        f"a {request.method} request carries the value of the variable {name}"
                    )


def _carries(request: Request, value: str) -> bool:
    texts = [request.target, request.body.decode("latin-1"), *request.headers.values()]
    words = [word for text in request.headers.values() for word in text.split()]
    return any(value in text for text in (*texts, *map(decoded, words)))


def _keeps_process(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_FEW)) as bench:
        pulled(bench)  # what is imported for the first time is not what a pull does
        calls: dict[str, Callable[[], object]] = {
            "a pull": partial(bench.pull, full=True),
            **other_calls(bench),
        }
        for name, call in calls.items():
            with process_kept(name):
                error_of(call)


def _keeps_client(subject: Subject) -> None:
    with Workbench.of(subject, issues=samples(_FEW)) as bench:
        provider = bench.provider
        with _client_kept(bench, "the connector") as context, succeeding(bench, "reading"):
            connector = provider.connect and provider.connect(context)
            if connector is not None:
                for _ in connector.pages(None, None):
                    pass
        for name, call in (("discover", provider.discover), ("verify", provider.verify)):
            if call is not None:
                with _client_kept(bench, name) as context, succeeding(bench, name):
                    answer: Any = call(context)
                    if name == "discover":
                        list(answer)


@contextmanager
def _client_kept(bench: Workbench, what: str) -> Iterator[Any]:
    with bench.context() as context:
        before = _client_settings(context.client)
        yield context
        after = _client_settings(context.client)
    if changed := [name for name, value in before.items() if after[name] != value]:
        raise Violation(f"{what} changes {' and '.join(changed)} of context.client")


def _client_settings(client: httpx.Client) -> dict[str, object]:
    return {
        "the timeout": client.timeout,
        "the redirects": (client.follow_redirects, client.max_redirects),
        "the transport": (id(client._transport), [id(one) for one in client._mounts.values()]),
        "the hooks": {name: list(hooks) for name, hooks in client.event_hooks.items()},
    }


RULES: tuple[Rule, ...] = (
    Rule(
        id="bound-resource-alone",
        text="Where the bound resource is not there, a pull ends with a TrackerError, and verify "
        "tells none.",
        reason="Another resource's issues would be published under the bound one's route.",
        remedy=(
            "Ask for the resource that context.value_of(<credential key>) names, and for no other."
        ),
        need=Need.CONNECT,
        check=_reads_bound_resource_alone,
    ),
    Rule(
        id="projects-apart",
        text="Two projects that are read by turns each get their own issues, by their own maps.",
        reason="A program that pulls several projects would mix them up.",
        remedy="Keep the context and what was read in the connector, in no global variable.",
        need=Need.CONNECT,
        check=_keeps_projects_apart,
    ),
    Rule(
        id="variables-unread",
        text="No request carries a value of the user's TRACKWIRE_ variables.",
        reason="A secret would go to a server that it was not given for.",
        remedy="Take secrets by context.secret, other values by context.value_of.",
        need=Need.CONNECT,
        check=_reads_no_variable,
    ),
    Rule(
        id="process-kept",
        text="Pull, discover and verify print nothing, and leave logging, warnings, environment "
        "and the like as they are.",
        reason="They belong to the whole process, and standard output to the command's result.",
        remedy="Take the change or the print out; a page's `unplaced` and `unfit` tell the user.",
        need=Need.CONNECT,
        check=_keeps_process,
    ),
    Rule(
        id="client-kept",
        text="context.client keeps its timeout, redirects, transport and hooks.",
        reason="A tracker that does not answer would hold the command for ever.",
        remedy="Change nothing of context.client but its Authorization: headers or auth.",
        need=Need.CONNECT,
        check=_keeps_client,
    ),
)
"""In the order in which they are checked."""
