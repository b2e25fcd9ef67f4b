"""Records that are taken out, as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response
from pydantic import Field

from audit.giving import GiveOut
from core.records import dataclass
from crm.imports.exporting import ExportView, OrderExport, export_content, exports
from storage.blobs.store import CHUNK
from webapp.api.routing import Body, Routes
from webapp.web import application, run, view

routes = Routes("exports")
MEDIA = {
    "csv": "text/csv",
    "vcard": "text/vcard",
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportList:
    """My exports."""

    items: Sequence[ExportView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What was ordered."""

    id: str


class ExportBody(Body):
    """What to take out."""

    kind: str = Field(description="customers, contacts, products, activities, offers, orders, invoices or payments")
    format: str = Field(default="csv", description="csv, xlsx, or vcard for contacts")
    wanted: dict[str, Any] = Field(
        default_factory=dict,
        max_length=10,
        description="which of them: customers by criteria, documents of sales by state, customer, owner, kind, overdue",
    )


@routes.get("/exports", "My exports, newest first", answer=ExportList, refusals=(403,))
def list_exports() -> ExportList:
    """List exports."""
    with view() as reading:
        return ExportList(items=exports(reading))


@routes.post(
    "/exports",
    "Have a worker write all records of a kind that I may see (CSV, XLSX; people as vCard, too), or those chosen",
    body=ExportBody,
    answer=Ordered,
    status=202,
    refusals=(403, 422),
)
def order_export(body: ExportBody) -> Ordered:
    """Order an export."""
    return Ordered(id=run(OrderExport(kind=body.kind, format=body.format, wanted=body.wanted)))


@routes.get(
    "/exports/<id:export_id>/content",
    "The file of an export, for seven days",
    media="application/octet-stream",
    refusals=(403, 404),
)
def fetch_export(export_id: str) -> Response:
    """Fetch an export."""
    return export_response(export_id)


def export_response(export_id: str) -> Response:
    """The file, piece by piece; that it was made and who fetched it when stand in the trail."""
    with view() as reading:
        found, digest = export_content(reading, export_id)
    run(GiveOut(what=found.kind, form=found.format, subject=export_id, rows=found.rows, filter=found.wanted))
    blobs = application().blobs

    def pieces() -> Iterator[bytes]:
        with blobs.open(digest) as source:
            while piece := source.read(CHUNK):
                yield piece

    headers = {
        "Content-Disposition": f'attachment; filename="{found.file_name}"',
        "Content-Length": str(found.size),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(pieces(), mimetype=MEDIA[found.format], headers=headers)
