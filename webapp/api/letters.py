"""Letters to many, the people who get them, and address labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.records import dataclass
from documents.templates import lists, merges
from documents.templates.labelling import MadeLabels, MakeLabels
from documents.templates.labels import SHEETS
from documents.templates.lists import RecipientList, SaveRecipientList
from documents.templates.merges import LetterPage, MergeView
from documents.templates.merging import ResumeMerge, StartMerge, StopMerge
from webapp.api.routing import Body, Routes
from webapp.api.shapes import Done
from webapp.api.templates import ReasonBody
from webapp.web import run, view

routes = Routes("letters")
MERGE = "/merges/<id:merge_id>"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeList:
    """Mail merges."""

    items: Sequence[MergeView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was begun."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOfLists:
    """Named searches for recipients."""

    items: Sequence[RecipientList]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSheet:
    """A sheet of labels."""

    key: str
    title: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSheets:
    """The sheets that are known."""

    items: Sequence[LabelSheet]


class Wanted(Body):
    """Who gets a letter or a label: some customers by id, or all that fit a search, or those of a named list."""

    ids: list[str] | None = Field(default=None, max_length=5000)
    list_id: str | None = Field(default=None, description="the id of a named search")
    q: str | None = Field(default=None, max_length=200)
    country: str | None = Field(default=None, max_length=2)
    abc_class: str | None = Field(default=None, max_length=1)
    reliability: str | None = Field(default=None, max_length=1)
    owner: str | None = Field(default=None, max_length=100)
    key_account: bool | None = None


class MergeBody(Body):
    """A letter to many."""

    title: str = Field(min_length=1, max_length=200)
    template: str
    recipients: Wanted
    output: str = Field(default="pdf", pattern="^(pdf|docx)$")
    type: str | None = Field(default=None, max_length=100)
    purpose: str = Field(
        default="business", pattern="^(business|marketing)$", description="marketing goes to nobody who wants none"
    )


class ListBody(Body):
    """A search with a name."""

    name: str = Field(min_length=1, max_length=100)
    recipients: Wanted


class LabelBody(Body):
    """Labels."""

    sheet: str = Field(examples=["3x8-70x37"])
    recipients: Wanted
    title: str = Field(default="Address labels", max_length=200)
    start: int = Field(default=1, ge=1, description="the first label that is free on the first sheet")
    copies: int = Field(default=1, ge=1, le=50)
    frames: bool = Field(default=False, description="draw the edges, for a trial on plain paper")


class LetterQuery(Body):
    """Which letters."""

    state: str | None = None
    after: int = Field(default=0, ge=0)
    limit: int = Field(default=50, ge=1, le=200)


def wanted(body: Wanted) -> dict[str, Any]:
    """As the commands want it."""
    if body.list_id is None:
        return body.model_dump(exclude_none=True)
    with view() as reading:
        return lists.wanted_by(reading, body.list_id)


@routes.get("/merges", "My mail merges, newest first", answer=MergeList)
def list_merges() -> MergeList:
    """List mail merges."""
    with view() as reading:
        return MergeList(items=merges.merges(reading))


@routes.post(
    "/merges",
    "Write a letter to each of many customers; a worker does it",
    body=MergeBody,
    answer=Started,
    status=202,
    refusals=(403, 404, 409, 422),
)
def start_merge(body: MergeBody) -> Started:
    """Start a mail merge."""
    command = StartMerge(
        title=body.title,
        template_id=body.template,
        wanted=wanted(body.recipients),
        output=body.output,
        type=body.type,
        purpose=body.purpose,
    )
    return Started(id=run(command))


@routes.get(MERGE, "How a mail merge gets on", answer=MergeView, refusals=(404,))
def merge(merge_id: str) -> MergeView:
    """Read a mail merge."""
    with view() as reading:
        return merges.merge(reading, merge_id)


@routes.get(MERGE + "/letters", "Its letters", query=LetterQuery, answer=LetterPage, refusals=(404,))
def merge_letters(merge_id: str, query: LetterQuery) -> LetterPage:
    """List letters."""
    with view() as reading:
        return merges.letters(reading, merge_id, state=query.state, after=query.after, limit=query.limit)


@routes.post(MERGE + "/stop", "Leave the rest for now", body=ReasonBody, answer=Done, refusals=(403, 404, 409, 422))
def stop_merge(merge_id: str, body: ReasonBody) -> Done:
    """Stop a mail merge."""
    run(StopMerge(merge_id=merge_id, reason=body.reason))
    return Done()


@routes.post(MERGE + "/resume", "Go on with the rest", body=ReasonBody, answer=Done, refusals=(403, 404, 409, 422))
def resume_merge(merge_id: str, body: ReasonBody) -> Done:
    """Resume a mail merge."""
    run(ResumeMerge(merge_id=merge_id, reason=body.reason))
    return Done()


@routes.get("/recipient-lists", "Named searches for recipients", answer=ListOfLists, refusals=(403,))
def recipient_lists() -> ListOfLists:
    """List searches."""
    with view() as reading:
        return ListOfLists(items=lists.recipient_lists(reading))


@routes.post(
    "/recipient-lists", "Keep a search for recipients", body=ListBody, answer=Started, status=201, refusals=(403, 404)
)
def save_recipient_list(body: ListBody) -> Started:
    """Name a search."""
    return Started(id=run(SaveRecipientList(name=body.name, wanted=wanted(body.recipients))))


@routes.get("/labels/sheets", "The sheets of labels that are known", answer=LabelSheets)
def label_sheets() -> LabelSheets:
    """List sheets."""
    return LabelSheets(items=[LabelSheet(key=each.key, title=each.title, count=each.count) for each in SHEETS.values()])


@routes.post(
    "/labels", "File a sheet of address labels", body=LabelBody, answer=MadeLabels, status=201, refusals=(403, 404)
)
def make_labels(body: LabelBody) -> MadeLabels:
    """Make labels."""
    command = MakeLabels(
        sheet=body.sheet,
        title=body.title,
        wanted=wanted(body.recipients),
        start=body.start,
        copies=body.copies,
        frames=body.frames,
    )
    made: MadeLabels = run(command)
    return made
