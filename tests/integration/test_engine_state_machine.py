"""Random commands by two workers with crashes between any two steps: afterwards every token is accounted for.

The same examples each time, so that a change is judged by what it changes; MACHINE_EXAMPLES=500 looks for new ones.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from engine.spiff import keeping
from tests.engine_machine import EngineMachine

LONG_RUN = os.environ.get("MACHINE_EXAMPLES")
EXAMPLES, STEPS = 6, 35


def test_the_books_are_right_after_whatever_happens(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WIDE", 1)  # so that states in one piece and states in parts take turns
    monkeypatch.setattr(keeping, "NARROW", 2)
    EngineMachine.engine = engine
    profile = settings(
        max_examples=int(LONG_RUN or EXAMPLES),
        stateful_step_count=STEPS,
        derandomize=LONG_RUN is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # a shorter example would cost minutes of transactions
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(EngineMachine, settings=profile)

    assert EngineMachine.told["done"] > 50, EngineMachine.told
    assert EngineMachine.told["cut short"] > 10, EngineMachine.told
