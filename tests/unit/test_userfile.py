"""The user's own file: private from the first instant, whole, and never quoted."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import keyring.backends.fail
import pytest
from filelock import FileLock

from trackwire.errors import CredentialError, LockedError
from trackwire.userfile import Entry, UserStore

if TYPE_CHECKING:
    from unit.conftest import Vault

TOKEN = Entry(provider="acme", workspace="here", field="api_token")
EMAIL = Entry(provider="acme", workspace="here", field="email", secret=False)
SECRET = "hunter2"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def written(users: UserStore, text: str, permissions: int = 0o600) -> UserStore:
    users.path.parent.mkdir(parents=True, exist_ok=True)
    users.path.write_text(text)
    users.path.chmod(permissions)
    return users


def test_nothing_is_stored_at_first(users: UserStore) -> None:
    assert (users.read().hub, users.read().credential) == (None, ())


def test_reading_makes_no_file(users: UserStore) -> None:
    users.read()
    assert not users.path.parent.exists()


def test_value_is_kept(users: UserStore) -> None:
    assert users.put(TOKEN, SECRET) == str(users.path)
    assert users.value_of(users.read().credential[0]) == SECRET


def test_value_replaces_the_one_in_its_place(users: UserStore) -> None:
    users.put(TOKEN, "old")
    users.put(TOKEN, "new")
    assert [entry.value for entry in users.read().credential] == ["new"]


@pytest.mark.parametrize("workspace", [None, "*", "here/x", "there"])
def test_other_workspace_is_another_place(users: UserStore, workspace: str | None) -> None:
    users.put(TOKEN, "one")
    users.put(Entry(provider="acme", workspace=workspace, field="api_token"), "two")
    assert sorted(entry.value or "" for entry in users.read().credential) == ["one", "two"]


def test_every_place_has_its_own_name_in_the_keyring(users: UserStore, vault: Vault) -> None:
    workspaces = [None, "*", "here", "here/there", ""]
    for workspace in workspaces:
        users.put(Entry(provider="acme", workspace=workspace, field="x"), f"for {workspace}")
    values = [users.value_of(entry) for entry in users.read().credential]
    assert values == [f"for {workspace}" for workspace in workspaces]


def test_file_and_directory_are_private_whatever_the_umask(
    users: UserStore, open_umask: None
) -> None:
    users.put(TOKEN, SECRET)
    assert mode(users.path.parent) == 0o700
    assert {path.name: mode(path) for path in users.path.parent.iterdir()} == {
        "credentials.lock": 0o600,
        "credentials.toml": 0o600,
    }


def test_nothing_is_open_to_others_for_an_instant(
    users: UserStore, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, int] = {}
    really_open, really_mkdir = os.open, os.mkdir

    def watched_open(path: str, flags: int, mode: int = 0o777, **more: int | None) -> int:
        descriptor = really_open(path, flags, mode, **more)
        if flags & os.O_CREAT:
            made[str(path)] = stat.S_IMODE(os.fstat(descriptor).st_mode)
        return descriptor

    def watched_mkdir(path: str, mode: int = 0o777, **more: int | None) -> None:
        really_mkdir(path, mode, **more)
        made[str(path)] = stat.S_IMODE(Path(path).stat().st_mode)

    monkeypatch.setattr(os, "open", watched_open)
    monkeypatch.setattr(os, "mkdir", watched_mkdir)
    users.put(TOKEN, SECRET)
    assert len(made) == 4  # two directories, the lock and the temporary file
    assert {permissions & 0o077 for permissions in made.values()} == {0}


@pytest.mark.parametrize("permissions", [0o640, 0o604, 0o620, 0o602, 0o644, 0o777])
def test_file_that_others_may_touch_is_refused_with_the_remedy(
    users: UserStore, permissions: int
) -> None:
    written(users, "", permissions)
    with pytest.raises(CredentialError, match=rf"mode {permissions:03o}\); run: chmod 600 "):
        users.read()


def test_file_that_others_may_touch_is_not_written_either(users: UserStore, vault: Vault) -> None:
    written(users, "hub = 'https://hub.example'\n", 0o644)
    with pytest.raises(CredentialError, match="chmod 600"):
        users.put(TOKEN, SECRET)
    assert users.path.read_text() == "hub = 'https://hub.example'\n"
    assert vault.held == {}


def test_file_of_another_user_is_not_read(
    users: UserStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(users, "")
    monkeypatch.setattr(os, "geteuid", lambda: users.path.stat().st_uid + 1)
    with pytest.raises(CredentialError, match="belongs to another user"):
        users.read()


@pytest.mark.parametrize(
    "text",
    [
        f"[[credential]]\nprovider = 'acme'\nfield = 'x'\nvalue = '{SECRET}\n",
        f"[[credential]]\nprovider = 'acme'\nfield = 'x'\nvalue = {SECRET}\n",
        f"[[credential]]\nprovider = 'acme'\nfield = 'x'\nvalue = ['{SECRET}']\n",
        f"{SECRET}\n",
        f"{SECRET} = 1\n{SECRET} = 2\n",
        f"credential = '{SECRET}'\n",
        f"[[credential]]\nvalue = '{SECRET}'\n",
        f"hub = 'x' {SECRET}\n",
    ],
)
def test_malformed_file_is_named_and_not_quoted(users: UserStore, text: str) -> None:
    written(users, text)
    with pytest.raises(CredentialError) as caught:
        users.read()
    assert str(caught.value).startswith(f"{users.path}: malformed: ")
    assert SECRET not in str(caught.value)


def test_malformed_line_is_given(users: UserStore) -> None:
    written(users, "hub = 'x'\nwrong\n")
    with pytest.raises(CredentialError, match="at line 2, column 6"):
        users.read()


def test_file_that_is_not_utf8_is_refused_and_not_quoted(users: UserStore) -> None:
    written(users, "")
    users.path.write_bytes(b"hub = 'hunter2\xff'")
    with pytest.raises(CredentialError, match="malformed") as caught:
        users.read()
    assert SECRET not in str(caught.value)


def test_malformed_file_is_never_overwritten(users: UserStore, vault: Vault) -> None:
    written(users, "wrong\n")
    with pytest.raises(CredentialError):
        users.put(TOKEN, SECRET)
    assert users.path.read_text() == "wrong\n"
    assert vault.held == {}


def test_directory_in_the_files_place_is_named(users: UserStore) -> None:
    users.path.mkdir(parents=True, mode=0o700)
    with pytest.raises(CredentialError, match=r"credentials.toml: Is a directory"):
        users.read()


def test_file_in_the_directorys_place_is_named(users: UserStore) -> None:
    users.path.parent.parent.mkdir(parents=True)
    users.path.parent.write_text("")
    with pytest.raises(CredentialError, match=r"credentials.toml: "):
        users.put(TOKEN, SECRET)


def test_file_in_the_directorys_place_is_named_when_it_is_read(users: UserStore) -> None:
    users.path.parent.parent.mkdir(parents=True)
    users.path.parent.write_text("")
    with pytest.raises(CredentialError, match=r"credentials\.toml: Not a directory"):
        users.read()


def test_secret_lies_in_the_keyring_where_there_is_one(users: UserStore, vault: Vault) -> None:
    assert users.put(TOKEN, SECRET) == "the system keyring"
    assert SECRET not in users.path.read_text()
    assert users.value_of(users.read().credential[0]) == SECRET


def test_value_that_is_no_secret_stays_out_of_the_keyring(users: UserStore, vault: Vault) -> None:
    users.put(EMAIL, "me@acme.example")
    assert vault.opened == 0


def test_keyring_that_fails_gives_way_to_the_file(users: UserStore, vault: Vault) -> None:
    vault.locked = True
    assert users.put(TOKEN, SECRET) == str(users.path)
    assert users.value_of(users.read().credential[0]) == SECRET


def test_keyring_of_low_priority_is_not_used(
    users: UserStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(vault), "priority", 0.5)  # as those have that keep plain text
    users.put(TOKEN, SECRET)
    assert vault.held == {}


def test_keyring_that_does_not_work_here_is_not_used(
    users: UserStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def priority(_: Vault) -> float:
        raise RuntimeError("its service is not running")  # as those of the desktops do

    monkeypatch.setattr(type(vault), "priority", property(priority))
    assert users.put(TOKEN, SECRET) == str(users.path)


def test_secret_that_the_keyring_keeps_back_is_an_error_with_the_remedy(
    users: UserStore, vault: Vault
) -> None:
    users.put(TOKEN, SECRET)
    vault.locked = True
    with pytest.raises(
        CredentialError, match="api_token of acme at here; unlock it, or run: trackwire"
    ):
        users.value_of(users.read().credential[0])


def test_removed_secret_is_removed_from_the_keyring(users: UserStore, vault: Vault) -> None:
    users.put(TOKEN, SECRET)
    users.drop(users.read().credential[0])
    assert (users.read().credential, vault.held) == ((), {})


def test_secret_that_the_keyring_has_lost_can_be_removed(users: UserStore, vault: Vault) -> None:
    users.put(TOKEN, SECRET)
    vault.held.clear()
    users.drop(users.read().credential[0])
    assert users.read().credential == ()


def test_secret_that_the_keyring_does_not_let_go_of_is_told(users: UserStore, vault: Vault) -> None:
    users.put(TOKEN, SECRET)
    vault.locked = True
    with pytest.raises(CredentialError, match="system keyring may still hold it; remove it there"):
        users.drop(users.read().credential[0])
    assert users.read().credential == ()


def test_secret_of_a_keyring_that_is_gone_is_told_when_it_is_removed(
    users: UserStore, vault: Vault
) -> None:
    users.put(TOKEN, SECRET)
    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(CredentialError, match="system keyring may still hold it; remove it there"):
        users.drop(users.read().credential[0])
    assert users.read().credential == ()


def test_removing_one_value_leaves_the_others(users: UserStore) -> None:
    users.put(TOKEN, SECRET)
    users.put(EMAIL, "me@acme.example")
    users.drop(users.read().credential[0])
    assert [entry.field for entry in users.read().credential] == ["email"]


def test_hub_is_remembered_and_forgotten(users: UserStore) -> None:
    users.use_hub("https://hub.example")
    assert users.read().hub == "https://hub.example"
    users.use_hub(None)
    assert users.read().hub is None


def test_entry_does_not_show_its_value() -> None:
    entry = Entry(provider="acme", field="api_token", value=SECRET)
    assert SECRET not in f"{entry} {entry!r} {[entry]}"


def test_file_does_not_show_its_values(users: UserStore) -> None:
    users.put(TOKEN, SECRET)
    assert SECRET not in repr(users.read())


WRITER = """
import sys
from pathlib import Path
from trackwire.userfile import Entry, UserStore

users = UserStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    users.put(Entry(provider="acme", workspace=sys.argv[2], field=f"field_{number}"), "value")
"""


def test_concurrent_writers_lose_nothing(users: UserStore) -> None:
    environ = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(users.path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        for name in ("one", "two", "three")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    assert [writer.communicate("go\n") and writer.returncode for writer in writers] == [0, 0, 0]
    assert len({entry.place for entry in users.read().credential}) == 30


def test_writer_that_waits_too_long_says_so(
    users: UserStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackwire.userfile._WAIT_SECONDS", 0.1)
    users.put(EMAIL, "me@acme.example")
    with (
        FileLock(users.path.with_suffix(".lock")),
        pytest.raises(LockedError, match="another process has been changing"),
    ):
        users.put(TOKEN, SECRET)


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from trackwire.userfile import Entry, UserStore

Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
UserStore(Path(sys.argv[1])).put(Entry(provider="acme", field="token"), "hunter2")
"""


def test_kill_in_the_middle_leaves_the_old_file_and_no_secret_for_long(users: UserStore) -> None:
    users.put(EMAIL, "me@acme.example")
    before = users.path.read_bytes()
    environ = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(users.path)], env=environ)
    assert users.path.read_bytes() == before
    assert len(list(users.path.parent.glob(".*.tmp"))) == 1
    users.use_hub(None)
    assert list(users.path.parent.glob(".*.tmp")) == []


def test_default_file_is_in_the_users_configuration_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    path = UserStore().path
    assert path.name == "credentials.toml"
    assert path.is_relative_to(tmp_path)
