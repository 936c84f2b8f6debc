"""What becomes of an error that a plugin raises is what the contract's table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.documents import bare, tables
from contract.public_surface import DOCUMENT
from projectkit import LIVE_PLUGIN, TRACKER_TOKEN
from userkit import User, new_user

ROWS = {bare(row[0]): row[2] for row in tables(DOCUMENT.read_text("utf-8"), "Errors")[0]}
OTHERS = ROWS["any other error of `trackwire.errors"]


def raising(error: str) -> str:
    """The plugin, but that connecting raises."""
    assert LIVE_PLUGIN.count("def connect(context):\n") == 1
    source = LIVE_PLUGIN.replace("def connect(context):\n", f"def connect(context):\n    {error}\n")
    return f"import trackwire.errors as errors\n{source}"


def pulling(user: User, error: str) -> tuple[int, str]:
    """Pull by a plugin that raises; return the exit code and what is said."""
    user.install("acme", raising(error))
    user.setenv("TRACKWIRE_ACME_BASE_URL", "http://127.0.0.1:1")
    user.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
    user.does("bind", "acme", "--workspace", "site.example", "--set", "board=B1")
    done = user.run("pull")
    return done.exit_code, done.stderr


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    with new_user(tmp_path, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("error", ["TrackerError", "TrackerDeferred", "CredentialError"])
def test_error_of_connect_ends_the_pull_with_the_exit_code_of_its_row(
    error: str, user: User
) -> None:
    code, said = pulling(user, f"raise errors.{error}('as it is')")
    assert f"exit code {code}" in ROWS[error]
    assert said == "error: as it is\n"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("LockedError", "exit code {} for a `TemporaryError`, such as `LockedError`"),
        ("UsageError", ", {} for a `UsageError`"),
        ("ScopeError", ", else {}"),
    ],
)
def test_other_error_ends_the_pull_with_the_exit_code_that_is_told(
    error: str, words: str, user: User
) -> None:
    code, said = pulling(user, f"raise errors.{error}('as it is')")
    assert words.format(code) in OTHERS
    assert said == "error: as it is\n"


@pytest.mark.parametrize("error", ["ZeroDivisionError()", "SystemExit(0)"])
def test_error_that_is_not_trackwires_names_distribution_version_and_function(
    error: str, user: User
) -> None:
    code, said = pulling(user, f"raise {error}")
    assert f"exit code {code}" in ROWS["anything else, `SystemExit` too"]
    assert re.match(r"error: acme-plugin 1\.2: its connect failed", said)


def test_error_of_read_export_names_it_as_the_document_says(user: User) -> None:
    (name,) = re.findall(r'of `read_export` as "([^"]+)"', ROWS["anything else, `SystemExit` too"])
    source = LIVE_PLUGIN.replace("connect=connect,", "read_export=lambda *_: 1 / 0,")
    user.install("acme", source)
    user.does("bind", "acme", "--workspace", "site.example", "--set", "board=B1")
    assert f"acme-plugin 1.2: {name} failed" in user.fails("import", "-", code=1, given="{}")
