"""What a page of the documentation takes for granted: a scene named after the page.

Each is a context manager that is given a newcomer before the page's first block, and returns the
folder that the page begins in, or None for their home.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from docs.blocks import ROOT

if TYPE_CHECKING:
    from docs.newcomer import Newcomer

NEEDS = {
    "explanation/routing": ("jira",),
    "how-to/plugins": ("jira", "linear"),
    "how-to/publish-without-a-plugin": ("hub",),
    "how-to/read-a-publish": ("hub", "jira"),
    "how-to/run-a-hub": ("hub",),
    "how-to/several-projects": ("hub", "jira"),
    "keeping-current": ("hub", "jira"),
    "performance": ("hub", "jira", "linear"),
}
"""What a page needs that not every environment has, by its path in docs/."""

ISSUE = {
    "ref": {"system": "jira", "workspace": "acme.atlassian.net", "id": "10012", "key": "ACME-12"},
    "title": "Sign in fails after a password change",
    "status": "in_review",
    "issue_type": "bug",
}


Scene = Callable[["Newcomer"], AbstractContextManager[Path | None]]


def scene_of(page: Path) -> Scene:
    """Return the scene that is named after a page; nothing is set for a page without one.

    Args:
        page: The document.
    """
    scene: Scene = globals().get(page.stem.replace("-", "_"), untouched)
    return scene


def untouched(newcomer: Newcomer) -> AbstractContextManager[None]:
    """Leave a newcomer as they are."""
    del newcomer
    return nullcontext()


@contextmanager
def logged_in(newcomer: Newcomer) -> Iterator[None]:
    """Have a hub with a team `my-team`, which the newcomer may publish to."""
    made = newcomer.types("trackwire hub token create --team my-team --name laptop --json")
    token = json.loads(made.splitlines()[0])["token"]
    with newcomer.serves():
        newcomer.types(f"echo {token} | trackwire login http://127.0.0.1:8731 --token-stdin")
        yield


def bind_rocket(newcomer: Newcomer) -> Path:
    """Make a project that is bound to ACME."""
    folder = newcomer.home / "rocket"
    folder.mkdir()
    bind = "trackwire bind jira --workspace acme.atlassian.net --set project_key=ACME"
    newcomer.types(bind, "rocket")
    return folder


def find_in(newcomer: Newcomer, site: Path) -> None:
    """Have distributions found in a directory."""
    others = filter(None, (str(site), newcomer.environ.get("PYTHONPATH")))
    newcomer.environ["PYTHONPATH"] = os.pathsep.join(others)


@contextmanager
def several_projects(newcomer: Newcomer) -> Iterator[None]:
    """A file with an issue, and a team at the hub."""
    (newcomer.home / "issues.jsonl").write_text(json.dumps(ISSUE) + "\n")
    with logged_in(newcomer):
        yield


@contextmanager
def publish_without_a_plugin(newcomer: Newcomer) -> Iterator[None]:
    """A hub to publish to."""
    with logged_in(newcomer):
        yield


@contextmanager
def read_a_publish(newcomer: Newcomer) -> Iterator[Path]:
    """A project with an issue, and a hub that knows its resource."""
    folder = bind_rocket(newcomer)
    (folder / "issues.jsonl").write_text(json.dumps(ISSUE) + "\n")
    newcomer.types("trackwire import --format jsonl issues.jsonl", "rocket")
    with logged_in(newcomer):
        newcomer.types(
            "trackwire hub mapping add --team my-team --provider jira"
            " --workspace acme.atlassian.net --type jira_project --id ACME --project rocket"
        )
        yield folder


@contextmanager
def plugins(newcomer: Newcomer) -> Iterator[Path]:
    """A project that is bound to a provider whose plugin then lost a dependency."""
    site = newcomer.home / "site"
    info = site / "acme_trackwire-0.3.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-trackwire\nVersion: 0.3.0\n")
    (info / "entry_points.txt").write_text("[trackwire.providers]\nacme = acme_trackwire\n")
    folder = newcomer.home / "ships"
    folder.mkdir()
    newcomer.types("trackwire bind acme --workspace acme.example", "ships")
    (site / "acme_trackwire.py").write_text("import acme_client\n")
    find_in(newcomer, site)
    yield folder


@contextmanager
def keeping_current(newcomer: Newcomer) -> Iterator[Path]:
    """A project that is bound to a site whose workflow has a status of its own, and a hub."""
    from emulators.jira_cloud import JiraCloud
    from emulators.jira_model import Status

    folder = bind_rocket(newcomer)
    with JiraCloud() as tracker, logged_in(newcomer):
        tracker.add_project("ACME")
        tracker.populate("ACME", 3)
        waiting = Status("Waiting for supplier", "indeterminate")
        tracker.create("ACME", status=waiting, priority="P1")
        newcomer.environ |= {
            "TRACKWIRE_JIRA_BASE_URL": tracker.url,
            "TRACKWIRE_JIRA_EMAIL": tracker.email,
            "TRACKWIRE_JIRA_API_TOKEN": tracker.token,
        }
        newcomer.places["/srv/rocket"] = folder
        yield folder


@contextmanager
def tutorial(newcomer: Newcomer) -> Iterator[None]:
    """A place where distributions are found, and a pip that needs no index."""
    site = newcomer.home / "site"
    site.mkdir()
    find_in(newcomer, site)
    installer = Path(__file__).with_name("editable.py")
    python = newcomer.home / "bin" / "python3"
    python.write_text(
        f'#!/bin/sh\nP="{sys.executable}"\n[ "$1 $2" = "-m pip" ] || exec "$P" "$@"\n'
        f'shift 2\nexec "$P" "{installer}" "{site}" "$@"\n'
    )
    yield


check_a_plugin = tutorial


@contextmanager
def event_envelope(newcomer: Newcomer) -> Iterator[None]:
    """The first event of the page, as a file."""
    page = (ROOT / "docs" / "reference" / "event-envelope.md").read_text("utf-8")
    event = re.search(r"^```json event\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (newcomer.home / "event.json").write_text(event[1], "utf-8")
    yield


@contextmanager
def performance(newcomer: Newcomer) -> Iterator[Path]:
    """The repository, and a `python` that has each benchmark measure little: it is to run here."""
    little = {
        "publish": f"--issues 5 --repeat 1 --directory {newcomer.home}",
        "routing": "--repeat 1",
        "startup": "--others 1 --repeat 1",
        "pull": "--tracker cloud --issues 5 --repeat 1 --delay 0",
    }
    cases = "".join(f'*/{name}.py) exec "$P" "$@" {more};;\n' for name, more in little.items())
    python = newcomer.home / "bin" / "python"
    python.write_text(f'#!/bin/sh\nP="{sys.executable}"\ncase "$1" in\n{cases}esac\nexit 1\n')
    python.chmod(0o755)
    yield ROOT
