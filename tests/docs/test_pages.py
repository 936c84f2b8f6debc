"""Every block of every page is executed, in order, and does what the page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docs.blocks import PAGES, README, ROOT, blocks_of, indented_blocks_of
from docs.newcomer import Newcomer, newcomer_at
from docs.running import matches, run_page
from docs.scenery import NEEDS, scene_of

DOCS = ROOT / "docs"


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS).with_suffix(""))


def with_needs(page: Path) -> Any:
    needs = NEEDS.get(name_of(page), ())
    marks = [getattr(pytest.mark, f"needs_{need}") for need in needs]
    return pytest.param(page, id=name_of(page), marks=marks)


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    home = tmp_path / "home"
    home.mkdir()
    return newcomer_at(home)


@pytest.fixture
def run(newcomer: Newcomer) -> Callable[[str], None]:
    """Run a page of this text."""
    return lambda text: run_page(blocks_of(DOCS / "page.md", text), newcomer)


@pytest.mark.parametrize("page", [with_needs(page) for page in PAGES])
def test_page_does_what_it_says(page: Path, newcomer: Newcomer) -> None:
    with scene_of(page)(newcomer) as folder:
        run_page(blocks_of(page), newcomer, folder)


def test_every_page_that_needs_something_is_there() -> None:
    assert set(NEEDS) - {name_of(page) for page in PAGES} == set()


def test_no_code_is_indented() -> None:
    pages = [README, *PAGES]
    assert [place for page in pages for place in indented_blocks_of(page)] == []


def test_indented_code_is_found() -> None:
    text = "Type:\n\n    trackwire publish\n"
    assert indented_blocks_of(DOCS / "page.md", text) == ["docs/page.md:3"]


def test_pages_that_sphinx_alone_reads_have_directives_and_no_code() -> None:
    lines = [line for page in DOCS.rglob("*.rst") for line in page.read_text("utf-8").splitlines()]
    directives = {line.split("::")[0] for line in lines if "::" in line}
    assert directives == {
        *(".. automodule", ".. autoclass", ".. autodata", ".. click", ".. literalinclude")
    }


def test_sources_of_the_example_are_all_on_the_site() -> None:
    examples = DOCS / "examples"
    page = (examples / "cardmill.rst").read_text("utf-8")
    shown = {examples / path for path in re.findall(r"^.. literalinclude:: (.*)$", page, re.M)}
    sources = {examples / "cardmill-trackwire" / "pyproject.toml"}
    sources |= set((examples / "cardmill-trackwire").rglob("*.py"))
    assert shown == sources


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("```ruby\nputs 1\n```\n", "page.md:1: no test executes", id="other language"),
        pytest.param("```\nls\n```\n", "page.md:1: no test executes", id="no language"),
        pytest.param("```sh sometimes\nls\n```\n", "page.md:1: no test executes", id="other word"),
        pytest.param("- a\n\n  ```rb\n  1\n  ```\n", "page.md:3: no test executes", id="in a list"),
        pytest.param("```json\n{}\n```\n", "page.md:1: no test executes", id="json without a kind"),
        pytest.param("```yaml\na: 1\n```\n", "page.md:1: no line above", id="yaml of no file"),
        pytest.param("```sh\nfalse\n```\n", "page.md:1: exit code 1", id="failing command"),
        pytest.param("```sh exit-1\n:\n```\n", "page.md:1: exit code 0", id="unexpected success"),
        pytest.param("```sh\nfalse | :\n```\n", "page.md:1: exit code 1", id="failing in a pipe"),
        pytest.param("```sh\necho a\n```\n```text\nb\n```\n", "page.md:4: what is", id="output"),
        pytest.param(
            "```sh\necho 'Hunk #1 succeeded at 79 (offset -11 lines).'\n```\n",
            "page.md:1: the patch does not fit",
            id="inexact patch",
        ),
        pytest.param("```sh\n: >a.orig\n```\n", "an edit leaves a.orig", id="leftover"),
        pytest.param("```text\na\n```\n", "page.md:1: no block above", id="output of nothing"),
        pytest.param("```sh stays\nls\n```\n", "page.md:1: its last line", id="stays without hub"),
        pytest.param("```python\n1 / 0\n```\n", "page.md:1: exit code 1", id="failing python"),
        pytest.param("`a.json`:\n\n```json\n{\n```\n", "page.md:3: Expecting", id="malformed file"),
        pytest.param("```{toctree}\nnone\n```\n", "page.md:1: there is no page", id="missing page"),
    ],
)
def test_faulty_block_is_named_with_document_and_line(
    run: Callable[[str], None], text: str, message: str
) -> None:
    with pytest.raises(AssertionError) as raised:
        run(text)
    assert message in str(raised.value)


def test_pages_about_plugins_begin_with_the_same_one() -> None:
    pages = [DOCS / "tutorial.md", DOCS / "how-to" / "check-a-plugin.md"]
    first = [blocks_of(page)[0].content.splitlines()[0] for page in pages]
    assert first[0].startswith("trackwire plugin new ")
    assert first[0] == first[1]


def test_folder_and_exported_variables_last_from_block_to_block(
    run: Callable[[str], None],
) -> None:
    run(
        "```sh\nmkdir a && cd a\nexport WORD=said\n```\n"
        '```sh\nbasename "$PWD"\necho "$WORD"\n```\n'
        "```text\na\nsaid\n```\n"
    )


def test_block_below_a_name_is_saved_as_that_file(run: Callable[[str], None]) -> None:
    run("`b/a.py`:\n\n```python\nprint(7)\n```\n```sh\npython3 b/a.py\n```\n```text\n7\n```\n")


def test_part_is_added_to_its_file(run: Callable[[str], None]) -> None:
    run(
        "`a.yaml`:\n\n```yaml\na:\n  b: 1\n```\n"
        "In `a.yaml`:\n\n```yaml\na:\n  c: 2\n```\n"
        "```sh\ncat a.yaml\n```\n```text\na:\n  b: 1\n  c: 2\n```\n"
    )


@pytest.mark.parametrize(
    ("shown", "written", "same"),
    [
        ("a b", "a  b\n", True),
        ("a", "b\n", False),
        ("a...d", "a b c d\n", True),
        ("a...d", "a\nd\n", False),
        ("...\nz", "x\ny\nz\n", True),
        ("...\nz", "z\n", True),
        ("...\nz", "z\ny\n", False),
        ("a", "a\nb\n", False),
        ("a.c", "abc\n", False),
    ],
)
def test_shown_output_is_compared_but_for_what_is_left_out(
    shown: str, written: str, same: bool
) -> None:
    assert matches(shown, written) is same
