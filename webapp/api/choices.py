"""Ad-hoc sub-processes of an instance: what can be started, starting it, and finishing them."""

from __future__ import annotations

from pydantic import Field

from engine.choosing import Chosen, FinishScope, StartActivity, open_scopes
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Completed, InstanceState, OpenScopes
from webapp.web import run, view

routes = Routes("choices")
PATH = "/instances/<id:instance_id>/scopes"
REFUSALS = (403, 404, 409)


class ChoiceBody(Body):
    """The activity to start."""

    element_id: str = Field(min_length=1, max_length=255)


@routes.get(PATH, "Open ad-hoc sub-processes and what I can start in them", answer=OpenScopes, refusals=(404,))
def scopes(instance_id: str) -> OpenScopes:
    """List what can be started."""
    with view() as reading:
        return OpenScopes(items=open_scopes(reading, instance_id))


@routes.post(
    PATH + "/<id:scope_id>/start", "Start an activity of one", body=ChoiceBody, answer=Completed, refusals=REFUSALS
)
def start(instance_id: str, scope_id: str, body: ChoiceBody) -> Completed:
    """Start an activity."""
    return _told(run(StartActivity(instance_id=instance_id, scope_id=scope_id, element_id=body.element_id)))


@routes.post(PATH + "/<id:scope_id>/finish", "Say that one is done", answer=Completed, refusals=REFUSALS)
def finish(instance_id: str, scope_id: str) -> Completed:
    """Finish an ad-hoc sub-process."""
    return _told(run(FinishScope(instance_id=instance_id, scope_id=scope_id)))


def _told(chosen: Chosen) -> Completed:
    return Completed(instance=InstanceState(id=chosen.instance_id, state=chosen.state), tasks=chosen.tasks)
