"""Putting documents together into one PDF, and the page that says who approved a version."""

from flask import Response, render_template, request, url_for

from core.errors import InvalidInput
from documents import queries
from documents.access import Target
from documents.links import DocumentLink
from documents.orders.kinds import ApprovalsOrder
from documents.packages.assembling import MOST, PackageOrder, Part, with_pages
from engine.evidence import task_ids
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.orders import carried_out
from webapp.pages.records import record
from webapp.pages.shell import names
from webapp.web import view


@blueprint.post("/packages/choose")
def choose_for_package() -> Response:
    """From the list of documents to the page where a package is put together."""
    ids = request.form.getlist("ids")[:MOST]
    if not ids:
        raise InvalidInput("Choose the documents first; tick them in the list.")
    return Response(status=204, headers={"HX-Redirect": url_for("pages.package", ids=",".join(ids))})


@blueprint.get("/packages/new", endpoint="package")
def new_package() -> str:
    """The documents that were chosen, or those of a case, with their versions."""
    case = asked("case")
    with view() as reading:
        ids = [each for each in asked("ids").split(",") if each][:MOST]
        if case:
            targets = [Target("case", case), *(Target("task", each) for each in task_ids(reading, case))]
            linked = queries.documents_of(reading, targets)
            ids += [each.document_id for documents in linked.values() for each in documents]
        documents = [queries.document(reading, each) for each in dict.fromkeys(ids)][:MOST]
        about = record(reading, "case", case) if case else None
    return render_template(
        "package.html", documents=documents, case=case, about=about, with_pages=with_pages(), names=names()
    )


@blueprint.post("/packages")
def assemble_package() -> Response:
    """Bind and file it."""
    form = request.form
    chosen = sorted(
        (int(position), document)
        for document in form.getlist("ids")
        if (position := form.get(f"position.{document}", "")).isascii() and position.isdigit()
    )
    case = form.get("case")
    order = PackageOrder(
        title=form.get("title", ""),
        parts=tuple(Part(document_id=each, n=_version(form.get(f"version.{each}", ""))) for _, each in chosen),
        links=(DocumentLink(kind="case", id=case, role="package"),) if case else (),
        stamps="stamps" in form,
        attach="attach" in form,
    )
    return carried_out(order)


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


@blueprint.post("/documents/<document_id>/approvals")
def stamp_document(document_id: str) -> Response:
    """File a copy of the newest version with a page of approvals."""
    return carried_out(ApprovalsOrder(document_id=document_id))
