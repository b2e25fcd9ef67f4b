"""Two versions of a document side by side: what differs in their texts."""

from flask import render_template

from core.errors import InvalidInput
from documents import queries
from documents.comparing import CompareVersions
from webapp.pages.blueprint import asked, blueprint
from webapp.pages.shell import names
from webapp.web import run, view


@blueprint.get("/documents/<document_id>/comparison")
def document_comparison(document_id: str) -> str:
    """What differs between two versions; both readings stand in the trail."""
    before, after = _version("before"), _version("after")
    compared = run(CompareVersions(document_id=document_id, before=before, after=after))
    with view() as reading:
        found = queries.document(reading, document_id)
        versions = queries.versions(reading, document_id)
    return render_template(
        "document_comparison.html",
        document=found,
        versions=versions,
        compared=compared,
        difference=compared.difference(),
        names=names(),
    )


def _version(name: str) -> int:
    text = asked(name)
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidInput("Choose two versions to compare.", fields={f"/{name}": "the number of a version"})
    return int(text)
