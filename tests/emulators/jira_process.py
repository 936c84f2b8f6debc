"""Runs an emulated Jira as a process of its own, with issues in it."""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

from emulators.server import listen, serve_process, url_of

if TYPE_CHECKING:
    from emulators.jira_site import JiraSite


def run(site: JiraSite) -> None:
    """Serve the site until SIGTERM or SIGINT, as the command line says.

    Once connections are accepted, a line of JSON goes to standard output.
    """
    parser = argparse.ArgumentParser(description="An emulated Jira on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 is any free port")
    parser.add_argument("--issues", type=int, default=0, help="how many there are at first")
    parser.add_argument("--project", default="ACME", help="the key of their project")
    parser.add_argument("--delay", type=float, default=0, help="seconds that each answer takes")
    options = parser.parse_args()
    if options.delay:
        site.before_request(lambda _: time.sleep(options.delay))
    site.add_project(options.project)
    site.populate(options.project, options.issues)
    sockets = [listen(options.port), *(listen() for _ in range(site.listeners - 1))]
    site.urls = tuple(map(url_of, sockets))
    facts = {**site.access_facts(), "project": options.project}
    serve_process(site, sockets, lambda: print(json.dumps(facts), flush=True))  # noqa: T201 what it is for
