"""The ledger against a model, over the real publish and a hub that honours idempotency keys.

Whatever happens in whatever order, the hub accepts each generation at most once, and after a
publish that succeeded its state is the store's.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from projectkit import (
    DEFER,
    LOSE,
    REFUSE,
    IdempotentHub,
    bind_project,
    fill,
    json_line,
    make_service,
)

from trackwire.delivery import sending
from trackwire.destination import endpoint_url
from trackwire.errors import DeliveryDeferred, DeliveryError
from trackwire.ledger import Ledger, LedgerEntry, PublishState
from trackwire.lock import DATA_DIRECTORY
from trackwire.store import STORE_FILE, TrackerSqliteStore

if TYPE_CHECKING:
    from trackwire.publishing import PublishReport

BOARDS = ("B1", "B2")
HUBS = st.sampled_from((0, 1))
IDS = st.sampled_from(("1", "2", "3"))
TITLES = st.sampled_from(("one", "two"))  # few, so that earlier states come back often

State = tuple[str, dict[str, str]]


class Publishing(RuleBasedStateMachine):
    """A project with two boards and two hubs; the model is its issues' titles by board."""

    @initialize()
    def begin(self) -> None:
        self.cleanup = contextlib.ExitStack()
        self.root = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.hubs = (IdempotentHub(), IdempotentHub())
        for hub in self.hubs:
            self.cleanup.callback(hub.stop)
        self.service = make_service(self.root)
        self.titles: dict[str, dict[str, str]] = {}
        self.current: dict[int, State] = {}
        """What each hub was sent last, where it has accepted that."""
        self.published: dict[int, list[State]] = {0: [], 1: []}
        for board in reversed(BOARDS):
            self.bind(board)
            self.replace({"1": "one"})

    def teardown(self) -> None:
        if hasattr(self, "cleanup"):
            self.cleanup.close()

    @property
    def state(self) -> State:
        return self.board, self.titles[self.board]

    def replace(self, titles: dict[str, str]) -> None:
        content = b"".join(json_line(id_, title=title) for id_, title in titles.items())
        fill(self.service, content, replace_all=True)
        self.titles[self.board] = titles

    @rule(board=st.sampled_from(BOARDS))
    def bind(self, board: str) -> None:
        bind_project(self.root, board=board)
        self.board = board

    @rule(external_id=IDS, title=TITLES)
    def change(self, external_id: str, title: str) -> None:
        self.replace({**self.titles[self.board], external_id: title})

    @precondition(lambda self: len(self.titles[self.board]) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        titles = dict(self.titles[self.board])
        del titles[data.draw(st.sampled_from(sorted(titles)))]
        self.replace(titles)

    @rule(number=HUBS, external_id=IDS, title=TITLES)
    def change_and_publish(self, number: int, external_id: str, title: str) -> None:
        self.change(external_id, title)
        self.publish(number)

    @precondition(lambda self: self.published[0])
    @rule(data=st.data())
    def revert(self, data: st.DataObject) -> None:
        board, titles = data.draw(st.sampled_from(self.published[0]))
        self.bind(board)
        self.replace(titles)

    @precondition(lambda self: self.published[0])
    @rule(data=st.data())
    def revert_and_publish(self, data: st.DataObject) -> None:
        self.revert(data)
        self.publish(0)

    @rule(number=HUBS)
    def publish(self, number: int) -> None:
        last, known = self.ledger(number), self.current.get(number)
        report = self.send(number)
        assert held_by(self.hubs[number]) == self.state
        assert report.idempotency_key == self.hubs[number].keys[-1]
        entry = self.ledger(number)
        assert entry is not None
        assert entry.state is PublishState.DELIVERED
        if known == self.state:
            assert last is not None
            assert (report.replayed, entry.generation) == (True, last.generation)
        self.current[number] = self.state
        self.published[number].append(self.state)

    @rule(number=HUBS)
    def rehearse(self, number: int) -> None:
        before = self.ledger(number)
        shown = self.service.publish(hub=self.hubs[number].url, dry_run=True)
        assert self.ledger(number) == before
        sent = self.send(number)
        assert (shown.idempotency_key, shown.body_sha256) == (
            sent.idempotency_key,
            sent.body_sha256,
        )
        self.current[number] = self.state

    @rule(number=HUBS)
    def be_refused(self, number: int) -> None:
        self.fails(number, DeliveryError, REFUSE)

    @rule(number=HUBS)
    def be_deferred(self, number: int) -> None:
        self.fails(number, DeliveryDeferred, DEFER)

    @rule(number=HUBS)
    def lose_the_answer(self, number: int) -> None:
        # The second attempt comes after the deadline, or else is deferred by the hub.
        self.fails(number, DeliveryDeferred, LOSE, DEFER)

    @rule(number=HUBS)
    def crash_before_the_hub_accepts(self, number: int) -> None:
        with patch.object(sending, "deliver", side_effect=KeyboardInterrupt):
            self.crashes(number)

    @rule(number=HUBS)
    def crash_after_the_hub_accepted(self, number: int) -> None:
        with patch.object(Ledger, "finish", side_effect=KeyboardInterrupt):
            self.crashes(number)
        assert held_by(self.hubs[number]) == self.state

    @invariant()
    def each_generation_is_accepted_at_most_once(self) -> None:
        if not hasattr(self, "cleanup"):
            return
        for number, hub in enumerate(self.hubs):
            accepted = [key for key, _ in hub.accepted]
            generations = self.generations(number)
            assert set(accepted) <= set(generations)
            assert len({generations[key] for key in accepted}) == len(accepted)
            assert hub.conflicts == []

    @invariant()
    def no_spool_is_left(self) -> None:
        if hasattr(self, "cleanup"):
            assert list((self.root / DATA_DIRECTORY).glob("spool-*")) == []

    def send(self, number: int) -> PublishReport:
        self.hubs[number].plan = deque()
        return self.service.publish(hub=self.hubs[number].url)

    def fails(self, number: int, failure: type[Exception], *plan: str) -> None:
        self.current.pop(number, None)
        self.hubs[number].plan = deque(plan)
        timeout = 0.3 if LOSE in plan else 60
        with pytest.raises(failure):
            self.service.publish(hub=self.hubs[number].url, timeout=timeout)

    def crashes(self, number: int) -> None:
        self.current.pop(number, None)
        self.hubs[number].plan = deque()
        with pytest.raises(KeyboardInterrupt):
            self.service.publish(hub=self.hubs[number].url)

    def ledger(self, number: int) -> LedgerEntry | None:
        with self.store() as store:
            return store.ledger.last(endpoint_url(self.hubs[number].url))

    def generations(self, number: int) -> dict[str, int]:
        with self.store() as store:
            rows = store._connection.execute(
                "SELECT idempotency_key, generation FROM ledger WHERE destination = ?",
                (endpoint_url(self.hubs[number].url),),
            )
            return dict(rows.fetchall())

    @contextlib.contextmanager
    def store(self) -> Iterator[TrackerSqliteStore]:
        with TrackerSqliteStore(self.root / DATA_DIRECTORY / STORE_FILE) as store:
            yield store


def held_by(hub: IdempotentHub) -> State:
    document = json.loads(hub.state)
    titles = {issue["ref"]["id"]: issue["title"] for issue in document["issues"]}
    return document["external_resource_id"], titles


def test_ledger_agrees_with_its_model() -> None:
    run_state_machine_as_test(
        Publishing,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # shrinking takes minutes, and no example is long
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
