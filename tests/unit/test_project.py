"""The project's configuration: what is read, what is written, and what is left alone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackwire.errors import ProjectError
from trackwire.model import DoctrineMode, FieldOwner, Status
from trackwire.project import (
    CONFIG_FILE,
    Binding,
    create_project,
    is_project,
    load_project,
    write_binding,
)

ACME = Binding(provider="jira", workspace="acme.atlassian.net")
FULL = """\
# Written by hand.
project:
  uuid: 8f14e45f-ceea-4e7b-9f6a-0d1a2b3c4d5e
  slug: rocket   # short
tracker:
  provider: Jira
  workspace: acme.atlassian.net
  doctrine:
    mode: split_ownership
    field_owners: {title: external, labels: shared}
trackwire:
  fields:
    project_key: "ACME"
    board: 12
  status_map: {Doing: in_progress, "In QA": in_review}
  priority_map: {Blocker: 0}
agents: [one, two]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".kittify").mkdir()
    return tmp_path


def write(root: Path, text: str) -> Path:
    path = root / CONFIG_FILE
    path.write_bytes(text.encode())
    return path


def read(root: Path) -> str:
    return (root / CONFIG_FILE).read_bytes().decode()


def test_everything_of_ours_is_read(root: Path) -> None:
    write(root, FULL)
    config = load_project(root)
    assert (config.project_uuid, config.project_slug) == (
        "8f14e45f-ceea-4e7b-9f6a-0d1a2b3c4d5e",
        "rocket",
    )
    assert config.binding == Binding(
        provider="jira",
        workspace="acme.atlassian.net",
        doctrine_mode=DoctrineMode.SPLIT_OWNERSHIP,
        doctrine_field_owners={"title": FieldOwner.EXTERNAL, "labels": FieldOwner.SHARED},
    )
    assert config.fields == {"project_key": "ACME", "board": 12}
    assert config.status_map == {"Doing": Status.IN_PROGRESS, "In QA": Status.IN_REVIEW}
    assert config.priority_map == {"Blocker": 0}


@pytest.mark.parametrize(
    "text", ["", "# empty\n", "---\n", "agents: []\n", "tracker:\n", "project: {}"]
)
def test_file_without_our_sections_is_an_unbound_project(root: Path, text: str) -> None:
    write(root, text)
    config = load_project(root)
    assert (config.project_uuid, config.project_slug, config.binding) == (None, None, None)


def test_doctrine_defaults_to_external_authoritative(root: Path) -> None:
    write(root, "tracker: {provider: jira, workspace: acme}\n")
    assert load_project(root).bound().doctrine_mode is DoctrineMode.EXTERNAL_AUTHORITATIVE


def test_unbound_project_says_how_to_bind(root: Path) -> None:
    write(root, "agents: []\n")
    with pytest.raises(ProjectError, match="not bound to a tracker; run: trackwire bind"):
        load_project(root).bound()


def test_directory_that_is_no_project_names_the_nearest_one_above(root: Path) -> None:
    write(root, "")
    below = root / "src" / "deep"
    below.mkdir(parents=True)
    with pytest.raises(ProjectError, match=rf"not a project.*use -C {root}$"):
        load_project(below)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\nb: 2\n", r"config.yaml:2:\d+: malformed YAML"),
        ("project:\n  uuid: 12\n", r"config.yaml:2:9: project.uuid .* in double quotes"),
        ("project: text\n", r"config.yaml:1:10: project must be a mapping"),
        ("tracker: [a]\n", r"config.yaml:1:10: tracker must be a mapping"),
        ("tracker:\n  provider: jira\n  workspace: 12\n", r":3:14: tracker.workspace .* quotes"),
        (
            "tracker:\n  provider: no_way!\n  workspace: a\n",
            r":2:13: tracker.provider is 'no_way!'",
        ),
        ("tracker:\n  provider: hub\n  workspace: a\n", r":2:13: tracker.provider is 'hub'"),
        ("tracker:\n  provider: jira\n", r":2:3: tracker has no workspace; add it, or remove"),
        ("tracker:\n  provider: jira\n  workspace: ' '\n", r":2:3: tracker has no workspace"),
        ("tracker:\n  workspace: acme\n", r":2:3: tracker has no provider"),
        (
            "tracker:\n  provider: a\n  workspace: b\n  doctrine:\n    mode: both\n",
            r":5:11: tracker.doctrine.mode must be one of external_authoritative, ",
        ),
        pytest.param(
            "tracker:\n  provider: a\n  workspace: b\n  doctrine:\n    field_owners: {t: me}\n",
            r":5:23: tracker.doctrine.field_owners.t must be one of external, local, shared",
            id="unknown owner",
        ),
        ("trackwire:\n  fields:\n    key: true\n", r":3:10: trackwire.fields.key .* quotes"),
        ("trackwire:\n  fields:\n    key: 012\n", r":3:10: trackwire.fields.key .* quotes"),
        ("trackwire:\n  status_map:\n    Doing: busy\n", r":3:12: trackwire.status_map.Doing must"),
        ("trackwire:\n  priority_map:\n    High: 5\n", r":3:11: .* from 0 \(highest\) to 4"),
        ("trackwire:\n  priority_map:\n    High: '1'\n", r":3:11: .* from 0 \(highest\) to 4"),
    ],
)
def test_wrong_value_is_named_with_line_and_remedy_and_never_overwritten(
    root: Path, text: str, problem: str
) -> None:
    write(root, text)
    with pytest.raises(ProjectError, match=problem):
        write_binding(root, ACME)
    assert read(root) == text


def test_file_that_is_not_utf8_is_refused_and_left(root: Path) -> None:
    raw = "project: {slug: caf\u00e9}\n".encode("latin-1")
    (root / CONFIG_FILE).write_bytes(raw)
    with pytest.raises(ProjectError, match="byte 19: not UTF-8"):
        write_binding(root, ACME)
    assert (root / CONFIG_FILE).read_bytes() == raw


def test_anchor_that_others_refer_to_is_not_lost(root: Path) -> None:
    text = "tracker:\n  provider: &p jira\n  workspace: old\nagents: [*p]\n"
    write(root, text)
    with pytest.raises(ProjectError, match=r"nothing was written.*anchor"):
        write_binding(root, ACME)
    assert read(root) == text


def test_new_project_has_a_fresh_uuid_and_the_directorys_name(root: Path) -> None:
    create_project(root)
    config = load_project(root)
    assert uuid.UUID(config.project_uuid).version == 4
    assert config.project_slug == root.name


def test_two_new_projects_have_different_uuids(tmp_path: Path) -> None:
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        root.mkdir()
        create_project(root)
    assert load_project(roots[0]).project_uuid != load_project(roots[1]).project_uuid


@pytest.mark.parametrize("name", ["007", "no", "a: b", "#", "caf\u00e9", "it's", 'a"b', "1.0"])
def test_odd_name_of_a_directory_is_a_readable_slug(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir()
    create_project(root)
    assert load_project(root).project_slug == name


def test_directory_whose_name_is_not_utf8_becomes_a_project(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"caf\xe9")
    root.mkdir()
    create_project(root)
    assert load_project(root).project_slug == "caf\ufffd"


NASTY = [
    "NO",
    "0x1F",
    "007",
    "012",
    "1e3",
    "1.5",
    "true",
    "null",
    "~",
    "2026-11-21",
    "",
    " outer ",
    'a"b',
    "it's",
    "a: b",
    "# no comment",
    "a # b",
    "line\nbreak",
    "tab\there",
    "cr\rlf\r\n",
    "- dash",
    "*alias",
    "&anchor",
    "!tag",
    "%directive",
    "@at",
    "`tick",
    "{flow: [x]}",
    "back\\slash",
    "\u00e4\U0001f600\u2028\x85\ufeff",
    "\x00\x07\x1b",
    "---",
    "...",
    "x" * 500,
]


@pytest.mark.parametrize("value", NASTY, ids=lambda value: value[:20])
def test_field_comes_back_as_it_was_given(root: Path, value: str) -> None:
    write(root, "a: 1\n")
    write_binding(root, ACME, set_fields={"key": value, "other": "x"})
    assert load_project(root).fields == {"key": value, "other": "x"}


@pytest.mark.parametrize(
    "value",
    [value for value in NASTY if value == value.strip() != ""],
    ids=lambda value: value[:20],
)
def test_workspace_comes_back_as_it_was_given(root: Path, value: str) -> None:
    write(root, "a: 1\n")
    write_binding(root, Binding(provider="jira", workspace=value))
    assert load_project(root).workspace == value


def test_fields_are_written_in_double_quotes(root: Path) -> None:
    write(root, "")
    write_binding(root, ACME, set_fields={"project_key": "ACME", "number": 12})
    assert 'trackwire:\n  fields:\n    project_key: "ACME"\n    number: "12"\n' in read(root)


def test_workspace_is_written_in_double_quotes(root: Path) -> None:
    write(root, "")
    write_binding(root, Binding(provider="jira", workspace="NO"))  # which YAML 1.1 reads as false
    assert '  workspace: "NO"\n' in read(root)


def test_writing_what_is_there_changes_no_byte(root: Path) -> None:
    write(root, FULL)
    config = load_project(root)
    write_binding(root, config.binding, set_fields={"project_key": "ACME"})
    assert read(root) == FULL


def test_new_binding_leaves_the_comments_and_maps_in_our_section(root: Path) -> None:
    write(root, FULL)
    write_binding(root, ACME, set_fields={"project_key": "BETA"}, drop_fields=frozenset({"board"}))
    text = read(root)
    assert '  status_map: {Doing: in_progress, "In QA": in_review}\n' in text
    assert load_project(root).fields == {"project_key": "BETA"}


def test_removed_binding_leaves_the_rest(root: Path) -> None:
    write(root, FULL)
    write_binding(root, None, drop_fields=frozenset({"project_key", "board"}))
    config = load_project(root)
    assert (config.binding, config.fields) == (None, {})
    assert config.priority_map == {"Blocker": 0}


def test_dropping_the_last_field_removes_the_empty_section(root: Path) -> None:
    before = "a: 1\n# about z\nz: 1\n"
    write(root, before.replace("# about", 'trackwire:\n  fields:\n    key: "x"\n# about'))
    write_binding(root, None, drop_fields=frozenset({"key"}))
    assert read(root) == before


@pytest.mark.parametrize("null", ["trackwire:\n  fields:\n", "tracker:\n", "trackwire:\n"])
def test_null_section_is_filled(root: Path, null: str) -> None:
    write(root, null)
    write_binding(root, ACME, set_fields={"key": "x"})
    config = load_project(root)
    assert (config.binding, config.fields) == (ACME, {"key": "x"})


def test_null_doctrine_is_filled(root: Path) -> None:
    write(root, "tracker:\n  provider: a\n  workspace: b\n  doctrine:\n")
    write_binding(root, ACME)
    assert load_project(root).binding == ACME


SCALARS = st.sampled_from(
    [
        "1",
        "no",
        "~",
        "'it''s'",
        '"a # b"',
        "plain text",
        "[a, {b: c}]",
        "!tag x",
        "0x1F",
        "caf\u00e9",
    ]
)
BLOCKS = st.one_of(
    SCALARS.map(lambda value: f" {value}\n"),
    SCALARS.map(lambda value: f"   {value}   # why\n"),
    st.lists(SCALARS, min_size=1, max_size=3).map(
        lambda values: "\n" + "".join(f"    -   {value}\n" for value in values)
    ),
    st.just(" |\n  literal\n\n  # no comment\n"),
    st.just(" >-\n    folded\n    text\n"),
    st.just("\n   odd:\n      indents: 1\n"),
)
GAPS = st.sampled_from(["", "\n", "# a comment\n", "\n# about\n\n"])
FOREIGN = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), BLOCKS, GAPS), max_size=5, unique_by=lambda item: item[0]
)
OURS = st.sampled_from(
    [
        "tracker:\n  provider: old\n  workspace: there\n",
        "tracker: {provider: old, workspace: there}\n",
        "tracker:\n    # inside\n    provider: 'old'\n    workspace: there # inside\n    x: [1]\n",
        "tracker:\n",
        "",
    ]
)
OUR_FIELDS = st.sampled_from(
    [
        'trackwire:\n  fields:\n    old: "x"\n',
        "trackwire: {fields: {old: x}, status_map: {A: done}}\n",
        "",
    ]
)
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[str], str]:
    """A document, and the lines of it that are not ours."""
    parts = [f"{key}:{block}{gap}" for key, block, gap in draw(FOREIGN)]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    foreign = "".join(parts).replace("\n", newline).splitlines(keepends=True)
    for section in (draw(OURS), draw(OUR_FIELDS)):
        if section:
            parts.insert(draw(st.integers(0, len(parts))), section)
    head = draw(st.sampled_from(["", "# head\n", "---\n", "%YAML 1.2\n---\n"]))
    text = (head + "".join(parts)).replace("\n", newline)
    return head.replace("\n", newline).splitlines(keepends=True) + foreign, text


@given(
    documents(),
    st.builds(
        Binding,
        provider=NAMES.filter(lambda name: name != "hub"),
        workspace=TEXTS.map(str.strip).filter(bool),
        doctrine_mode=st.sampled_from(DoctrineMode),
        doctrine_field_owners=st.dictionaries(NAMES, st.sampled_from(FieldOwner), max_size=3),
    ),
    st.dictionaries(NAMES, TEXTS, max_size=4),
)
def test_written_binding_is_read_back_and_no_other_line_changes(
    document: tuple[list[str], str], binding: Binding, fields: dict[str, str]
) -> None:
    foreign, text = document
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / ".kittify").mkdir()
        write(root, text)
        write_binding(root, binding, set_fields=fields, drop_fields=frozenset({"old"}) - {*fields})
        config = load_project(root)
        assert config.binding == binding
        assert config.fields == fields
        remaining = iter(read(root).splitlines(keepends=True))
        assert all(line in remaining for line in foreign)  # in order, byte for byte


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from trackwire.project import Binding, write_binding

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "fsync":
    os.fsync = die
else:
    Path.replace = die
root = Path(sys.argv[1])
write_binding(root, Binding(provider="linear", workspace="new"), set_fields={"key": "x" * 100_000})
"""


@pytest.mark.parametrize("moment", ["fsync", "rename"])
def test_kill_in_the_middle_of_a_write_leaves_the_old_file(root: Path, moment: str) -> None:
    write(root, FULL)
    (root / ".kittify" / "trackwire").mkdir()
    (root / ".kittify" / "trackwire" / ".gitignore").write_text("*\n")
    done = subprocess.run([sys.executable, "-c", KILLED_WRITER, str(root), moment])
    assert done.returncode == -signal.SIGKILL
    assert read(root) == FULL


def test_readers_see_the_old_or_the_new_file_while_it_is_written(root: Path) -> None:
    path = write(root, FULL)
    before = path.stat().st_ino
    with path.open("rb") as held:
        write_binding(root, ACME)
        assert held.read().decode() == FULL
    assert path.stat().st_ino != before


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664])
def test_mode_of_the_file_is_kept(root: Path, mode: int) -> None:
    path = write(root, FULL)
    path.chmod(mode)
    write_binding(root, ACME)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_new_file_has_the_mode_that_the_umask_gives(root: Path, usual_umask: None) -> None:
    create_project(root)
    assert stat.S_IMODE((root / CONFIG_FILE).stat().st_mode) == 0o644


def test_symbolic_link_to_the_file_is_kept(root: Path) -> None:
    real = root / "shared.yaml"
    real.write_text(FULL)
    (root / CONFIG_FILE).symlink_to(real)
    write_binding(root, ACME)
    assert (root / CONFIG_FILE).is_symlink()
    assert load_project(root).workspace == "acme.atlassian.net"
    assert real.read_text() == read(root)


def test_read_only_directory_is_a_clear_error(
    public_path: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    with unprivileged():
        (public_path / ".kittify" / "trackwire").mkdir(parents=True)
        write(public_path, FULL)
        (public_path / ".kittify").chmod(0o555)
        with pytest.raises(
            ProjectError, match=r"config.yaml: cannot be written: Permission denied; it stays"
        ):
            write_binding(public_path, ACME)
        (public_path / ".kittify").chmod(0o755)
    assert read(public_path) == FULL


def test_unreadable_file_is_a_clear_error(
    public_path: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    with unprivileged():
        (public_path / ".kittify").mkdir()
        write(public_path, FULL).chmod(0)
        with pytest.raises(ProjectError, match=r"config.yaml: Permission denied"):
            load_project(public_path)


def test_project_is_told_by_its_file(root: Path) -> None:
    assert not is_project(root)
    write(root, "")
    assert is_project(root)


def test_unknown_key_of_ours_is_noted_with_its_line_and_the_nearest_one(root: Path) -> None:
    path = write(root, "agents: []\ntrackwire:\n  status_mpa:\n    Doing: in_progress\n")
    assert load_project(root).notes == (
        f"{path}:3: trackwire.status_mpa is no key of trackwire's and is ignored; write status_map",
    )


def test_unknown_key_like_no_other_is_to_be_removed(root: Path) -> None:
    write(root, "trackwire: {colour: red}\n")
    (note,) = load_project(root).notes
    assert note.endswith("trackwire.colour is no key of trackwire's and is ignored; remove it")


def test_known_keys_are_not_noted(root: Path) -> None:
    write(root, FULL)
    write_binding(root, None)
    assert load_project(root).unbound is not None
    assert load_project(root).notes == ()


def test_key_that_stands_twice_is_to_be_put_under_one(root: Path) -> None:
    write(root, "trackwire:\n  fields: {a: b}\ntrackwire:\n  status_map: {Doing: done}\n")
    problem = r":3:1: .*trackwire stands twice; put what is under both under one"
    with pytest.raises(ProjectError, match=problem):
        load_project(root)
