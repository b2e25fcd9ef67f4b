"""Two versions of a document side by side: what differs in their texts, or how their pages look."""

from flask import render_template

from core.errors import InvalidInput
from documents import queries
from documents.comparing import CompareVersions
from documents.content.queries import content
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view


@blueprint.get("/documents/<document_id>/comparison")
def document_comparison(document_id: str) -> str:
    """Two versions beside each other: their texts with what differs, or their pages as they look."""
    before, after = _version("before"), _version("after")
    shows_pages = asked("show") == "pages"
    compared = None if shows_pages else run(CompareVersions(document_id=document_id, before=before, after=after))
    with view() as reading:
        found = queries.document(reading, document_id)
        sides = [queries.version(reading, document_id, n) for n in (before, after)]
        versions = queries.versions(reading, document_id)
        counts = [content(reading, document_id, n).pages for n in (before, after)] if shows_pages else [0, 0]
    return render_template(
        "document_comparison.html",
        document=found,
        versions=versions,
        sides=sides,
        difference=compared and compared.difference(),
        shows_pages=shows_pages,
        counts=counts,
        names=names(),
    )


def _version(name: str) -> int:
    text = asked(name)
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidInput("Choose two versions to compare.", fields={f"/{name}": "the number of a version"})
    return int(text)
