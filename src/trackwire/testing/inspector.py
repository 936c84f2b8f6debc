"""The program that loads one plugin in a process of its own, and tells what that does to it.

It is run as a file, by `trackwire.testing.inspection`, and imports as little as it can: what it
imports, a plugin's import costs nothing for. It reads its job from standard input and writes what
it finds to standard output, both by `marshal`, which costs no import either.
"""

from __future__ import annotations

import importlib
import marshal
import os
import signal
import sys
import time
from typing import Any

_HTTP = (
    *("httpx", "httpcore", "requests", "urllib3", "aiohttp", "http.client", "http.server"),
    *("urllib.request", "h11", "h2", "websockets", "grpc", "botocore", "pycurl", "tornado"),
)
_NETWORK = frozenset(
    f"socket.{call}"
    for call in (
        *("connect", "bind", "sendto", "sendmsg"),
        *("getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo"),
    )
)
_PROCESSES = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.exec", "os.spawn"),
        *("os.posix_spawn", "pty.spawn"),
    }
)
_FILES = frozenset(
    f"os.{call}"
    for call in (
        *("mkdir", "rmdir", "remove", "rename", "link", "symlink", "truncate", "chmod", "chown"),
        *("utime", "setxattr", "removexattr"),
    )
)
_ENVIRONMENT = frozenset({"os.putenv", "os.unsetenv"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LONGEST = 200


def main() -> None:
    """Do the job that standard input has."""
    job = marshal.load(sys.stdin.buffer)  # noqa: S302 - what our own program wrote
    signal.alarm(job["most_seconds"])  # the end, where who started it is no more
    sys.path[:] = job["path"]
    report = os.dup(1)
    printed = os.open(job["printed"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for descriptor in (1, 2):
        os.dup2(printed, descriptor)
    # What the core itself imports, no plugin pays for.
    importlib.import_module("trackwire.hookspecs")
    importlib.import_module("trackwire.provider")
    found = _time_load(job) if job["timed"] else _watch_load(job, report)
    os.write(report, marshal.dumps(found))
    os._exit(0)  # whatever threads it has left


def _time_load(job: dict[str, Any]) -> dict[str, Any]:
    start = time.perf_counter()
    plugin = _import(job)
    imported = time.perf_counter() - start
    hook = _hook_of(job, plugin)
    start = time.perf_counter()
    hook()
    return {"milliseconds": (imported + time.perf_counter() - start) * 1000}


def _watch_load(job: dict[str, Any], report: int) -> dict[str, Any]:
    # What loads plugins is there before any of them.
    from trackwire import loading, provider, registry
    from trackwire.patches import core_kept

    del registry
    watch = _Watch(job["cache"])
    stage, problem, answer = 0, None, None
    with core_kept(job["module"]) as changes:
        settings, threads, modules = _settings(), _threads(), set(sys.modules)
        try:
            with watch:
                plugin = _import(job)
                os.write(report, b"\1")
                stage = 1
                hook = _hook_of(job, plugin)
                os.write(report, b"\2")
                stage = 2
                answer = hook()
        # Whatever a plugin raises is to be told of.
        except BaseException as error:
            problem = loading.describe(error)
        imported = {name for name in _HTTP if name in sys.modules and name not in modules}
        newer = _settings()
        left = _threads()
    if problem is None:
        if isinstance(answer, provider.Provider):
            stage = 3
        else:
            problem = f"trackwire_provider() returned {type(answer).__name__}, not a Provider"
    if stage == 3:
        os.write(report, b"\3")
    printed = _printed(job)
    return {
        "stage": stage,
        "problem": problem,
        "network": watch.network,
        "processes": watch.processes,
        "files": watch.files,
        "environment": watch.environment,
        "printed": printed,
        "threads": [name for key, name in left.items() if key not in threads],
        "settings": [name for name, value in settings.items() if newer[name] != value],
        "core": list(changes),
        "http": sorted(imported),
        **_load_again(job, answer, modules),
    }


class _Watch:
    """Takes down what the code in the block does to the world (PEP 578)."""

    def __init__(self, cache: str) -> None:
        self.network: list[str] = []
        self.processes: list[str] = []
        self.files: list[str] = []
        self.environment: list[str] = []
        self._cache = cache
        self._on = False

    def __enter__(self) -> None:
        sys.addaudithook(self._heard)
        self._on = True

    def __exit__(self, *reason: object) -> None:
        self._on = False

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int) and flags & _WRITING and not self._is_cache(path):
                self.files.append(f"open {_shown(path)}")
        elif event in _FILES:
            if not self._is_cache(arguments[0]):
                self.files.append(f"{event} {_shown(arguments[0])}")
        elif event in _NETWORK:
            called = [each for each in arguments if isinstance(each, str | bytes | tuple)]
            self.network.append(f"{event} {_shown(called[0])}" if called else event)
        elif event in _PROCESSES:
            self.processes.append(f"{event} {_shown(arguments[0])}" if arguments else event)
        elif event in _ENVIRONMENT:
            self.environment.append(_shown(arguments[0]))

    def _is_cache(self, path: Any) -> bool:
        text = os.fsdecode(path) if isinstance(path, str | bytes) else ""
        return text.startswith(self._cache) or text == os.devnull


def _import(job: dict[str, Any]) -> object:
    plugin: object = importlib.import_module(job["module"])
    for attribute in filter(None, job["attribute"].split(".")):
        plugin = getattr(plugin, attribute)
    return plugin


def _hook_of(job: dict[str, Any], plugin: object) -> Any:
    from types import SimpleNamespace

    from trackwire.loading import hook_of

    entry_point = SimpleNamespace(name=job["name"], value=job["value"])
    claim: Any = SimpleNamespace(dist=job["dist"], entry_point=entry_point)
    return hook_of(plugin, claim)


def _load_again(job: dict[str, Any], answer: Any, modules: set[str]) -> dict[str, Any]:
    """Load the plugin as if its user had set secrets, and the core were a later one."""
    from trackwire import provider

    if not isinstance(answer, provider.Provider):
        return {"variables": [], "follows_core": False}
    top = job["module"].partition(".")[0]
    for name in set(sys.modules) - modules:
        if name == top or name.startswith(f"{top}."):
            del sys.modules[name]
    variables: dict[str, str] = {}
    now = provider.SUPPORTED_API_VERSIONS
    provider.SUPPORTED_API_VERSIONS = range(now.start + 7, now.stop + 7)
    try:
        for number, field in enumerate(answer.credential_fields):
            name = f"TRACKWIRE_{job['name']}_{field.name}".upper()
            os.environ[name] = variables[name] = f"made-up-secret-{number}-of-the-kit"
        second = _hook_of(job, _import(job))()
        text = repr(second)
        version = second.api_version
    # It was loaded once already, and this is about what it would hold.
    except BaseException:
        text, version = "", answer.api_version
    return {
        "variables": [name for name, secret in variables.items() if secret in text],
        "follows_core": version != answer.api_version,
    }


def _settings() -> dict[str, Any]:
    import builtins
    import gc
    import locale
    import logging
    import threading
    import warnings

    umask = os.umask(0)
    os.umask(umask)
    root = logging.getLogger()
    return {
        "the working directory": os.getcwd(),  # noqa: PTH109 - pathlib is the plugin's to import
        "the file mode mask": umask,
        "sys.path": list(sys.path),
        "sys.meta_path": list(map(id, sys.meta_path)),
        "sys.path_hooks": list(map(id, sys.path_hooks)),
        "the standard streams": (id(sys.stdin), id(sys.stdout), id(sys.stderr)),
        "the handling of uncaught exceptions": (id(sys.excepthook), id(threading.excepthook)),
        "the recursion limit": sys.getrecursionlimit(),
        "the tracing of the interpreter": (id(sys.gettrace()), id(sys.getprofile())),
        "the collection of garbage": (gc.isenabled(), gc.get_threshold()),
        "the built-in functions": {name: id(value) for name, value in vars(builtins).items()},
        "the locale": locale.setlocale(locale.LC_ALL),
        "the handling of signals": {n: signal.getsignal(n) for n in signal.valid_signals()},
        "the warnings filter": [
            str(each) for each in warnings.filters if each[2].__module__ == "builtins"
        ],
        "the root logger": (root.level, list(map(id, root.handlers)), list(map(id, root.filters))),
        "the logging of all": (logging.root.manager.disable, id(logging.getLoggerClass())),
    }


def _threads() -> dict[int, str]:
    import threading

    return {id(thread): thread.name for thread in threading.enumerate()}


def _printed(job: dict[str, Any]) -> str:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        # The plugin may have closed it, or put something else in its place.
        except Exception:  # noqa: S112 - without its text the others are looked at all the same
            continue
    with open(job["printed"], "rb") as file:  # noqa: PTH123 - pathlib is the plugin's to import
        text = file.read(_LONGEST).decode(errors="replace").strip()
    return text.splitlines()[0] if text else ""


def _shown(value: object) -> str:
    text = os.fsdecode(value) if isinstance(value, str | bytes) else str(value)
    return text[:_LONGEST]


if __name__ == "__main__":
    main()
