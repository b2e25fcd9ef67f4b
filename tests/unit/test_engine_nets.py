"""Flat diagrams, drawn without any order: the engine plays the token game of the standard."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from core.identity import SYSTEM
from engine.bpmn import Known, check_bpmn
from tests.engine_nets import Flow, Game, Net, OpenError, nets
from tests.engine_stage import begin, waiting
from tests.engine_world import bpmn

# a token that has passed the join comes back to it, and until then the next one waits
COMES_BACK = Net(
    {"first": "exclusiveGateway", "a": "userTask", "b": "userTask", "join": "inclusiveGateway", "c": "userTask"},
    (
        Flow("f0", "start", "first"),
        Flow("f1", "first", "b", least=0),
        Flow("f2", "first", "a"),
        Flow("f3", "a", "b"),
        Flow("f4", "a", "a"),
        Flow("f5", "b", "join"),
        Flow("f6", "join", "c", least=0),
        Flow("f7", "join", "b"),
        Flow("f8", "c", "join"),
    ),
    frozenset({"f2", "f7"}),
)


@example(COMES_BACK, [0, 1, 0, 1, 0, 1, 0, 2])
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(nets(), st.lists(st.integers(0, 1 << 16), min_size=8, max_size=25))
def test_tokens_go_as_the_standard_says(net: Net, choices: list[int]) -> None:
    source = bpmn(net.xml())
    if check_bpmn("net.bpmn", source, Known()).findings.refuses:
        reject()
    try:
        game = Game(net)
    except OpenError:
        reject()
    stage = begin(source, n=0)
    done: list[str] = []

    for number in [*choices, 0]:
        if stage.is_stopped:
            assert not game.waiting(), (done, stage.incidents)
            assert game.left(), (done, stage.incidents)
            return
        assert waiting(stage) == game.waiting(), done
        assert (stage.case.state == "completed") is (not game.waiting() and not game.left()), done
        if not game.waiting():
            return
        task = game.waiting()[number % len(game.waiting())]
        done.append(task)
        try:
            game.do(task)
        except OpenError:
            reject()
        token = next(token for token, each in stage.work.items() if each.node.id == task)
        stage.complete(token, {"n": game.n}, SYSTEM)
