"""Templates of letters: what there is, what they may ask for, the check, a look, and one letter."""

from flask import Response, render_template, request, url_for

from core.errors import Forbidden, NotFound
from documents.reading import ReadDocument
from documents.templates import lists, registering
from documents.templates.letters import LetterOrder
from documents.templates.registering import AdoptTemplate, RetireTemplate, TemplateHasErrors
from documents.templates.shapes import written
from documents.templates.sources import MergeFields
from documents.word import TemplateRefused
from webapp.content import disposition
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.documents import PREVIEW
from webapp.pages.orders import carried_out
from webapp.pages.shell import names
from webapp.uploads import optional, receive_file
from webapp.web import application, current_actor, run, view

LANGUAGES = {"en": "English", "pl": "Polish", "ro": "Romanian", "ru": "Russian"}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blueprint.get("/templates")
def templates() -> str:
    """Those in force, and the fields that templates of a kind may have."""
    with view() as reading:
        sources = reading.port(MergeFields)
        kind = asked("kind") if asked("kind") in sources.kinds() else next(iter(sources.kinds()))
        found = registering.templates(reading)
    return render_template(
        "templates.html",
        templates=found,
        kinds=sources.kinds(),
        kind=kind,
        fields=written(sources.catalogue(kind)),
        names=names(),
        languages=LANGUAGES,
    )


@blueprint.post("/templates")
def adopt_template() -> str | Response:
    """Check and put into force; findings come back to the page."""
    return _adopt(None)


@blueprint.post("/templates/<template_id>/versions")
def revise_template(template_id: str) -> str | Response:
    """The next version."""
    return _adopt(template_id)


def _adopt(template_id: str | None) -> str | Response:
    received = receive_file()
    kind = received.fields.get("kind", "")
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
    try:
        filed, _ = registering.adopt(application(), command, actor=current_actor())
    except TemplateHasErrors as error:
        return render_template("template_findings.html", findings=error.details["findings"], sentence=None)
    except TemplateRefused as error:
        return render_template("template_findings.html", findings=[], sentence=error.sentence)
    address = url_for("pages.template", template_id=filed.id)
    return Response(status=204, headers={"HX-Redirect": address})


@blueprint.get("/templates/<template_id>")
def template(template_id: str) -> str:
    """One template as it looks with sample data, or with the record that somebody wants to see it with."""
    with view() as reading:
        found = registering.template(reading, template_id)
        kinds = reading.port(MergeFields).kinds()
        known = lists.recipient_lists(reading)
        others = registering.variants(reading, template_id)
        first = registering.template(reading, found.variant_of) if found.variant_of else None
        refusal, shown = None, found
        if asked("record"):
            try:
                fields = reading.port(MergeFields)
                language = fields.language(fields.values_of(reading, found.kind, asked("record")))
                shown = registering.in_language(reading, found, language)
            except (NotFound, Forbidden) as error:
                refusal = error
    taken = {found.language, *(each.language for each in others)}
    return render_template(
        "template.html",
        template=found,
        kinds=kinds,
        lists=known,
        names=names(),
        record="" if refusal else asked("record"),
        refusal=refusal,
        shown=shown,
        first=first,
        variants=others,
        languages=LANGUAGES,
        free=[each for each in LANGUAGES if each not in taken],
    )


@blueprint.get("/templates/<template_id>/preview")
def template_preview(template_id: str) -> Response:
    """The template filled in with sample data, inside our page."""
    content, found = registering.filled(application(), template_id, asked("record") or None, actor=current_actor())
    run(ReadDocument(document_id=found.id, n=found.n))
    response = Response(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = disposition("preview.pdf", inline=True)
    response.headers["Content-Security-Policy"] = PREVIEW
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get("/templates/<template_id>/sample.docx")
def template_sample(template_id: str) -> Response:
    """The template filled in with sample data, as Word document."""
    content, found = registering.filled(application(), template_id, None, actor=current_actor(), pdf=False)
    run(ReadDocument(document_id=found.id, n=found.n))
    response = Response(content, content_type=DOCX)
    response.headers["Content-Disposition"] = disposition(f"{found.title}.docx", inline=False)
    return response


@blueprint.post("/templates/<template_id>/letters")
def write_one(template_id: str) -> Response:
    """One letter, filed with its record."""
    order = LetterOrder(
        template_id=template_id,
        record_id=request.form.get("record", "").strip(),
        output="docx" if request.form.get("output") == "docx" else "pdf",
        title=request.form.get("title", "").strip() or None,
    )
    return carried_out(order)


@blueprint.post("/templates/<template_id>/retire")
def retire_template(template_id: str) -> Response:
    """Use it no more."""
    run(RetireTemplate(template_id=template_id, reason=request.form.get("reason", "")))
    return Response(status=204, headers={"HX-Redirect": url_for("pages.templates")})
