"""A new plugin: what it may be called, and that its files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trackwire
from trackwire.errors import TrackwireError, UsageError
from trackwire.provider import is_provider_name
from trackwire.scaffold import draw, render, write

FILES = {
    ".github/workflows/ci.yml",
    ".gitignore",
    "README.md",
    "pyproject.toml",
    "src/acme_tracker_trackwire/__init__.py",
    "src/acme_tracker_trackwire/conformance.py",
    "src/acme_tracker_trackwire/connector.py",
    "src/acme_tracker_trackwire/export.py",
    "src/acme_tracker_trackwire/issues.py",
    "src/acme_tracker_trackwire/py.typed",
    "tests/test_conformance.py",
}


def suggested(error: UsageError) -> str:
    return re.search(r"such as (\S+)$", str(error))[1]


def everything_in(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def test_one_name_names_every_part() -> None:
    blueprint = draw("acme-tracker")
    assert blueprint.name == "acme_tracker"
    assert blueprint.distribution == "acme-tracker-trackwire"
    assert blueprint.module == "acme_tracker_trackwire"
    assert blueprint.class_name == "AcmeTracker"
    assert blueprint.title == "Acme Tracker"
    assert blueprint.resource_type == "acme_tracker_project"
    assert blueprint.credential_key == "project_key"


@pytest.mark.parametrize(
    ("resource_type", "word"),
    [
        (None, "project"),
        ("acme_board", "board"),
        ("team", "team"),
        ("acme_t1", "resource"),
        ("acme_", "resource"),
        ("acme_" + "s" * 13, "resource"),
    ],
)
def test_sentences_call_the_resource_by_the_last_part_of_its_type(
    resource_type: str | None, word: str
) -> None:
    assert draw("acme", resource_type=resource_type).resource == word


@pytest.mark.parametrize("written", ["Acme-Tracker", " acme tracker ", "ACME_TRACKER"])
def test_name_is_normalized(written: str) -> None:
    assert draw(written) == draw("acme-tracker")


def test_each_part_can_be_called_otherwise() -> None:
    blueprint = draw(
        "acme", title="Acme & Söhne (Boards)", resource_type="acme_board", credential_key="board"
    )
    assert blueprint.title == "Acme & Söhne (Boards)"
    assert blueprint.resource_type == "acme_board"
    assert blueprint.credential_key == "board"


@pytest.mark.parametrize(
    ("name", "would_do"),
    [
        ("", "acme-tracker"),
        ("9lives", "lives"),
        ("acme.tracker", "acme-tracker"),
        ("Ácme", "acme"),
        ("\N{CYRILLIC SMALL LETTER A}cme", "cme"),
        ("acme--tracker", "acme-tracker"),
        ("acme-", "acme"),
        ("a" * 26, "a" * 25),
        ("json-", "json-tracker"),
        ("acme\udcff", "acme"),
    ],
)
def test_ill_formed_name_is_refused_with_one_that_would_do(name: str, would_do: str) -> None:
    with pytest.raises(UsageError, match="cannot be a provider's name") as caught:
        draw(name)
    assert suggested(caught.value) == would_do


@pytest.mark.parametrize("name", ["hub", "disable"])
def test_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=rf"is reserved; .* such as {name}-tracker"):
        draw(name)


@pytest.mark.parametrize("name", ["class", "import", "json", "email"])
def test_word_or_module_of_python_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=rf"Python's own; .* such as {name}-tracker"):
        draw(name)


@pytest.mark.parametrize(
    ("name", "would_do"),
    [("acme-trackwire", "acme"), ("trackwire-acme", "acme"), ("trackwire", "acme-tracker")],
)
def test_name_of_the_plugin_in_place_of_the_trackers_is_refused(name: str, would_do: str) -> None:
    with pytest.raises(UsageError, match="NAME is the tracker's alone") as caught:
        draw(name)
    assert suggested(caught.value) == would_do


@given(st.text(max_size=40) | st.text("abc019_- trackwire", max_size=40))
def test_name_is_taken_or_another_is_suggested_that_is(name: str) -> None:
    try:
        blueprint = draw(name)
    except UsageError as error:
        blueprint = draw(suggested(error))
    assert is_provider_name(blueprint.name)


@pytest.mark.parametrize("title", ["", " ", 'Acme"', "a\\b", "a\nb\x1b", "`a`", "$a", "a" * 26])
def test_title_that_would_break_the_files_is_refused(title: str) -> None:
    with pytest.raises(UsageError, match="cannot be a title here"):
        draw("acme", title=title)


@pytest.mark.parametrize("resource_type", ["", "Acme", "acme-board", "1a", "a" * 41, "a\n"])
def test_ill_formed_resource_type_is_refused(resource_type: str) -> None:
    with pytest.raises(UsageError, match=r"resource type cannot be .* such as acme_project"):
        draw("acme", resource_type=resource_type)


@pytest.mark.parametrize("key", ["", "Key", "board-id", "é", "a" * 26])
def test_ill_formed_credential_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match=r"credential key cannot be .* such as project_key"):
        draw("acme", credential_key=key)


@pytest.mark.parametrize("key", ["base_url", "api_token"])
def test_credential_key_that_is_another_field_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="is another field"):
        draw("acme", credential_key=key)


def test_every_template_is_rendered() -> None:
    templates = Path(trackwire.__file__).parent / "scaffold" / "template"
    assert set(render(draw("acme-tracker"))) == FILES
    assert len(list(templates.iterdir())) == len(FILES)


@pytest.mark.parametrize("path", sorted(FILES))
def test_no_placeholder_is_left(path: str) -> None:
    rendered = render(draw("acme-tracker"))[path]
    assert "$" not in rendered.replace("${{ matrix.python }}", "")


def test_declaration_needs_this_trackwire_or_a_newer_one() -> None:
    declared = tomllib.loads(render(draw("acme"))["pyproject.toml"])["project"]
    assert f"trackwire>={trackwire.__version__}" in declared["dependencies"]


def test_chosen_names_are_what_the_provider_declares() -> None:
    blueprint = draw("acme", title="Acme's", resource_type="acme_board", credential_key="board")
    provider = render(blueprint)["src/acme_trackwire/__init__.py"]
    assert 'title="Acme\'s"' in provider
    assert 'resource_type="acme_board"' in provider
    assert 'credential_key="board"' in provider
    assert 'help="The board\'s id"' in provider


def test_files_are_written(tmp_path: Path) -> None:
    contents = render(draw("acme-tracker"))
    write(contents, tmp_path / "new")
    written = {
        path.relative_to(tmp_path / "new").as_posix(): path.read_text(encoding="utf-8")
        for path in (tmp_path / "new").rglob("*")
        if path.is_file()
    }
    assert written == contents
    assert list(tmp_path.iterdir()) == [tmp_path / "new"]


def test_directory_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    write({"a/b": "text"}, tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_empty_directory_is_filled_and_stays_the_same_one(tmp_path: Path) -> None:
    before = tmp_path.stat().st_ino
    write({"a/b": "text", ".c": "text"}, tmp_path)
    assert everything_in(tmp_path) == [".c", "a", "a/b"]
    assert tmp_path.stat().st_ino == before


def test_link_to_an_empty_directory_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write({"a": "text"}, tmp_path / "link")
    assert everything_in(tmp_path / "real") == ["a"]
    assert (tmp_path / "link").is_symlink()


def test_directory_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    with pytest.raises(UsageError, match="is not empty; name another place with --directory"):
        write({"a": "text"}, tmp_path)
    assert everything_in(tmp_path) == [".hidden"]


def test_file_in_the_place_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("mine")
    with pytest.raises(UsageError, match="is no directory"):
        write({"a": "text"}, tmp_path / "new")
    assert (tmp_path / "new").read_text() == "mine"


def test_place_in_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"no directory {tmp_path}/absent; make it first"):
        write({"a": "text"}, tmp_path / "absent" / "new")
    assert everything_in(tmp_path) == []


def test_unwritable_directory_is_told_and_nothing_is_left(
    public_path: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    public_path.chmod(0o500)
    with unprivileged(), pytest.raises(TrackwireError, match="cannot be written: Permission"):
        write({"a": "text"}, public_path / "new")
    assert everything_in(public_path) == []


def test_name_too_long_for_the_file_system_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrackwireError, match="cannot be written: File name too long"):
        write({"a": "text"}, tmp_path / ("n" * 300))
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("place", ["new", "."])
def test_full_disk_leaves_nothing_behind(tmp_path: Path, place: str) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from trackwire.errors import TrackwireError\n"
        "from trackwire.scaffold import draw, render, write\n"
        "contents = render(draw('acme'))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))\n"
        "try:\n"
        "    write(contents, Path(sys.argv[1]))\n"
        "except TrackwireError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, place], cwd=tmp_path, capture_output=True, text=True
    )
    assert f"{place} cannot be written: {os.strerror(errno.EFBIG)}" in done.stdout
    assert everything_in(tmp_path) == []


def test_failure_while_an_empty_directory_is_filled_empties_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "b" and target.parent == tmp_path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(TrackwireError, match="Input/output error"):
        write({"a": "text", "b": "text"}, tmp_path)
    assert everything_in(tmp_path) == []
