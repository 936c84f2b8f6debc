"""Binding a project: each value goes where it belongs, and an error changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from trackwire.binding import (
    BindReport,
    BindRequest,
    bind,
    prospect,
    prospective,
    unbind,
)
from trackwire.credentials import TrackerCredentialStore
from trackwire.errors import CredentialError, ProjectError, ProviderError, UsageError
from trackwire.keeping import SetRequest, set_credential
from trackwire.model import DoctrineMode, FieldOwner
from trackwire.project import CONFIG_FILE, load_project, write_binding
from trackwire.provider import CredentialField
from trackwire.registry import Broken, ProviderRegistry, Registered, Unregistered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from unit.conftest import Vault

    from trackwire.discovery import Found
    from trackwire.provider import Provider
    from trackwire.userfile import UserStore

HERE = "https://here.acme.example"
EVIL = "https://evil.example"
SECRET = "hunter2"
GIVEN = {"base_url": HERE, "email": "me@acme.example", "api_token": SECRET, "board": "ACME"}


class Registry(ProviderRegistry):
    """A registry of providers that are given by hand."""

    def __init__(self, *providers: Provider) -> None:
        super().__init__((), environ={})
        self._given = {provider.name: provider for provider in providers}

    def outcome(self, name: str) -> Registered | Broken | Unregistered:
        raise AssertionError("binding asks for the provider alone")

    def provider(self, name: str) -> Provider | None:
        return self._given.get(name)


class Desk:
    """A user who binds the project at `root`."""

    def __init__(self, root: Path, users: UserStore, *providers: Provider) -> None:
        self.root = root
        self.users = users
        self.registry: ProviderRegistry = Registry(*providers)
        self.environ: dict[str, str] = {}

    @property
    def credentials(self) -> TrackerCredentialStore:
        return TrackerCredentialStore(self.users, self.environ)

    def bind(
        self,
        values: Mapping[str, str] | None = None,
        *,
        provider: str = "acme",
        workspace: str = "here",
        mode: DoctrineMode | None = None,
        owners: Mapping[str, FieldOwner] | None = None,
        confirmed: str | None = None,
    ) -> BindReport:
        request = BindRequest(
            provider=provider,
            workspace=workspace,
            values=values or {},
            doctrine_mode=mode,
            doctrine_field_owners=owners,
            confirmed_origin=confirmed,
        )
        return bind(self.root, self.registry, self.credentials, request)

    def state(self) -> tuple[str | None, str | None]:
        """What is kept in the project's and in the user's file."""
        paths = (self.root / CONFIG_FILE, self.users.path)
        texts = [path.read_text() if path.exists() else None for path in paths]
        return texts[0], texts[1]

    def clone(self, base_url: str) -> None:
        """Put a project that somebody else has written in the root."""
        (self.root / ".kittify").mkdir()
        (self.root / CONFIG_FILE).write_text(
            "tracker: {provider: acme, workspace: here}\n"
            f'trackwire:\n  fields:\n    base_url: "{base_url}"\n'
        )


@pytest.fixture
def desk(tmp_path: Path, users: UserStore, acme: Provider, cloud: Provider) -> Desk:
    root = tmp_path / "rocket"
    root.mkdir()
    return Desk(root, users, acme, cloud)


def test_first_bind_makes_the_directory_a_project(desk: Desk) -> None:
    report = desk.bind({"board": "ACME"})
    config = load_project(desk.root)
    assert (report.created, report.previous, config.project_slug) == (True, None, "rocket")
    assert (config.provider, config.workspace) == ("acme", "here")
    assert config.project_uuid


def test_bind_of_a_project_keeps_its_identity(desk: Desk) -> None:
    first = desk.bind().config.project_uuid
    report = desk.bind(workspace="there")
    assert (report.created, report.config.project_uuid) == (False, first)


def test_provider_and_workspace_are_kept_in_normal_form(desk: Desk) -> None:
    config = desk.bind(provider=" ACME ", workspace=" here\n").config
    assert (config.provider, config.workspace) == ("acme", "here")


def test_each_value_goes_where_it_belongs(desk: Desk, vault: Vault) -> None:
    kept = desk.bind(GIVEN).kept
    config = str(desk.root / CONFIG_FILE)
    assert kept == {
        "base_url": config,
        "board": config,
        "email": str(desk.users.path),
        "api_token": "the system keyring",
    }
    assert load_project(desk.root).fields == {"base_url": HERE, "board": "ACME"}
    assert [entry.field for entry in desk.users.read().credential] == ["email", "api_token"]


def test_secret_is_in_neither_file_where_there_is_a_keyring(desk: Desk, vault: Vault) -> None:
    report = desk.bind(GIVEN)
    assert SECRET not in f"{desk.state()} {report}"
    assert list(vault.held.values()) == [SECRET]


def test_request_does_not_show_its_values() -> None:
    request = BindRequest(provider="acme", workspace="here", values={"api_token": SECRET})
    asked = SetRequest(provider="acme", workspace="here", field="api_token", value=SECRET)
    assert SECRET not in f"{request!r} {asked!r}"


def test_without_a_plugin_every_value_is_kept_as_a_secret(desk: Desk, vault: Vault) -> None:
    report = desk.bind({"anything": SECRET}, provider="notion")
    assert (report.registered, report.kept) == (False, {"anything": "the system keyring"})
    assert report.config.fields == {}


def test_required_fields_without_a_value_are_missing(desk: Desk) -> None:
    missing = desk.bind({"board": "ACME"}).missing
    assert [field.name for field in missing] == ["base_url", "api_token"]


def test_field_that_has_a_value_elsewhere_is_not_missing(desk: Desk) -> None:
    desk.environ = {"TRACKWIRE_ACME_API_TOKEN": SECRET, "TRACKWIRE_ACME_BASE_URL": HERE}
    assert desk.bind({"board": "ACME"}).missing == ()


def test_bind_again_keeps_the_fields(desk: Desk) -> None:
    desk.bind({"board": "ACME", "base_url": HERE})
    report = desk.bind({"board": "BETA"})
    assert report.config.fields == {"board": "BETA", "base_url": HERE}
    assert report.dropped_fields == ()


@pytest.mark.parametrize(("provider", "workspace"), [("acme", "there"), ("cloud", "here")])
def test_bind_to_something_else_drops_the_old_fields(
    desk: Desk, provider: str, workspace: str
) -> None:
    desk.bind({"board": "ACME", "base_url": HERE})
    report = desk.bind(provider=provider, workspace=workspace)
    assert report.dropped_fields == ("base_url", "board")
    assert report.config.fields == {}
    assert report.previous is not None
    assert (report.previous.provider, report.previous.workspace) == ("acme", "here")


def test_bind_to_something_else_keeps_a_field_that_is_given_anew(desk: Desk) -> None:
    desk.bind({"board": "ACME", "base_url": HERE})
    report = desk.bind({"board": "BETA"}, workspace="there")
    assert (report.config.fields, report.dropped_fields) == ({"board": "BETA"}, ("base_url",))


def test_doctrine_is_kept_unless_it_is_given(desk: Desk) -> None:
    owners = {"title": FieldOwner.LOCAL}
    desk.bind(mode=DoctrineMode.SPLIT_OWNERSHIP, owners=owners)
    binding = desk.bind(workspace="there").config.bound()
    assert binding.doctrine_mode is DoctrineMode.SPLIT_OWNERSHIP
    assert binding.doctrine_field_owners == owners


def test_doctrine_is_replaced_when_it_is_given(desk: Desk) -> None:
    desk.bind(mode=DoctrineMode.SPLIT_OWNERSHIP, owners={"title": FieldOwner.LOCAL})
    binding = desk.bind(mode=DoctrineMode.SPEC_KITTY_AUTHORITATIVE, owners={}).config.bound()
    assert binding.doctrine_mode is DoctrineMode.SPEC_KITTY_AUTHORITATIVE
    assert binding.doctrine_field_owners == {}


def test_secret_is_given_to_the_address_that_the_user_names(desk: Desk) -> None:
    desk.bind(GIVEN)
    assert [entry.origin for entry in desk.users.read().credential if entry.secret] == [HERE]


def test_secret_is_given_to_the_address_of_the_environment(desk: Desk) -> None:
    desk.environ = {"TRACKWIRE_ACME_BASE_URL": f"{HERE}:443/"}
    desk.bind({"api_token": SECRET})
    assert [entry.origin for entry in desk.users.read().credential] == [HERE]


def test_secret_is_given_to_the_default_address(desk: Desk) -> None:
    desk.bind({"api_key": SECRET}, provider="cloud")
    assert [e.origin for e in desk.users.read().credential] == ["https://api.cloud.example"]


def test_secret_is_given_to_no_address_where_none_is_known(desk: Desk) -> None:
    desk.bind({"api_token": SECRET})
    assert [entry.origin for entry in desk.users.read().credential] == [None]


@pytest.mark.parametrize("confirmed", [None, HERE, "https://evil.example:8443"])
def test_secret_is_not_given_to_an_address_that_only_the_project_names(
    desk: Desk, confirmed: str | None
) -> None:
    desk.clone(EVIL)
    before = desk.state()
    with pytest.raises(UsageError) as caught:
        desk.bind({"api_token": SECRET}, confirmed=confirmed)
    assert f"api_token would be given to {EVIL}" in str(caught.value)
    assert str(caught.value).endswith("if that is right, give it too: --set base_url=URL")
    assert SECRET not in str(caught.value)
    assert desk.state() == before


@pytest.mark.parametrize("spelling", [HERE, "https://HERE.acme.example:443/browse"])
def test_secret_is_given_to_the_projects_address_once_confirmed(desk: Desk, spelling: str) -> None:
    desk.clone(f"{HERE}/")
    desk.bind({"api_token": SECRET}, confirmed=spelling)
    assert [entry.origin for entry in desk.users.read().credential] == [HERE]


def test_address_of_another_workspace_is_not_asked_about(desk: Desk) -> None:
    desk.clone(EVIL)
    desk.bind({"api_token": SECRET, "base_url": HERE}, workspace="there")
    assert [entry.origin for entry in desk.users.read().credential] == [HERE]


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"provider": "no way!"}, "'no way!' is no provider's name"),
        ({"provider": "hub"}, "'hub' is no provider's name"),
        ({"provider": ""}, "'' is no provider's name"),
        ({"workspace": " "}, "the workspace is blank"),
        ({"workspace": "a\udcff"}, "the workspace is not UTF-8 text"),
        ({"workspace": "https://acme.example/x"}, "give --workspace acme.example, or the name"),
        ({"workspace": "http://127.0.0.1:80/"}, "give --workspace 127.0.0.1, or the name"),
        ({"workspace": "https://me:hunter2@acme.example"}, "user name or a password"),
        ({"values": {"colour": "x"}}, "Acme has no field 'colour'; its fields are: base_url, "),
        ({"values": {"board": "a\udcff"}}, "the value of board is not UTF-8 text"),
        ({"values": {"base_url": "here"}}, "has no scheme"),
        ({"values": {"base_url": "https://me:hunter2@here"}}, "user name or a password"),
        ({"provider": "notion", "values": {"a/b": "x"}}, "'a/b' is no field's name"),
        ({"provider": "notion", "values": {"Token": "x"}}, "'Token' is no field's name"),
    ],
)
def test_unusable_request_is_refused_and_changes_nothing(
    desk: Desk, request_: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError) as caught:
        desk.bind(**request_)
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)
    assert desk.state() == (None, None)
    assert list(desk.root.iterdir()) == []


def test_broken_provider_is_refused_and_changes_nothing(
    desk: Desk, installed: Callable[..., tuple[Found, ...]]
) -> None:
    desk.registry = ProviderRegistry(installed("import_error"), environ={})
    with pytest.raises(ProviderError, match=r"fake-import-error 1\.0"):
        desk.bind()
    assert list(desk.root.iterdir()) == []


def test_malformed_configuration_is_refused_and_left(desk: Desk) -> None:
    (desk.root / ".kittify").mkdir()
    (desk.root / CONFIG_FILE).write_text("a: [1\n")
    with pytest.raises(ProjectError, match="malformed YAML"):
        desk.bind(GIVEN)
    assert desk.state() == ("a: [1\n", None)


def test_unusable_file_of_the_user_stops_before_anything_is_written(desk: Desk) -> None:
    desk.users.path.parent.mkdir(parents=True)
    desk.users.path.write_text("")
    desk.users.path.chmod(0o644)
    with pytest.raises(CredentialError, match="chmod 600"):
        desk.bind(GIVEN)
    assert desk.state() == (None, "")


def test_secret_in_the_project_stops_before_anything_is_written(desk: Desk) -> None:
    desk.bind({"board": "ACME"})
    write_binding(desk.root, load_project(desk.root).binding, set_fields={"api_token": SECRET})
    before = desk.state()
    with pytest.raises(CredentialError, match="credentials set api_token --from-project"):
        desk.bind({"board": "BETA", "email": "me@acme.example"})
    assert desk.state() == before


def test_directory_that_is_not_there_is_refused(desk: Desk) -> None:
    desk.root = desk.root / "nowhere"
    with pytest.raises(ProjectError, match="not a directory that can be written to"):
        desk.bind()


def test_directory_that_cannot_be_written_to_is_refused(
    desk: Desk, public_path: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    (public_path / ".kittify").mkdir()
    (public_path / CONFIG_FILE).write_text("a: 1\n")
    desk.root, desk.users = public_path, replaced(desk.users, public_path / "home" / "file")
    with (
        unprivileged(),
        pytest.raises(ProjectError, match=r"trackwire: cannot be used: Permission"),
    ):
        desk.bind()
    assert (public_path / CONFIG_FILE).read_text() == "a: 1\n"


def replaced(users: UserStore, path: Path) -> UserStore:
    return type(users)(path)


def test_unbind_leaves_the_fields_for_the_same_binding(desk: Desk) -> None:
    desk.bind(GIVEN)
    before = unbind(desk.root, desk.credentials)
    config = load_project(desk.root)
    assert (config.binding, config.fields) == (None, before.fields)
    desk.bind({})
    assert load_project(desk.root).fields == before.fields
    assert load_project(desk.root).unbound is None


def test_fields_of_a_removed_binding_are_dropped_by_another(desk: Desk) -> None:
    desk.bind(GIVEN)
    unbind(desk.root, desk.credentials)
    report = desk.bind({}, workspace="there")
    assert report.config.fields == {}
    assert "board" in report.dropped_fields


def test_purge_removes_the_fields_and_what_the_user_stored(desk: Desk) -> None:
    desk.bind(GIVEN | {"api_token": SECRET})
    unbind(desk.root, desk.credentials, purge=True)
    assert load_project(desk.root).fields == {}
    assert desk.users.read().credential == ()


def test_unbind_leaves_credentials_and_store(desk: Desk) -> None:
    desk.bind(GIVEN)
    store = desk.root / ".kittify" / "trackwire" / "store.sqlite"
    store.touch()
    users = desk.state()[1]
    unbind(desk.root, desk.credentials)
    assert desk.state()[1] == users
    assert store.exists()


def test_unbind_of_an_unbound_project_says_so(desk: Desk) -> None:
    desk.bind()
    unbind(desk.root, desk.credentials)
    with pytest.raises(ProjectError, match="not bound to a tracker"):
        unbind(desk.root, desk.credentials)


def test_unbind_of_no_project_leaves_no_trace(desk: Desk) -> None:
    with pytest.raises(ProjectError, match="not a project"):
        unbind(desk.root, desk.credentials)
    assert list(desk.root.iterdir()) == []


def ask(field: str, value: str) -> SetRequest:
    return SetRequest(provider="acme", workspace="here", field=field, value=value)


def test_set_keeps_a_field_of_the_project_there(desk: Desk) -> None:
    desk.bind()
    place = set_credential(desk.root, desk.registry, desk.credentials, ask("board", "BETA"))
    assert place == str(desk.root / CONFIG_FILE)
    assert load_project(desk.root).fields == {"board": "BETA"}


def test_set_of_a_project_field_needs_the_binding(desk: Desk) -> None:
    desk.bind(workspace="there")
    with pytest.raises(ProjectError, match="run: trackwire bind acme --workspace here"):
        set_credential(desk.root, desk.registry, desk.credentials, ask("board", "BETA"))
    assert load_project(desk.root).fields == {}


def test_set_moves_a_secret_out_of_the_project(desk: Desk) -> None:
    desk.bind({"base_url": HERE})
    write_binding(desk.root, load_project(desk.root).binding, set_fields={"api_token": SECRET})
    request = replace(ask("api_token", SECRET), origin=HERE)
    set_credential(desk.root, desk.registry, desk.credentials, request)
    assert load_project(desk.root).fields == {"base_url": HERE}
    config = load_project(desk.root)
    provider = desk.registry.provider("acme")
    assert provider is not None
    secret = desk.credentials.secret(config, provider, "api_token")
    assert secret is not None
    assert secret.reveal() == SECRET


def test_set_does_not_give_a_secret_to_an_address_that_only_the_project_names(
    desk: Desk,
) -> None:
    desk.clone(EVIL)
    before = desk.state()
    with pytest.raises(UsageError, match=r"would be given to https://evil\.example"):
        set_credential(desk.root, desk.registry, desk.credentials, ask("api_token", SECRET))
    assert desk.state() == before


def test_secret_is_replaced_for_the_origin_that_it_was_confirmed_for(desk: Desk) -> None:
    desk.bind(GIVEN)
    set_credential(desk.root, desk.registry, desk.credentials, ask("api_token", "newer"))
    entries = [entry for entry in desk.users.read().credential if entry.secret]
    assert [(entry.value, entry.origin) for entry in entries] == [("newer", HERE)]


def test_confirmed_origin_is_not_that_of_an_address_the_project_names_since(desk: Desk) -> None:
    desk.bind(GIVEN)
    binding = load_project(desk.root).binding
    write_binding(desk.root, binding, set_fields={"base_url": EVIL})
    before = desk.state()
    with pytest.raises(UsageError, match=r"would be given to https://evil\.example"):
        set_credential(desk.root, desk.registry, desk.credentials, ask("api_token", "newer"))
    assert desk.state() == before


def test_origin_confirmed_for_another_workspace_is_not_confirmed_here(desk: Desk) -> None:
    desk.bind(GIVEN, workspace="there")
    desk.bind({"base_url": HERE})
    with pytest.raises(UsageError, match="run: trackwire credentials set api_token --origin"):
        set_credential(desk.root, desk.registry, desk.credentials, ask("api_token", SECRET))


def test_secret_for_every_workspace_is_confirmed_by_its_own_command(desk: Desk) -> None:
    desk.bind({"base_url": HERE})
    request = replace(ask("api_token", SECRET), every_workspace=True)
    with pytest.raises(UsageError) as caught:
        set_credential(desk.root, desk.registry, desk.credentials, request)
    assert str(caught.value).endswith(
        f"run: trackwire credentials set api_token --every-workspace --origin {HERE}"
    )


def test_hostile_text_of_the_project_is_in_no_command_to_type(desk: Desk) -> None:
    desk.clone("https://evil.example/$(touch${IFS}pwned)")
    with pytest.raises(UsageError) as caught:
        desk.bind({"api_token": SECRET})
    assert "touch" not in str(caught.value)


def test_refused_binding_leaves_no_trace_in_the_directory(desk: Desk) -> None:
    with pytest.raises(UsageError):
        desk.bind({"base_url": "no address"})
    assert list(desk.root.iterdir()) == []


@pytest.mark.parametrize("address", ["http://acme.example", "http://10.0.0.1:8080/jira"])
def test_plain_http_beyond_loopback_is_refused_and_changes_nothing(
    desk: Desk, address: str
) -> None:
    with pytest.raises(UsageError, match="plain http would show the credentials"):
        desk.bind({"base_url": address})
    assert desk.state() == (None, None)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]"])
def test_plain_http_on_loopback_is_taken(desk: Desk, address: str) -> None:
    assert desk.bind({"base_url": address}).config.fields["base_url"] == address


def test_set_refuses_plain_http_beyond_loopback(desk: Desk) -> None:
    desk.bind({"base_url": HERE})
    with pytest.raises(UsageError, match="plain http"):
        set_credential(
            desk.root, desk.registry, desk.credentials, ask("base_url", "http://acme.example")
        )
    assert load_project(desk.root).fields == {"base_url": HERE}


OPEN_DOOR = (
    CredentialField(name="api_key", help="A key", secret=True),
    CredentialField(
        name="access_token", help="Or this", secret=True, required=False, instead_of="api_key"
    ),
    CredentialField(name="email", help="The account", personal=True, required=False),
)


@pytest.fixture
def two_keys(tmp_path: Path, users: UserStore, acme: Provider) -> Desk:
    """A user of a provider that takes one of two secrets."""
    return Desk(tmp_path, users, replace(acme, credential_fields=OPEN_DOOR, credential_key=None))


def asked(desk: Desk, **values: str) -> list[str]:
    request = BindRequest(provider="acme", workspace="here", values=values)
    found = prospect(desk.root, desk.registry, desk.credentials, request)
    return [declared.name for declared in found.missing]


def test_optional_secret_is_not_asked_for(two_keys: Desk) -> None:
    assert asked(two_keys) == ["api_key", "email"]


def test_field_with_a_stand_in_is_not_asked_for(two_keys: Desk) -> None:
    assert asked(two_keys, access_token=SECRET) == ["email"]
    two_keys.environ["TRACKWIRE_ACME_ACCESS_TOKEN"] = SECRET
    assert asked(two_keys) == ["email"]


def test_stand_in_that_was_skipped_stands_in_for_nothing(two_keys: Desk) -> None:
    assert asked(two_keys, access_token="") == ["api_key", "email"]


def test_field_with_a_stand_in_is_not_missing_after_a_bind(two_keys: Desk) -> None:
    assert two_keys.bind({"access_token": SECRET}).missing == ()


def test_prospective_binding_of_a_bound_project_is_the_one_it_has(desk: Desk) -> None:
    config = desk.bind({"base_url": HERE}, mode=DoctrineMode.SPLIT_OWNERSHIP).config
    assert prospective(desk.root, "Acme", None) == config
    assert prospective(desk.root, "acme", " here ") == config


def test_prospective_binding_to_another_workspace_has_no_values_of_this_one(desk: Desk) -> None:
    desk.bind({"base_url": HERE})
    elsewhere = prospective(desk.root, "acme", "there")
    assert (elsewhere.workspace, dict(elsewhere.fields)) == ("there", {})


def test_prospective_binding_needs_no_project(desk: Desk) -> None:
    config = prospective(desk.root, "acme", None)
    assert (config.provider, config.workspace) == ("acme", "")
    assert list(desk.root.iterdir()) == []


def test_prospective_binding_to_no_providers_name_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no provider's name"):
        prospective(desk.root, "hub", "here")
