"""Stands in for `python3 -m pip` where a page installs a plugin: no index can be asked here.

It makes a distribution importable and known from its source, as `pip install -e DIRECTORY[EXTRA]`
does, and refuses what it cannot do so: a build of its own, or a requirement that is not installed.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement


def main(arguments: list[str], site: Path) -> None:
    """Install what the arguments of pip name.

    Args:
        arguments: What stands behind `python3 -m pip`.
        site: Where distributions are found.
    """
    if arguments[:2] != ["install", "-e"] or len(arguments) != 3:
        sys.exit(f"only 'install -e DIRECTORY' is known here, not {arguments}")
    directory, _, extra = arguments[2].removesuffix("]").partition("[")
    source = Path(directory).resolve()
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    unmet = [*filter(None, map(_unmet, project["dependencies"] + (extras[extra] if extra else [])))]
    if unmet:
        sys.exit(f"not installed: {', '.join(unmet)}")
    _write_metadata(project, site)
    for package in (source / "src").iterdir():
        (site / package.name).symlink_to(package)
    sys.stdout.write(f"Successfully installed {project['name']}-{project['version']}\n")


def _unmet(text: str) -> str | None:
    requirement = Requirement(text)
    try:
        fits = requirement.specifier.contains(version(requirement.name), prereleases=True)
    except PackageNotFoundError:
        fits = False
    return None if fits else text


def _write_metadata(project: dict[str, Any], site: Path) -> None:
    info = site / f"{str(project['name']).replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(points) + "\n")


if __name__ == "__main__":
    main(sys.argv[2:], Path(sys.argv[1]))
