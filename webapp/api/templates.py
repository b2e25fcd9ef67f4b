"""Templates of letters: what they may ask for, the check, and one letter made from them."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request
from pydantic import Field

from core.records import dataclass
from documents.orders.queries import OrderView
from documents.reading import ReadDocument
from documents.templates import registering
from documents.templates.letters import LetterOrder
from documents.templates.registering import AdoptTemplate, RetireTemplate, TemplateReport, TemplateView
from documents.templates.shapes import written
from documents.templates.sources import MergeFields
from webapp.api.orders import carried_out
from webapp.api.routing import Body, Routes, Upload
from webapp.api.shapes import AttachedFile, Done
from webapp.content import disposition
from webapp.uploads import optional, receive_file
from webapp.web import application, current_actor, run, view

routes = Routes("templates")
TEMPLATE = "/templates/<id:template_id>"
UPLOADED = {
    "title": "what people call it; the file's name when absent",
    "kind": "the kind of record that it tells of, such as crm.customer, crm.offer, crm.invoice, document or case",
    "language": "en, pl, ro or ru: the language of its words",
    "variant_of": "the id of the template that is the same letter for everybody else",
    "reason": "what has changed",
}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateList:
    """Templates."""

    items: Sequence[TemplateView]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateField:
    """A field as it is written in a template."""

    name: str
    title: str
    kind: str
    sample: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFields:
    """What a template may ask for."""

    items: Sequence[TemplateField]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedTemplate:
    """A template in force, and what the check told of it."""

    id: str
    version: int
    digest: str
    report: TemplateReport


class FieldQuery(Body):
    """Of which kind of record."""

    kind: str = "crm.customer"


class PreviewQuery(Body):
    """What to show: sample data where no record is named."""

    record: str | None = None
    output: str = Field(default="pdf", pattern="^(pdf|docx)$")


class LetterBody(Body):
    """One letter."""

    record: str = Field(min_length=1, max_length=100, description="the id or number of the record")
    output: str = Field(default="pdf", pattern="^(pdf|docx)$")
    title: str | None = Field(default=None, max_length=250)
    type: str | None = Field(default=None, max_length=100)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(min_length=1, max_length=500)


@routes.get("/templates", "Templates in force", answer=TemplateList, refusals=(403,))
def templates() -> TemplateList:
    """List templates."""
    with view() as reading:
        return TemplateList(items=registering.templates(reading))


@routes.get(
    "/templates/fields", "What a template may ask for", query=FieldQuery, answer=TemplateFields, refusals=(422,)
)
def template_fields(query: FieldQuery) -> TemplateFields:
    """List fields."""
    with view() as reading:
        catalogue = reading.port(MergeFields).catalogue(query.kind)
    found = written(catalogue)
    items = [TemplateField(name=name, title=each.title, kind=each.kind, sample=each.sample) for name, each in found]
    return TemplateFields(items=items)


@routes.post(
    "/templates",
    "Check a Word template and put it into force",
    upload=Upload(fields=UPLOADED),
    answer=AdoptedTemplate,
    status=201,
    refusals=(403, 413, 422),
)
def adopt_template() -> AdoptedTemplate:
    """Add a template."""
    return _adopted(None)


@routes.post(
    TEMPLATE + "/versions",
    "Check a Word template and put it into force as the next version",
    upload=Upload(fields=UPLOADED),
    answer=AdoptedTemplate,
    status=201,
    refusals=(403, 404, 413, 422),
)
def revise_template(template_id: str) -> AdoptedTemplate:
    """Add a version of a template."""
    return _adopted(template_id)


def _adopted(template_id: str | None) -> AdoptedTemplate:
    received = receive_file()
    kind = received.fields.get("kind", "crm.customer")
    if template_id is not None:
        with view() as reading:
            kind = registering.template(reading, template_id).kind
    command = AdoptTemplate(
        title=received.fields.get("title", "").strip(),
        kind=kind,
        blob=received.blob,
        file_name=received.file_name,
        template_id=template_id,
        reason=optional(received.fields, "reason"),
        fields=(),
        language=optional(received.fields, "language"),
        variant_of=optional(received.fields, "variant_of"),
    )
    filed, report = registering.adopt(application(), command, actor=current_actor())
    return AdoptedTemplate(id=filed.id, version=filed.version, digest=filed.digest, report=report)


@routes.post("/templates/check", "Check a Word template without keeping it", upload=Upload(fields=UPLOADED),
             answer=TemplateReport, refusals=(413, 422))  # fmt: skip
def check_template() -> TemplateReport:
    """Check a template."""
    received = receive_file()
    kind = received.fields.get("kind", "crm.customer")
    return registering.check(application(), kind, received.blob, actor=current_actor())


@routes.get(TEMPLATE, "One template", answer=TemplateView, refusals=(403, 404))
def template(template_id: str) -> TemplateView:
    """Read a template."""
    with view() as reading:
        return registering.template(reading, template_id)


@routes.get(
    TEMPLATE + "/preview",
    "The template filled in with sample data, or with a record; nothing is filed",
    query=PreviewQuery,
    media="*/*",
    refusals=(403, 404, 422),
)
def preview_template(template_id: str, query: PreviewQuery) -> Response:
    """Show a template."""
    is_pdf = query.output == "pdf"
    content, found = registering.filled(application(), template_id, query.record, actor=current_actor(), pdf=is_pdf)
    run(ReadDocument(document_id=found.id, n=found.n))
    response = Response(content, content_type="application/pdf" if is_pdf else DOCX)
    name = f"{found.title}.{query.output}"
    response.headers["Content-Disposition"] = disposition(name, inline=is_pdf and "inline" in request.args)
    return response


@routes.post(
    TEMPLATE + "/documents",
    "Fill the template in for a record, file it and link it to the record",
    body=LetterBody,
    answer=AttachedFile,
    status=201,
    ordered=OrderView,
    refusals=(403, 404, 422),
)
def write(template_id: str, body: LetterBody) -> AttachedFile | Response:
    """Write one letter."""
    order = LetterOrder(
        template_id=template_id, record_id=body.record, output=body.output, title=body.title, type=body.type
    )
    return carried_out(order)


@routes.post(TEMPLATE + "/retire", "Use it no more", body=ReasonBody, answer=Done, refusals=(403, 404, 422))
def retire_template(template_id: str, body: ReasonBody) -> Done:
    """Retire a template."""
    run(RetireTemplate(template_id=template_id, reason=body.reason))
    return Done()
