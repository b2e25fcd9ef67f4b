"""How long work waits before it is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.model import Outside
from engine.deferred import JITTER, pause_of

PAUSES = (10.0, 60.0, 600.0)


def outside(pauses: tuple[float, ...]) -> Outside:
    return Outside(topic=None, pauses=pauses)


@pytest.mark.parametrize(("tries_left", "seconds"), [(4, 10), (3, 60), (2, 600)])
def test_the_pauses_follow_one_another_a_quarter_more_or_less(tries_left: int, seconds: float) -> None:
    found = [pause_of(outside(PAUSES), tries_left).total_seconds() for _ in range(300)]

    assert seconds * (1 - JITTER) <= min(found) < seconds * 0.9
    assert seconds * 1.1 < max(found) <= seconds * (1 + JITTER)


def test_what_failed_together_does_not_come_back_together() -> None:
    together = {pause_of(outside(PAUSES), 3) for _ in range(100)}

    assert len(together) > 90


@given(st.lists(st.floats(1, 1e5), min_size=1, max_size=9), st.integers(0, 50))
def test_every_try_has_a_pause_whatever_was_planned(pauses: list[float], tries_left: int) -> None:
    found = pause_of(outside(tuple(pauses)), tries_left).total_seconds()

    assert min(pauses) * (1 - JITTER) - 1e-6 <= found <= max(pauses) * (1 + JITTER) + 1e-6


def test_without_a_plan_it_is_tried_again_after_ten_seconds() -> None:
    assert timedelta(seconds=7.5) <= pause_of(None, 3) <= timedelta(seconds=12.5)
