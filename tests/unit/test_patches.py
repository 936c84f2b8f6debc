"""The core as it was: whatever a block does to its modules, classes and variables is undone."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import types
import typing
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

import trackwire.errors
import trackwire.route
from trackwire import patches
from trackwire.errors import ProviderError
from trackwire.patches import core_kept
from trackwire.routing import ResourceRouting, RoutingReason

NULL = ResourceRouting(None, None, RoutingReason.NO_PROVIDER)
FRESH = "trackwire.delivery.verdict"
ODD: Any = object()


def another(*_: object) -> None:
    """Stand in for something of the core."""


def take_out() -> dict[str, types.ModuleType]:
    """Forget the modules of the delivery, and return them."""
    vars(trackwire).pop("delivery", None)
    names = [name for name in sys.modules if name.startswith("trackwire.delivery")]
    return {name: sys.modules.pop(name) for name in names}


def replace(holder: object, name: str) -> None:
    """Put something else in the place of what the core has."""
    setattr(holder, name, another)


@pytest.fixture
def unloaded() -> Iterator[str]:
    """A module of the core that is not imported yet; those who hold it keep theirs."""
    before = take_out()
    yield FRESH
    take_out()
    sys.modules.update(before)
    if "trackwire.delivery" in before:
        vars(trackwire).update(delivery=before["trackwire.delivery"])


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (
            lambda: replace(trackwire.route, "derive_route"),
            "replaces trackwire.route.derive_route",
        ),
        (lambda: delattr(trackwire.route, "explain"), "removes trackwire.route.explain"),
        (lambda: replace(trackwire.route, "str"), "adds trackwire.route.str"),
        (
            lambda: replace(trackwire.route, "__getattr__"),
            "adds trackwire.route.__getattr__",
        ),
        (
            lambda: replace(ResourceRouting, "is_null"),
            "replaces trackwire.routing.ResourceRouting.is_null",
        ),
        (
            lambda: replace(ProviderError, "__str__"),
            "adds trackwire.errors.ProviderError.__str__",
        ),
        (
            lambda: delattr(ResourceRouting, "__post_init__"),
            "removes trackwire.routing.ResourceRouting.__post_init__",
        ),
        (
            lambda: sys.modules.update({"trackwire.route": types.ModuleType("other")}),
            "replaces trackwire.route",
        ),
        (lambda: sys.modules.pop("trackwire.route"), "replaces trackwire.route"),
        (
            lambda: os.environ.update(TRACKWIRE_HUB_URL="https://elsewhere.example"),
            "sets the environment variable TRACKWIRE_HUB_URL",
        ),
    ],
)
def test_change_is_told_and_undone(do: Callable[[], object], told: str) -> None:
    holders = [trackwire.route, ResourceRouting, ProviderError]
    before = [dict(vars(holder)) for holder in holders]
    with core_kept("plugin") as done:
        do()
    assert done == [told]
    assert [dict(vars(holder)) for holder in holders] == before
    assert sys.modules["trackwire.route"] is trackwire.route
    assert "TRACKWIRE_HUB_URL" not in os.environ


def test_variable_that_was_set_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKWIRE_HUB_URL", "https://hub.example")
    with core_kept("plugin"):
        del os.environ["TRACKWIRE_HUB_URL"]
    assert os.environ["TRACKWIRE_HUB_URL"] == "https://hub.example"


def test_other_variables_are_not_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODYS", "one")
    with core_kept("plugin") as done:
        os.environ["SOMEBODYS"] = "two"
    assert (done, os.environ["SOMEBODYS"]) == ([], "two")


def test_change_is_undone_where_the_block_fails() -> None:
    def fail() -> None:
        replace(trackwire.route, "explain")
        raise KeyboardInterrupt

    before = trackwire.route.explain
    with pytest.raises(KeyboardInterrupt), core_kept("plugin"):
        fail()
    assert trackwire.route.explain is before


def test_import_of_the_core_is_no_change(unloaded: str) -> None:
    with core_kept("plugin") as done:
        module = importlib.import_module(unloaded)
    assert (done, sys.modules[unloaded]) == ([], module)


def test_module_of_the_core_keeps_its_own_loader(unloaded: str) -> None:
    with core_kept("plugin"):
        module = importlib.import_module(unloaded)
    assert module.__loader__ is module.__spec__.loader
    assert type(module.__loader__) is type(patches.__loader__)


def test_what_the_interpreter_notes_is_no_change() -> None:
    with core_kept("plugin") as done:
        typing.get_type_hints(ProviderError)
        _ = ProviderError.__annotations__
    assert done == []


def test_module_that_is_changed_by_its_first_importer_is_forgotten(unloaded: str) -> None:
    with core_kept("plugin") as done:
        replace(importlib.import_module(unloaded), "judge")
    assert (done, unloaded in sys.modules) == ([f"replaces {unloaded}.judge"], False)
    assert importlib.import_module(unloaded).judge is not another


def test_module_that_took_over_a_change_is_forgotten(unloaded: str) -> None:
    before = trackwire.errors.DeliveryError
    with core_kept("plugin"):
        replace(trackwire.errors, "DeliveryError")
        importlib.import_module(unloaded)
    assert importlib.import_module(unloaded).DeliveryError is before


@pytest.mark.parametrize("stand_in", [None, types.ModuleType(FRESH), object()])
def test_module_that_is_made_and_not_imported_is_forgotten(unloaded: str, stand_in: Any) -> None:
    with core_kept("plugin") as done:
        sys.modules[unloaded] = stand_in
    assert (done, unloaded in sys.modules) == ([f"adds {unloaded}"], False)


def test_package_forgets_its_module_too(unloaded: str) -> None:
    package = importlib.import_module("trackwire.delivery")
    with core_kept("plugin"):
        replace(importlib.import_module(unloaded), "judge")
    assert not hasattr(package, "verdict")


def test_plugin_that_has_changed_the_core_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fake_forgotten.py").write_text("import trackwire.route as r\nr.explain = None\n")
    monkeypatch.syspath_prepend(tmp_path)
    with core_kept("fake_forgotten.plugin"):
        importlib.import_module("fake_forgotten")
    assert "fake_forgotten" not in sys.modules


def test_one_block_in_another_tells_of_its_own_changes(unloaded: str) -> None:
    with core_kept("outer") as outer:
        with core_kept("inner") as inner:
            replace(importlib.import_module(unloaded), "judge")
        importlib.import_module(unloaded)
    assert (outer, inner) == ([], [f"replaces {unloaded}.judge"])


@pytest.mark.parametrize("undo", [lambda: None, lambda: sys.meta_path.pop(0)])
def test_nothing_stays_among_the_finders(undo: Callable[[], object]) -> None:
    before = list(sys.meta_path)
    with core_kept("plugin"):
        undo()
    assert sys.meta_path == before


def test_absent_module_of_the_core_stays_absent() -> None:
    with core_kept("plugin"), pytest.raises(ModuleNotFoundError):
        importlib.import_module("trackwire.no_such_module")


def in_thread(function: Callable[[], object]) -> None:
    """Call a function in another thread, and wait for its end."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_module_that_another_thread_imports_stays_where_the_block_changes_the_core(
    unloaded: str,
) -> None:
    with core_kept("plugin") as done:
        in_thread(lambda: importlib.import_module(unloaded))
        module = sys.modules[unloaded]
        replace(trackwire.route, "explain")
    assert (done, sys.modules.get(unloaded)) == (["replaces trackwire.route.explain"], module)


def test_module_that_is_half_imported_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    half = types.ModuleType("trackwire.half")
    half.__spec__ = spec = ModuleSpec("trackwire.half", None)
    spec._initializing = True  # type: ignore[attr-defined]  # what an import does
    monkeypatch.setitem(sys.modules, "trackwire.half", half)
    with core_kept("plugin") as done:
        vars(half)["more"] = 1
    assert (done, vars(half).get("more")) == ([], 1)


def test_block_waits_for_that_of_another_thread() -> None:
    entered = threading.Event()

    def enter() -> None:
        with core_kept("other"):
            entered.set()

    thread = threading.Thread(target=enter)
    with core_kept("plugin"):
        thread.start()
        early = entered.wait(0.2)
    thread.join()
    assert (early, entered.is_set()) == (False, True)


def test_change_beside_a_key_that_is_no_text_is_undone() -> None:
    before = trackwire.route.explain
    with core_kept("plugin") as done:
        vars(trackwire.errors)[5] = 1
        replace(trackwire.route, "explain")
    assert sorted(done) == ["adds trackwire.errors.5", "replaces trackwire.route.explain"]
    assert (trackwire.route.explain, 5 in vars(trackwire.errors)) == (before, False)


class Unhashable(str):
    """A key that can be hashed once."""

    hashed = 0

    def __hash__(self) -> int:
        self.hashed += 1
        if self.hashed > 1:
            raise TypeError
        return 5


def test_change_beside_one_that_cannot_be_undone_is_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = types.ModuleType("trackwire.odd")
    monkeypatch.setitem(sys.modules, "trackwire.odd", odd)
    before = trackwire.route.explain
    with core_kept("plugin") as done:
        vars(odd)[Unhashable("odd")] = 1
        replace(trackwire.route, "explain")
    assert sorted(done) == [
        "changes trackwire.odd beyond repair",
        "replaces trackwire.route.explain",
    ]
    assert trackwire.route.explain is before


class Finder:
    """Finds nothing, in the manner of importlib."""

    def find_spec(self, *_: object) -> None:
        """Find nothing."""


@pytest.mark.parametrize(
    "do",
    [
        lambda: sys.meta_path.append(ODD),
        lambda: sys.meta_path.clear(),
        lambda: setattr(sys, "meta_path", tuple(sys.meta_path)),
        lambda: setattr(sys, "meta_path", None),
        lambda: sys.path.clear(),
        lambda: sys.path.append(ODD),
        lambda: setattr(sys, "path", None),
        lambda: sys.setrecursionlimit(500),
        lambda: os.chdir("/"),
    ],
)
def test_what_the_next_import_depends_on_is_as_before(
    do: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def settings() -> list[object]:
        lists = [id(sys.path), list(sys.path), id(sys.meta_path), list(sys.meta_path)]
        return [*lists, sys.getrecursionlimit(), Path.cwd()]

    before = settings()
    with core_kept("plugin") as done:
        do()
    assert (done, settings()) == ([], before)


def test_finder_without_find_spec_hinders_no_import_of_the_core(unloaded: str) -> None:
    with core_kept("plugin") as done:
        sys.meta_path.insert(1, ODD)
        importlib.import_module(unloaded)
    assert done == []


def test_finder_that_an_imported_library_needs_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    finder, before = Finder(), list(sys.meta_path)
    with core_kept("plugin"):
        sys.meta_path.insert(0, finder)
    assert sys.meta_path == [*before, finder]


def test_directory_that_a_plugin_adds_to_the_path_comes_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = list(sys.path)
    with core_kept("plugin"):
        sys.path.insert(0, "/vendored")
    assert sys.path == [*before, "/vendored"]


def test_working_directory_that_is_gone_hinders_no_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with core_kept("plugin") as done:
        pass
    assert done == []
