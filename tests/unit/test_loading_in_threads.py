"""Loads in several threads of a fresh process: nobody is blamed for the work of another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 6
PLUGIN = """
import trackwire.windows, trackwire.answers, trackwire.connector, trackwire.fetching.renewal
import trackwire.upserting, trackwire.pulling
from trackwire.hookspecs import hookimpl
from trackwire.provider import Provider

@hookimpl
def trackwire_provider():
    return Provider(name="{name}", title="T", api_version=1)
"""
BOTH_LOAD = """
import sys, threading
sys.setswitchinterval(1e-6)
from trackwire.registry import ProviderRegistry
outcomes = []
def load(name):
    outcome = ProviderRegistry(environ={}).outcome(name)
    outcomes.append(getattr(outcome, "reason", "sound"))
threads = [threading.Thread(target=load, args=[name]) for name in ("acme", "zenith")]
"""
ONE_IMPORTS = """
import sys, threading
sys.setswitchinterval(1e-6)
from trackwire.registry import ProviderRegistry
outcomes = []
def load():
    for _ in range(5):
        outcome = ProviderRegistry(environ={}).outcome("acme")
        outcomes.append(getattr(outcome, "reason", "sound"))
def imports():
    import trackwire.delivery.sending, trackwire.publishing, trackwire.service, trackwire.testing
threads = [threading.Thread(target=each) for each in (load, imports)]
"""
END = """
for thread in threads: thread.start()
for thread in threads: thread.join()
import trackwire.delivery.sending, trackwire.service, trackwire.windows
print(set(outcomes), trackwire.delivery.sending.deliver.__name__, trackwire.windows.__name__)
"""
UNHARMED = "{'sound'} deliver trackwire.windows\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two sound plugins that import much of the core."""
    place = tmp_path_factory.mktemp("site")
    for name in ("acme", "zenith"):
        info = place / f"fake_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fake-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[trackwire.providers]\n{name} = fake_{name}\n")
        (place / f"fake_{name}.py").write_text(PLUGIN.format(name=name))
    return place


def outcome(script: str, site: Path) -> tuple[str, str]:
    """Run a script in a fresh process, and return what it says."""
    path = f"import sys; sys.path.insert(0, {str(site)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", path + script + END], capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_plugins_that_two_threads_load_are_both_sound(site: Path, attempt: int) -> None:
    assert outcome(BOTH_LOAD, site) == (UNHARMED, "")


@pytest.mark.parametrize("attempt", range(ROUNDS))
def test_plugin_is_sound_while_another_thread_imports_the_core(site: Path, attempt: int) -> None:
    assert outcome(ONE_IMPORTS, site) == (UNHARMED, "")
