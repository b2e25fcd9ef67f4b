"""The signatures of a document on its page: what they are worth, and putting the organisation's seal on it."""

from flask import Response, render_template, request

from core.settings import Settings
from documents import queries
from documents.signatures.keys import SealCertificate, SealNotSetUp, seal_certificate
from documents.signatures.sealing import PDF, SEAL, SealOrder
from documents.signatures.verifying import CheckSignatures, signatures
from webapp.pages.blueprint import blueprint
from webapp.pages.orders import carried_out
from webapp.web import application, current_actor, run, view


@blueprint.get("/documents/<document_id>/<int:n>/signatures")
def document_signatures(document_id: str, n: int) -> str:
    """The panel; it asks a worker by itself where nobody has looked yet."""
    return _panel(document_id, n)


@blueprint.post("/documents/<document_id>/<int:n>/signatures")
def check_signatures(document_id: str, n: int) -> str:
    """Have a worker look."""
    run(CheckSignatures(document_id=document_id, n=n))
    return _panel(document_id, n)


@blueprint.post("/documents/<document_id>/seal")
def seal_document(document_id: str) -> Response:
    """Seal the newest version that the page has shown."""
    shown = request.form.get("n", "")
    order = SealOrder(
        document_id=document_id,
        expected_version=int(shown) if shown.isascii() and shown.isdigit() else None,
        reason=request.form.get("reason"),
        is_visible="visible" in request.form,
    )
    return carried_out(order)


def _panel(document_id: str, n: int) -> str:
    with view() as reading:
        version = queries.version(reading, document_id, n)
        newest = queries.document(reading, document_id).latest.n
        report = signatures(reading, document_id, n) if version.media_type == PDF else None
        state = _state(document_id)
    certificate, trouble = _own()
    return render_template(
        "documents/_signatures_found.html",
        version=version,
        report=report,
        may_seal=current_actor().may(SEAL) and version.n == newest and state not in {"void", "in_review"},
        certificate=certificate,
        trouble=trouble,
    )


def _state(document_id: str) -> str:
    from documents.models import DocumentRow

    with view() as reading:
        return reading.session.get_one(DocumentRow, document_id).state


def _own() -> tuple[SealCertificate | None, str | None]:
    settings: Settings = application().settings
    try:
        return seal_certificate(settings, application().clock.now()), None
    except SealNotSetUp as error:
        return None, error.sentence
