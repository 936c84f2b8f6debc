"""How long a pull takes beside what the tracker itself takes to serve the same issues.

Run it from the repository, in an environment with both plugins and the test dependencies:

    python benchmarks/pull.py [--tracker cloud datacenter] [--issues 1000 10000 100000] [--delay 0]

An emulated tracker runs in a process of its own. The floor is a client that asks for the same
fields in pages of the same size and throws the answers away. Both are measured in turn, each in a
fresh process, without the start of Python; the ratio is of their medians. Peak memory is that of
the whole process. `--delay` lets each answer take so many seconds, as a real tracker's does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODULES = {"cloud": "emulators.jira_cloud", "datacenter": "emulators.jira_datacenter"}
FIELDS = (
    *("summary", "status", "issuetype", "description", "priority", "resolution"),
    *("assignee", "labels", "updated", "project"),
)
PAGE_SIZE = 100
EXIT_SECONDS = 10
TAIL_BYTES = 200
TOKEN = re.compile(rb'"nextPageToken":"([^"]+)"')


def main() -> None:
    """Measure, and print a line for each tracker and size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tracker", nargs="+", choices=MODULES, default=list(MODULES))
    parser.add_argument("--issues", nargs="+", type=int, default=[1000, 10_000, 100_000])
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--role", choices=ROLES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        print(json.dumps(measured(ROLES[options.role])))
        return
    print("tracker      issues   floor s   pull s  ratio  issues/s  again s  peak MiB  floor MiB")
    for tracker in options.tracker:
        for issues in options.issues:
            print(line(tracker, issues, options), flush=True)


def line(tracker: str, issues: int, options: argparse.Namespace) -> str:
    """Measure one tracker with so many issues."""
    floors, pulls, agains = [], [], []
    with emulator(tracker, issues, options.delay) as facts:
        run("floor", facts)  # the first reader pays for rendering what the others find rendered
        for _ in range(options.repeat):
            floors.append(run("floor", facts))
            with tempfile.TemporaryDirectory() as project:
                pulls.append(run("pull", {**facts, "directory": project}))
                agains.append(run("pull", {**facts, "directory": project}))
    if any(result["issues"] != issues for result in (*floors, *pulls)):
        raise SystemExit(f"not every one of {issues} issues was read")
    floor, pull, again = (median(results, "seconds") for results in (floors, pulls, agains))
    return (
        f"{tracker:<11}{issues:>8}{floor:>10.2f}{pull:>9.2f}{pull / floor:>7.2f}"
        f"{issues / pull:>10.0f}{again:>9.2f}{median(pulls, 'mebibytes'):>10.0f}"
        f"{median(floors, 'mebibytes'):>11.0f}"
    )


def median(results: list[dict[str, float]], name: str) -> float:
    """Take the middle one of what several runs measured."""
    return statistics.median(result[name] for result in results)


@contextmanager
def emulator(tracker: str, issues: int, delay: float) -> Iterator[dict[str, Any]]:
    """Run an emulated tracker; yields what it says of itself."""
    command = (sys.executable, "-m", MODULES[tracker])
    arguments = ("--issues", str(issues), "--delay", str(delay))
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    with subprocess.Popen(
        (*command, *arguments), env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield {**json.loads(process.stdout.readline()), "tracker": tracker}
        finally:
            process.terminate()
            process.wait(EXIT_SECONDS)


def run(role: str, facts: dict[str, Any]) -> dict[str, float]:
    """Measure one role in a process of its own."""
    done = subprocess.run(
        (sys.executable, __file__, "--role", role),
        input=json.dumps(facts),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def measured(role: Callable[[dict[str, Any]], tuple[int, float]]) -> dict[str, float]:
    """Run a role, with the facts from standard input."""
    issues, seconds = role(json.load(sys.stdin))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"issues": issues, "seconds": seconds, "mebibytes": peak}


def floor(facts: dict[str, Any]) -> tuple[int, float]:
    """Ask for every page and throw it away."""
    import httpx

    auth = (facts["email"], facts["token"]) if facts["tracker"] == "cloud" else None
    headers = {} if auth else {"Authorization": f"Bearer {facts['token']}"}
    ask = cloud_page if auth else datacenter_page
    jql = f'project = "{facts["project"]}" ORDER BY updated ASC, id ASC'
    body = {"jql": jql, "fields": FIELDS, "maxResults": PAGE_SIZE}
    count, more = 0, True
    with httpx.Client(base_url=facts["url"], auth=auth, headers=headers) as client:
        began = time.perf_counter()
        while more:
            number, more = ask(client, body)
            count += number
        return count, time.perf_counter() - began


def cloud_page(client: Any, body: dict[str, Any]) -> tuple[int, bool]:
    """Ask for one page of Jira Cloud's, and set the token of the next."""
    content = client.post("/rest/api/3/search/jql", json=body).content
    token = TOKEN.search(content, max(0, len(content) - TAIL_BYTES))
    if token:
        body["nextPageToken"] = token[1].decode()
    return content.count(b'"summary"'), token is not None


def datacenter_page(client: Any, body: dict[str, Any]) -> tuple[int, bool]:
    """Ask for one page of Data Center's, and set the start of the next."""
    content = client.post("/rest/api/2/search", json=body).content
    number = content.count(b'"summary"')
    body["startAt"] = body.get("startAt", 0) + number
    return number, number == PAGE_SIZE


def pull(facts: dict[str, Any]) -> tuple[int, float]:
    """Pull into a project; the second time, what has changed."""
    from trackwire.binding import BindRequest
    from trackwire.credentials import TrackerCredentialStore
    from trackwire.login import HubLogin
    from trackwire.service import TrackerService
    from trackwire.userfile import UserStore

    directory = Path(facts["directory"])
    users = UserStore(directory / "user" / "credentials.toml")
    environ = {
        "TRACKWIRE_JIRA_BASE_URL": facts["url"],
        "TRACKWIRE_JIRA_EMAIL": facts.get("email", ""),
        "TRACKWIRE_JIRA_API_TOKEN": facts["token"],
    }
    service = TrackerService(
        directory,
        credentials=TrackerCredentialStore(users, environ),
        hubs=HubLogin(users, environ),
    )
    if not (directory / ".kittify").exists():
        values = {"project_key": facts["project"]}
        service.bind(BindRequest(provider="jira", workspace="emulated.example", values=values))
    began = time.perf_counter()
    service.pull()
    return service.status().state.issue_count, time.perf_counter() - began


ROLES = {"floor": floor, "pull": pull}

if __name__ == "__main__":
    main()
