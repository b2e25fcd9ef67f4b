"""Taking running instances to another version of their process: one at once, many in the background."""

from __future__ import annotations

from pydantic import Field

from engine.migration import queries
from engine.migration.batches import ResumeMigration, StartMigration, StopMigration
from engine.migration.instances import MigrateInstance
from engine.migration.queries import MigrationView, PlanView, RehearsalPage, RehearsedInstance
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done, InstanceState, MigrationDetail, MigrationList
from webapp.web import run, view

routes = Routes("migrations")
PATH = "/migrations/<id:migration_id>"
REFUSALS = (403, 404, 409, 422)
Mapping = dict[str, str | None]


class PlanBody(Body):
    """Two versions of a process and the mapping: old element to new one, null where its wait is given up.

    What the mapping does not name goes to the element with the same id where that is of the same kind.
    """

    before_id: str = Field(min_length=1, max_length=255)
    after_id: str = Field(min_length=1, max_length=255)
    mapping: Mapping = Field(default_factory=dict, max_length=5000)


class RehearsalBody(PlanBody):
    """A plan, and which instances are looked at."""

    after: str = ""
    limit: int = Field(default=50, ge=1, le=500)


class StartBody(PlanBody):
    """A plan, why, and which instances; without `instance_ids` all that run in the old version."""

    reason: str = Field(min_length=1, max_length=2000)
    instance_ids: list[str] | None = Field(default=None, min_length=1, max_length=100_000)
    restart_timers: bool = False


class MigrateBody(Body):
    """The version that takes over; with `dry_run` nothing is changed and no reason is needed."""

    definition_id: str = Field(min_length=1, max_length=255)
    mapping: Mapping = Field(default_factory=dict, max_length=5000)
    restart_timers: bool = False
    reason: str = Field(default="", max_length=2000)
    dry_run: bool = False


class MigrationQuery(Body):
    """Which batches."""

    definition_key: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


class ResumeBody(ReasonBody):
    """Why, and whether refused instances are tried again."""

    refused_too: bool = False


@routes.post(
    "/instances/<id:instance_id>/migrate",
    "Take it to another version of its process",
    body=MigrateBody,
    answer=InstanceState | RehearsedInstance,
    refusals=REFUSALS,
)
def migrate(instance_id: str, body: MigrateBody) -> InstanceState | RehearsedInstance:
    """Migrate one instance."""
    if body.dry_run:
        with view() as reading:
            return queries.rehearse_instance(reading, instance_id, body.definition_id, body.mapping)
    command = MigrateInstance(
        instance_id=instance_id,
        definition_id=body.definition_id,
        mapping=body.mapping,
        restart_timers=body.restart_timers,
        reason=body.reason,
    )
    return InstanceState(id=instance_id, state=run(command))


@routes.post(
    "/migrations/plan", "A plan: what goes where, and what is open", body=PlanBody, answer=PlanView, refusals=REFUSALS
)
def plan(body: PlanBody) -> PlanView:
    """Look at a plan."""
    with view() as reading:
        return queries.plan_of(reading, body.before_id, body.after_id, body.mapping)


@routes.post(
    "/migrations/rehearse",
    "What a plan would do to each running instance",
    body=RehearsalBody,
    answer=RehearsalPage,
    refusals=REFUSALS,
)
def rehearse(body: RehearsalBody) -> RehearsalPage:
    """Rehearse a plan."""
    with view() as reading:
        return queries.rehearse(
            reading, body.before_id, body.after_id, body.mapping, after=body.after, limit=body.limit
        )


@routes.post(
    "/migrations",
    "Migrate many instances in the background",
    body=StartBody,
    answer=MigrationView,
    status=201,
    refusals=REFUSALS,
)
def start(body: StartBody) -> MigrationView:
    """Start a batch."""
    chosen = None if body.instance_ids is None else tuple(body.instance_ids)
    command = StartMigration(
        before_id=body.before_id,
        after_id=body.after_id,
        mapping=body.mapping,
        instance_ids=chosen,
        restart_timers=body.restart_timers,
        reason=body.reason,
    )
    started = run(command)
    with view() as reading:
        return queries.migration(reading, started)


@routes.get("/migrations", "Batches, newest first", query=MigrationQuery, answer=MigrationList, refusals=(403, 422))
def migrations(query: MigrationQuery) -> MigrationList:
    """List batches."""
    with view() as reading:
        return MigrationList(items=queries.migrations(reading, query.definition_key, query.limit))


@routes.get(PATH, "How a batch gets on, and which instances were refused", answer=MigrationDetail, refusals=(403, 404))
def migration(migration_id: str) -> MigrationDetail:
    """Read one batch."""
    with view() as reading:
        found = queries.migration(reading, migration_id)
        refused = queries.refused_instances(reading, migration_id)
    return MigrationDetail(migration=found, refused=refused)


@routes.post(PATH + "/stop", "Leave the rest where it is", body=ReasonBody, answer=Done, refusals=REFUSALS)
def stop(migration_id: str, body: ReasonBody) -> Done:
    """Stop a batch."""
    run(StopMigration(migration_id=migration_id, reason=body.reason))
    return Done()


@routes.post(PATH + "/resume", "Go on with a stopped one", body=ResumeBody, answer=Done, refusals=REFUSALS)
def resume(migration_id: str, body: ResumeBody) -> Done:
    """Resume a batch."""
    run(ResumeMigration(migration_id=migration_id, reason=body.reason, refused_too=body.refused_too))
    return Done()
