"""A temporary project of one provider, apart from everything else on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import keyring
import pytest
from board_plugin import BoardEmulator, provider_of, subject_of

from trackwire.errors import CredentialError, ProviderError, TrackerDeferred, UsageError
from trackwire.provider import CredentialField
from trackwire.registry import Registered, Unregistered
from trackwire.scope import Fill
from trackwire.testing import faults
from trackwire.testing.api import EmulatorError
from trackwire.testing.registry import registry_of
from trackwire.testing.samples import samples
from trackwire.testing.store import temporary_store
from trackwire.testing.workbench import Workbench

if TYPE_CHECKING:
    from trackwire.testing.emulator import Answer, Request, SampleTracker


@pytest.fixture
def bench() -> Iterator[Workbench]:
    with Workbench(provider_of(), BoardEmulator(), issues=samples(7)) as made:
        yield made


def test_pull_reads_what_the_tracker_holds(bench: Workbench) -> None:
    bench.pull()
    assert bench.issues().keys() == {issue.id for issue in samples(7)}
    assert bench.fill() is Fill.COMPLETE


def test_pull_follows_the_tracker(bench: Workbench) -> None:
    bench.pull()
    bench.api.issues = samples(8)
    bench.pull()
    assert len(bench.issues()) == 8


def test_pull_has_no_patience(bench: Workbench) -> None:
    bench.api.plan(faults.status(429, {"Retry-After": "1"}))
    with pytest.raises(TrackerDeferred):
        bench.pull()


def test_pull_has_the_patience_that_it_is_given(bench: Workbench) -> None:
    bench.api.plan(faults.status(429, {"Retry-After": "0"}))
    assert bench.pull(max_wait=2).complete


def test_publish_gives_the_document_that_the_hub_got(bench: Workbench) -> None:
    bench.pull()
    document = bench.publish()
    assert document["provider"] == "acme"
    assert document["external_resource_id"] == "B1"
    assert len(document["issues"]) == 7


def test_secrets_are_the_values_of_the_secret_fields(bench: Workbench) -> None:
    assert bench.secrets == ("made-up-token",)


def test_connector_is_the_plugins_guarded(bench: Workbench) -> None:
    with bench.connector() as connector:
        pages = list(connector.pages(None, None))
    assert len(pages[0].issues) == 5


def test_context_holds_no_secret_in_its_repr(bench: Workbench) -> None:
    with bench.context() as context:
        assert "made-up-token" not in repr(context)


def test_secrets_can_be_replaced(bench: Workbench) -> None:
    with bench.context() as context:
        context.keep_secrets({"token": "another-token"})
        assert context.secret("token").reveal() == "another-token"


def test_machines_keyring_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> None:
        raise AssertionError("the keyring was opened")

    monkeypatch.setattr(keyring, "get_keyring", opened)
    with Workbench(provider_of(), BoardEmulator()) as bench:
        assert bench.pull().complete


def test_environment_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKWIRE_ACME_TOKEN", "the-users-own")
    monkeypatch.setenv("TRACKWIRE_DISABLE_PLUGINS", "acme")
    with Workbench(provider_of(), BoardEmulator()) as bench, bench.context() as context:
        assert context.secret("token").reveal() == "made-up-token"


def test_nothing_is_left_on_the_disk() -> None:
    with Workbench(provider_of(), BoardEmulator()) as bench:
        bench.pull()
        files = bench.files()
    assert files
    assert not bench.root.parent.exists()


def test_notes_are_what_a_person_is_told(bench: Workbench) -> None:
    bench.api.plan(faults.status(429, {"Retry-After": "0"}))
    bench.pull(max_wait=2)
    assert any("asks to wait" in note for note in bench.notes)


def test_failing_emulator_is_named() -> None:
    class Failing(BoardEmulator):
        def answer(self, request: Request, tracker: SampleTracker) -> Answer:
            raise LookupError("no such card")

    with Workbench(provider_of(), Failing()) as bench, pytest.raises(EmulatorError) as caught:
        bench.pull()
    assert "GET /site/api/boards: LookupError: no such card" in str(caught.value)


def test_unsound_provider_is_refused() -> None:
    with pytest.raises(ProviderError, match="half a routing"):
        Workbench(provider_of(credential_key=None))


def test_workbench_of_a_subject_bears_its_distributions_name() -> None:
    subject = subject_of(provider_of())
    found = replace(subject.found, dist="acme-boards", version="3.1")
    with Workbench.of(replace(subject, found=found)) as bench:
        outcome = bench.service.registry.outcome("acme")
    assert isinstance(outcome, Registered)
    assert str(outcome.found) == "acme-boards 3.1"


def test_subject_without_provider_has_no_workbench() -> None:
    subject = replace(subject_of(provider_of()), provider=None, problem="it cannot be imported")
    with pytest.raises(ValueError, match="it cannot be imported"):
        Workbench.of(subject)


def test_required_fields_are_made_up_without_an_emulator() -> None:
    with Workbench(provider_of()) as bench:
        assert bench.service.route().routing.external_resource_id == "made-up-board"
        assert bench.secrets == ("made-up-token",)


def test_values_win_over_those_of_the_emulator() -> None:
    with Workbench(provider_of(), BoardEmulator(), values={"board": " B7 "}) as bench:
        assert bench.publish(allow_empty=True)["external_resource_id"] == "B7"


def test_blank_value_is_left_out() -> None:
    with Workbench(provider_of(), BoardEmulator(), values={"board": ""}) as bench:
        assert bench.publish(allow_empty=True)["external_resource_id"] is None


def test_missing_secret_is_told() -> None:
    class Forgetful(BoardEmulator):
        credentials = {"board": "B1"}  # noqa: RUF012 - as an author may write it

    with (
        Workbench(provider_of(), Forgetful()) as bench,
        pytest.raises(CredentialError, match="token is not set"),
    ):
        bench.pull()


def test_value_of_a_field_that_is_not_declared_is_refused() -> None:
    class Wordy(BoardEmulator):
        credentials = {**BoardEmulator.credentials, "tokn": "made-up"}  # noqa: RUF012 - likewise

    with pytest.raises(UsageError, match="tokn"), Workbench(provider_of(), Wordy()):
        pass


def test_registry_has_just_the_given_providers() -> None:
    registry = registry_of(provider_of(), provider_of(name="other"))
    assert registry.names() == ("acme", "other")
    assert isinstance(registry.outcome("jira"), Unregistered)


def test_registry_takes_providers_as_plugins_are_loaded() -> None:
    token = CredentialField(name="token", help="Profile", secret=True)
    with pytest.raises(
        ProviderError, match=r"acme-trackwire 1\.0: .*a secret is never a routing id"
    ):
        registry_of(provider_of(credential_fields=(token,), credential_key="token"))


def test_registry_takes_no_name_twice() -> None:
    with pytest.raises(ProviderError, match="both claim the name 'acme'"):
        registry_of(provider_of(), provider_of())


def test_registry_heeds_no_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKWIRE_DISABLE_PLUGINS", "acme")
    assert registry_of(provider_of()).provider("acme") is not None


def test_temporary_store_is_a_store_with_a_scope() -> None:
    with temporary_store() as (store, scope):
        store.set_fill(scope, Fill.PARTIAL)
        assert store.fill(scope) is Fill.PARTIAL


def test_temporary_store_ends_with_the_block() -> None:
    with temporary_store() as (store, _):
        path = store.path
        assert path.exists()
    assert not path.exists()
