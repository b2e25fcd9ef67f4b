"""Changes of many customers at once."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.records import dataclass
from crm.mass_edits.changing import ResumeMassEdit, StartMassEdit, StopMassEdit
from crm.mass_edits.queries import EditedPage, MassEditPage, MassEditView, edited, mass_edit, mass_edits
from crm.mass_edits.undoing import UndoMassEdit
from crm.mass_edits.working import Preview, preview
from webapp.api.customer_search import CriteriaBody
from webapp.api.customer_shapes import CustomerChanges
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.api.templates import ReasonBody
from webapp.web import application, current_actor, run, view

routes = Routes("mass edits")
EDIT = "/mass-edits/<id:edit_id>"
REFUSALS = (403, 404, 409, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedMassEdit:
    """What was started."""

    id: str


class MassEditQuery(Body):
    """Which mass edits."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class EditedQuery(Body):
    """Which of the customers."""

    outcome: str | None = Field(default=None, description="waiting, changed, unchanged, refused, undone or kept")
    after: int = Field(default=0, ge=0)
    limit: int = Field(default=50, ge=1, le=200)


class MassEditBody(Body):
    """Which customers, and the fields that they get; `custom` changes the keys that it names, null empties one."""

    criteria: CriteriaBody = Field(default_factory=CriteriaBody)
    changes: CustomerChanges

    def wanted(self) -> dict[str, Any]:
        """Both as the command wants them."""
        return {"criteria": self.criteria.criteria(), "changes": self.changes.changes()}


@routes.get("/mass-edits", "My mass edits, newest first", query=MassEditQuery, answer=MassEditPage, refusals=(403,))
def list_mass_edits(query: MassEditQuery) -> MassEditPage:
    """List mass edits."""
    with view() as reading:
        return mass_edits(reading, after=query.after, limit=query.limit)


@routes.post(
    "/mass-edits/preview",
    "How many customers would be changed, and what would come of the first ones",
    body=MassEditBody,
    answer=Preview,
    refusals=(403, 422),
)
def preview_mass_edit(body: MassEditBody) -> Preview:
    """Try a mass edit."""
    return preview(application().units, current_actor(), **body.wanted())


@routes.post(
    "/mass-edits",
    "Have a worker change fields of all customers that fit",
    body=MassEditBody,
    answer=StartedMassEdit,
    status=202,
    refusals=(403, 422),
)
def start_mass_edit(body: MassEditBody) -> StartedMassEdit:
    """Start a mass edit."""
    return StartedMassEdit(id=run(StartMassEdit(**body.wanted())))


@routes.get(EDIT, "How a mass edit gets on", answer=MassEditView, refusals=(403, 404))
def read_mass_edit(edit_id: str) -> MassEditView:
    """Read a mass edit."""
    with view() as reading:
        return mass_edit(reading, edit_id)


@routes.get(
    EDIT + "/customers", "What came of its customers", query=EditedQuery, answer=EditedPage, refusals=(403, 404)
)
def edited_customers(edit_id: str, query: EditedQuery) -> EditedPage:
    """List its customers."""
    with view() as reading:
        return edited(reading, edit_id, outcome=query.outcome, after=query.after, limit=query.limit)


@routes.post(EDIT + "/stop", "Leave the rest for now", body=ReasonBody, answer=Done, refusals=REFUSALS)
def stop_mass_edit(edit_id: str, body: ReasonBody) -> Done:
    """Stop a mass edit."""
    run(StopMassEdit(edit_id=edit_id, reason=body.reason))
    return Done()


@routes.post(EDIT + "/resume", "Go on with the rest", body=ReasonBody, answer=Done, refusals=REFUSALS)
def resume_mass_edit(edit_id: str, body: ReasonBody) -> Done:
    """Resume a mass edit."""
    run(ResumeMassEdit(edit_id=edit_id, reason=body.reason))
    return Done()


@routes.post(
    EDIT + "/undo",
    "Take back what it did, where nothing else has touched it since",
    body=ReasonBody,
    answer=Done,
    status=202,
    refusals=REFUSALS,
)
def undo_mass_edit(edit_id: str, body: ReasonBody) -> Done:
    """Undo a mass edit."""
    run(UndoMassEdit(edit_id=edit_id, reason=body.reason))
    return Done()
