"""Many instances are taken to another version in the background, each for itself."""

import pytest
from sqlalchemy import Engine

from core.clock import FixedClock
from core.errors import Conflict, Forbidden, InvalidInput
from core.identity import SYSTEM
from engine.errors import MigrationNotFound, MigrationRefused
from engine.migration import queries
from engine.migration.batches import MigrateNext, ResumeMigration, StartMigration, StopMigration
from engine.migration.events import CaseMigrated, MigrationResumed, MigrationStarted, MigrationStopped
from engine.operations import MoveTokens
from tests.engine_jobs import JobWorld
from tests.engine_world import bpmn, line, person

BEFORE = bpmn(line('<userTask id="check"/>', '<userTask id="file"/>', names=("check", "file")))
AFTER = bpmn(line('<userTask id="check" name="Check it"/>', '<userTask id="pay"/>', names=("check", "pay")))
CLERK = person("anna")


@pytest.fixture
def world(engine: Engine, clock: FixedClock) -> JobWorld:
    world = JobWorld(engine, clock)
    world.deploy(BEFORE)
    return world


def begun(world: JobWorld, count: int = 3) -> tuple[list[str], str, str]:
    """Instances that wait at `check`, and both versions."""
    instances = [world.start().id for _ in range(count)]
    (after,) = world.deploy(AFTER)
    ((before,),) = world.rows("SELECT id FROM definition WHERE version = 1")
    return instances, before, after.id


def states(world: JobWorld) -> list[str]:
    return [state for (state,) in world.rows("SELECT state FROM migration_item ORDER BY instance_id")]


def test_every_running_instance_is_migrated_by_a_job(world: JobWorld) -> None:
    instances, before, after = begun(world)

    batch = world.do(StartMigration(before_id=before, after_id=after, reason="pay at once"))
    world.work()

    assert states(world) == ["done"] * 3
    assert {row for (row,) in world.rows("SELECT definition_id FROM instance")} == {after}
    with world.reading() as view:
        found = queries.migration(view, batch)
    assert (found.state, found.done, found.waiting, found.refused) == ("finished", 3, 0, 0)
    moved = [each for each in world.events if isinstance(each, CaseMigrated)]
    assert {(each.instance_id, each.batch, each.reason) for each in moved} == {
        (instance, batch, "pay at once") for instance in instances
    }
    assert [each.instances for each in world.events if isinstance(each, MigrationStarted)] == [3]


def test_an_instance_that_cannot_follow_stays_and_says_why(world: JobWorld) -> None:
    instances, before, after = begun(world)
    world.do(MoveTokens(instance_id=instances[1], source="check", target="file", reason="on paper"))

    batch = world.do(StartMigration(before_id=before, after_id=after, reason="pay"))
    world.work()

    assert states(world) == ["done", "refused", "done"]
    with world.reading() as view:
        (told,) = queries.refused_instances(view, batch)
    assert told.id == instances[1]
    assert "A token stands at file (file), which has no target" in told.sentence
    assert world.rows(f"SELECT definition_id FROM instance WHERE id = '{instances[1]}'") == [(before,)]


def test_a_batch_is_stopped_and_resumed(world: JobWorld) -> None:
    _, before, after = begun(world)
    batch = world.do(StartMigration(before_id=before, after_id=after, reason="pay"))
    assert world.do(MigrateNext(migration_id=batch), SYSTEM) is True

    world.do(StopMigration(migration_id=batch, reason="look first"))
    world.work()
    assert states(world) == ["done", "waiting", "waiting"]
    world.do(ResumeMigration(migration_id=batch, reason="all is well"))
    world.work()

    assert states(world) == ["done"] * 3
    kinds = [type(each) for each in world.events if isinstance(each, MigrationStopped | MigrationResumed)]
    assert kinds == [MigrationStopped, MigrationResumed]
    with pytest.raises(Conflict, match="finished"):
        world.do(StopMigration(migration_id=batch, reason="again"))
    with pytest.raises(Conflict, match="No instance of this migration is left"):
        world.do(ResumeMigration(migration_id=batch, reason="again"))


def test_what_was_refused_is_tried_again_when_its_obstacle_is_gone(world: JobWorld) -> None:
    instances, before, after = begun(world, 1)
    world.do(MoveTokens(instance_id=instances[0], source="check", target="file", reason="on paper"))
    batch = world.do(StartMigration(before_id=before, after_id=after, reason="pay"))
    world.work()

    world.do(MoveTokens(instance_id=instances[0], source="file", target="check", reason="back"))
    world.do(ResumeMigration(migration_id=batch, reason="moved back", refused_too=True))
    world.work()

    assert states(world) == ["done"]


def test_a_plan_is_never_carried_out_on_a_version_that_it_was_not_made_for(world: JobWorld) -> None:
    instances, before, second = begun(world)
    (third,) = world.deploy(AFTER.replace(b"</process>", b"<!-- third --></process>"))
    to_second = world.do(StartMigration(before_id=before, after_id=second, reason="pay"))
    to_third = world.do(StartMigration(before_id=before, after_id=third.id, reason="pay otherwise"))

    world.do(MigrateNext(migration_id=to_second), SYSTEM)
    while world.do(MigrateNext(migration_id=to_third), SYSTEM):
        pass
    while world.do(MigrateNext(migration_id=to_second), SYSTEM):
        pass

    found = dict(world.rows("SELECT id, definition_id FROM instance"))
    assert [found[each] for each in instances] == [second, third.id, third.id]
    with world.reading() as view:
        told = {each.id: each.sentence for each in queries.refused_instances(view, to_third)}
    assert told == {instances[0]: "It is in version 2 by now, for which the plan was not made."}


def test_only_chosen_instances_are_migrated(world: JobWorld) -> None:
    instances, before, after = begun(world)

    world.do(StartMigration(before_id=before, after_id=after, reason="pay", instance_ids=(instances[2],)))
    world.work()

    assert world.rows("SELECT id FROM instance WHERE definition_id = (SELECT max(id) FROM definition)") == [
        (instances[2],)
    ]


def test_a_batch_that_makes_no_sense_is_refused_at_once(world: JobWorld) -> None:
    instances, before, after = begun(world)
    start = {"before_id": before, "after_id": after}

    with pytest.raises(InvalidInput, match="Give a reason"):
        world.do(StartMigration(**start, reason=" "))
    with pytest.raises(InvalidInput, match="no running instances of that version: nobody"):
        world.do(StartMigration(**start, reason="x", instance_ids=(instances[0], "nobody")))
    with pytest.raises(MigrationRefused, match="has no element nowhere"):
        world.do(StartMigration(**start, reason="x", mapping={"check": "nowhere"}))
    with pytest.raises(InvalidInput, match="No instance is running in version 2"):
        world.do(StartMigration(before_id=after, after_id=before, reason="x"))
    with pytest.raises(MigrationNotFound):
        world.do(StopMigration(migration_id="nothing", reason="x"))
    assert world.rows("SELECT 1 FROM migration") == []


def test_only_administrators_see_and_start_migrations(world: JobWorld) -> None:
    _, before, after = begun(world)

    with pytest.raises(Forbidden):
        world.do(StartMigration(before_id=before, after_id=after, reason="x"), CLERK)
    with world.reading(CLERK) as view:
        for read in (
            lambda: queries.plan_of(view, before, after, {}),
            lambda: queries.rehearse(view, before, after, {}),
            lambda: queries.migrations(view),
            lambda: queries.migration(view, "any"),
            lambda: queries.refused_instances(view, "any"),
        ):
            with pytest.raises(Forbidden):
                read()


def test_a_plan_lists_what_is_open_first_with_how_many_instances_are_there(world: JobWorld) -> None:
    instances, before, after = begun(world)
    world.do(MoveTokens(instance_id=instances[1], source="check", target="file", reason="on paper"))

    with world.reading() as view:
        plan = queries.plan_of(view, before, after, {})

    assert [(line.element, line.instances, line.target, line.is_open) for line in plan.lines] == [
        ("file", 1, None, True),
        ("check", 2, "check", False),
    ]
    assert plan.lines[0].options == ("check", "pay")
    assert (plan.before.version, plan.after.version, plan.instances) == (1, 2, 3)


def test_a_rehearsal_changes_nothing_and_says_what_would_happen(world: JobWorld) -> None:
    instances, before, after = begun(world)
    world.do(MoveTokens(instance_id=instances[1], source="check", target="file", reason="on paper"))
    stored = world.rows("SELECT id, snapshot, revision FROM instance ORDER BY id")

    with world.reading() as view:
        first = queries.rehearse(view, before, after, {}, limit=2)
        rest = queries.rehearse(view, before, after, {}, after=first.next or "", limit=2)
        mapped = queries.rehearse(view, before, after, {"file": "pay"})

    assert [each.works for each in (*first.items, *rest.items)] == [True, False, True]
    assert first.items[1].problems[0].element == "file"
    assert [each.elements for each in mapped.items] == [{"check": "check"}, {"file": "pay"}, {"check": "check"}]
    assert world.rows("SELECT id, snapshot, revision FROM instance ORDER BY id") == stored
