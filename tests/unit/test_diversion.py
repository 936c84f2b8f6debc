"""What a thread prints in a block goes to standard error, and nobody else notices."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from trackwire.diversion import stdout_diverted

Capture = pytest.CaptureFixture[str]
tell = print


def in_thread(function: Callable[[], object]) -> None:
    """Call a function in another thread, and wait for its end."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_output_in_the_block_goes_to_standard_error(capsys: Capture) -> None:
    with stdout_diverted():
        tell("inside")
    assert capsys.readouterr() == ("", "inside\n")


def test_output_after_the_block_goes_to_standard_output(capsys: Capture) -> None:
    with stdout_diverted():
        pass
    tell("after")
    assert capsys.readouterr() == ("after\n", "")


def test_stream_is_as_before_after_the_block() -> None:
    before = sys.stdout
    with stdout_diverted():
        pass
    assert sys.stdout is before


def test_stream_is_as_before_where_the_block_fails() -> None:
    before = sys.stdout
    with pytest.raises(KeyboardInterrupt), stdout_diverted():
        raise KeyboardInterrupt
    assert sys.stdout is before


def test_block_in_a_block_ends_nothing(capsys: Capture) -> None:
    with stdout_diverted():
        with stdout_diverted():
            pass
        tell("inside")
    assert capsys.readouterr() == ("", "inside\n")


def test_other_thread_writes_where_it_always_does(capsys: Capture) -> None:
    with stdout_diverted():
        in_thread(lambda: tell("a result"))
    assert capsys.readouterr() == ("a result\n", "")


def test_blocks_that_end_in_another_order_than_they_began_leave_the_stream_as_before(
    capsys: Capture,
) -> None:
    before = sys.stdout
    began, ended = threading.Event(), threading.Event()

    def overlap() -> None:
        with stdout_diverted():
            began.set()
            ended.wait(60)
            tell("still inside")

    thread = threading.Thread(target=overlap)
    with stdout_diverted():
        thread.start()
        began.wait(60)
    tell("a result")
    ended.set()
    thread.join()
    assert sys.stdout is before
    assert capsys.readouterr() == ("a result\n", "still inside\n")


def test_block_that_another_thread_ends_leaves_the_stream_as_before() -> None:
    before = sys.stdout
    block = stdout_diverted()
    block.__enter__()
    in_thread(lambda: block.__exit__(None, None, None))
    assert sys.stdout is before


def test_runner_of_commands_in_a_block_sees_their_output() -> None:
    with stdout_diverted():
        result = CliRunner().invoke(click.Command("say", callback=lambda: click.echo("said")))
    assert result.stdout == "said\n"


def test_block_in_a_command_is_seen_by_its_runner() -> None:
    def say() -> None:
        with stdout_diverted():
            tell("aside")
        sys.stderr.flush()  # older runners leave that to the command
        click.echo("said")

    result = CliRunner().invoke(click.Command("say", callback=say))
    assert (result.stdout, result.stderr) == ("said\n", "aside\n")


@pytest.mark.parametrize("other", [None, io.StringIO()])
def test_stream_that_the_block_puts_in_place_is_taken_away(
    other: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sys.stdout
    with stdout_diverted():
        monkeypatch.setattr(sys, "stdout", other)
    assert sys.stdout is before


def test_block_stays_diverted_where_another_puts_a_stream_in_place(capsys: Capture) -> None:
    began, replaced = threading.Event(), threading.Event()

    def replace() -> None:
        with stdout_diverted():
            began.wait(60)
            sys.stdout = io.StringIO()
        replaced.set()

    thread = threading.Thread(target=replace)
    thread.start()
    with stdout_diverted():
        began.set()
        replaced.wait(60)
        tell("inside")
    thread.join()
    assert capsys.readouterr() == ("", "inside\n")


@pytest.mark.parametrize("missing", ["stdout", "stderr"])
def test_process_without_a_stream_prints_nowhere(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(sys, missing, None)
    with stdout_diverted():
        in_thread(lambda: tell("a result"))
        tell("inside")
    assert capsys.readouterr() == (("a result\n", "") if missing == "stderr" else ("", "inside\n"))


def test_bytes_go_the_same_way(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with stdout_diverted():
        sys.stdout.buffer.write(b"\xff")
        sys.stdout.flush()
    assert capfdbinary.readouterr() == (b"", b"\xff")
