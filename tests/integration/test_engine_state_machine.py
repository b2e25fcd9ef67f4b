"""Random commands by two workers with crashes between any two steps: afterwards every token is accounted for."""

import os
import warnings

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.engine_machine import EngineMachine

EXAMPLES = int(os.environ.get("OBIEG_TEST_MACHINE_EXAMPLES", "12"))
STEPS = 35


def test_the_books_are_right_after_whatever_happens(engine: Engine) -> None:
    EngineMachine.engine = engine
    profile = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with warnings.catch_warnings():
        run_state_machine_as_test(EngineMachine, settings=profile)

    print(EngineMachine.told)
