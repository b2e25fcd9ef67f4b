"""Several tasks of one kind, completed with one form."""

from flask import render_template, request

from core.errors import InvalidInput
from engine import queries
from engine.errors import TaskNotFound
from engine.queries import TaskFilter
from webapp.pages.blueprint import blueprint
from webapp.web import view

MOST = 100  # tasks at once


@blueprint.get("/tasks/together")
def together() -> str:
    """The form that the chosen tasks share. Raises `InvalidInput` where they share none, `TaskNotFound`."""
    ids = list(dict.fromkeys(request.args.getlist("id")))
    if not 1 <= len(ids) <= MOST:
        raise InvalidInput(f"Choose between 1 and {MOST} tasks in the inbox.", fields={"/id": f"1 to {MOST} tasks"})
    with view() as reading:
        found = queries.task_part(reading, TaskFilter(ids=ids, sort="created"), limit=MOST).items
        if not found:
            raise TaskNotFound("None of these tasks is open any more, or offered to you.")
        kinds = {(each.definition_id, each.element_id) for each in found}
        if len(kinds) > 1:
            named = ", ".join(sorted({each.name for each in found}))
            raise InvalidInput(
                f"Only tasks of one kind are completed together, and these are different: {named}. Choose one kind."
            )
        shown = [queries.task(reading, each.id) for each in found]
        known = sorted({name for each in shown for name in each.data})  # what is left empty does not replace these
    return render_template(
        "task_together.html", first=shown[0], tasks=found, known=known, ids=[each.id for each in found]
    )
