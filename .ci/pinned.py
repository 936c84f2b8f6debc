"""Fails when this environment holds a distribution that the pin file does not, or another version.

A package that is missing from a constraints file is installed in whatever version is newest.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)

file = Path(sys.argv[1])
pins = dict(PIN.findall(file.read_text(encoding="utf-8")))
faults = []
for distribution in metadata.distributions():
    name = re.sub(r"[-_.]+", "-", distribution.name).lower()
    if (
        not re.fullmatch("trackwire(-jira|-linear)?", name)
        and pins.get(name) != distribution.version
    ):
        faults.append(f"{name} {distribution.version}: {file.name} has {pins.get(name, 'nothing')}")
if faults:
    sys.exit("\n".join(["not as pinned; run .ci/pin and commit what changed:", *sorted(faults)]))
