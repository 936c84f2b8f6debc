"""A hub's token goes to that hub and to no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trackwire.destination import endpoint_url
from trackwire.errors import UsageError
from trackwire.login import HubLogin, usable_token
from trackwire.secret import Secret
from trackwire.userfile import Entry

if TYPE_CHECKING:
    from unit.conftest import Vault

    from trackwire.userfile import UserStore

HUB = "https://hub.example"
OTHER = "https://other.example"
TOKEN = "hunter2"
ENV_TOKEN = "from-the-environment"


def hubs(users: UserStore, **environ: str) -> HubLogin:
    return HubLogin(users, {f"TRACKWIRE_{name}": value for name, value in environ.items()})


def sent(login: HubLogin, url: str | None = None) -> tuple[str, str | None]:
    target = login.target(url)
    return target.endpoint, target.token.reveal() if target.token else None


def test_no_hub_is_named_at_first(users: UserStore) -> None:
    with pytest.raises(UsageError, match="give --hub URL, or run: trackwire login URL"):
        hubs(users).target()


def test_hub_without_a_token_is_sent_none(users: UserStore) -> None:
    assert sent(hubs(users), HUB) == (endpoint_url(HUB), None)


def test_login_remembers_hub_and_token(users: UserStore) -> None:
    assert hubs(users).login(HUB, Secret(TOKEN)) == str(users.path)
    assert sent(hubs(users)) == (endpoint_url(HUB), TOKEN)


def test_token_lies_in_the_keyring_where_there_is_one(users: UserStore, vault: Vault) -> None:
    hubs(users).login(HUB, Secret(TOKEN))
    assert TOKEN not in users.path.read_text()
    assert sent(hubs(users)) == (endpoint_url(HUB), TOKEN)


@pytest.mark.parametrize(
    "spelling", ["https://HUB.example:443", f"{HUB}/", f" {HUB}// ", "https://hub.example."]
)
def test_token_goes_to_every_spelling_of_its_hub(users: UserStore, spelling: str) -> None:
    hubs(users).login(HUB, Secret(TOKEN))
    assert sent(hubs(users), spelling) == (endpoint_url(HUB), TOKEN)


@pytest.mark.parametrize(
    "other", [OTHER, f"{HUB}:8443", f"{HUB}/team", "https://hub.example.evil.example"]
)
def test_stored_token_goes_to_no_other_hub(users: UserStore, other: str) -> None:
    hubs(users).login(HUB, Secret(TOKEN))
    assert sent(hubs(users), other) == (endpoint_url(other), None)


def test_every_hub_has_its_own_token(users: UserStore) -> None:
    hubs(users).login(HUB, Secret("one"))
    hubs(users).login(OTHER, Secret("two"))
    assert [sent(hubs(users), url)[1] for url in (HUB, OTHER)] == ["one", "two"]
    assert hubs(users).default_url() == OTHER


def test_new_token_replaces_the_old_one(users: UserStore) -> None:
    hubs(users).login(HUB, Secret("old"))
    hubs(users).login(f"{HUB}/", Secret("new"))
    assert sent(hubs(users))[1] == "new"
    assert len(users.read().credential) == 1


@pytest.mark.parametrize(
    ("url", "named", "expected"),
    [
        (None, HUB, (HUB, ENV_TOKEN)),
        (HUB, HUB, (HUB, ENV_TOKEN)),
        ("https://HUB.example:443/", HUB, (HUB, ENV_TOKEN)),
        (OTHER, HUB, (OTHER, None)),
        (OTHER, "", (OTHER, ENV_TOKEN)),
        (OTHER, " ", (OTHER, ENV_TOKEN)),
    ],
)
def test_token_of_the_environment_goes_to_the_hub_that_the_environment_names(
    users: UserStore, url: str | None, named: str, expected: tuple[str, str | None]
) -> None:
    login = hubs(users, HUB_TOKEN=ENV_TOKEN, HUB_URL=named)
    assert sent(login, url) == (endpoint_url(expected[0]), expected[1])


def test_token_of_the_environment_wins_over_the_stored_one(users: UserStore) -> None:
    hubs(users).login(HUB, Secret(TOKEN))
    target = hubs(users, HUB_TOKEN=ENV_TOKEN).target()
    assert target.token == Secret(ENV_TOKEN)
    assert target.token_source == "TRACKWIRE_HUB_TOKEN"


def test_hub_of_the_environment_wins_over_the_stored_one(users: UserStore) -> None:
    hubs(users).login(HUB, Secret(TOKEN))
    assert sent(hubs(users, HUB_URL=OTHER)) == (endpoint_url(OTHER), None)


def test_hub_named_beside_the_environments_gets_its_own_stored_token(users: UserStore) -> None:
    hubs(users).login(OTHER, Secret(TOKEN))
    login = hubs(users, HUB_TOKEN=ENV_TOKEN, HUB_URL=HUB)
    assert sent(login, OTHER) == (endpoint_url(OTHER), TOKEN)


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_blank_token_in_the_environment_counts_as_unset(users: UserStore, blank: str) -> None:
    hubs(users).login(HUB, Secret(TOKEN))
    assert sent(hubs(users, HUB_TOKEN=blank))[1] == TOKEN


UNUSABLE = ["hunter 2", "hunter2\r\nX-Evil: 1", "hunt\u00e9r2", "hunter\x002"]


@pytest.mark.parametrize("token", [*UNUSABLE, "", "  "])
def test_unusable_token_is_refused_without_showing_it(users: UserStore, token: str) -> None:
    with pytest.raises(UsageError, match=r"^the token is empty or holds characters") as caught:
        hubs(users).login(HUB, Secret(token))
    assert "hunt" not in str(caught.value)
    assert not users.path.exists()


@pytest.mark.parametrize("token", UNUSABLE)
def test_unusable_token_in_the_environment_is_refused_without_showing_it(
    users: UserStore, token: str
) -> None:
    with pytest.raises(UsageError, match=r"^TRACKWIRE_HUB_TOKEN is empty or holds") as caught:
        hubs(users, HUB_TOKEN=token).target(HUB)
    assert "hunt" not in str(caught.value)


def test_blanks_around_a_token_are_dropped(users: UserStore) -> None:
    hubs(users).login(HUB, Secret(f" {TOKEN}\n"))
    assert sent(hubs(users))[1] == TOKEN


def test_usable_token_is_shown_by_no_repr() -> None:
    assert TOKEN not in repr(usable_token(TOKEN))


@pytest.mark.parametrize("url", ["https://me:hunter2@hub.example", "https://hunter2@hub.example"])
def test_password_in_an_address_is_refused_without_showing_it(users: UserStore, url: str) -> None:
    attempts = [
        lambda: hubs(users).login(url, Secret("x")),
        lambda: hubs(users).target(url),
        lambda: hubs(users, HUB_URL=url).target(),
    ]
    for attempt in attempts:
        with pytest.raises(UsageError, match="user name or a password") as caught:
            attempt()
        assert "hunter2" not in str(caught.value)
    assert not users.path.exists()


def test_plain_http_is_refused_before_the_token_is_kept(users: UserStore) -> None:
    with pytest.raises(UsageError, match="plain http"):
        hubs(users).login("http://hub.example", Secret(TOKEN))
    assert not users.path.exists()


def test_logout_forgets_one_hub(users: UserStore) -> None:
    hubs(users).login(OTHER, Secret("two"))
    hubs(users).login(HUB, Secret("one"))
    assert hubs(users).logout(f"{HUB}/") == [HUB]
    assert sent(hubs(users), HUB)[1] is None
    assert sent(hubs(users), OTHER)[1] == "two"
    assert hubs(users).default_url() is None


def test_logout_forgets_every_hub(users: UserStore, vault: Vault) -> None:
    hubs(users).login(HUB, Secret("one"))
    hubs(users).login(OTHER, Secret("two"))
    assert sorted(hubs(users).logout()) == [HUB, OTHER]
    assert (vault.held, users.read().credential, users.read().hub) == ({}, (), None)


def test_logout_leaves_credentials_of_providers(users: UserStore) -> None:
    users.put(Entry(provider="acme", field="api_token"), TOKEN)
    hubs(users).logout()
    assert [entry.provider for entry in users.read().credential] == ["acme"]


def test_credential_of_a_provider_is_no_hubs_token(users: UserStore) -> None:
    endpoint = endpoint_url(HUB)
    entry = Entry(provider="acme", workspace=endpoint, field="token", origin=endpoint)
    users.put(entry, TOKEN)
    assert sent(hubs(users), HUB)[1] is None


def test_target_does_not_show_its_token(users: UserStore) -> None:
    assert ENV_TOKEN not in repr(hubs(users, HUB_TOKEN=ENV_TOKEN).target(HUB))
