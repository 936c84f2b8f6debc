"""Credentials: merged in order, secrets masked, and sent only where they were given for."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trackwire.credentials import Source, TrackerCredentialStore, Value
from trackwire.errors import CredentialError
from trackwire.project import Binding, TrackerProjectConfig
from trackwire.provider import CredentialField, Provider
from trackwire.secret import Secret
from trackwire.userfile import Entry, UserStore

if TYPE_CHECKING:
    from unit.conftest import Vault

HERE = "https://here.acme.example"
EVIL = "https://evil.example"
SECRET = "hunter2"


def project(
    fields: dict[str, str | int] | None = None, provider: str = "acme"
) -> TrackerProjectConfig:
    return TrackerProjectConfig(
        root=Path("/project"),
        binding=Binding(provider=provider, workspace="here"),
        fields=fields or {},
    )


def store(users: UserStore, **environ: str) -> TrackerCredentialStore:
    return TrackerCredentialStore(users, environ)


def remember(users: UserStore, field: str, value: str, workspace: str | None = "here") -> None:
    users.put(Entry(provider="acme", workspace=workspace, field=field, secret=False), value)


def given_for(
    users: UserStore, provider: Provider, field: str, origin: str | None, value: str = SECRET
) -> None:
    store(users).keep(provider, provider.name, "here", field, value, origin)


def told(value: Value) -> tuple[Source, str | int | None]:
    return value.source, value.plain


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("epwu", (Source.ENVIRONMENT, "from e")),
        ("pwu", (Source.PROJECT, "from p")),
        ("wu", (Source.USER_WORKSPACE, "from w")),
        ("u", (Source.USER_PROVIDER, "from u")),
        ("eu", (Source.ENVIRONMENT, "from e")),
        ("ew", (Source.ENVIRONMENT, "from e")),
        ("pu", (Source.PROJECT, "from p")),
    ],
)
def test_sources_win_in_order(
    users: UserStore, acme: Provider, sources: str, expected: tuple[Source, str]
) -> None:
    environ = {"TRACKWIRE_ACME_BOARD": "from e"} if "e" in sources else {}
    if "w" in sources:
        remember(users, "board", "from w")
    if "u" in sources:
        remember(users, "board", "from u", workspace=None)
    config = project({"board": "from p"} if "p" in sources else {})
    assert told(store(users, **environ).effective(config, acme)["board"]) == expected


def test_default_is_the_last_source(users: UserStore, cloud: Provider) -> None:
    value = store(users).effective(project(provider="cloud"), cloud)["api_url"]
    assert told(value) == (Source.DEFAULT, "https://api.cloud.example/v1")


def test_field_without_a_value_is_absent(users: UserStore, acme: Provider) -> None:
    assert store(users).effective(project(), acme) == {}


def test_value_of_another_workspace_or_provider_is_not_used(
    users: UserStore, acme: Provider
) -> None:
    remember(users, "board", "theirs", workspace="there")
    users.put(Entry(provider="other", workspace="here", field="board", secret=False), "theirs")
    assert store(users).effective(project(), acme) == {}


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_blank_variable_counts_as_unset(users: UserStore, acme: Provider, blank: str) -> None:
    values = store(users, TRACKWIRE_ACME_BOARD=blank).effective(project({"board": "X"}), acme)
    assert told(values["board"]) == (Source.PROJECT, "X")


def test_integer_of_the_project_stays_one(users: UserStore, acme: Provider) -> None:
    assert store(users).effective(project({"board": 12}), acme)["board"].plain == 12


def test_environment_that_overrides_the_project_is_noted(users: UserStore, acme: Provider) -> None:
    credentials = store(users, TRACKWIRE_ACME_BOARD="BETA")
    note = credentials.effective(project({"board": "ACME"}), acme)["board"].note
    assert note == "TRACKWIRE_ACME_BOARD overrides another value in /project/.kittify/config.yaml"


@pytest.mark.parametrize("same", ["ACME", " ACME "])
def test_environment_that_agrees_with_the_project_is_not_noted(
    users: UserStore, acme: Provider, same: str
) -> None:
    credentials = store(users, TRACKWIRE_ACME_BOARD=same)
    assert credentials.effective(project({"board": "ACME"}), acme)["board"].note is None


def test_detail_says_where_a_value_is_from(users: UserStore, acme: Provider) -> None:
    remember(users, "email", "me@acme.example")
    values = store(users, TRACKWIRE_ACME_BASE_URL=HERE).effective(project({"board": "X"}), acme)
    assert {name: value.detail for name, value in values.items()} == {
        "base_url": "TRACKWIRE_ACME_BASE_URL",
        "email": str(users.path),
        "board": "/project/.kittify/config.yaml",
    }


@pytest.mark.parametrize("source", ["environment", "user"])
def test_secret_is_never_in_a_merged_value(users: UserStore, acme: Provider, source: str) -> None:
    environ = {"TRACKWIRE_ACME_API_TOKEN": SECRET} if source == "environment" else {}
    if source == "user":
        given_for(users, acme, "api_token", HERE)
    value = store(users, **environ).effective(project(), acme)["api_token"]
    assert (value.secret, value.plain) == (True, None)
    assert SECRET not in repr(value) + json.dumps(dataclasses.asdict(value), default=str)


def test_project_that_holds_a_secret_is_refused_with_the_command(
    users: UserStore, acme: Provider
) -> None:
    with pytest.raises(CredentialError) as caught:
        store(users).effective(project({"api_token": SECRET}), acme)
    assert "run: trackwire credentials set api_token --from-project" in str(caught.value)
    assert "/project/.kittify/config.yaml: trackwire.fields.api_token" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_without_a_plugin_every_value_counts_as_secret(users: UserStore) -> None:
    remember(users, "email", "me@acme.example")
    credentials = store(users, TRACKWIRE_ACME_API_TOKEN=SECRET, TRACKWIRE_OTHER_X="x")
    values = credentials.effective(project({"board": "X"}), None)
    assert sorted(values) == ["api_token", "board", "email"]
    assert [(value.secret, value.plain) for value in values.values()] == [(True, None)] * 3


def test_values_that_no_field_is_declared_for_are_not_shown(
    users: UserStore, acme: Provider
) -> None:
    remember(users, "left_over", SECRET)
    value = store(users).effective(project({"stray": "x"}), acme)
    assert {name: (v.secret, v.plain) for name, v in value.items()} == {"left_over": (True, None)}


def test_merging_opens_no_keyring(users: UserStore, vault: Vault, acme: Provider) -> None:
    given_for(users, acme, "api_token", HERE)
    vault.opened, vault.locked = 0, True
    values = store(users).effective(project({"board": "X"}), acme)
    assert sorted(values) == ["api_token", "board"]
    assert vault.opened == 0


def test_value_stored_before_there_was_a_plugin_stays_in_its_keyring(
    users: UserStore, vault: Vault, acme: Provider
) -> None:
    for name in ("email", "board"):
        store(users).keep(None, "acme", "here", name, SECRET, None)
    vault.opened, vault.locked = 0, True
    values = store(users).effective(project(), acme)
    assert [(value.secret, value.plain) for value in values.values()] == [(True, None)] * 2
    assert vault.opened == 0


def test_plain_value_wins_over_one_stored_as_secret(
    users: UserStore, vault: Vault, acme: Provider
) -> None:
    store(users).keep(None, "acme", "here", "board", SECRET, None)
    assert told(store(users).effective(project({"board": "X"}), acme)["board"]) == (
        Source.PROJECT,
        "X",
    )


def test_stored_values_are_given_out_with_secrets_masked(
    users: UserStore, vault: Vault, acme: Provider
) -> None:
    given_for(users, acme, "api_token", HERE)
    remember(users, "email", "everywhere@acme.example", workspace=None)
    remember(users, "email", "here@acme.example")
    stored = store(users).get_provider("acme", "here")
    assert stored == {"api_token": Secret(SECRET), "email": "here@acme.example"}
    assert SECRET not in repr(stored)


def test_personal_value_is_kept_in_the_users_file(
    users: UserStore, vault: Vault, acme: Provider
) -> None:
    place = store(users).keep(acme, "acme", "here", "email", "me@acme.example", HERE)
    entry = users.read().credential[0]
    assert (place, entry.secret, entry.origin) == (str(users.path), False, None)


def test_value_is_dropped_from_its_place_only(users: UserStore) -> None:
    remember(users, "board", "X")
    remember(users, "board", "Y", workspace=None)
    assert store(users).drop("acme", "here", "board")
    assert not store(users).drop("acme", "here", "board")
    assert [entry.value for entry in users.read().credential] == ["Y"]


def test_workspace_is_dropped_and_the_others_stay(users: UserStore) -> None:
    remember(users, "board", "X")
    remember(users, "email", "me@acme.example")
    remember(users, "board", "Y", workspace="there")
    remember(users, "board", "Z", workspace=None)
    users.put(Entry(provider="beads", workspace="here", field="board", secret=False), "other")
    store(users).drop_workspace("acme", "here")
    assert [entry.value for entry in users.read().credential] == ["Y", "Z", "other"]


def revealed(
    credentials: TrackerCredentialStore, config: TrackerProjectConfig, provider: Provider
) -> str | None:
    name = next(f.name for f in provider.credential_fields if f.secret)
    secret = credentials.secret(config, provider, name)
    return None if secret is None else secret.reveal()


def test_secret_that_nobody_gave_is_none(users: UserStore, acme: Provider) -> None:
    assert revealed(store(users), project({"base_url": HERE}), acme) is None


def test_secret_that_nobody_gave_is_refused_nowhere(users: UserStore, acme: Provider) -> None:
    config = project({"base_url": EVIL})
    address = store(users).effective(config, acme)["base_url"]
    store(users).check_origin(config, acme, "api_token", address)


@pytest.mark.parametrize(
    "spelling",
    [
        HERE,
        "HTTPS://Here.Acme.Example:443/browse",
        "https://here.acme.example./",
        f" {HERE}/other/path ",
    ],
)
def test_stored_secret_goes_to_every_spelling_of_its_origin(
    users: UserStore, acme: Provider, spelling: str
) -> None:
    given_for(users, acme, "api_token", HERE)
    assert revealed(store(users), project({"base_url": spelling}), acme) == SECRET


def test_origin_is_kept_in_normal_form(users: UserStore, acme: Provider) -> None:
    given_for(users, acme, "api_token", "HTTPS://b\u00fccher.example:443/x")
    config = project({"base_url": "https://xn--bcher-kva.example"})
    assert revealed(store(users), config, acme) == SECRET


@pytest.mark.parametrize(
    "other",
    [
        EVIL,
        "http://here.acme.example",
        "https://here.acme.example:8443",
        "https://here.acme.example.evil.example",
        "https://acme.example",
    ],
)
def test_stored_secret_goes_to_no_other_origin(
    users: UserStore, acme: Provider, other: str
) -> None:
    given_for(users, acme, "api_token", HERE)
    with pytest.raises(CredentialError) as caught:
        revealed(store(users), project({"base_url": other}), acme)
    assert f"it was given for {HERE}" in str(caught.value)
    assert f"run: trackwire credentials set api_token --origin {other}" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_refused_secret_stays_in_its_keyring(
    users: UserStore, vault: Vault, acme: Provider
) -> None:
    given_for(users, acme, "api_token", HERE)
    vault.opened = 0
    with pytest.raises(CredentialError):
        revealed(store(users), project({"base_url": EVIL}), acme)
    assert vault.opened == 0


def test_secret_that_was_given_for_no_address_goes_nowhere(
    users: UserStore, acme: Provider
) -> None:
    given_for(users, acme, "api_token", None)
    with pytest.raises(CredentialError, match="it was given before there was an address"):
        revealed(store(users), project({"base_url": HERE}), acme)


@pytest.mark.parametrize("source", ["environment", "user"])
def test_secret_goes_nowhere_without_an_address(
    users: UserStore, acme: Provider, source: str
) -> None:
    environ = {"TRACKWIRE_ACME_API_TOKEN": SECRET} if source == "environment" else {}
    if source == "user":
        given_for(users, acme, "api_token", HERE)
    with pytest.raises(CredentialError, match="there is no base_url to send a secret to; run: "):
        revealed(store(users, **environ), project(), acme)


def test_secret_of_the_environment_does_not_go_where_a_project_points(
    users: UserStore, acme: Provider
) -> None:
    credentials = store(users, TRACKWIRE_ACME_API_TOKEN=SECRET)
    with pytest.raises(CredentialError) as caught:
        revealed(credentials, project({"base_url": EVIL}), acme)
    assert "which only the project's file names" in str(caught.value)
    assert "set TRACKWIRE_ACME_BASE_URL to it too" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_secret_of_the_environment_goes_where_the_environment_points(
    users: UserStore, acme: Provider
) -> None:
    credentials = store(users, TRACKWIRE_ACME_API_TOKEN=SECRET, TRACKWIRE_ACME_BASE_URL=HERE)
    assert revealed(credentials, project({"base_url": EVIL}), acme) == SECRET


@pytest.mark.parametrize("fields", [{}, {"api_url": "https://API.cloud.example:443/v2"}])
def test_secret_of_the_environment_goes_to_the_default_origin(
    users: UserStore, cloud: Provider, fields: dict[str, str | int]
) -> None:
    credentials = store(users, TRACKWIRE_CLOUD_API_KEY=SECRET)
    assert revealed(credentials, project(fields, "cloud"), cloud) == SECRET


@pytest.mark.parametrize(
    "other", [EVIL, "https://api.cloud.example:8443", "http://api.cloud.example"]
)
@pytest.mark.parametrize("source", ["environment", "user"])
def test_secret_for_the_default_origin_does_not_go_where_a_project_points(
    users: UserStore, cloud: Provider, source: str, other: str
) -> None:
    environ = {"TRACKWIRE_CLOUD_API_KEY": SECRET} if source == "environment" else {}
    if source == "user":
        given_for(users, cloud, "api_key", "https://api.cloud.example")
    with pytest.raises(CredentialError, match="is not sent to"):
        revealed(store(users, **environ), project({"api_url": other}, "cloud"), cloud)


def test_provider_with_an_address_of_its_own_needs_no_origin(users: UserStore) -> None:
    fixed = Provider(
        name="acme",
        title="Acme",
        api_version=1,
        credential_fields=(CredentialField(name="api_token", help="A token", secret=True),),
    )
    given_for(users, fixed, "api_token", None)
    assert revealed(store(users), project(), fixed) == SECRET


def test_one_secret_is_never_used_for_a_hub(users: UserStore, acme: Provider) -> None:
    users.put(Entry(provider="hub", workspace="here", field="api_token", origin=HERE), SECRET)
    assert revealed(store(users), project({"base_url": HERE}), acme) is None
