"""What the funnel counts: its invariants for any cases, and the figures of known ones."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.reports.funnel import LOST, NOW, WON, Tally, funnel, places

STAGES = ("lead", "needs", "offer", "order")
PLACES = [(number, fate) for number in range(len(STAGES)) for fate in (WON, NOW, LOST)]
TALLIES = st.lists(st.integers(0, 1000), min_size=len(PLACES), max_size=len(PLACES)).map(
    lambda counts: [
        Tally(highest=number, fate=fate, count=count) for (number, fate), count in zip(PLACES, counts, strict=True)
    ]
)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(TALLIES)
def test_no_stage_is_reached_more_often_than_the_one_before(tallies: list[Tally]) -> None:
    reached = [each.reached for each in funnel(STAGES, tallies).stages]

    assert reached == sorted(reached, reverse=True)


@patient
@given(TALLIES)
def test_all_that_started_reach_the_first_stage(tallies: list[Tally]) -> None:
    found = funnel(STAGES, tallies)

    assert found.stages[0].reached == found.started == sum(each.count for each in tallies)


@patient
@given(TALLIES)
def test_what_started_is_won_lost_or_still_there(tallies: list[Tally]) -> None:
    found = funnel(STAGES, tallies)

    assert found.won + found.lost + found.now == found.started


@patient
@given(TALLIES)
def test_between_two_stages_are_missing_those_that_run_or_are_lost(tallies: list[Tally]) -> None:
    found = funnel(STAGES, tallies)

    gone = [each.now + each.lost for each in found.stages]
    following = [each.reached for each in found.stages[1:]] + [found.won]
    assert [each.reached - after for each, after in zip(found.stages, following, strict=True)] == gone


@patient
@given(TALLIES)
def test_shares_are_shares_and_multiply_to_that_of_the_stage(tallies: list[Tally]) -> None:
    found = funnel(STAGES, tallies)

    product = Decimal(1)
    for each in found.stages:
        if not each.reached:
            break
        product *= each.kept if each.kept is not None else 1
        assert each.share is not None
        assert 0 <= each.share <= 1
        assert abs(product - each.share) < Decimal("1e-20")


def test_a_real_years_loan_offers_are_told_as_the_log_has_them() -> None:
    # BPI challenge 2012: 13 087 applications, here by how far each came
    stages = ("submitted", "preaccepted", "accepted", "offer_sent", "sent_back", "approved")
    reached = (13087, 7367, 5113, 5015, 3254, 2246, 0)
    fallen = [before - after for before, after in pairwise(reached)]
    tallies = [Tally(highest=number, fate=LOST, count=count) for number, count in enumerate(fallen[:-1])]
    tallies.append(Tally(highest=5, fate=WON, count=2246))

    found = funnel(stages, tallies)

    assert [each.reached for each in found.stages] == list(reached[:-1])
    shares = [f"{100 * each.share:.2f}" for each in found.stages if each.share is not None]
    assert shares == ["100.00", "56.29", "39.07", "38.32", "24.86", "17.16"]
    assert found.win_rate == Decimal(2246) / 13087


def test_nothing_has_no_shares() -> None:
    found = funnel(STAGES, [])

    assert (found.started, found.win_rate, found.stages[0].share, found.stages[1].kept) == (0, None, None, None)


def test_a_stage_that_the_newest_version_dropped_counts_as_the_one_before_it() -> None:
    found = places([("lead", "offer", "order"), ("lead", "needs", "offer", "order"), ("call", "lead", "order")])

    assert found == {"lead": 0, "offer": 1, "order": 2, "needs": 0, "call": 0}
