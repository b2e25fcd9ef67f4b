"""Drafts of a task's form, which the page sends by itself while somebody writes."""

from typing import Any

from flask import Response

from core.errors import InvalidInput
from webapp.api.json_body import read_json
from webapp.inbox.drafts import KeepDraft
from webapp.pages.blueprint import blueprint
from webapp.web import run


@blueprint.put("/tasks/<id:task_id>/draft")
def keep_draft(task_id: str) -> Response:
    """Keep what was entered so far."""
    body: Any = read_json()
    if not isinstance(body, dict):
        raise InvalidInput("A draft is an object: field and value.")
    run(KeepDraft(task_id=task_id, data=body))
    return Response(status=204)
