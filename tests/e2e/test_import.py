"""`trackwire import`."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest

JSONL = ("import", "--format", "jsonl")
DEEP = pytest.param("[" * 100_000, id="deep")


@pytest.fixture
def fresh(acme: Any) -> Any:
    """A project bound to the board B1, with nothing imported."""
    acme.does("bind", "acme", "--workspace", "site.example", "--set", "board=B1")
    return acme


def write(user: Any, name: str, content: str) -> str:
    path = user.project / name
    path.write_text(content)
    return str(path)


def held(user: Any) -> int:
    return user.json("status")["scope"]["issue_count"]


def test_export_is_read_by_the_plugin(fresh: Any) -> None:
    name = write(fresh, "a.json", fresh.cards("1", "2"))
    assert fresh.does("import", name) == f"{name}: 2 created, 0 updated, 0 unchanged\n"


def test_second_import_of_the_same_changes_nothing(fresh: Any) -> None:
    name = write(fresh, "a.json", fresh.cards("1"))
    fresh.does("import", name)
    (report,) = fresh.json("import", name)["imports"]
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 0, 1)


def test_several_files_are_reported_one_by_one(fresh: Any) -> None:
    names = [write(fresh, f"{i}.json", fresh.cards(i)) for i in ("1", "2")]
    assert [r["files"] for r in fresh.json("import", *names)["imports"]] == [[n] for n in names]


def test_dash_is_standard_input_for_a_plugin(fresh: Any) -> None:
    fresh.does("import", "-", given=fresh.cards("1"))
    assert held(fresh) == 1


def test_dash_is_standard_input_for_lines(fresh: Any) -> None:
    fresh.does(*JSONL, "-", given=fresh.lines("1", "2"))
    assert held(fresh) == 2


def test_lines_work_without_a_plugin(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    user.does(*JSONL, "-", given=user.lines("1", workspace="w", system="notion"))
    assert held(user) == 1


def test_export_without_a_plugin_is_refused_with_the_remedy(user: Any) -> None:
    user.does("bind", "notion", "--workspace", "w")
    assert "--format jsonl" in user.fails("import", "-", code=2, given="{}")


def test_bad_line_is_named_by_file_line_and_field(fresh: Any) -> None:
    bad = fresh.lines("1") + fresh.lines("2").replace('"a title"', "7")
    name = write(fresh, "a.jsonl", bad)
    assert fresh.fails(*JSONL, name, code=1).startswith(f"{name}: line 2, field title: ")


def test_bad_record_of_an_export_is_named_by_file_index_and_field(fresh: Any) -> None:
    name = write(fresh, "a.json", json.dumps({"cards": [{"id": "1", "title": "t"}, {"id": "2"}]}))
    message = fresh.fails("import", name, code=1)
    assert message == f"{name}: cards[1], field title: it is missing"


def test_file_with_a_bad_record_leaves_nothing(fresh: Any) -> None:
    name = write(fresh, "a.jsonl", fresh.lines("1", "2") + "{\n")
    fresh.fails(*JSONL, name, code=1)
    assert held(fresh) == 0


def test_files_before_a_bad_one_stay(fresh: Any) -> None:
    good, bad = write(fresh, "a.jsonl", fresh.lines("1")), write(fresh, "b.jsonl", "{\n")
    done = fresh.run(*JSONL, good, bad)
    assert done.exit_code == 1
    assert f"{good}: 1 created" in done.stdout
    assert held(fresh) == 1


def test_failure_with_json_is_one_document(fresh: Any) -> None:
    good, bad = write(fresh, "a.jsonl", fresh.lines("1")), write(fresh, "b.jsonl", "{\n")
    failed = fresh.json(*JSONL, good, bad, code=1)
    assert failed["ok"] is False
    assert bad in failed["error"]


def test_issue_of_another_workspace_is_named_by_file_line_and_field(fresh: Any) -> None:
    name = write(fresh, "a.jsonl", fresh.lines("1") + fresh.lines("2", workspace="w"))
    message = fresh.fails(*JSONL, name, code=1)
    assert message.startswith(f"{name}: line 2")
    assert "ref.workspace" in message
    assert held(fresh) == 0


def test_issue_of_another_resource_is_named_by_file_place_and_field(fresh: Any) -> None:
    cards = [{"id": "1", "title": "t", "board": "B2"}]
    name = write(fresh, "a.json", json.dumps({"cards": cards}))
    message = fresh.fails("import", name, code=1)
    assert message.startswith(f"{name}: cards[0]")
    assert "field board is 'B2'" in message


def test_only_bound_leaves_foreign_issues_out_and_counts_them(fresh: Any) -> None:
    lines = fresh.lines("1") + fresh.lines("2", workspace="w")
    (report,) = fresh.json(*JSONL, "--only-bound", "-", given=lines)["imports"]
    assert (report["created"], report["foreign"]) == (1, 1)


def test_replace_makes_the_files_the_whole_state(bound: Any) -> None:
    assert "1 gone" in bound.does("import", "--replace", "-", given=bound.cards("1"))
    assert held(bound) == 1


def test_replace_by_a_bad_file_keeps_the_state(bound: Any) -> None:
    bound.fails(*JSONL, "--replace", "-", code=1, given=bound.lines("9") + "{\n")
    assert held(bound) == 2


def test_replace_by_several_files_is_all_or_nothing(bound: Any) -> None:
    good, bad = write(bound, "a.jsonl", bound.lines("9")), write(bound, "b.jsonl", "{\n")
    bound.fails(*JSONL, "--replace", good, bad, code=1)
    assert held(bound) == 2


def test_replace_by_nothing_is_refused(bound: Any) -> None:
    bound.fails("import", "--replace", "-", code=1, given=bound.cards())
    assert held(bound) == 2


def test_page_that_is_not_the_last_says_so(fresh: Any) -> None:
    done = fresh.run("import", "-", given=fresh.cards("1", next=True))
    assert "one page of several (next is set)" in done.stderr
    assert fresh.json("status")["scope"]["fill"] == "partial"


def test_page_into_a_complete_state_says_so_and_leaves_it_complete(bound: Any) -> None:
    done = bound.run("import", "-", given=bound.cards("1", next=True))
    assert "one page of several (next is set); see that the others are imported too" in done.stderr
    assert bound.json("status")["scope"]["fill"] == "complete"


def test_page_into_a_complete_state_is_told_in_the_document(bound: Any) -> None:
    (report,) = bound.json("import", "-", given=bound.cards("1", next=True))["imports"]
    assert report["in_part"] == "next is set"


def test_last_page_completes_the_state(fresh: Any) -> None:
    fresh.does("import", "-", given=fresh.cards("1", next=True))
    fresh.does("import", "-", given=fresh.cards("2"))
    assert fresh.json("status")["scope"]["fill"] == "complete"


def test_file_that_is_not_there_is_wrong_usage(fresh: Any) -> None:
    assert "'nofile' does not exist" in fresh.fails("import", "nofile", code=2)


def test_directory_is_wrong_usage(fresh: Any) -> None:
    assert "is a directory" in fresh.fails("import", str(fresh.project), code=2)


@pytest.mark.parametrize("content", ["", "null", '{"cards": 3}', "\0", DEEP])
def test_wrong_file_is_a_line_of_error(fresh: Any, content: str) -> None:
    name = write(fresh, "a.json", content)
    assert "acme-plugin 1.2" in fresh.fails("import", name, code=1)


@pytest.mark.parametrize("line", ["[]", "7", "{", '"x"', "\xff", DEEP])
def test_wrong_line_is_a_line_of_error(fresh: Any, line: str) -> None:
    given = line.encode("latin-1") + b"\n"
    assert "standard input: line 1" in fresh.fails(*JSONL, "-", code=1, given=given)


def test_import_into_no_project_is_refused(user: Any) -> None:
    message = user.fails(*JSONL, "-", code=1, given=user.lines("1"))
    assert "trackwire bind" in message
    assert list(user.project.iterdir()) == []


def test_reader_that_fails_names_its_distribution_and_keeps_the_state(acme: Any) -> None:
    source = (
        "from trackwire.hookspecs import hookimpl\n"
        "from trackwire.provider import Provider\n"
        "def read(stream, context):\n    yield 7\n"
        "@hookimpl\ndef trackwire_provider():\n"
        "    return Provider(name='odd', title='Odd', api_version=1, read_export=read)\n"
    )
    acme.install("odd", source)
    acme.does("bind", "odd", "--workspace", "w")
    assert "odd-plugin 1.2" in acme.fails("import", "-", code=1, given="{}")
    assert held(acme) == 0


def test_files_kept_before_a_bad_one_are_in_the_failing_document(fresh: Any) -> None:
    good, bad = write(fresh, "a.json", fresh.cards("1")), write(fresh, "b.json", "nope")
    done = fresh.run("import", good, bad, "--json")
    document = json.loads(done.stdout)
    assert done.exit_code == 1
    assert document["ok"] is False
    assert bad in document["error"]
    assert [report["files"] for report in document["imports"]] == [[good]]
    assert held(fresh) == 1


def test_more_files_than_may_be_open_at_once_are_imported(fresh: Any) -> None:
    names = [write(fresh, f"{number}.json", fresh.cards(str(number))) for number in range(70)]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_now = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + 40, limits[1]))
    try:
        fresh.does("import", *names)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert held(fresh) == 70


def test_foreign_issues_that_are_left_out_are_said(fresh: Any) -> None:
    lines = fresh.lines("1") + fresh.lines("2", workspace="w")
    shown = fresh.does(*JSONL, "--only-bound", "-", given=lines)
    assert shown.rstrip().endswith("1 created, 0 updated, 0 unchanged, 1 foreign left out")
