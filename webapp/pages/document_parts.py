"""What the panels of a document's page show: one function per panel, each gives its template what it takes."""

from collections.abc import Callable, Mapping
from typing import Any

from documents import queries
from documents.queries import Document
from storage.unit_of_work import Reading
from webapp.pages.records import record

Part = Callable[[Reading, Document], Mapping[str, Any]]


def versions(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_versions.html`."""
    return {"versions": queries.versions(reading, document.id)}


def belongs(reading: Reading, document: Document) -> Mapping[str, Any]:
    """For `documents/_belongs.html`."""
    return {"records": [each for link in document.links if (each := record(reading, link.kind, link.id))]}


PARTS: tuple[Part, ...] = (  # the names that they give must differ
    versions,
    belongs,
)
