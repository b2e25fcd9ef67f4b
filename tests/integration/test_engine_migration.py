"""Running instances go on in another version of their process, with all that they wait for."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Forbidden, InvalidInput
from core.identity import SYSTEM
from engine.choosing import StartActivity
from engine.errors import DefinitionNotFound, InstanceEnded, MigrationRefused
from engine.incidents import RetryIncident
from engine.instances import CancelInstance, SetVariables
from engine.messages import PublishMessage
from engine.migration.events import CaseMigrated
from engine.migration.instances import MigrateInstance
from engine.operations import SuspendInstance
from engine.tasks import ClaimTask
from tests.engine_jobs import JobWorld
from tests.engine_stage import ROOTS, boundary, event, on
from tests.engine_world import ADMIN, bpmn, chain, line, person

ANNA = person("anna", "clerk")


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    return JobWorld(engine, clock)


def versions(world: JobWorld, before: str, after: str, *, attributes: str = "") -> tuple[str, str]:
    """Deploy both contents as versions of one process; their ids."""
    (first,) = world.deploy(bpmn(before, roots=ROOTS, attributes=attributes))
    (second,) = world.deploy(bpmn(after, roots=ROOTS, attributes=attributes))
    return first.id, second.id


def start(world: JobWorld, before: str, after: str, **variables: Any) -> tuple[str, str]:
    """An instance of the first content, and the id of the version with the second."""
    world.deploy(bpmn(before, roots=ROOTS))
    instance = world.start(**variables).id
    (second,) = world.deploy(bpmn(after, roots=ROOTS))
    return instance, second.id


def migrate(world: JobWorld, instance: str, target: str, **more: Any) -> str:
    command = MigrateInstance(instance_id=instance, definition_id=target, reason="a new version", **more)
    return str(world.do(command))


def tasks(world: JobWorld) -> list[tuple[str, str]]:
    return sorted((element, task) for element, task in world.rows("SELECT element_id, id FROM work_item"))


def elements(world: JobWorld) -> list[str]:
    return [element for element, _ in tasks(world)]


def complete_all(world: JobWorld) -> str:
    while tasks(world):
        world.complete(tasks(world)[0][1])
    ((state,),) = world.rows("SELECT state FROM instance")
    return str(state)


MANY = '<multiInstanceLoopCharacteristics camunda:collection="people"/>'
ONE = line('<userTask id="check" name="Check"/>', names=("check",))
TWO = line('<userTask id="check" name="Check twice"/>', '<userTask id="sign"/>', names=("check", "sign"))


def test_an_instance_goes_on_in_the_new_version(world: JobWorld) -> None:
    instance, target = start(world, ONE, TWO)
    world.do(ClaimTask(task_id=tasks(world)[0][1]), ANNA)

    assert migrate(world, instance, target) == "running"

    assert world.rows("SELECT definition_id FROM instance") == [(target,)]
    assert world.rows("SELECT definition_id, name, assignee FROM work_item") == [(target, "Check twice", "anna")]
    world.complete(tasks(world)[0][1], ANNA)
    assert elements(world) == ["sign"]
    assert complete_all(world) == "completed"


def test_the_trail_says_from_where_to_where_and_why(world: JobWorld) -> None:
    instance, target = start(world, ONE, TWO)

    migrate(world, instance, target)

    (told,) = [each for each in world.events if isinstance(each, CaseMigrated)]
    assert (told.before_version, told.after_version, told.after) == (1, 2, target)
    assert (told.elements, told.reason) == ({"check": "check"}, "a new version")


def test_a_task_that_was_renamed_is_mapped_by_hand(world: JobWorld) -> None:
    renamed = line('<userTask id="review" name="Review"/>', names=("review",))
    instance, target = start(world, ONE, renamed)
    with pytest.raises(MigrationRefused, match=r"A token stands at Check \(check\), which has no target"):
        migrate(world, instance, target)

    migrate(world, instance, target, mapping={"check": "review"})

    assert elements(world) == ["review"]
    assert world.rows("SELECT element_id, name FROM token_log WHERE left_at IS NULL") == [("review", "Review")]
    assert complete_all(world) == "completed"


@pytest.mark.parametrize(
    ("after", "mapping", "sentence"),
    [
        ('<receiveTask id="check" messageRef="m"/>', {"check": "check"}, "is a receive task for message"),
        ('<userTask id="other"/>', {"check": "nowhere"}, "has no element nowhere for check"),
        ('<userTask id="other"/>', {"nosuch": "other"}, "has no element nosuch"),
        ('<userTask id="other"/>', {"check": None}, "which cannot be left out"),
        (
            f'<userTask id="check">{MANY}</userTask>',
            {},
            "is a user task, check .* is a user task with parallel instances",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_the_element(
    world: JobWorld, after: str, mapping: dict[str, str | None], sentence: str
) -> None:
    name = after.split('"')[1]
    instance, target = start(world, ONE, line(after, names=(name,)))

    with pytest.raises(MigrationRefused, match=sentence):
        migrate(world, instance, target, mapping=mapping)

    assert elements(world) == ["check"]
    assert complete_all(world) == "completed"


def test_only_another_version_of_the_same_process_will_do(world: JobWorld) -> None:
    instance, target = start(world, ONE, TWO)
    (other,) = world.deploy(bpmn(ONE, key="other"))
    (form,) = world.deploy(("f.form", b'{"type": "default", "id": "f", "components": []}'))

    with pytest.raises(MigrationRefused, match="is no version of"):
        migrate(world, instance, other.id)
    with pytest.raises(DefinitionNotFound, match="is a form"):
        migrate(world, instance, form.id)
    migrate(world, instance, target)
    with pytest.raises(MigrationRefused, match="This is version 2 of process already"):
        migrate(world, instance, target)


def test_what_is_over_stays_in_its_version(world: JobWorld) -> None:
    instance, target = start(world, ONE, TWO)
    world.do(CancelInstance(instance_id=instance, reason="no longer wanted"))

    with pytest.raises(InstanceEnded):
        migrate(world, instance, target)


def test_only_administrators_migrate_and_they_say_why(world: JobWorld) -> None:
    instance, target = start(world, ONE, TWO)

    with pytest.raises(Forbidden):
        world.do(MigrateInstance(instance_id=instance, definition_id=target, reason="x"), ANNA)
    with pytest.raises(InvalidInput, match="Give a reason"):
        world.do(MigrateInstance(instance_id=instance, definition_id=target, reason=" "), ADMIN)


def test_a_running_timer_keeps_its_moment_unless_it_is_to_begin_anew(world: JobWorld) -> None:
    def late(duration: str) -> str:
        return ONE + boundary("late", "check", f"timer {duration}") + '<endEvent id="over"/>' + chain("late", "over")

    instance, target = start(world, late("PT1H"), late("PT5H"))
    (before,) = world.rows("SELECT due_at FROM timer")

    migrate(world, instance, target)
    assert world.rows("SELECT due_at FROM timer") == [before]
    (third,) = world.deploy(bpmn(late("PT6H"), roots=ROOTS))
    migrate(world, instance, third.id, restart_timers=True)

    assert world.rows("SELECT due_at FROM timer") == [(world.clock.now() + timedelta(hours=6),)]
    assert world.pass_time(timedelta(hours=6)) == 1
    assert world.rows("SELECT state FROM instance") == [("completed",)]


def test_what_the_new_version_adds_at_a_running_activity_is_armed(world: JobWorld) -> None:
    added = (
        ONE
        + boundary("late", "check", "timer PT1H", interrupting=False)
        + '<userTask id="remind"/><endEvent id="over"/>'
        + chain("late", "remind", "over")
        + on("again", "message m", '<userTask id="look"/>' + chain("again_start", "look"), interrupting=False)
    )
    instance, target = start(world, ONE, added)

    migrate(world, instance, target)

    assert world.pass_time(timedelta(hours=1)) == 1
    world.do(PublishMessage(name="paid"), SYSTEM)
    assert elements(world) == ["check", "look", "remind"]
    assert complete_all(world) == "completed"


def test_a_wait_that_the_new_version_has_no_more_is_given_up_only_when_that_is_said(world: JobWorld) -> None:
    armed = ONE + boundary("late", "check", "timer PT1H") + '<endEvent id="over"/>' + chain("late", "over")
    instance, target = start(world, armed, ONE)
    with pytest.raises(MigrationRefused, match=r"late \(late\) waits for its event"):
        migrate(world, instance, target)

    migrate(world, instance, target, mapping={"late": None})

    assert world.rows("SELECT 1 FROM timer") == []
    assert complete_all(world) == "completed"


def test_a_subscription_listens_as_the_new_version_says(world: JobWorld) -> None:
    def waiting(message: str, key: str) -> str:
        attributes = f'messageRef="{message}" obieg:correlationKey="={key}"'
        return line(f'<receiveTask id="wait" {attributes}/>', names=("wait",))

    instance, target = start(world, waiting("m", "order"), waiting("m2", "parcel"), order="O1", parcel="P1")
    world.do(PublishMessage(name="shipped", keys={"parcel": "P1"}), SYSTEM)

    migrate(world, instance, target)

    assert world.rows("SELECT name, key FROM message_subscription") == [("shipped", "P1")]
    world.work()
    assert world.rows("SELECT state FROM instance") == [("completed",)]


def test_a_condition_that_is_true_in_the_new_version_happens_at_once(world: JobWorld) -> None:
    def rising(limit: int) -> str:
        return line(event("intermediateCatchEvent", "rise", f"conditional =value > {limit}"), names=("rise",))

    instance, target = start(world, rising(10), rising(5), value=7)

    assert migrate(world, instance, target) == "completed"


def test_instances_of_a_multi_instance_go_together(world: JobWorld) -> None:
    def each(inner: str) -> str:
        loop = (
            '<multiInstanceLoopCharacteristics camunda:collection="=people" camunda:elementVariable="who" '
            'obieg:outputCollection="votes" obieg:outputElement="=vote"/>'
        )
        return line(f'<userTask id="vote" {inner}>{loop}</userTask>', names=("vote",))

    instance, target = start(world, each(""), each('name="Vote again"'), people=["a", "b", "c"])
    world.complete(tasks(world)[0][1], vote=1)

    migrate(world, instance, target)

    assert {name for (name,) in world.rows("SELECT name FROM work_item")} == {"Vote again"}
    for _, task in tasks(world):
        world.complete(task, vote=2)
    assert world.rows("SELECT state, snapshot->'variables'->'votes' FROM instance") == [("completed", [1, 2, 2])]


def test_a_running_sub_process_goes_only_into_the_corresponding_one(world: JobWorld) -> None:
    def inside(scope: str, name: str) -> str:
        content = f'<startEvent id="s"/><userTask id="{name}"/><endEvent id="e"/>' + chain("s", name, "e")
        return line(f'<subProcess id="{scope}">{content}</subProcess>', names=(scope,))

    instance, target = start(world, inside("part", "work"), inside("section", "work"))
    with pytest.raises(MigrationRefused, match="token stands at part"):
        migrate(world, instance, target)
    with pytest.raises(MigrationRefused, match="map part to section"):
        migrate(world, instance, target, mapping={"work": "work"})

    migrate(world, instance, target, mapping={"part": "section"})  # what is inside follows

    assert complete_all(world) == "completed"


def test_what_was_completed_can_be_undone_in_the_new_version(world: JobWorld) -> None:
    def booking(undo: str) -> str:
        return (
            line(
                '<userTask id="book"/>',
                '<userTask id="wait"/>',
                event("intermediateThrowEvent", "undo", "compensate"),
                names=("book", "wait", "undo"),
            )
            + boundary("undone", "book", "compensate")
            + f'<userTask id="{undo}" isForCompensation="true"/>'
            + f'<association id="a" associationDirection="One" sourceRef="undone" targetRef="{undo}"/>'
        )

    instance, target = start(world, booking("cancel"), booking("refund"))
    world.complete(tasks(world)[0][1])

    migrate(world, instance, target)
    world.complete(tasks(world)[0][1])

    assert elements(world) == ["refund"]
    (third,) = world.deploy(bpmn(booking("cancel").replace('id="wait"', 'id="wait" name="Wait"'), roots=ROOTS))
    with pytest.raises(MigrationRefused, match="is undoing what was done before"):
        migrate(world, instance, third.id, mapping={"refund": "cancel"})
    assert complete_all(world) == "completed"


def test_a_token_that_waits_at_a_join_needs_the_flow_that_it_came_on(world: JobWorld) -> None:
    def both(second: str) -> str:
        return (
            '<startEvent id="start"/><parallelGateway id="fork"/><userTask id="a"/><userTask id="b"/>'
            f'<parallelGateway id="join"/><endEvent id="end"/>{chain("start", "fork", "a")}{chain("fork", "b", "join")}'
            f'{chain("join", "end")}<sequenceFlow id="{second}" sourceRef="a" targetRef="join"/>'
        )

    instance, target = start(world, both("first"), both("other"))
    world.complete(tasks(world)[0][1])
    with pytest.raises(MigrationRefused, match="map first to one that does"):
        migrate(world, instance, target)

    migrate(world, instance, target, mapping={"first": "other"})

    assert complete_all(world) == "completed"


def test_the_options_of_an_event_gateway_go_with_it(world: JobWorld) -> None:
    def options(*more: str) -> str:
        names = ["paid", "late", *more]
        made = event("intermediateCatchEvent", "paid", "message m") + event(
            "intermediateCatchEvent", "late", "timer PT1H"
        )
        made += "".join(event("intermediateCatchEvent", each, "signal s") for each in more)
        ways = "".join(chain("choice", each, "end") for each in names)
        return (
            f'<startEvent id="start"/><eventBasedGateway id="choice"/>{made}<endEvent id="end"/>'
            + chain("start", "choice")
            + ways
        )

    instance, target = start(world, options(), options("alarm"))

    migrate(world, instance, target)

    kinds = world.rows("SELECT element_id FROM message_subscription ORDER BY element_id")
    assert kinds == [("alarm",), ("paid",)]
    assert world.pass_time(timedelta(hours=1)) == 1
    assert world.rows("SELECT state FROM instance") == [("completed",)]
    assert world.rows("SELECT 1 FROM message_subscription") == []


def test_a_four_eyes_rule_must_not_lose_whom_it_excludes(world: JobWorld) -> None:
    before = line('<userTask id="do"/>', '<userTask id="check" obieg:fourEyes="do"/>', names=("do", "check"))
    after = line('<userTask id="make"/>', '<userTask id="check" obieg:fourEyes="make"/>', names=("make", "check"))
    instance, target = start(world, before, after)

    with pytest.raises(MigrationRefused, match="Keep the id do in the new version"):
        migrate(world, instance, target, mapping={"do": "make"})


def test_a_suspended_instance_stays_suspended(world: JobWorld) -> None:
    added = ONE + boundary("late", "check", "timer PT1H") + '<endEvent id="over"/>' + chain("late", "over")
    instance, target = start(world, ONE, added)
    world.do(SuspendInstance(instance_id=instance, reason="audit"))

    assert migrate(world, instance, target) == "suspended"

    assert world.rows("SELECT state FROM instance") == [("suspended",)]
    assert world.pass_time(timedelta(hours=2)) == 0


def test_a_failed_step_is_tried_again_in_the_new_version(world: JobWorld) -> None:
    def scripted(text: str) -> str:
        ways = '<exclusiveGateway id="which"/>' + f'<sequenceFlow id="x" sourceRef="which" targetRef="end">{text}'
        return (
            '<startEvent id="start"/><userTask id="check"/><endEvent id="end"/>'
            + chain("start", "check", "which")
            + ways
            + "</sequenceFlow>"
        )

    bad = "<conditionExpression>=amount &gt; 10</conditionExpression>"
    instance, target = start(world, scripted(bad), scripted(""), amount=1)
    world.complete(tasks(world)[0][1])
    assert world.rows("SELECT state FROM instance") == [("failed",)]

    assert migrate(world, instance, target) == "failed"
    world.do(SetVariables(instance_id=instance, variables={"amount": 1}, reason="look"))
    ((incident,),) = world.rows("SELECT id FROM incident WHERE state = 'open'")
    world.do(RetryIncident(incident_id=incident, reason="again"))

    assert world.rows("SELECT state FROM instance") == [("completed",)]


def test_what_people_choose_from_goes_on_in_the_new_version(world: JobWorld) -> None:
    def office(*names: str) -> str:
        tasks = "".join(f'<userTask id="{name}"/>' for name in names)
        return line(f'<adHocSubProcess id="office">{tasks}</adHocSubProcess>', names=("office",))

    instance, target = start(world, office("call", "write"), office("call", "write", "visit"))
    ((scope,),) = world.rows("SELECT id FROM token_log WHERE element_id = 'office'")
    world.do(StartActivity(instance_id=instance, scope_id=scope, element_id="write"))

    migrate(world, instance, target)
    world.do(StartActivity(instance_id=instance, scope_id=scope, element_id="visit"))

    assert elements(world) == ["visit", "write"]
