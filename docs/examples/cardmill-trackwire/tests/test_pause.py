"""What is Cardmill's own, and so no rule of the kit: the header that tells of the budget."""

import httpx
import pytest
from cardmill_trackwire import pause


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [("0; refill=30", 30.0), ("12; refill=30", None), ("0; refill=soon", None), ("", None)],
)
def test_pause_is_the_time_until_a_spent_budget_is_filled(
    budget: str, seconds: float | None
) -> None:
    assert pause(httpx.Response(200, headers={"Cardmill-Budget": budget})) == seconds


def test_answer_without_a_budget_asks_for_no_pause() -> None:
    assert pause(httpx.Response(200)) is None
