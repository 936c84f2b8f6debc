"""Distributions that have nothing to do with Trackwire, for `startup.py` to install beside it."""

from __future__ import annotations

from pathlib import Path


def make_distribution(number: int, site: Path) -> None:
    """Write a distribution: a package, and metadata of usual size (a median of 4 to 5 KiB)."""
    name = f"sample_{number:03}"
    package, info = site / name, site / f"{name}-1.{number}.dist-info"
    package.mkdir()
    info.mkdir()
    modules = [f"{name}/module_{index:02}.py" for index in range(20)]
    for path in (f"{name}/__init__.py", *modules):
        (site / path).write_text(f'"""A module of {name}."""\n')
    lines = (
        "Metadata-Version: 2.4",
        f"Name: {name}",
        f"Version: 1.{number}",
        "Summary: Stands for a distribution that has nothing to do with Trackwire",
        *(f"Classifier: Programming Language :: Python :: 3.{minor}" for minor in range(8, 15)),
        *(f"Requires-Dist: sample_{(number + step) % 300:03}>=1.0" for step in range(1, 7)),
        "Description-Content-Type: text/markdown",
        "",
        *("A line of the long description, as a distribution's page shows it." for _ in range(60)),
    )
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "INSTALLER").write_text("benchmark\n")
    if number % 3 == 0:
        points = f"[console_scripts]\n{name} = {name}:main\n\n[sample.plugins]\na = {name}:plugin\n"
        (info / "entry_points.txt").write_text(points)
    record = [f"{path},sha256={'0' * 43},40" for path in (f"{name}/__init__.py", *modules)]
    (info / "RECORD").write_text("\n".join(record) + "\n")
