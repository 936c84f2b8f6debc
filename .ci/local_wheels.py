"""Writes local.txt beside the wheels: one constraint NAME @ file://WHEEL for each.

A constraint by address keeps an index from answering for one of these names.
"""

import sys
from pathlib import Path

folder = Path(sys.argv[1]).resolve()
wheels = sorted(folder.glob("*.whl"))
if not wheels:
    sys.exit(f"no wheel in {folder}: the build wrote none")
constraints = [
    f"{wheel.name.split('-')[0].replace('_', '-')} @ {wheel.as_uri()}" for wheel in wheels
]
(folder / "local.txt").write_text("\n".join(constraints) + "\n", encoding="utf-8")
