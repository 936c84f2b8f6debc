"""The registry: four outcomes, each reached by real distributions on the import path."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import permutations

import pytest

import trackwire.route
from trackwire.discovery import Found
from trackwire.errors import ProviderError
from trackwire.provider import Provider
from trackwire.registry import (
    DISABLE_VARIABLE,
    Blocked,
    Broken,
    ProviderRegistry,
    Registered,
    Unregistered,
)

Install = Callable[..., tuple[Found, ...]]


def disabling(words: str) -> dict[str, str]:
    return {DISABLE_VARIABLE: words}


def reason(registry: ProviderRegistry, name: str = "acme") -> str:
    outcome = registry.outcome(name)
    assert isinstance(outcome, Broken)
    return outcome.reason


def test_sound_plugin_is_registered_with_its_distribution(installed: Install) -> None:
    outcome = ProviderRegistry(installed("good"), environ={}).outcome("acme")
    assert isinstance(outcome, Registered)
    assert (outcome.provider.resource_type, str(outcome.found)) == ("acme_board", "fake-good 1.0")


def test_name_that_nobody_claims_is_unregistered(installed: Install) -> None:
    registry = ProviderRegistry(installed("good"), environ={})
    assert registry.outcome("notion") == Unregistered("notion")


@pytest.mark.parametrize("spelling", ["acme", " ACME ", "Acme"])
def test_name_is_found_in_any_form(installed: Install, spelling: str) -> None:
    assert ProviderRegistry(installed("good"), environ={}).provider(spelling) is not None


def test_names_are_all_claimed_ones_in_order(installed: Install) -> None:
    claims = installed("beads", "good", "rival", "dashed_name")
    assert ProviderRegistry(claims, environ={}).names() == ("acme", "acme_cloud", "beads")


def test_registry_finds_what_is_installed_by_itself(installed: Install) -> None:
    installed("good")
    assert "acme" in ProviderRegistry(environ={}).names()


def test_only_the_plugin_that_is_asked_for_is_loaded(installed: Install) -> None:
    registry = ProviderRegistry(installed("good", "beads"), environ={})
    registry.outcome("beads")
    assert [name for name in sys.modules if name.startswith("fake_")] == ["fake_beads"]


def test_plugin_is_loaded_once(installed: Install) -> None:
    registry = ProviderRegistry(installed("good"), environ={})
    assert registry.outcome("acme") is registry.outcome("Acme")


@pytest.mark.parametrize(
    "words",
    ["acme", "ACME", "fake-good", "Fake_Good", "fake.good", "beads, fake-good", ",acme,,"],
)
def test_plugin_is_blocked_by_entry_or_distribution_name(installed: Install, words: str) -> None:
    outcome = ProviderRegistry(installed("good"), environ=disabling(words)).outcome("acme")
    assert isinstance(outcome, Blocked)
    assert DISABLE_VARIABLE in outcome.reason


def test_blocked_plugin_is_not_imported(installed: Install) -> None:
    ProviderRegistry(installed("good"), environ=disabling("fake-good")).outcome("acme")
    assert "fake_good" not in sys.modules


def test_dashed_word_blocks_the_normal_form(installed: Install) -> None:
    registry = ProviderRegistry(installed("dashed_name"), environ=disabling("acme-cloud"))
    assert isinstance(registry.outcome("acme_cloud"), Blocked)


@pytest.mark.parametrize("words", ["", " ", ",", "fake", "acm", "acme2", "fake-good-2"])
def test_other_words_block_nothing(installed: Install, words: str) -> None:
    registry = ProviderRegistry(installed("good"), environ=disabling(words))
    assert isinstance(registry.outcome("acme"), Registered)


def test_broken_plugin_can_be_blocked(installed: Install) -> None:
    registry = ProviderRegistry(installed("import_error"), environ=disabling("acme"))
    assert registry.provider("acme") is None


@pytest.mark.parametrize("order", list(permutations(["good", "rival"])))
def test_two_claims_of_a_name_are_both_named_with_versions(
    installed: Install, order: tuple[str, ...]
) -> None:
    text = reason(ProviderRegistry(installed(*order), environ={}))
    assert "fake-good 1.0" in text
    assert "fake-rival 2.5" in text
    assert DISABLE_VARIABLE in text


def test_two_claims_of_a_name_import_neither(installed: Install) -> None:
    ProviderRegistry(installed("good", "rival"), environ={}).outcome("acme")
    assert not [name for name in sys.modules if name.startswith("fake_")]


@pytest.mark.parametrize(
    ("blocked", "winner"), [("fake-good", "fake-rival 2.5"), ("fake-rival", "fake-good 1.0")]
)
def test_one_of_two_claims_wins_when_the_other_is_blocked(
    installed: Install, blocked: str, winner: str
) -> None:
    registry = ProviderRegistry(installed("good", "rival"), environ=disabling(blocked))
    outcome = registry.outcome("acme")
    assert isinstance(outcome, Registered)
    assert str(outcome.found) == winner


def test_both_claims_blocked_are_both_told(installed: Install) -> None:
    registry = ProviderRegistry(installed("good", "rival"), environ=disabling("acme"))
    outcome = registry.outcome("acme")
    assert isinstance(outcome, Blocked)
    assert [str(claim) for claim in outcome.claims] == ["fake-good 1.0", "fake-rival 2.5"]


def test_one_distribution_that_claims_a_name_twice_has_both_modules_named(
    installed: Install,
) -> None:
    assert (
        reason(ProviderRegistry(installed("same_twice"), environ={})).count("fake_same_twice") == 2
    )


BROKEN = ["import_error", "exits", "no_hook", "api_too_new", "patches_loaded"]


@pytest.mark.parametrize("folder", BROKEN)
def test_broken_plugin_stops_who_needs_it(installed: Install, folder: str) -> None:
    registry = ProviderRegistry(installed(folder), environ={})
    with pytest.raises(ProviderError, match="the provider plugin for acme is broken: fake-"):
        registry.provider("acme")


@pytest.mark.parametrize("first", ["acme", "beads"])
@pytest.mark.parametrize("folder", BROKEN)
def test_broken_plugin_leaves_the_others_usable(
    installed: Install, folder: str, first: str
) -> None:
    registry = ProviderRegistry(installed(folder, "beads"), environ={})
    registry.outcome(first)
    assert isinstance(registry.outcome("acme"), Broken)
    assert isinstance(registry.outcome("beads"), Registered)


@pytest.mark.parametrize("first", ["acme", "acme_cloud"])
def test_second_entry_point_on_a_module_does_not_spoil_the_first(
    installed: Install, first: str
) -> None:
    registry = ProviderRegistry(installed("two_providers"), environ={})
    registry.outcome(first)
    assert isinstance(registry.outcome("acme"), Registered)
    assert "named 'acme', its entry point 'acme_cloud'" in reason(registry, "acme_cloud")


def test_interrupt_at_import_passes(installed: Install) -> None:
    registry = ProviderRegistry(installed("interrupts"), environ={})
    with pytest.raises(KeyboardInterrupt):
        registry.outcome("acme")


def test_plugin_that_patches_the_core_is_broken_in_every_registry(installed: Install) -> None:
    claims = installed("patches_loaded")
    outcomes = [ProviderRegistry(claims, environ={}).outcome("acme") for _ in range(2)]
    assert [type(outcome) for outcome in outcomes] == [Broken, Broken]


def test_plugin_that_patches_the_core_leaves_the_next_one_an_unchanged_core(
    installed: Install,
) -> None:
    before = trackwire.route.resolve_resource_routing
    ProviderRegistry(installed("patches_loaded"), environ={}).outcome("acme")
    assert trackwire.route.resolve_resource_routing is before


def test_plugin_that_loads_in_time_is_not_told_of(
    installed: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    ProviderRegistry(installed("good"), environ={}).outcome("acme")
    assert capsys.readouterr() == ("", "")


def test_nothing_waits_for_a_plugin_that_has_loaded(installed: Install) -> None:
    before = threading.enumerate()
    ProviderRegistry(installed("good"), environ={}, slow_after=60).outcome("acme")
    assert threading.enumerate() == before


def test_error_at_import_is_kept_as_the_cause(installed: Install) -> None:
    registry = ProviderRegistry(installed("import_error"), environ={})
    with pytest.raises(ProviderError) as caught:
        registry.provider("acme")
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_plugin_that_prints_leaves_standard_output_alone(
    installed: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = ProviderRegistry(installed("prints"), environ={})
    assert isinstance(registry.outcome("acme"), Registered)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "hello from the import\nhello from the hook\n"


def test_plugin_that_takes_the_standard_streams_does_not_keep_them(installed: Install) -> None:
    before = (sys.stdout, sys.stderr)
    ProviderRegistry(installed("takes_streams"), environ={}).outcome("acme")
    assert (sys.stdout, sys.stderr) == before


def test_claim_of_a_distribution_without_metadata_is_registered(installed: Install) -> None:
    outcome = ProviderRegistry(installed("nameless"), environ={}).outcome("acme")
    assert isinstance(outcome, Registered)


def test_unregistered_and_blocked_have_no_provider_and_stop_nobody(installed: Install) -> None:
    registry = ProviderRegistry(installed("good"), environ=disabling("acme"))
    assert registry.provider("notion") is registry.provider("acme") is None


def test_provider_of_a_registered_plugin_is_what_its_hook_returned(installed: Install) -> None:
    provider = ProviderRegistry(installed("good"), environ={}).provider("acme")
    assert isinstance(provider, Provider)
    assert provider.title == "Acme"


def test_unreadable_distribution_stops_who_needs_a_name_that_nobody_claims(
    installed: Install,
) -> None:
    installed("unreadable")
    with pytest.raises(
        ProviderError, match=r"fake-unreadable 1\.0: its entry_points\.txt \(line 2"
    ):
        ProviderRegistry(environ={}).provider("notion")


def test_reason_of_an_unreadable_distribution_ends_with_the_remedy(installed: Install) -> None:
    installed("unreadable")
    assert reason(ProviderRegistry(environ={}), "notion").endswith(
        "; reinstall or uninstall fake-unreadable, or switch it off with "
        f"{DISABLE_VARIABLE}=fake-unreadable"
    )


def test_unreadable_distribution_does_not_hinder_a_sound_claim(installed: Install) -> None:
    installed("unreadable", "good")
    assert isinstance(ProviderRegistry(environ={}).outcome("acme"), Registered)


def test_unreadable_distribution_is_told_by_the_registry(installed: Install) -> None:
    installed("unreadable")
    assert list(map(str, ProviderRegistry(environ={}).unreadable())) == ["fake-unreadable 1.0"]


@pytest.mark.parametrize("words", ["fake-unreadable", "Fake_Unreadable", "notion"])
def test_name_is_unregistered_where_it_or_the_unreadable_distribution_is_switched_off(
    installed: Install, words: str
) -> None:
    installed("unreadable")
    registry = ProviderRegistry(environ=disabling(words))
    assert registry.outcome("notion") == Unregistered("notion")


def test_unreadable_distribution_that_is_switched_off_is_left_out(installed: Install) -> None:
    installed("unreadable")
    assert ProviderRegistry(environ=disabling("fake-unreadable")).unreadable() == ()


def test_given_claims_are_all_that_a_registry_knows(installed: Install) -> None:
    claims = installed("unreadable", "good")
    assert ProviderRegistry(claims, environ={}).unreadable() == ()


def test_name_that_only_looks_right_stops_who_needs_the_right_one(installed: Install) -> None:
    text = reason(ProviderRegistry(installed("look_alike"), environ={}))
    assert "no plugin that can be read claims it" in text
    assert r"'acm\u0435'" in text
    assert text.endswith(f"or switch it off with {DISABLE_VARIABLE}=fake-look-alike")


def test_name_that_only_looks_right_does_not_hinder_a_sound_claim(installed: Install) -> None:
    registry = ProviderRegistry(installed("look_alike", "beads"), environ={})
    assert isinstance(registry.outcome("beads"), Registered)


@pytest.mark.parametrize("words", ["fake-look-alike", "acm\u0435", "acme"])
def test_name_is_unregistered_where_the_one_that_looks_like_it_is_switched_off(
    installed: Install, words: str
) -> None:
    registry = ProviderRegistry(installed("look_alike"), environ=disabling(words))
    assert registry.outcome("acme") == Unregistered("acme")
