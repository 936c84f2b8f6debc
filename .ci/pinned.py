"""Fails when this environment holds a distribution that the pin file does not, or another version.

A package that is missing from a constraints file is installed in whatever version is newest. What
was installed from a file of this machine (PEP 610) was built here, and has no pin.
"""

import json
import re
import sys
from collections import defaultdict
from importlib import metadata
from pathlib import Path

PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)


def is_built_here(distribution: metadata.Distribution) -> bool:
    """Tell whether a distribution was installed from a file of this machine."""
    origin = distribution.read_text("direct_url.json")
    return origin is not None and json.loads(origin)["url"].startswith("file:")


file = Path(sys.argv[1])
pins = defaultdict(set)  # one name has several where it needs another version on each Python
for name, version in PIN.findall(file.read_text(encoding="utf-8")):
    pins[name].add(version)
faults = []
for distribution in metadata.distributions():
    name = re.sub(r"[-_.]+", "-", distribution.name).lower()
    if distribution.version not in pins[name] and not is_built_here(distribution):
        has = " and ".join(sorted(pins[name])) or "nothing"
        faults.append(f"{name} {distribution.version}: {file.name} has {has}")
if faults:
    sys.exit("\n".join(["not as pinned; run .ci/pin and commit what changed:", *sorted(faults)]))
