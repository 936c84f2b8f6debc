"""The distributions of tests/data/dists: what is wrong with each, and what the commands do.

In the usual manner a distribution is installed by its folder on the import path. Where the
variable HOSTILE_INSTALLED is 1, all that can be wheels are installed as such, and a test switches
off those that it is not about.
"""

from __future__ import annotations

import os
import runpy
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[2]
DISTS = ROOT / "tests" / "data" / "dists"
INSTALLED = os.environ.get("HOSTILE_INSTALLED") == "1"
NOT_WHEELS: frozenset[str] = frozenset(
    runpy.run_path(str(ROOT / ".ci" / "hostile_wheels.py"))["NOT_WHEELS"]
)
SWITCH = "TRACKWIRE_DISABLE_PLUGINS"


@dataclass(frozen=True)
class Commands:
    """What the commands do for a project that is bound to the name which the defect is about.

    Args:
        providers: What `trackwire providers` says became of the plugin; it ends with 0.
        route: The exit code of `trackwire route`.
        publish: The exit code of `trackwire publish`, which sends nothing.
        doctor: The exit code of `trackwire doctor`.
    """

    providers: str = "broken"
    route: int = 1
    publish: int = 1
    doctor: int = 1


STOPPED = Commands()
INTERRUPTED = Commands("", 130, 130, 130)


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """A distribution with one defect.

    Args:
        folder: Its folder.
        problem: What the message says is wrong.
        dist: The distribution's name, where it does not follow from the folder's.
        version: The distribution's version.
        name: The name that is broken, in normal form.
        mend: What the message says first of what mends it.
        rival: The folder of another distribution that claims the same name.
        bindable: Whether a project can be bound to the name; `route` and `publish` refuse one
            whose file says that it is, before any plugin is asked for.
        apart: Whether it is loaded in processes of its own.
        commands: What the commands do.
    """

    folder: str
    problem: str
    dist: str = ""
    version: str = "1.0"
    name: str = "acme"
    mend: str = "update or uninstall {dist}"
    rival: str | None = None
    bindable: bool = True
    apart: bool = False
    commands: Commands = STOPPED

    def __str__(self) -> str:
        return self.folder

    @property
    def distribution(self) -> str:
        return self.dist or f"fake-{self.folder.replace('_', '-')}"

    @property
    def told(self) -> str:
        return f"{self.distribution} {self.version}"

    @property
    def remedy(self) -> str:
        if self.rival:
            return f"uninstall one, or name its distribution in {SWITCH}"
        mend = self.mend.format(dist=self.distribution)
        return f"{mend}, or switch it off with {SWITCH}={self.distribution}"

    @property
    def folders(self) -> tuple[str, ...]:
        return (self.folder, self.rival) if self.rival else (self.folder,)


def _at_import(folder: str, problem: str, *, apart: bool = False) -> Hostile:
    return Hostile(folder=folder, problem=problem, apart=apart)


def _change(folder: str, deed: str, *, apart: bool = True) -> Hostile:
    return _at_import(folder, f"it {deed}, and a plugin leaves the core as it is", apart=apart)


def _named(folder: str, name: str, problem: str, *, bindable: bool = True) -> Hostile:
    return Hostile(folder=folder, name=name, problem=problem, bindable=bindable)


def _unreadable(folder: str, dist: str, name: str) -> Hostile:
    problem = "its entry_points.txt (line 2) cannot be read"
    mend = "reinstall or uninstall {dist}"
    return Hostile(folder=folder, dist=dist, name=name, problem=problem, mend=mend)


TABLE = (
    _at_import("import_error", "RuntimeError: cannot start: no engine"),
    _at_import("missing_dependency", "ModuleNotFoundError: No module named 'absent_dependency'"),
    _at_import("exits", "SystemExit: this interpreter will not do"),
    _at_import("generator_exit", "GeneratorExit"),
    _at_import("recurses", "RecursionError: maximum recursion depth exceeded"),
    _at_import("long_error", "RuntimeError: no no no no"),
    _at_import("unspeakable_error", "UnspeakableError"),
    _at_import("bad_value", "Error: "),
    _change("patches_loaded", "replaces trackwire.route.resolve_resource_routing"),
    _change("patches_unloaded", "replaces trackwire.delivery.sending.deliver"),
    _change("patches_class", "replaces trackwire.routing.ResourceRouting.is_null"),
    _change("patches_in_hook", "replaces trackwire.route.resolve_resource_routing"),
    _change("sets_variable", "sets the environment variable TRACKWIRE_KANBAN_BOARD", apart=False),
    Hostile(folder="interrupts", problem="interrupted", commands=INTERRUPTED),
    _at_import("misspelt_hook", "unknown hook 'trackwire_providers'"),
    _at_import("no_hook", "fake_no_hook implements no hook"),
    _at_import("two_hooks", "implements trackwire_provider 2 times"),
    _at_import("wants_argument", "{'config'}"),
    _at_import("hook_raises", "OSError: no such socket"),
    _at_import("returns_none", "trackwire_provider() returned NoneType, not a Provider"),
    _at_import("returns_dict", "trackwire_provider() returned dict, not a Provider"),
    _at_import("provider_subclass", "returned Calculated, a subclass of Provider"),
    _at_import("api_too_new", "plugin API version 99, and this trackwire supports 1 to 1"),
    _at_import("api_too_old", "plugin API version 0, and this trackwire supports 1 to 1"),
    _at_import("api_text", "plugin API version '1', and this trackwire supports 1 to 1"),
    _at_import("api_boolean", "plugin API version True, and this trackwire supports 1 to 1"),
    _at_import("api_float", "plugin API version 1.0, and this trackwire supports 1 to 1"),
    _at_import("other_name", "its provider is named 'other', its entry point 'acme'"),
    _at_import("odd_name", "its name 'jira' is not plain text"),
    _at_import("blank_title", "its title is blank"),
    _at_import("number_title", "its title is blank"),
    _at_import("not_callable", "its connect cannot be called"),
    _at_import("half_routing_type", "it declares half a routing"),
    _at_import("half_routing_key", "it declares half a routing"),
    _at_import("bad_resource_type", "its resource_type 'Acme-Board' does not match"),
    _at_import("number_type", "its resource_type 7 is not plain text"),
    _at_import("odd_text", "its resource_type 'acme_board' is not plain text"),
    _at_import("key_undeclared", "its credential_key 'board' is not among its credential_fields"),
    _at_import("key_secret", "its credential_key 'board' is a secret field"),
    _at_import("key_personal", "its credential_key 'board' is a personal field"),
    _at_import("field_list", "its credential_fields are not a tuple of CredentialField"),
    _at_import("field_dict", "its credential_fields are not a tuple of CredentialField"),
    _at_import("field_twice", "it declares the credential field 'board' twice"),
    _at_import("bad_field_name", "its credential field 'api-token' does not match"),
    _at_import("help_number", "its credential field 'board' has a help that is not text"),
    _at_import("default_number", "'board' has a default that is neither text nor None"),
    _at_import("secret_unknown", "'token' has a secret that is neither True nor False"),
    _at_import("secret_default", "its secret credential field 'board' has a default"),
    _at_import("secret_origin", "at most one credential field is the origin"),
    _at_import("two_origins", "at most one credential field is the origin"),
    _at_import("stand_in_unknown", "'token' stands in for 'api_token', which it does not declare"),
    _at_import("gateway_text", "its gateways are not a tuple of addresses"),
    _at_import("gateway_number", "its gateways are not a tuple of addresses"),
    _at_import("gateway_plain", "plain http would show the secrets"),
    _named("capital_name", "acme", "'Acme' is not in normal form: it must be 'acme'"),
    _named("dashed_name", "acme_cloud", "'acme-cloud' is not in normal form"),
    _named("two_providers", "acme_cloud", "named 'acme', its entry point 'acme_cloud'"),
    _named("reserved_name", "hub", "the name 'hub' is reserved", bindable=False),
    _named("look_alike", "acm\u0435", "is not a provider's name", bindable=False),
    Hostile(folder="rival", version="2.5", rival="good", problem="both claim the name 'acme'"),
    Hostile(folder="same_twice", rival="good", problem="claim the name 'acme', so neither is used"),
    _unreadable("unreadable", "fake-unreadable", "notion"),
    _unreadable("damaged", "fake-valueless-claim", "acme"),
)

HOSTILE = tuple(each for each in TABLE if not (INSTALLED and NOT_WHEELS.intersection(each.folders)))
"""The hostile distributions of this manner of installation, but for the endless one."""

ENDLESS = Hostile(folder="endless", problem="still loading", apart=True, commands=INTERRUPTED)

SOUND = MappingProxyType(
    {
        "beads": "declares no routing",
        "good": "one half of each conflict",
        "kanban": "stands beside each hostile one",
        "lingers": "leaves a thread that never ends",
        "nameless": "has no metadata, and its plugin is sound",
        "older": "a version of fake-good that another shadows",
        "prints": "prints to standard output",
        "takes_streams": "sets the standard streams to None",
    }
)
"""The folders of sound plugins, with what they are for."""


def distribution_names() -> set[str]:
    """Return the names of all distributions that are there to be installed."""
    sound = {f"fake-{folder.replace('_', '-')}" for folder in SOUND.keys() - NOT_WHEELS}
    return sound | {each.distribution for each in (*HOSTILE, ENDLESS)}
