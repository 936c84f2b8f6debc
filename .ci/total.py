"""Adds up the JUnit files of a tox run and closes on `N passed, N failed, N skipped`.

Fails when a test environment left no file, when a test failed or was skipped, and when none ran.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

folder, environments = Path(sys.argv[1]), sys.argv[2:]
passed = failed = skipped = 0
for environment in environments:
    file = folder / f"{environment}.xml"
    if not file.exists():
        print(f"{environment}: no result, so it counts as one failure")
        failed += 1
        continue
    for suite in ElementTree.parse(file).getroot().iter("testsuite"):  # noqa: S314 - pytest wrote it
        tests, failures, errors, skips = (
            int(suite.get(count, "0")) for count in ("tests", "failures", "errors", "skipped")
        )
        passed += tests - failures - errors - skips
        failed += failures + errors
        skipped += skips
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed > 0 or skipped > 0 or passed == 0)
