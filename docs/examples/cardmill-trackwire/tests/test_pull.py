"""What is Cardmill's own in a pull: boards from before there were stages."""

from dataclasses import replace
from datetime import UTC, datetime

from cardmill_trackwire import trackwire_provider
from cardmill_trackwire.conformance import CardmillEmulator

from trackwire.connector import Unplaced
from trackwire.testing import Answer, Request, SampleIssue, SampleTracker, Workbench

CARD = SampleIssue(id="31", title="Mend the sail", updated_at=datetime(2026, 11, 1, tzinfo=UTC))


class OldBoards(CardmillEmulator):
    """Cardmill, where no list has a stage."""

    def answer(self, request: Request, tracker: SampleTracker) -> Answer:
        """Answer as an old board does."""
        truth = super().answer(request, tracker)
        return replace(truth, body=truth.body.replace(b'"waiting"', b"null"))


def test_pull_tells_of_a_list_without_a_stage() -> None:
    with Workbench(trackwire_provider(), OldBoards(), issues=[CARD]) as bench:
        assert bench.pull().unplaced == {Unplaced("status", "Ideas"): 1}
