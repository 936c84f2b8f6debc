"""Finds what a plugin changes in the core while it is loaded, and puts it back.

A guard against accident: a tracing library that wraps what it finds, a patch of a test that was
left in. It compares identities, so it does not see what is changed inside an object (an entry of
a mapping, the code of a function), later than at load, or outside the core; and nothing that runs
in the same process can be kept from malice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from operator import is_
from types import ModuleType
from typing import NamedTuple

_ABSENT = object()
_CORE = "trackwire"
_OWN_VARIABLES = "TRACKWIRE_"


@contextmanager
def core_kept(plugin: str) -> Iterator[list[str]]:
    """Leave the core as it was before the block, whatever a plugin does to it there.

    Its modules, their classes and the environment variables `TRACKWIRE_...` are put back. Where
    that was needed, the modules of the core and of the plugin that the block imported are
    forgotten: the former may hold what was put in, and the latter would not put it in again.

    Args:
        plugin: The name of the plugin's module.

    Yields:
        A list that tells, after the block, what the plugin has done, such as
        `replaces trackwire.routing.resolve_resource_routing`.
    """
    loaded = dict(sys.modules)
    core = {name: module for name, module in loaded.items() if _belongs(name, _CORE)}
    records = [record for module in core.values() for record in _records(module)]
    variables = _own_variables()
    done: list[str] = []
    recorder = _Recorder()
    sys.meta_path.insert(0, recorder)
    try:
        yield done
    finally:
        with suppress(ValueError):  # the plugin may have removed it
            sys.meta_path.remove(recorder)
        done += _restore_modules(core)
        for record in filter(_is_changed, (*records, *recorder.records)):
            done += _restore(record)
        done += _restore_variables(variables)
        if done:
            _forget(loaded.keys(), (_CORE, plugin.partition(".")[0]))


class _Record(NamedTuple):
    """What a module or a class of the core held."""

    where: str
    holder: ModuleType | type
    values: Mapping[str, object]


class _Recorder:
    """A finder that records each module of the core as soon as it is imported.

    Only then is it known what a module that a plugin is the first to import holds by itself.
    """

    def __init__(self) -> None:
        self.records: list[_Record] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the core as the other finders do (importlib's protocol)."""
        if not _belongs(name, _CORE):
            return None
        # A plugin that loads others in its turn has several recorders at work.
        others = [finder for finder in sys.meta_path if not isinstance(finder, _Recorder)]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _RecordingLoader(spec.loader, self.records)
        return spec


class _RecordingLoader(Loader):
    """Stands in for a module's loader until the module is executed."""

    def __init__(self, loader: Loader, records: list[_Record]) -> None:
        self._loader = loader
        self._records = records

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._records += _records(module)


def _belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _records(module: ModuleType) -> list[_Record]:
    name = module.__name__
    values = vars(module).copy()
    classes = [v for v in values.values() if isinstance(v, type) and v.__module__ == name]
    return [
        _Record(name, module, values),
        *(_Record(f"{name}.{each.__name__}", each, vars(each).copy()) for each in classes),
    ]


def _is_changed(record: _Record) -> bool:
    now = vars(record.holder)
    return len(now) != len(record.values) or not all(map(is_, now.values(), record.values.values()))


def _restore(record: _Record) -> list[str]:
    now = vars(record.holder)
    changed = [n for n, value in record.values.items() if now.get(n, _ABSENT) is not value]
    added = [n for n in now.keys() - record.values.keys() if not _may_come(record, n, now[n])]
    verbs = ["replaces" if n in now else "removes" for n in changed] + ["adds" for _ in added]
    done = [f"{verb} {record.where}.{n}" for verb, n in zip(verbs, changed + added, strict=True)]
    change = type if isinstance(record.holder, type) else ModuleType
    for n in changed:
        change.__setattr__(record.holder, n, record.values[n])
    for n in added:
        change.__delattr__(record.holder, n)
    return done


def _may_come(record: _Record, name: str, value: object) -> bool:
    """Tell whether a name appears without anybody's doing.

    An import adds a module to its package, and the interpreter and libraries keep notes under
    names of their own (`__warningregistry__`, `__annotations__`).
    """
    is_note = name.startswith("__") and name.endswith("__") and not callable(value)
    return is_note or sys.modules.get(f"{record.where}.{name}") is value


def _restore_modules(core: Mapping[str, ModuleType]) -> list[str]:
    replaced = [name for name, module in core.items() if sys.modules.get(name) is not module]
    sys.modules.update((name, core[name]) for name in replaced)
    new = [name for name in sys.modules if _belongs(name, _CORE) and name not in core]
    made = [name for name in new if not _is_imported(sys.modules[name])]
    return [*(f"replaces {name}" for name in replaced), *(f"adds {name}" for name in made)]


def _is_imported(module: ModuleType) -> bool:
    return type(module) is ModuleType and module.__spec__ is not None


def _own_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_OWN_VARIABLES)}


def _restore_variables(before: Mapping[str, str]) -> list[str]:
    now = _own_variables()
    changed = sorted(n for n in before.keys() | now.keys() if before.get(n) != now.get(n))
    for name in changed:
        os.environ.pop(name, None)
    os.environ.update((name, before[name]) for name in changed if name in before)
    return [f"sets the environment variable {name}" for name in changed]


def _forget(kept: Iterable[str], packages: Iterable[str]) -> None:
    for name in set(sys.modules).difference(kept):
        if any(_belongs(name, package) for package in packages):
            module = sys.modules.pop(name)
            parent, _, attribute = name.rpartition(".")
            held = getattr(sys.modules.get(parent), "__dict__", {})
            if held.get(attribute, _ABSENT) is module:
                del held[attribute]
