"""Migrations for the process administrator: make a plan, see what would come of it, carry it out, watch it."""

from collections.abc import Mapping

from flask import Response, render_template, request, url_for

from engine import queries as engine_queries
from engine.migration import queries
from engine.migration.batches import ResumeMigration, StartMigration, StopMigration
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view

PREFIX = "element."  # of the fields that name an element's target
LEFT_OUT = "-"
SHOWN = 100  # cases of a rehearsal


@blueprint.get("/definitions/<definition_id>/migration")
def migration_plan(definition_id: str) -> str:
    """The plan from this version to another one, and once it was asked for what it would do."""
    mapping, wanted = mapping_of(request.args), asked("to")
    with view() as reading:
        versions = engine_queries.versions(reading, definition_id)
        others = [each for each in versions if each.id != definition_id]
        target = wanted or (others[0].id if others else "")
        plan = queries.plan_of(reading, definition_id, target, mapping) if target else None
        is_asked = plan is not None and asked("rehearse") and not plan.problems
        rehearsed = queries.rehearse(reading, definition_id, target, mapping, limit=SHOWN) if is_asked else None
        here = engine_queries.definition(reading, definition_id)
    values = {"plan": plan, "others": others, "mapping": mapping, "rehearsed": rehearsed}
    return render_template("migration_plan.html", definition=here, names=names(), **values)


@blueprint.post("/definitions/<definition_id>/migration")
def start_migration(definition_id: str) -> Response:
    """Carry the plan out, in the background."""
    command = StartMigration(
        before_id=definition_id,
        after_id=request.form.get("to", ""),
        mapping=mapping_of(request.form),
        reason=request.form.get("reason", ""),
        restart_timers="restart_timers" in request.form,
    )
    address = url_for("pages.migration", migration_id=run(command))
    return Response(status=204, headers={"HX-Redirect": address})


@blueprint.get("/migrations/<migration_id>")
def migration(migration_id: str) -> str:
    """How a batch gets on; asked by its own page, only the part that changes."""
    with view() as reading:
        found = queries.migration(reading, migration_id)
        refused = queries.refused_instances(reading, migration_id)
    template = "migration_progress.html" if "HX-Request" in request.headers else "migration.html"
    return render_template(template, migration=found, refused=refused, names=names())


@blueprint.post("/migrations/<migration_id>/stop")
def stop_migration(migration_id: str) -> Response:
    """Leave the rest where it is."""
    run(StopMigration(migration_id=migration_id, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Refresh": "true"})


@blueprint.post("/migrations/<migration_id>/resume")
def resume_migration(migration_id: str) -> Response:
    """Go on."""
    refused_too = "refused_too" in request.form
    run(ResumeMigration(migration_id=migration_id, reason=request.form.get("reason", ""), refused_too=refused_too))
    return Response(status=204, headers={"HX-Refresh": "true"})


def mapping_of(fields: Mapping[str, str]) -> dict[str, str | None]:
    """What a person has chosen: an empty choice leaves an element as the plan has it."""
    chosen = {name.removeprefix(PREFIX): value for name, value in fields.items() if name.startswith(PREFIX) and value}
    return {element: None if target == LEFT_OUT else target for element, target in chosen.items()}
