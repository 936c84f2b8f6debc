"""The route of a bound project, from its plugin's outcome and its credentials."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from trackwire.credentials import Source, TrackerCredentialStore
from trackwire.errors import CredentialError, ProjectError, ProviderError
from trackwire.login import HubLogin
from trackwire.project import CONFIG_FILE
from trackwire.registry import DISABLE_VARIABLE, ProviderRegistry
from trackwire.routing import RoutingReason
from trackwire.service import TrackerService

if TYPE_CHECKING:
    from pathlib import Path

    from unit.conftest import Vault

    from trackwire.discovery import Found
    from trackwire.userfile import UserStore

Make = Callable[..., TrackerService]
BOUND = 'tracker: {provider: acme, workspace: here}\ntrackwire: {fields: {board: "ACME"}}\n'


@pytest.fixture
def project(tmp_path: Path, users: UserStore, installed: Callable[..., tuple[Found, ...]]) -> Make:
    """Makes the service of a project in whose environment certain distributions are installed."""

    def make(config: str, *folders: str, **environ: str) -> TrackerService:
        path = tmp_path / CONFIG_FILE
        path.parent.mkdir()
        path.write_text(config)
        return TrackerService(
            tmp_path,
            registry=ProviderRegistry(installed(*folders), environ),
            credentials=TrackerCredentialStore(users, environ),
            hubs=HubLogin(users, environ),
        )

    return make


def pair(service: TrackerService) -> tuple[str | None, str | None, RoutingReason]:
    routing = service.route().routing
    return routing.external_resource_type, routing.external_resource_id, routing.reason


def test_registered_provider_is_routed(project: Make) -> None:
    assert pair(project(BOUND, "good")) == ("acme_board", "ACME", RoutingReason.ROUTED)


def test_unregistered_provider_is_null_and_says_so(project: Make) -> None:
    assert pair(project(BOUND)) == (None, None, RoutingReason.PROVIDER_UNREGISTERED)


def test_blocked_provider_is_null_and_says_so(project: Make) -> None:
    service = project(BOUND, "good", **{DISABLE_VARIABLE: "fake-good"})
    assert pair(service) == (None, None, RoutingReason.PROVIDER_BLOCKED)


@pytest.mark.parametrize("folders", [("import_error",), ("good", "rival"), ("api_too_new",)])
def test_broken_provider_is_never_null(project: Make, folders: tuple[str, ...]) -> None:
    service = project(BOUND, *folders)
    with pytest.raises(ProviderError, match="the provider plugin for acme is broken"):
        service.route()


def test_broken_provider_that_is_not_bound_does_not_matter(project: Make) -> None:
    service = project(BOUND.replace("acme", "beads"), "beads", "import_error")
    assert pair(service) == (None, None, RoutingReason.NO_RESOURCE_TYPE)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("{}", RoutingReason.ID_MISSING),
        ('{board: ""}', RoutingReason.ID_BLANK),
        ('{board: "   "}', RoutingReason.ID_BLANK),
    ],
)
def test_blank_or_missing_id_is_null(project: Make, fields: str, reason: RoutingReason) -> None:
    config = f"tracker: {{provider: acme, workspace: here}}\ntrackwire: {{fields: {fields}}}\n"
    assert pair(project(config, "good")) == (None, None, reason)


def test_integer_id_becomes_text(project: Make) -> None:
    assert pair(project(BOUND.replace('"ACME"', "12"), "good"))[1] == "12"


def test_source_of_the_id_is_told(project: Make) -> None:
    source = project(BOUND, "good", TRACKWIRE_ACME_BOARD="BETA").route().id_source
    assert source is not None
    assert (source.source, source.plain) == (Source.ENVIRONMENT, "BETA")


def test_scope_follows_the_route(project: Make) -> None:
    scope = project(BOUND, "good").route().scope
    assert (scope.provider, scope.workspace, scope.resource_id) == ("acme", "here", "ACME")


def test_route_of_an_unbound_project_is_an_error(project: Make) -> None:
    service = project("project: {slug: x}\n", "good")
    with pytest.raises(ProjectError, match="run: trackwire bind"):
        service.route()


def test_route_opens_no_keyring(project: Make, users: UserStore, vault: Vault) -> None:
    service = project(BOUND, "good")
    service.credentials.keep(None, "acme", "here", "board", "from before the plugin", None)
    vault.opened, vault.locked = 0, True
    assert pair(service)[1] == "ACME"
    assert vault.opened == 0


def test_secret_is_never_a_routing_id(project: Make, users: UserStore) -> None:
    service = project("tracker: {provider: acme, workspace: here}\n", "good")
    service.credentials.keep(None, "acme", "here", "board", "hunter2", None)
    assert pair(service) == (None, None, RoutingReason.ID_MISSING)


def test_secret_of_an_absent_plugin_is_no_routing_id(project: Make) -> None:
    service = project(BOUND, TRACKWIRE_ACME_BOARD="BETA")
    assert pair(service)[:2] == (None, None)


def test_unusable_file_of_the_user_is_an_error(project: Make, users: UserStore) -> None:
    users.path.parent.mkdir(parents=True)
    users.path.write_text("")
    users.path.chmod(0o640)
    with pytest.raises(CredentialError, match="chmod 600"):
        project(BOUND, "good").route()


def test_route_imports_neither_keyring_nor_http(tmp_path: Path) -> None:
    (tmp_path / ".kittify").mkdir()
    (tmp_path / CONFIG_FILE).write_text(BOUND)
    code = (
        "import sys; from pathlib import Path; from trackwire.service import TrackerService\n"
        "from trackwire.registry import ProviderRegistry\n"
        "TrackerService(Path(sys.argv[1]), registry=ProviderRegistry(())).route()\n"
        "print([name for name in ('keyring', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert done.stdout == "[]\n"
