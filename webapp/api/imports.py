"""Files of customers, people, products and activities that come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from pydantic import Field

from audit.giving import GiveOut
from core.records import dataclass
from crm.imports.arranging import (
    ImportPage,
    ImportView,
    LinePage,
    Mapping,
    import_row,
    imports,
    lines,
    mappings,
    one_import,
    rejected_csv,
)
from crm.imports.batches import ResumeImport, SaveMapping, StartImport, StopImport
from crm.imports.undoing import UndoImport
from crm.imports.working import head_of
from webapp.api.routing import Body, Routes, Upload
from webapp.api.shapes import Done
from webapp.api.templates import ReasonBody
from webapp.importing import arrange, keep, look
from webapp.uploads import receive_file
from webapp.web import application, run, view

routes = Routes("imports")
IMPORT = "/imports/<id:import_id>"
REFUSALS = (403, 404, 409, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What would come of a row."""

    line: int
    outcome: str
    label: str
    sentence: str | None
    changes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would come of the first rows, and the fields that columns can mean."""

    head: Sequence[str]
    fields: dict[str, str]
    rows: Sequence[Tried]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingList:
    """Kept mappings."""

    items: Sequence[Mapping]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What was kept."""

    id: str


class ImportQuery(Body):
    """Which imports."""

    after: str | None = None
    limit: int = Field(default=50, ge=1, le=200)


class LineQuery(Body):
    """Which rows."""

    outcome: str | None = None
    after: int = Field(default=0, ge=0)
    limit: int = Field(default=50, ge=1, le=200)


class ArrangeBody(Body):
    """How the file is meant; what is not named stays."""

    mapping: str | None = Field(default=None, description="a kept mapping, by name or id")
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    columns: list[str | None] | None = Field(default=None, description="the field that each column means, or null")
    keys: list[str] | None = Field(default=None, description="by which fields records are found, in this order")
    days: str | None = Field(default=None, description="ymd, dmy or mdy")
    country: str | None = Field(default=None, min_length=2, max_length=2)
    updates: bool | None = None
    skips_duplicates: bool | None = None
    makes_customers: bool | None = None


class NameBody(Body):
    """A name."""

    name: str = Field(min_length=1, max_length=100)


class MappingQuery(Body):
    """Of which records."""

    kind: str


@routes.get("/imports", "My imports, newest first", query=ImportQuery, answer=ImportPage, refusals=(403,))
def list_imports(query: ImportQuery) -> ImportPage:
    """List imports."""
    with view() as reading:
        return imports(reading, after=query.after, limit=query.limit)


@routes.post(
    "/imports",
    "Keep a file of records to come in (CSV, vCard, contacts of Outlook); nothing comes in before it is started",
    upload=Upload(fields={"kind": "customers, contacts, products or activities"}),
    answer=ImportView,
    status=201,
    refusals=(403, 413, 422),
)
def upload_import() -> ImportView:
    """Upload a file."""
    file = receive_file()
    made = keep(file.fields.get("kind", ""), file)
    with view() as reading:
        return one_import(reading, made)


@routes.get(IMPORT, "How an import gets on", answer=ImportView, refusals=(403, 404))
def read_import(import_id: str) -> ImportView:
    """Read an import."""
    with view() as reading:
        return one_import(reading, import_id)


@routes.patch(IMPORT, "Say how the file is meant", body=ArrangeBody, answer=ImportView, refusals=REFUSALS)
def arrange_import(import_id: str, body: ArrangeBody) -> ImportView:
    """Arrange an import."""
    changes: dict[str, Any] = body.model_dump(exclude_none=True)
    arrange(import_id, changes)
    with view() as reading:
        return one_import(reading, import_id)


@routes.get(IMPORT + "/preview", "What would come of the first rows", answer=Preview, refusals=REFUSALS)
def preview_import(import_id: str) -> Preview:
    """Try the first rows."""
    found = look(import_id)
    return Preview(
        head=found.head,
        fields={each.name: each.title for each in found.targets},
        rows=[
            Tried(
                line=each.row.line,
                outcome=each.outcome,
                label=each.label,
                sentence=each.sentence,
                changes=each.changes,
            )
            for each in found.first
        ],
    )


@routes.post(IMPORT + "/start", "Have a worker bring the rows in", answer=Done, status=202, refusals=REFUSALS)
def start_import(import_id: str) -> Done:
    """Start an import."""
    run(StartImport(import_id=import_id))
    return Done()


@routes.post(IMPORT + "/stop", "Leave the rest for now", body=ReasonBody, answer=Done, refusals=REFUSALS)
def stop_import(import_id: str, body: ReasonBody) -> Done:
    """Stop an import."""
    run(StopImport(import_id=import_id, reason=body.reason))
    return Done()


@routes.post(IMPORT + "/resume", "Go on with the rest", body=ReasonBody, answer=Done, refusals=REFUSALS)
def resume_import(import_id: str, body: ReasonBody) -> Done:
    """Resume an import."""
    run(ResumeImport(import_id=import_id, reason=body.reason))
    return Done()


@routes.post(
    IMPORT + "/undo",
    "Take back what it did, where nothing else has touched it since",
    body=ReasonBody,
    answer=Done,
    status=202,
    refusals=REFUSALS,
)
def undo_import(import_id: str, body: ReasonBody) -> Done:
    """Undo an import."""
    run(UndoImport(import_id=import_id, reason=body.reason))
    return Done()


@routes.get(IMPORT + "/rows", "What came of its rows", query=LineQuery, answer=LinePage, refusals=(403, 404))
def import_lines(import_id: str, query: LineQuery) -> LinePage:
    """List rows."""
    with view() as reading:
        return lines(reading, import_id, outcome=query.outcome, after=query.after, limit=query.limit)


@routes.get(
    IMPORT + "/rejected",
    "The rows that did not come in, as CSV with line and reason, to be corrected and brought in again",
    media="text/csv",
    refusals=(403, 404),
)
def rejected_rows(import_id: str) -> Response:
    """The rejected rows."""
    return rejected_response(import_id)


@routes.post(IMPORT + "/mapping", "Keep the mapping under a name", body=NameBody, answer=Named, refusals=REFUSALS)
def save_mapping(import_id: str, body: NameBody) -> Named:
    """Keep a mapping."""
    return Named(id=run(SaveMapping(import_id=import_id, name=body.name)))


@routes.get("/import-mappings", "Kept mappings", query=MappingQuery, answer=MappingList, refusals=(403,))
def list_mappings(query: MappingQuery) -> MappingList:
    """List mappings."""
    with view() as reading:
        return MappingList(items=mappings(reading, query.kind))


def rejected_response(import_id: str) -> Response:
    """The report as a file."""
    with view() as reading:
        head = head_of(application().blobs, import_row(reading, import_id))
        text = "".join(rejected_csv(reading, import_id, head))
    run(GiveOut(what="rejected_rows", form="csv", subject=import_id))
    name = f'attachment; filename="rejected-{import_id}.csv"'
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": name})
