"""Finds what a plugin changes in the core while it is loaded, and puts it back.

A guard against accident: a tracing library that wraps what it finds, a patch of a test that was
left in. It compares identities, so it does not see what is changed inside an object (an entry of
a mapping, the code of a function), later than at load, or outside the core; and nothing that runs
in the same process can be kept from malice.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from operator import is_
from types import ModuleType
from typing import Any, NamedTuple

_ABSENT = object()
_CORE = "trackwire"
_OWN_VARIABLES = "TRACKWIRE_"
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def core_kept(plugin: str) -> Iterator[list[str]]:
    """Leave the core as it was before the block, whatever a plugin does to it there.

    Its modules, their classes and the environment variables `TRACKWIRE_...` are put back. Where
    that was needed, the modules of the core and of the plugin that the block imported are
    forgotten: the former may hold what was put in, and the latter would not put it in again. The
    settings that the next import depends on are put back too. A block waits for those of other
    threads to end.

    Args:
        plugin: The name of the plugin's module.

    Yields:
        A list that tells, after the block, what the plugin has done, such as
        `replaces trackwire.routing.resolve_resource_routing`.
    """
    with _ONE_AT_A_TIME:
        loaded = sys.modules.copy()
        core = {
            n: module for n, module in loaded.items() if _belongs(n, _CORE) and _is_done(module)
        }
        records = [record for name, module in core.items() for record in _records(name, module)]
        variables = _own_variables()
        done: list[str] = []
        recorder = _Recorder(plugin.partition(".")[0])
        try:
            with _interpreter_kept(recorder):
                yield done
        finally:
            done += _restore_modules(core)
            made = _made(loaded)
            done += [f"adds {name}" for name in made]
            for record in (*records, *recorder.records):
                done += _restore(record)
            done += _restore_variables(variables)
            if done:
                _forget({*made, *recorder.imported}.difference(loaded))


class _Record(NamedTuple):
    """What a module or a class of the core held."""

    where: str
    holder: ModuleType | type
    values: Mapping[str, object]


class _Recorder:
    """A finder that notes what the thread that made it imports of the core and of a package.

    Each module of the core is recorded as soon as it is imported: only then is it known what one
    that a plugin is the first to import holds by itself.

    Args:
        package: The name of the package.
    """

    def __init__(self, package: str) -> None:
        self.records: list[_Record] = []
        self.imported: set[str] = set()
        self._package = package
        self._thread = threading.get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the core as the other finders do (importlib's protocol)."""
        if threading.get_ident() != self._thread:
            return None
        if _belongs(name, self._package):
            self.imported.add(name)
        if not _belongs(name, _CORE):
            return None
        self.imported.add(name)
        # A plugin that loads others in its turn has several recorders at work.
        others = [each for each in sys.meta_path if not isinstance(each, _Recorder)]
        specs = (finder.find_spec(name, path, target) for finder in others if _can_find(finder))
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
        self._records += _records(module.__name__, module)


def _belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _is_done(module: ModuleType) -> bool:
    """Tell whether a module is imported to its end; another thread may be at it."""
    return not getattr(getattr(module, "__spec__", None), "_initializing", False)


def _records(name: str, module: ModuleType) -> list[_Record]:
    if not isinstance(module, ModuleType):  # somebody has left something else there before
        return []
    values = vars(module).copy()
    classes = [v for v in values.values() if isinstance(v, type) and v.__module__ == name]
    return [
        _Record(name, module, values),
        *(_Record(f"{name}.{each.__name__}", each, vars(each).copy()) for each in classes),
    ]


def _restore(record: _Record) -> list[str]:
    """Put back what a module or a class held; one that cannot be put back holds up no other."""
    try:
        return _undo(record) if _is_changed(record) else []
    except Exception:
        return [f"changes {record.where} beyond repair"]


def _is_changed(record: _Record) -> bool:
    now = vars(record.holder)
    return len(now) != len(record.values) or not all(map(is_, now.values(), record.values.values()))


def _undo(record: _Record) -> list[str]:
    now = vars(record.holder).copy()
    changed = [n for n, value in record.values.items() if now.get(n, _ABSENT) is not value]
    added = [n for n in now if n not in record.values and not _may_come(record, n, now[n])]
    for n in changed:
        _put(record.holder, n, record.values[n])
    for n in added:
        _take(record.holder, n)
    verbs = ["replaces" if n in now else "removes" for n in changed] + ["adds" for _ in added]
    return [f"{verb} {record.where}.{n}" for verb, n in zip(verbs, changed + added, strict=True)]


def _put(holder: ModuleType | type, name: str, value: object) -> None:
    if isinstance(holder, type):
        type.__setattr__(holder, name, value)
    else:
        vars(holder)[name] = value


def _take(holder: ModuleType | type, name: str) -> None:
    if isinstance(holder, type):
        type.__delattr__(holder, name)
    else:
        vars(holder).pop(name, None)


def _may_come(record: _Record, name: object, value: object) -> bool:
    """Tell whether a name appears without anybody's doing.

    An import adds a module to its package, and the interpreter and libraries keep notes under
    names of their own (`__warningregistry__`, `__annotations__`).
    """
    if not isinstance(name, str):
        return False
    is_note = name.startswith("__") and name.endswith("__") and not callable(value)
    return is_note or sys.modules.get(f"{record.where}.{name}") is value


def _restore_modules(core: Mapping[str, ModuleType]) -> list[str]:
    replaced = [name for name, module in core.items() if sys.modules.get(name) is not module]
    sys.modules.update((name, core[name]) for name in replaced)
    return [f"replaces {name}" for name in replaced]


def _made(loaded: Mapping[str, ModuleType]) -> list[str]:
    """Name the modules of the core that are there now and were never imported."""
    now = sys.modules.copy()
    new = [name for name in now if name not in loaded and _belongs(name, _CORE)]
    return [name for name in new if not _is_imported(now[name])]


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


def _forget(names: set[str]) -> None:
    for name in sys.modules.keys() & names:
        module = sys.modules.pop(name, None)
        parent, _, attribute = name.rpartition(".")
        held = getattr(sys.modules.get(parent), "__dict__", {})
        if held.get(attribute, _ABSENT) is module:
            del held[attribute]


@contextmanager
def _interpreter_kept(recorder: _Recorder) -> Iterator[None]:
    """Put back after the block what the next import depends on, and record during it."""
    limit, directory = sys.getrecursionlimit(), _working_directory()
    paths, finders = sys.path, sys.meta_path
    # Copies: a list that another thread goes through must not shrink.
    sys.path, sys.meta_path = [*paths], [recorder, *finders]
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        paths += _additions("path", paths, lambda entry: isinstance(entry, str))
        finders += _additions("meta_path", [recorder, *finders], _can_find)
        sys.path, sys.meta_path = paths, finders
        if directory is not None and _working_directory() != directory:
            with suppress(OSError):
                os.chdir(directory)


def _additions(name: str, before: list[Any], is_usable: Callable[[Any], bool]) -> list[Any]:
    """List what a list of `sys` has gained: a library that is imported once may depend on it."""
    now = getattr(sys, name, None)
    entries = now if isinstance(now, list | tuple) else ()
    return [each for each in entries if is_usable(each) and each not in before]


def _can_find(finder: object) -> bool:
    return callable(getattr(finder, "find_spec", None))


def _working_directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib would make more of it than the name
    except OSError:  # somebody has removed it
        return None
