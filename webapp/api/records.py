"""Retention rules, what is due, legal holds and disposals."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from documents.access import Target
from documents.records import disposal_queries, recomputing, rules
from documents.records import holds as legal
from documents.records import queries as schedule
from documents.records.disposal_queries import Disposal, DisposalItemPage
from documents.records.disposals import ExcludeItem
from documents.records.holds import HoldPage, LiftHold, PlaceHold, ReleaseDocument
from documents.records.queries import DocumentRetention, DuePage, Overview
from documents.records.recomputing import Recompute, RunView
from documents.records.rules import RetireRule, RuleView, SaveRule
from webapp.api.record_shapes import (
    DisposalList,
    HoldPlaced,
    RevisionList,
    RuleList,
    RuleSaved,
    RunList,
    RunStarted,
)
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.web import run, view

routes = Routes("records")
DOCUMENT = "/documents/<id:document_id>"
DISPOSAL = "/disposals/<id:disposal_id>"
REFUSALS = (403, 404, 409, 422)


class NamedReason(Body):
    """The matter that a hold is for, and why."""

    name: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)


class HoldBody(NamedReason):
    """What is held: a `document`, a `case`, or an entity such as `crm.customer`."""

    kind: str = Field(min_length=1, max_length=100, examples=["document", "case", "crm.customer"])
    target: str = Field(min_length=1, max_length=100)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000)


class ExcludeBody(ReasonBody):
    """The document that stays, and why."""

    document_id: str = Field(min_length=1, max_length=26)


class RuleBody(Body):
    """A rule of the schedule; `period` is an ISO 8601 duration of years, months and days, none for ever."""

    key: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=200)
    trigger: str = Field(examples=["filed", "filed_year", "case_closed", "field", "forever"], max_length=20)
    period: str | None = Field(default=None, max_length=20, examples=["P7Y"])
    field: str | None = Field(default=None, max_length=200)
    document_types: list[str] = Field(default_factory=list, max_length=200)
    is_default: bool = False
    authority: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=2000)
    expected: int | None = Field(default=None, ge=1, description="the revision that you have seen; none for a new rule")


class DueQuery(Body):
    """Until when, and which page."""

    until: datetime | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class HoldQuery(Body):
    """Which holds."""

    lifted: bool = False
    kind: str | None = None
    target: str | None = None
    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ItemQuery(Body):
    """Which documents of a list."""

    state: str | None = None
    after: int = Field(default=0, ge=0)
    limit: int = Field(default=50, ge=1, le=200)


@routes.get(DOCUMENT + "/retention", "Until when it is kept, and why", answer=DocumentRetention, refusals=(404,))
def retention(document_id: str) -> DocumentRetention:
    """Tell the retention of a document."""
    with view() as reading:
        return schedule.document_retention(reading, document_id)


@routes.post(
    DOCUMENT + "/hold", "Place a legal hold on it", body=NamedReason, answer=HoldPlaced, status=201, refusals=REFUSALS
)
def hold(document_id: str, body: NamedReason) -> HoldPlaced:
    """Hold a document."""
    order = PlaceHold(name=body.name, kind=legal.DOCUMENT, target=document_id, reason=body.reason)
    return HoldPlaced(id=run(order))


@routes.post(DOCUMENT + "/release", "Lift a legal hold on it", body=NamedReason, answer=Done, refusals=REFUSALS)
def release(document_id: str, body: NamedReason) -> Done:
    """Release a document from one hold."""
    run(ReleaseDocument(document_id=document_id, name=body.name, reason=body.reason))
    return Done()


@routes.get("/holds", "Legal holds, newest first", query=HoldQuery, answer=HoldPage, refusals=(403,))
def holds(query: HoldQuery) -> HoldPage:
    """List holds."""
    target = Target(query.kind, query.target) if query.kind and query.target else None
    with view() as reading:
        return legal.holds(reading, standing=not query.lifted, after=query.after, limit=query.limit, target=target)


@routes.post(
    "/holds", "Hold a document, a case or a record", body=HoldBody, answer=HoldPlaced, status=201, refusals=REFUSALS
)
def place_hold(body: HoldBody) -> HoldPlaced:
    """Place a hold."""
    return HoldPlaced(id=run(PlaceHold(name=body.name, kind=body.kind, target=body.target, reason=body.reason)))


@routes.post("/holds/<id:hold_id>/release", "Lift a legal hold", body=ReasonBody, answer=Done, refusals=REFUSALS)
def lift_hold(hold_id: str, body: ReasonBody) -> Done:
    """Lift a hold."""
    run(LiftHold(hold_id=hold_id, reason=body.reason))
    return Done()


@routes.get("/records/due", "Documents whose retention is over", query=DueQuery, answer=DuePage, refusals=(403, 422))
def due(query: DueQuery) -> DuePage:
    """List what is due."""
    with view() as reading:
        return schedule.due(reading, until=query.until, after=query.after, limit=query.limit)


@routes.get("/records/overview", "The schedule in numbers, month by month", answer=Overview, refusals=(403,))
def overview() -> Overview:
    """Tell what is due when."""
    with view() as reading:
        return schedule.overview(reading)


@routes.post(
    "/records/recompute",
    "Compute the whole schedule anew",
    body=ReasonBody,
    answer=RunStarted,
    status=201,
    refusals=(403, 422),
)
def recompute(body: ReasonBody) -> RunStarted:
    """Start a run."""
    return RunStarted(id=run(Recompute(reason=body.reason)))


@routes.get("/records/runs", "Runs over the schedule, newest first", answer=RunList, refusals=(403,))
def runs() -> RunList:
    """List runs."""
    with view() as reading:
        return RunList(items=recomputing.runs(reading))


@routes.get("/records/runs/<id:run_id>", "How a run gets on", answer=RunView, refusals=(403, 404))
def one_run(run_id: str) -> RunView:
    """Tell the progress of a run."""
    with view() as reading:
        return recomputing.run(reading, run_id)


@routes.get("/retention-rules", "The rules of the schedule", answer=RuleList, refusals=(403,))
def list_rules() -> RuleList:
    """List rules."""
    with view() as reading:
        return RuleList(items=rules.rules(reading))


@routes.post("/retention-rules", "Make or change a rule", body=RuleBody, answer=RuleSaved, refusals=(403, 409, 422))
def save_rule(body: RuleBody) -> RuleSaved:
    """Save a rule; documents are computed anew in the background."""
    values = body.model_dump() | {"document_types": tuple(body.document_types)}
    return RuleSaved(key=body.key, revision=run(SaveRule(**values)))


@routes.get("/retention-rules/<key>", "One rule", answer=RuleView, refusals=(403, 404))
def one_rule(key: str) -> RuleView:
    """Tell a rule."""
    with view() as reading:
        return rules.rule(reading, key)


@routes.get("/retention-rules/<key>/history", "What it said before", answer=RevisionList, refusals=(403, 404))
def rule_history(key: str) -> RevisionList:
    """Tell a rule's revisions."""
    with view() as reading:
        return RevisionList(items=rules.history(reading, key))


@routes.post(
    "/retention-rules/<key>/retire", "Let it count no longer", body=ReasonBody, answer=RuleSaved, refusals=REFUSALS
)
def retire_rule(key: str, body: ReasonBody) -> RuleSaved:
    """Retire a rule."""
    return RuleSaved(key=key, revision=run(RetireRule(key=key, reason=body.reason)))


@routes.get("/disposals", "Lists of documents whose time is over, newest first", answer=DisposalList, refusals=(403,))
def disposals() -> DisposalList:
    """List disposals."""
    with view() as reading:
        return DisposalList(items=disposal_queries.disposals(reading))


@routes.get(DISPOSAL, "One disposal", answer=Disposal, refusals=(403, 404))
def disposal(disposal_id: str) -> Disposal:
    """Tell how a disposal stands."""
    with view() as reading:
        return disposal_queries.disposal(reading, disposal_id)


@routes.get(
    DISPOSAL + "/items", "The documents on its list", query=ItemQuery, answer=DisposalItemPage, refusals=(403, 404)
)
def disposal_items(disposal_id: str, query: ItemQuery) -> DisposalItemPage:
    """List the documents of a disposal."""
    with view() as reading:
        return disposal_queries.disposal_items(
            reading, disposal_id, after=query.after, limit=query.limit, state=query.state
        )


@routes.post(DISPOSAL + "/exclude", "Take a document off its list", body=ExcludeBody, answer=Done, refusals=REFUSALS)
def exclude(disposal_id: str, body: ExcludeBody) -> Done:
    """Exclude a document."""
    run(ExcludeItem(disposal_id=disposal_id, document_id=body.document_id, reason=body.reason))
    return Done()
