"""`trackwire discover`, and the choice that `trackwire bind` offers on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from projectkit import LIVE_PLUGIN, TRACKER_TOKEN, LiveTracker, running_tracker

BOARDS = [
    {"id": "B1", "key": "ONE", "name": "First"},
    {"id": "B2", "key": "TWO", "name": "Second \x1b[31m"},
]
BIND = ("bind", "acme", "--workspace", "site.example")


@pytest.fixture
def tracker() -> Iterator[LiveTracker]:
    """The made-up tracker with two boards."""
    with running_tracker() as made:
        made.boards = list(BOARDS)
        yield made


@pytest.fixture
def seeker(user: Any) -> Any:
    """A user who has the plugin, and no project."""
    user.install("acme", LIVE_PLUGIN)
    return user


@pytest.fixture
def known(seeker: Any, tracker: LiveTracker) -> Any:
    """A user whose environment has the credentials."""
    seeker.setenv("TRACKWIRE_ACME_BASE_URL", tracker.url)
    seeker.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
    return seeker


def test_resources_are_listed_with_the_value_to_bind(known: Any) -> None:
    rows = [line.split() for line in known.does("discover", "acme").splitlines()]
    assert rows[0] == ["ID", "KEY", "NAME"]
    assert rows[1] == ["B1", "ONE", "First"]


def test_command_that_binds_is_shown(known: Any) -> None:
    shown = known.does("discover", "acme", "--workspace", "site.example")
    assert "trackwire bind acme --workspace site.example --set board=ID" in shown


def test_document_has_the_command_of_each_resource(known: Any) -> None:
    document = known.json("discover", "acme", "--workspace", "the site")
    assert document["field"] == "board"
    assert document["resources"][1] == {
        **BOARDS[1],
        "bind": "trackwire bind acme --workspace 'the site' --set board=B2",
    }


def test_name_cannot_steer_the_terminal(known: Any) -> None:
    assert "\x1b" not in known.does("discover", "acme")


def test_binding_is_used_where_there_is_one(seeker: Any, tracker: LiveTracker) -> None:
    given = json.dumps({"base_url": tracker.url, "token": TRACKER_TOKEN})
    seeker.does(*BIND, "--credentials-stdin", given=given)
    assert "--workspace site.example" in seeker.does("discover", "acme")


def test_discovery_makes_no_project(known: Any) -> None:
    known.does("discover", "acme")
    assert list(known.project.iterdir()) == []


def test_address_may_be_given(seeker: Any, tracker: LiveTracker) -> None:
    seeker.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
    assert "B1" in seeker.does("discover", "acme", "--set", f"base_url={tracker.url}")


def test_missing_field_is_named_with_what_sets_it(seeker: Any) -> None:
    message = seeker.fails("discover", "acme", code=1)
    assert "base_url is not set (The site's address)" in message
    assert "TRACKWIRE_ACME_BASE_URL" in message
    assert "TRACKWIRE_ACME_TOKEN" in message


def test_remedy_has_no_blank_workspace(seeker: Any) -> None:
    assert "--workspace ''" not in seeker.fails("discover", "acme", code=1)


def test_command_that_binds_has_a_placeholder_for_the_workspace(known: Any) -> None:
    assert "--workspace WORKSPACE" in known.does("discover", "acme")


def test_secret_is_refused_as_an_argument(seeker: Any) -> None:
    message = seeker.fails("discover", "acme", "--set", "token=hushhush", code=2)
    assert "hushhush" not in message


def test_plugin_that_lists_nothing_says_so(acme: Any) -> None:
    assert "acme-plugin 1.2 lists no resources" in acme.fails("discover", "acme", code=2)


def test_provider_without_plugin_says_so(user: Any) -> None:
    assert "no plugin is installed for notion" in user.fails("discover", "notion", code=2)


def test_broken_plugin_says_so(user: Any) -> None:
    user.install("acme", "raise SystemExit('no')")
    assert "broken" in user.fails("discover", "acme", code=1)


def test_credentials_that_see_nothing_are_said(known: Any, tracker: LiveTracker) -> None:
    tracker.boards.clear()
    assert "see nothing" in known.does("discover", "acme")


def test_missing_fields_are_asked_for_and_kept_nowhere(seeker: Any, tracker: LiveTracker) -> None:
    with seeker.terminal("discover", "acme") as session:
        session.expect_exact("base_url: ")
        session.sendline(tracker.url)
        session.expect_exact("email (optional): ")
        session.sendline("me@site.example")
        session.expect_exact(f"token (for {tracker.url}): ")
        session.sendline(TRACKER_TOKEN)
        shown = session.read()
    assert "B2" in shown
    assert TRACKER_TOKEN not in shown
    assert not seeker.credentials.exists()
    assert list(seeker.project.iterdir()) == []


def answered(session: Any, tracker: LiveTracker, *choices: str) -> str:
    """Answer what comes before the choice, and the choice; return what the terminal showed."""
    replies = (
        ("base_url: ", tracker.url),
        ("email (optional): ", ""),
        (f"token (for {tracker.url}): ", TRACKER_TOKEN),
        *(("or the value): ", choice) for choice in choices),
    )
    shown = ""
    for prompt, reply in replies:
        session.expect_exact(prompt)
        shown += str(session.before)
        session.sendline(reply)
    return shown + str(session.read())


@pytest.mark.parametrize("choice", ["2", "B2", "TWO"])
def test_bind_offers_the_choice(seeker: Any, tracker: LiveTracker, choice: str) -> None:
    with seeker.terminal(*BIND) as session:
        shown = answered(session, tracker, choice)
    assert "First" in shown
    assert seeker.json("route")["external_resource_id"] == "B2"


@pytest.mark.parametrize("strange", ["B9", "3", "0"])
def test_what_is_not_on_the_list_is_asked_for_again(
    seeker: Any, tracker: LiveTracker, strange: str
) -> None:
    with seeker.terminal(*BIND) as session:
        shown = answered(session, tracker, strange, "2")
    assert f"{strange} is not on the list" in shown
    assert seeker.json("route")["external_resource_id"] == "B2"


def test_enter_takes_the_only_one(seeker: Any, tracker: LiveTracker) -> None:
    del tracker.boards[1:]
    with seeker.terminal(*BIND) as session:
        answered(session, tracker, "")
    assert seeker.json("route")["external_resource_id"] == "B1"


def test_enter_skips_the_choice_of_several(seeker: Any, tracker: LiveTracker) -> None:
    with seeker.terminal(*BIND) as session:
        assert "board is not set" in answered(session, tracker, "")


def test_number_beyond_a_list_that_is_cut_is_asked_for_again(
    seeker: Any, tracker: LiveTracker
) -> None:
    tracker.boards[:] = [{"id": f"B{n}", "key": f"K{n}", "name": "one"} for n in range(1, 61)]
    with seeker.terminal(*BIND) as session:
        answered(session, tracker, "60", "B60")
    assert seeker.json("route")["external_resource_id"] == "B60"


def test_numbers_are_not_offered_where_ids_are_numbers(seeker: Any, tracker: LiveTracker) -> None:
    tracker.boards[:] = [{"id": "2", "key": "A", "name": "a"}, {"id": "1", "key": "B", "name": "b"}]
    seeker.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
    seeker.setenv("TRACKWIRE_ACME_BASE_URL", tracker.url)
    with seeker.terminal(*BIND) as session:
        session.expect_exact("email (optional): ")
        session.sendline("")
        session.expect_exact("board (an id): ")
        session.sendline("1")
        session.read()
    assert seeker.json("route")["external_resource_id"] == "1"


def test_failed_discovery_is_a_note_and_the_plain_question_follows(
    known: Any, tracker: LiveTracker
) -> None:
    tracker.answers.append((403, {}))
    with known.terminal(*BIND) as session:
        session.expect_exact("email (optional): ")
        session.sendline("")
        session.expect_exact("note: the choices cannot be listed")
        session.expect_exact("board: ")
        session.sendline("B1")
        session.read()
    assert known.json("route")["external_resource_id"] == "B1"


def test_long_choice_is_cut_and_the_rest_can_still_be_typed(
    seeker: Any, tracker: LiveTracker
) -> None:
    tracker.boards[:] = [{"id": f"B{n}", "key": f"K{n}", "name": "one"} for n in range(1, 61)]
    with seeker.terminal(*BIND) as session:
        shown = answered(session, tracker, "K60")
    assert "and 10 more; see: trackwire discover acme" in shown
    assert "B51" not in shown
    assert seeker.json("route")["external_resource_id"] == "B60"


def test_optional_secret_is_not_asked_for(seeker: Any, tracker: LiveTracker) -> None:
    with seeker.terminal(*BIND) as session:
        assert "spare" not in answered(session, tracker, "1")


def test_skipped_secret_leads_to_the_plain_question(seeker: Any, tracker: LiveTracker) -> None:
    with seeker.terminal(*BIND) as session:
        for prompt, reply in (
            ("base_url: ", tracker.url),
            ("email (optional): ", ""),
            (f"token (for {tracker.url}): ", ""),
            ("board: ", "B1"),
        ):
            session.expect_exact(prompt)
            session.sendline(reply)
        session.read()
    assert tracker.requests == []


def test_empty_choice_is_a_note_and_the_plain_question_follows(
    known: Any, tracker: LiveTracker
) -> None:
    tracker.boards.clear()
    with known.terminal(*BIND) as session:
        session.expect_exact("email (optional): ")
        session.sendline("")
        session.expect_exact("note: the credentials see nothing to choose from")
        session.expect_exact("board: ")
        session.sendline("B1")
        session.read()
    assert known.json("route")["external_resource_id"] == "B1"


def test_provider_that_declares_no_resource_is_listed_without_a_command(
    user: Any, tracker: LiveTracker
) -> None:
    routing = 'resource_type="acme_board",\n        credential_key="board",'
    user.install("acme", LIVE_PLUGIN.replace(routing, ""))
    given = ("--set", f"base_url={tracker.url}")
    user.setenv("TRACKWIRE_ACME_BASE_URL", tracker.url)
    user.setenv("TRACKWIRE_ACME_TOKEN", TRACKER_TOKEN)
    user.setenv("TRACKWIRE_ACME_BOARD", "B1")
    document = user.json("discover", "acme", *given)
    assert (document["field"], document["resources"][0]) == (None, {**BOARDS[0], "bind": None})
    assert "to bind one" not in user.does("discover", "acme", *given)
