"""What administrators do to running cases, and what colleagues do for each other."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import InvalidInput
from core.identity import SYSTEM
from core.messages import Command
from engine.delegation import ScheduleTask
from engine.errors import InstanceEnded, InstanceSuspended, MoveRefused
from engine.events import CaseResumed, CaseSuspended, TokensMoved
from engine.incidents import RetryIncident, SkipIncident
from engine.instances import CancelInstance, SetVariables
from engine.live_cases import live_cases
from engine.migration.instances import MigrateInstance
from engine.operations import MoveTokens, ResumeInstance, SuspendInstance
from engine.signals import SignalInstance
from engine.tasks import ClaimTask
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, on
from tests.engine_world import bpmn, chain, line, person

HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
WAITING = bpmn(
    line('<userTask id="first"/>', '<userTask id="second"/>', names=("first", "second"))
    + f'<boundaryEvent id="late" attachedToRef="first" cancelActivity="false">{HOUR}</boundaryEvent>'
    '<userTask id="remind"/><endEvent id="over"/>' + chain("late", "remind", "over")
)
ANNA, BEN = person("anna"), person("ben")


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    world = JobWorld(engine, clock)
    world.deploy(WAITING)
    return world


def open_tasks(world: JobWorld) -> list[str]:
    return sorted(element for (element,) in world.rows("SELECT element_id FROM work_item"))


def test_nothing_moves_in_a_suspended_case(world: JobWorld) -> None:
    started = world.start()
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    with pytest.raises(InstanceSuspended):
        world.complete(started.tasks[0].id)
    with pytest.raises(InstanceSuspended, match="until an administrator resumes it"):
        world.do(ClaimTask(task_id=started.tasks[0].id))
    assert world.pass_time(timedelta(hours=2)) == 0

    assert world.rows("SELECT state FROM instance") == [("suspended",)]
    assert open_tasks(world) == ["first"]


def test_a_resumed_case_goes_on_with_what_fell_due(world: JobWorld) -> None:
    started = world.start()
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))
    world.pass_time(timedelta(hours=2))

    assert world.do(ResumeInstance(instance_id=started.id, reason="nothing found")) == "running"
    assert world.pass_time(timedelta()) == 1

    assert open_tasks(world) == ["first", "remind"]
    assert [type(event) for event in world.events if isinstance(event, CaseSuspended | CaseResumed)] == [
        CaseSuspended,
        CaseResumed,
    ]


def test_a_suspended_case_is_cancelled_with_what_it_called_and_nothing_moves_before(world: JobWorld) -> None:
    world.deploy(bpmn(line('<callActivity id="call" calledElement="process"/>', names=("call",)), key="caller"))
    started = world.start("caller")
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))
    world.clock.advance(timedelta(hours=2))

    world.do(CancelInstance(instance_id=started.id, reason="over"))

    assert world.rows("SELECT state FROM instance") == [("cancelled",)] * 2
    assert world.rows("SELECT id FROM timer") == []
    assert world.pass_time(timedelta()) == 0


WATCHED = bpmn(
    line('<userTask id="first"/>', names=("first",))
    + '<boundaryEvent id="hot" attachedToRef="first" cancelActivity="false"><conditionalEventDefinition>'
    '<condition>amount &gt; 10</condition></conditionalEventDefinition></boundaryEvent>'
    '<scriptTask id="act"><script>share = 100 / part</script></scriptTask><userTask id="look"/><endEvent id="seen"/>'
    + chain("hot", "act", "look", "seen"),
    key="watched",
)  # fmt: skip


@pytest.mark.parametrize("is_restarted", [True, False])
def test_variables_of_a_suspended_case_change_and_what_that_sets_going_waits(
    world: JobWorld, is_restarted: bool
) -> None:
    world.deploy(WATCHED)
    started = world.start("watched", amount=1, part=4)
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    world.do(SetVariables(instance_id=started.id, variables={"amount": 11}, reason="typing error"))
    before = open_tasks(world)
    if is_restarted:
        live_cases.clear()
    state = world.do(ResumeInstance(instance_id=started.id, reason="mended"))

    assert (before, state, open_tasks(world)) == (["first"], "running", ["first", "look"])


@pytest.mark.parametrize("is_suspended", [True, False])
def test_a_step_that_fails_after_a_change_of_variables_is_an_incident_and_the_change_is_kept(
    world: JobWorld, is_suspended: bool
) -> None:
    world.deploy(WATCHED.replace(b"100 / part", b"if part = null then number() else 1"))
    started = world.start("watched", amount=1)
    if is_suspended:
        world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    world.do(SetVariables(instance_id=started.id, variables={"amount": 11}, reason="typing error"))
    if is_suspended:
        assert world.do(ResumeInstance(instance_id=started.id, reason="mended")) == "failed"

    assert world.rows("SELECT element_id, state FROM incident") == [("act", "open")]
    assert world.rows("SELECT state, snapshot->'variables'->'amount' FROM instance") == [("failed", 11)]
    assert open_tasks(world) == ["first"]


def test_a_condition_that_a_new_version_makes_true_waits_until_the_case_is_resumed(world: JobWorld) -> None:
    world.deploy(WATCHED)
    started = world.start("watched", amount=7, part=4)
    (newer,) = world.deploy(WATCHED.replace(b"&gt; 10", b"&gt; 5"))
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    world.do(MigrateInstance(instance_id=started.id, definition_id=newer.id, reason="lower limit"))
    held = open_tasks(world)
    world.do(ResumeInstance(instance_id=started.id, reason="nothing found"))

    assert (held, open_tasks(world)) == (["first"], ["first", "look"])


def test_what_a_token_of_a_suspended_case_is_moved_to_begins_when_the_case_is_resumed(world: JobWorld) -> None:
    script = '<scriptTask id="act"><script>done = true</script></scriptTask>'
    call = '<callActivity id="call" calledElement="process"/>'
    world.deploy(bpmn(line(call, script, '<userTask id="look"/>', names=("call", "act", "look")), key="caller"))
    started = world.start("caller")
    world.do(SuspendInstance(instance_id=started.id, reason="audit"))

    assert world.do(MoveTokens(instance_id=started.id, source="call", target="act", reason="not needed")) == 1
    held = world.rows("SELECT state, snapshot->'variables'->'done' FROM instance ORDER BY id")
    assert world.do(MoveTokens(instance_id=started.id, source="act", target="act", reason="once more")) == 1
    live_cases.clear()
    state = world.do(ResumeInstance(instance_id=started.id, reason="go on"))

    assert held == [("suspended", None), ("cancelled", None)]
    assert (state, open_tasks(world)) == ("running", ["look"])
    assert world.rows("SELECT snapshot->'variables'->'done' FROM instance WHERE parent_id IS NULL") == [(True,)]


def test_a_token_is_moved_with_all_that_hangs_on_it(world: JobWorld) -> None:
    started = world.start()

    assert world.do(MoveTokens(instance_id=started.id, source="first", target="second", reason="done on paper")) == 1

    assert open_tasks(world) == ["second"]
    assert world.rows("SELECT count(*) FROM timer") == [(0,)]
    assert world.rows("SELECT reason FROM token_log WHERE element_id = 'first'") == [
        ("moved to second: done on paper",)
    ]
    assert [(event.source, event.target) for event in world.events if isinstance(event, TokensMoved)] == [
        ("first", "second")
    ]


def test_moving_back_repeats_a_step(world: JobWorld) -> None:
    started = world.start()
    world.complete(started.tasks[0].id)

    world.do(MoveTokens(instance_id=started.id, source="second", target="first", reason="again"))

    assert open_tasks(world) == ["first"]
    assert world.rows("SELECT count(*) FROM timer") == [(1,)]


@pytest.mark.parametrize(("source", "target"), [("second", "first"), ("first", "nowhere"), ("first", "late")])
def test_a_move_that_makes_no_sense_is_refused(world: JobWorld, source: str, target: str) -> None:
    started = world.start()

    with pytest.raises(MoveRefused):
        world.do(MoveTokens(instance_id=started.id, source=source, target=target, reason="try"))

    assert open_tasks(world) == ["first"]


def test_a_move_stays_inside_its_instance_of_a_loop(world: JobWorld) -> None:
    world.deploy(
        bpmn(
            line(
                '<subProcess id="each"><multiInstanceLoopCharacteristics camunda:collection="=[1, 2]"/>'
                '<startEvent id="s"/><userTask id="a"/><userTask id="b"/><endEvent id="e"/>'
                + chain("s", "a", "b", "e")
                + "</subProcess>",
                names=("each",),
            ),
            key="loop",
        )
    )
    started = world.start("loop")

    assert world.do(MoveTokens(instance_id=started.id, source="a", target="b", reason="skip")) == 2

    assert open_tasks(world) == ["b", "b"]
    for (task,) in world.rows("SELECT id FROM work_item"):
        world.complete(task)
    assert world.rows(f"SELECT state FROM instance WHERE id = '{started.id}'") == [("completed",)]


@pytest.mark.parametrize(
    "command",
    [
        lambda id_: SuspendInstance(instance_id=id_, reason=" "),
        lambda id_: ResumeInstance(instance_id=id_, reason=""),
        lambda id_: MoveTokens(instance_id=id_, source="first", target="second", reason=" "),
        lambda id_: CancelInstance(instance_id=id_, reason="\n"),
        lambda id_: SetVariables(instance_id=id_, variables={"net": 5}, reason=""),
        lambda id_: MigrateInstance(instance_id=id_, definition_id=id_, reason=" "),
        lambda id_: RetryIncident(incident_id=id_, reason=" "),
        lambda id_: SkipIncident(incident_id=id_, reason=""),
        lambda id_: SuspendInstance(instance_id=id_, reason="\u200b \u2060"),
        lambda id_: ResumeInstance(instance_id=id_, reason="\x01"),
    ],
)
def test_every_operation_needs_a_reason(world: JobWorld, command: Any) -> None:
    started = world.start()

    with pytest.raises(InvalidInput, match="Give a reason"):
        world.do(command(started.id))


def test_nothing_can_be_done_to_a_case_that_is_over(world: JobWorld) -> None:
    started = world.start()
    world.do(CancelInstance(instance_id=started.id, reason="over"))
    operations: list[Command] = [
        SuspendInstance(instance_id=started.id, reason="x"),
        MoveTokens(instance_id=started.id, source="first", target="second", reason="x"),
    ]

    for operation in operations:
        with pytest.raises(InstanceEnded):
            world.do(operation)


def test_a_task_is_scheduled_for_another_day(world: JobWorld) -> None:
    task = world.start().tasks[0].id
    later = world.clock.now() + timedelta(days=3)

    world.do(ScheduleTask(task_id=task, follow_up_at=later), ANNA)

    assert world.rows("SELECT due_at, follow_up_at FROM work_item") == [(None, later)]


def test_an_activity_with_several_instances_moves_as_one(world: JobWorld) -> None:
    loop = '<multiInstanceLoopCharacteristics camunda:collection="=[1, 2, 3]"/>'
    tasks = (f'<userTask id="vote">{loop}</userTask>', '<userTask id="sign"/>')
    world.deploy(bpmn(line(*tasks, names=("vote", "sign")), key="votes"))
    started = world.start("votes")
    world.complete(started.tasks[0].id)

    assert world.do(MoveTokens(instance_id=started.id, source="vote", target="sign", reason="enough")) == 1

    assert open_tasks(world) == ["sign"]
    ((task,),) = world.rows("SELECT id FROM work_item")
    assert world.complete(task).state == "completed"


INSIDE = '<startEvent id="s"/><userTask id="a"/><endEvent id="e"/>' + chain("s", "a", "e")


def test_a_sub_process_that_is_left_empty_is_cancelled(world: JobWorld) -> None:
    scope = f'<subProcess id="part">{INSIDE}</subProcess>'
    late = f'<boundaryEvent id="late" attachedToRef="part">{HOUR}</boundaryEvent><endEvent id="over"/>'
    content = line(scope, '<userTask id="sign"/>', names=("part", "sign")) + late + chain("late", "over")
    world.deploy(bpmn(content, key="parts"))
    started = world.start("parts")

    world.do(MoveTokens(instance_id=started.id, source="a", target="sign", reason="not needed"))

    assert world.rows("SELECT 1 FROM timer") == []
    ((task,),) = world.rows("SELECT id FROM work_item")
    assert world.complete(task).state == "completed"


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("a", "sign", "inside each, which has several instances; move each itself"),
        ("sign", "sign", "No token stands at sign"),
        ("a", "join", "joins several flows"),
        ("a", "react", "begins by its event only"),
        ("a", "undo", "begins by compensation only"),
        ("a", "late", "happens at each only"),
    ],
)
def test_a_move_is_refused_with_the_reason(world: JobWorld, source: str, target: str, sentence: str) -> None:
    loop = '<multiInstanceLoopCharacteristics camunda:collection="=[1, 2]"/>'
    world.deploy(
        bpmn(
            '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="other"/>'
            f'<subProcess id="each">{loop}{INSIDE}</subProcess><parallelGateway id="join"/><userTask id="sign"/>'
            f'<endEvent id="end"/><boundaryEvent id="late" attachedToRef="each">{HOUR}</boundaryEvent>'
            '<endEvent id="over"/><boundaryEvent id="undone" attachedToRef="sign"><compensateEventDefinition/>'
            '</boundaryEvent><userTask id="undo" isForCompensation="true"/>'
            '<association id="x" associationDirection="One" sourceRef="undone" targetRef="undo"/>'
            '<subProcess id="react" triggeredByEvent="true"><startEvent id="at" isInterrupting="false">'
            f"{HOUR}</startEvent></subProcess>"
            + chain("late", "over")
            + chain("start", "fork", "each", "join", "sign", "end")
            + chain("fork", "other", "join"),
            key="moves",
        )
    )
    started = world.start("moves")

    with pytest.raises(MoveRefused, match=sentence):
        world.do(MoveTokens(instance_id=started.id, source=source, target=target, reason="try"))

    assert open_tasks(world) == ["a", "a", "other"]


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_token_that_is_moved_out_of_an_interrupting_handler_can_be_interrupted_again(
    world: JobWorld, is_inside: bool
) -> None:
    body = line('<userTask id="work"/>', names=("work",)) + "".join(
        on(name, definition, f'<userTask id="{name}_work"/>' + chain(f"{name}_start", f"{name}_work"))
        for name, definition in (("stop", "signal s"), ("late", "timer PT1H"))
    )
    around = f'<startEvent id="first"/><subProcess id="part">{body}</subProcess>' + chain("first", "part")
    world.deploy(bpmn(around if is_inside else body, roots=ROOTS, key="stoppable"))
    started = world.start("stoppable")

    reached = []
    for _ in range(2):
        world.do(SignalInstance(instance_id=started.id, name="alarm"), SYSTEM)
        reached.append(open_tasks(world))
        world.do(MoveTokens(instance_id=started.id, source="stop_work", target="work", reason="a mistake"))

    assert (reached, open_tasks(world)) == ([["stop_work"]] * 2, ["work"])
    assert world.pass_time(timedelta(hours=2)) == 1
    assert open_tasks(world) == ["late_work"]
