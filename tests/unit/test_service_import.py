"""Importing files into the bound scope: all of a file or nothing, and how far it is then filled."""

from __future__ import annotations

import errno
import json
import os
import resource
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from projectkit import (
    SCOPE,
    as_file,
    bind_project,
    fill,
    json_line,
    json_lines,
    make_issue,
    make_service,
)

from trackwire import database
from trackwire.errors import (
    LockedError,
    ProjectError,
    ProviderError,
    RecordError,
    StoreError,
    UsageError,
)
from trackwire.imports import ImportFile, ImportReport
from trackwire.lock import DATA_DIRECTORY, project_lock
from trackwire.provider import (
    ExportContext,
    Exported,
    ExportedIssue,
    MoreFollows,
    MorePrecedes,
)
from trackwire.scope import Fill, Scope, Upserted
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.service import TrackerService


def read_page(stream: BinaryIO, context: ExportContext) -> Iterator[Exported]:
    """Read a made-up export: `{"ids": [...], "more": true}`."""
    page = json.load(stream)
    for index, external_id in enumerate(page["ids"]):
        foreign = "its board is B2" if external_id.startswith("B2") else None
        yield ExportedIssue(make_issue(external_id), f"ids[{index}]", foreign)
    if page.get("more"):
        yield MoreFollows("more is true")
    if not page.get("first", True):
        yield MorePrecedes("first is false")
    if page.get("bad"):
        raise RecordError("bad", None, "it is bad")


def page(*external_ids: str, more: bool = False, bad: bool = False, first: bool = True) -> bytes:
    document = {"ids": external_ids, "more": more, "bad": bad, "first": first}
    return json.dumps(document).encode()


@pytest.fixture
def service(tmp_path: Path) -> TrackerService:
    bind_project(tmp_path)
    return make_service(tmp_path, read_export=read_page)


def run(service: TrackerService, *contents: bytes, **options: Any) -> list[ImportReport]:
    files = [as_file(content, f"{n}.json") for n, content in enumerate(contents, start=1)]
    return list(service.import_files(files, **options))


def lines(service: TrackerService, *contents: bytes, **options: Any) -> list[ImportReport]:
    return run(service, *contents, file_format="jsonl", **options)


def ids(service: TrackerService, scope: Scope = SCOPE) -> list[str]:
    with TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as store:
        return [issue.ref.id for issue in store.list_issues(scope)]


def filled(service: TrackerService, scope: Scope = SCOPE) -> Fill:
    with TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as store:
        return store.fill(scope)


def test_lines_go_to_the_bound_scope(service: TrackerService) -> None:
    assert lines(service, json_lines("1", "2")) == [
        ImportReport(files=("1.json",), changes=Upserted(created=2))
    ]
    assert ids(service) == ["1", "2"]


def test_export_is_read_by_the_providers_reader(service: TrackerService) -> None:
    run(service, page("1", "2"))
    assert ids(service) == ["1", "2"]


def test_lines_need_no_plugin(tmp_path: Path) -> None:
    bind_project(tmp_path, provider="notion", board=None)
    service = make_service(tmp_path)
    fill(service, json_line("1", ref={"system": "notion"}))
    assert ids(service, Scope("notion", "site.example")) == ["1"]


def test_export_without_a_plugin_names_the_way_out(tmp_path: Path) -> None:
    bind_project(tmp_path, provider="notion")
    with pytest.raises(UsageError, match=r"no plugin is in use for notion.*--format jsonl"):
        run(make_service(tmp_path), page("1"))


def test_export_of_a_plugin_without_reader_names_the_way_out(tmp_path: Path) -> None:
    bind_project(tmp_path)
    with pytest.raises(UsageError, match=r"acme-plugin 1\.2 reads no exports.*--format jsonl"):
        run(make_service(tmp_path), page("1"))


def test_reader_gets_plain_values_and_no_secret(tmp_path: Path) -> None:
    seen: list[ExportContext] = []

    def reader(stream: BinaryIO, context: ExportContext) -> Iterator[ExportedIssue]:
        seen.append(context)
        yield from ()

    bind_project(tmp_path)
    environ = {"TRACKWIRE_ACME_API_KEY": "s3cr3t"}
    run(make_service(tmp_path, read_export=reader, environ=environ), b"")
    assert dict(seen[0].credentials) == {"board": "B1"}


def test_import_into_no_project_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        lines(make_service(tmp_path), json_lines("1"))
    assert list(tmp_path.iterdir()) == []


def test_each_file_is_reported_as_soon_as_it_is_kept(service: TrackerService) -> None:
    files = [as_file(json_lines("1")), as_file(json_lines("2"))]
    reports = service.import_files(files, file_format="jsonl")
    next(reports)
    seen = ids(service)
    next(reports)
    assert (seen, ids(service)) == (["1"], ["1", "2"])
    assert list(reports) == []


def test_last_file_of_an_issue_wins(service: TrackerService) -> None:
    lines(service, json_line("1", title="first"), json_line("1", title="last"))
    with TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as store:
        assert [issue.title for issue in store.list_issues(SCOPE)] == ["last"]


def test_bad_record_at_the_end_keeps_nothing_of_its_file(service: TrackerService) -> None:
    fill(service, json_lines("old"))
    many = json_lines(*(str(number) for number in range(3000)))
    with pytest.raises(RecordError, match=r"^1\.json: line 3001, field title: expected text"):
        lines(service, many + json_line(title=1))
    assert ids(service) == ["old"]


def test_files_before_a_bad_one_are_kept(service: TrackerService) -> None:
    with pytest.raises(RecordError, match=r"^2\.json: bad"):
        run(service, page("1"), page("2", bad=True), page("3"))
    assert ids(service) == ["1"]


def test_bad_file_fills_nothing(service: TrackerService) -> None:
    with pytest.raises(RecordError):
        run(service, page("1", bad=True))
    assert filled(service) is Fill.NEVER


def test_broken_reader_keeps_nothing_of_its_file(service: TrackerService) -> None:
    fill(service, json_lines("old"))
    with pytest.raises(ProviderError, match=r"acme-plugin 1\.2"):
        run(service, b'{"ids": ["1", 2]}')
    assert ids(service) == ["old"]


class BreakingStream(BytesIO):
    """A file on a disk that fails after the first line."""

    def readline(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().readline(size)


def test_file_that_breaks_off_is_named_and_keeps_nothing(service: TrackerService) -> None:
    fill(service, json_lines("old"))
    broken = ImportFile.of("far.jsonl", BreakingStream(json_lines("1", "2")))
    with pytest.raises(RecordError, match=r"^far\.jsonl: cannot be read: Input/output error"):
        list(service.import_files([broken], file_format="jsonl"))
    assert ids(service) == ["old"]


def test_foreign_issue_keeps_nothing_of_its_file(service: TrackerService) -> None:
    with pytest.raises(RecordError, match=r"^1\.json: ids\[1\]: its board is B2; bind"):
        run(service, page("1", "B2-7"))
    assert ids(service) == []


def test_foreign_issues_are_counted_with_only_bound(service: TrackerService) -> None:
    (report,) = run(service, page("1", "B2-7", "B2-8"), only_bound=True)
    assert (report.changes.created, report.foreign) == (1, 2)
    assert ids(service) == ["1"]


def test_foreign_issues_alone_fill_nothing(service: TrackerService) -> None:
    run(service, page("B2-7"), only_bound=True)
    assert filled(service) is Fill.NEVER


def test_issues_of_another_board_stay_in_their_scope(service: TrackerService) -> None:
    fill(service, json_lines("1"))
    bind_project(service.root, board="B2")
    fill(service, json_lines("2"))
    bind_project(service.root, board="B1")
    assert (ids(service), ids(service, Scope("acme", "site.example", "B2"))) == (["1"], ["2"])


def test_replacing_with_several_files_is_one_state(service: TrackerService) -> None:
    run(service, page("1", "2", "3"))
    reports = run(service, page("2"), page("4"), replace_all=True)
    assert reports == [
        ImportReport(files=("1.json", "2.json"), changes=Upserted(created=1, unchanged=1, gone=2))
    ]
    assert ids(service) == ["2", "4"]


def test_replacing_with_a_bad_last_file_changes_nothing(service: TrackerService) -> None:
    run(service, page("1", "2"))
    with pytest.raises(RecordError, match=r"^2\.json: bad"):
        run(service, page("3"), page("4", bad=True), replace_all=True)
    assert ids(service) == ["1", "2"]


def test_replacing_everything_by_nothing_is_refused(service: TrackerService) -> None:
    run(service, page("1", "2"))
    with pytest.raises(
        RecordError, match=r"1\.json, 2\.json: holds none of the 2 issues of acme at site\.example"
    ):
        run(service, page(), page(), replace_all=True)
    assert (ids(service), filled(service)) == (["1", "2"], Fill.COMPLETE)


def test_replacing_everything_by_other_issues_is_allowed(service: TrackerService) -> None:
    run(service, page("1", "2"))
    run(service, page("3"), replace_all=True)
    assert ids(service) == ["3"]


def test_replacing_nothing_by_nothing_is_allowed(service: TrackerService) -> None:
    (report,) = run(service, page(), replace_all=True)
    assert report.changes == Upserted()


FILLS = {
    "whole": ([page("1")], Fill.COMPLETE),
    "page": ([page("1", more=True)], Fill.PARTIAL),
    "all pages": ([page("1", more=True), page("2")], Fill.COMPLETE),
    "all pages, the last one empty": ([page("1", more=True), page()], Fill.COMPLETE),
    "all pages, the last one first": ([page("2"), page("1", more=True)], Fill.COMPLETE),
    "pages without the last": ([page("1", more=True), page("2", more=True)], Fill.PARTIAL),
    "nothing": ([page()], Fill.NEVER),
    "empty page": ([page(more=True)], Fill.NEVER),
}


@pytest.mark.parametrize("replace_all", [False, True])
@pytest.mark.parametrize(("pages", "expected"), FILLS.values(), ids=FILLS.keys())
def test_pages_fill_the_scope(
    service: TrackerService, pages: list[bytes], expected: Fill, replace_all: bool
) -> None:
    run(service, *pages, replace_all=replace_all)
    assert filled(service) is expected


@pytest.mark.parametrize("news", [page("2", more=True), page("2", first=False), page(more=True)])
def test_page_of_news_leaves_a_complete_scope_complete(
    service: TrackerService, news: bytes
) -> None:
    run(service, page("1"))
    run(service, news)
    assert filled(service) is Fill.COMPLETE


@pytest.mark.parametrize("filled_before", [[], [page("1")], [page("1", more=True)]])
def test_page_that_is_not_the_last_says_so_whatever_the_scope_holds(
    service: TrackerService, filled_before: list[bytes]
) -> None:
    run(service, *filled_before)
    (report,) = run(service, page("2", more=True))
    assert report.in_part == "more is true"


@pytest.mark.parametrize("filled_before", [[], [page("1")]])
def test_page_that_is_not_the_first_says_so_where_none_came_before(
    service: TrackerService, filled_before: list[bytes]
) -> None:
    run(service, *filled_before)
    (report,) = run(service, page("2", first=False))
    assert report.in_part == "first is false"


def test_page_without_issues_says_that_more_follow(service: TrackerService) -> None:
    (report,) = run(service, page(more=True))
    assert (filled(service), report.in_part) == (Fill.NEVER, "more is true")


def test_replacing_by_a_page_fills_a_complete_scope_in_part(service: TrackerService) -> None:
    run(service, page("1"))
    (report,) = run(service, page("1", more=True), replace_all=True)
    assert (filled(service), report.in_part) == (Fill.PARTIAL, "more is true")


def test_empty_file_leaves_the_fill_of_a_page_to_the_next(service: TrackerService) -> None:
    run(service, page("1", more=True))
    run(service, page(more=True))
    assert filled(service) is Fill.PARTIAL


def test_progress_is_told_of_each_file(service: TrackerService) -> None:
    told: list[int] = []
    many = json_lines(*(str(number) for number in range(1500)))
    lines(service, many, json_lines("x"), progress=told.append)
    assert told == [1000, 1500, 1]


def test_full_disk_keeps_nothing_and_says_so(service: TrackerService) -> None:
    fill(service, json_lines("old"))
    many = json_lines(*(str(number) for number in range(2000)), body="x" * 500)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(StoreError, match=r"store\.sqlite: .*; nothing was changed"):
            lines(service, many)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ids(service) == ["old"]
    lines(service, many)
    assert len(ids(service)) == 2001


def test_busy_store_is_worth_trying_again(
    service: TrackerService, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(service, json_lines("old"))
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 30)
    with (
        TrackerSqliteStore(service.root / DATA_DIRECTORY / STORE_FILE) as holder,
        holder.writing(),
        pytest.raises(LockedError, match="try again when it is done"),
    ):
        lines(service, json_lines("1"))
    assert ids(service) == ["old"]


def test_import_goes_where_the_project_is_bound_after_the_wait(tmp_path: Path) -> None:
    bind_project(tmp_path)
    waiting = threading.Event()
    service = make_service(tmp_path, notify=lambda _: waiting.set())
    worker = threading.Thread(target=fill, args=(service, json_lines("1")))
    with project_lock(tmp_path, "bind"):
        worker.start()
        assert waiting.wait(30)
        bind_project(tmp_path, board="B2")
    worker.join()
    assert ids(service, Scope("acme", "site.example", "B2")) == ["1"]


def test_imported_files_are_private_whatever_the_umask(service: TrackerService) -> None:
    before = os.umask(0)
    try:
        fill(service, json_lines("1"))
    finally:
        os.umask(before)
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in (service.root / DATA_DIRECTORY).iterdir()
    }
    assert modes.pop(STORE_FILE) == 0o600
    assert set(modes.values()) == {0o600}


def test_mapping_names_the_issue_at_hand(service: TrackerService) -> None:
    fill(service, json_line("10012", ref={"key": "ACME-12"}))
    mapping = service.add_mapping("WP01", "acme-12")
    assert (mapping.external_id, service.list_mappings()) == ("10012", [mapping])


@pytest.mark.parametrize("wp_id", ["WP1", "wp01", "WP001", " WP01", "", "WP\u0660\u0661"])
def test_ill_formed_work_package_is_refused(service: TrackerService, wp_id: str) -> None:
    fill(service, json_lines("1"))
    with pytest.raises(UsageError, match="one looks like WP01"):
        service.add_mapping(wp_id, "1")


@pytest.mark.parametrize("name", ["2", "", "\udcff"])
def test_mapping_of_an_issue_that_is_not_at_hand_is_refused(
    service: TrackerService, name: str
) -> None:
    fill(service, json_lines("1"))
    with pytest.raises(UsageError, match=r"there is no issue .* in acme at site\.example, B1"):
        service.add_mapping("WP01", name)


def test_removed_mapping_is_returned_and_gone(service: TrackerService) -> None:
    fill(service, json_line("10012", ref={"key": "ACME-12"}))
    mapping = service.add_mapping("WP01", "10012")
    assert service.remove_mapping("WP01", "ACME-12") == mapping
    assert service.list_mappings() == []


def test_removing_no_mapping_is_refused(service: TrackerService) -> None:
    with pytest.raises(UsageError, match="WP01 is not mapped to '1'"):
        service.remove_mapping("WP01", "1")


def test_listing_mappings_makes_no_store(service: TrackerService) -> None:
    assert service.list_mappings() == []
    assert not (service.root / DATA_DIRECTORY).exists()


def test_status_tells_what_every_scope_holds(service: TrackerService) -> None:
    fill(service, json_lines("1", "2"))
    bind_project(service.root, board="B2")
    status = service.status()
    assert (status.state.fill, status.state.issue_count) == (Fill.NEVER, 0)
    assert [(other.scope, other.issue_count) for other in status.others] == [(SCOPE, 2)]


def test_later_page_alone_fills_a_fresh_scope_in_part(service: TrackerService) -> None:
    (report,) = run(service, page("1", first=False))
    assert (filled(service), report.in_part) == (Fill.PARTIAL, "first is false")


def test_last_page_completes_what_the_pages_before_it_began(service: TrackerService) -> None:
    run(service, page("1", more=True))
    (report,) = run(service, page("2", first=False))
    assert (filled(service), report.in_part) == (Fill.COMPLETE, None)


def test_file_is_imported_by_its_path(service: TrackerService, tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_bytes(page("1"))
    (report,) = service.import_files([ImportFile.at(path)])
    assert (report.files, ids(service)) == ((str(path),), ["1"])


class Unreadable(BytesIO):
    """A file on a disk that fails."""

    def read(self, *_: Any) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_file_that_fails_under_the_providers_reader_is_named_and_not_the_plugin(
    service: TrackerService,
) -> None:
    files = [ImportFile.of("page.json", Unreadable())]
    with pytest.raises(RecordError, match=r"^page\.json: cannot be read: Input/output error$"):
        list(service.import_files(files))
