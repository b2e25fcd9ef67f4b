"""Ad-hoc sub-processes on the page of a case: starting one of their activities, saying that they are done."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from engine.choosing import FinishScope, StartActivity
from webapp.pages.blueprint import blueprint
from webapp.web import run


@blueprint.post("/cases/<instance_id>/scopes/<scope_id>/start")
def start_activity(instance_id: str, scope_id: str) -> Response:
    """Start an activity; where that is a task for a person, it is shown."""
    element = request.form.get("element_id", "")
    chosen = run(StartActivity(instance_id=instance_id, scope_id=scope_id, element_id=element))
    there = sorted(task.id for task in chosen.tasks if task.element_id == element)
    if there:
        return redirect(url_for("pages.task", task_id=there[-1]))
    return redirect(url_for("pages.case", instance_id=instance_id))


@blueprint.post("/cases/<instance_id>/scopes/<scope_id>/finish")
def finish_scope(instance_id: str, scope_id: str) -> Response:
    """Say that it is done."""
    run(FinishScope(instance_id=instance_id, scope_id=scope_id))
    return redirect(url_for("pages.case", instance_id=instance_id))
