"""The core contains no provider's name outside tests, demo data and documentation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "src" / "trackwire"
PROVIDER_NAME = re.compile(r"jira|linear|atlassian", re.IGNORECASE)
DEMO = re.compile(r"(^|/)demo(/|\.py$|_)")


def docstrings(tree: ast.AST) -> set[ast.AST]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and ast.get_docstring(node, clean=False) is not None
        and isinstance(node.body[0], ast.Expr)
    }


def words(tree: ast.AST) -> Iterator[str]:
    """Every identifier and text of the code, its docstrings and comments left out."""
    documentation = docstrings(tree)
    for node in ast.walk(tree):
        if node in documentation:
            continue
        for _, value in ast.iter_fields(node):
            for word in value if isinstance(value, list) else [value]:
                if isinstance(word, str | bytes):
                    yield str(word)


def named_providers(source: str) -> list[str]:
    return [word for word in words(ast.parse(source)) if PROVIDER_NAME.search(word)]


def core_files() -> list[str]:
    names = (path.relative_to(CORE).as_posix() for path in CORE.rglob("*.py"))
    return sorted(name for name in names if not DEMO.search(name))


@pytest.mark.parametrize(
    "source",
    [
        "import trackwire_jira",
        "from trackwire_linear import provider",
        "jira_key = 1",
        "class LinearTeam: ...",
        "def read(jira): ...",
        "read(linear_team=1)",
        "kind = 'jira_project'",
        "kind = f'{name}-linear'",
        "if provider == 'Jira': ...",
        "case = {'linear': 1}",
        "prefix = b'jira-'",
        "help = 'such as acme.atlassian.net'",
    ],
)
def test_provider_name_in_code_is_found(source: str) -> None:
    assert named_providers(source) != []


@pytest.mark.parametrize(
    "source",
    [
        '"""For example jira."""',
        'def read():\n    """Read a Linear team."""',
        "key = 1  # as Jira has",
    ],
)
def test_provider_name_in_documentation_is_allowed(source: str) -> None:
    assert named_providers(source) == []


@pytest.mark.parametrize("name", core_files())
def test_core_module_names_no_provider(name: str) -> None:
    assert named_providers((CORE / name).read_text(encoding="utf-8")) == []


def test_no_data_file_of_the_core_names_a_provider() -> None:
    files = (path for path in CORE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    naming = [
        name
        for path in files
        if path.suffix != ".py"
        and not DEMO.search(name := path.relative_to(CORE).as_posix())
        and PROVIDER_NAME.search(name + path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert naming == []
