"""Writes a new plugin's files: all of them, or none."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from trackwire import __version__
from trackwire.errors import TrackwireError, UsageError

if TYPE_CHECKING:
    from trackwire.scaffold.blueprint import Blueprint

_TEMPLATES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "ci.yml": ".github/workflows/ci.yml",
    "init.py": "src/${module}/__init__.py",
    "issues.py": "src/${module}/issues.py",
    "connector.py": "src/${module}/connector.py",
    "export.py": "src/${module}/export.py",
    "conformance.py": "src/${module}/conformance.py",
    "py.typed": "src/${module}/py.typed",
    "test_conformance.py": "tests/test_conformance.py",
}


def render(blueprint: Blueprint) -> Mapping[str, str]:
    """Fill in the templates.

    Args:
        blueprint: The names.

    Returns:
        The files' contents by their paths in the plugin's directory.
    """
    names = {
        "name": blueprint.name,
        "title": blueprint.title,
        "resource_type": blueprint.resource_type,
        "resource": blueprint.resource,
        "credential_key": blueprint.credential_key,
        "distribution": blueprint.distribution,
        "module": blueprint.module,
        "class_name": blueprint.class_name,
        "site": blueprint.name.replace("_", "-"),
        "core_version": __version__,
    }
    folder = files("trackwire.scaffold") / "template"
    return {
        Template(path).substitute(names): Template(
            (folder / f"{template}.tmpl").read_text(encoding="utf-8")
        ).substitute(names)
        for template, path in _TEMPLATES.items()
    }


def write(contents: Mapping[str, str], directory: Path) -> None:
    """Write a plugin's files into a directory of its own; when it fails, nothing is left.

    Args:
        contents: The files' contents by their paths.
        directory: Where the plugin is to be: nothing yet, or an empty directory.

    Raises:
        UsageError: There is something there, or nothing to put it into.
        TrackwireError: It cannot be written.
    """
    try:
        target = directory.resolve()
        _refuse_unfit(target)
        home = target if target.is_dir() else target.parent
        with tempfile.TemporaryDirectory(prefix=".trackwire-", dir=home) as staging:
            staged = Path(staging) / "plugin"
            _fill(staged, contents)
            if home is target:
                _move_up(staged, target)
            else:
                staged.rename(target)
    except OSError as error:
        raise TrackwireError(
            f"{directory} cannot be written: {error.strerror or error}; "
            "nothing was left there: mend that, or name another place with --directory"
        ) from error


def _refuse_unfit(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(f"{target} is not empty; name another place with --directory")
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is no directory; name another place with --directory")
    if not target.parent.is_dir():
        raise UsageError(f"there is no directory {target.parent}; make it first")


def _fill(staged: Path, contents: Mapping[str, str]) -> None:
    for path, text in contents.items():
        file = staged / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _move_up(staged: Path, target: Path) -> None:
    """Move the files into a directory that is there, and may be a mount or where a shell stands."""
    entries = sorted(staged.iterdir())
    try:
        for entry in entries:
            entry.rename(target / entry.name)
    except BaseException:
        for entry in entries:
            if not entry.exists():
                (target / entry.name).rename(entry)
        raise
