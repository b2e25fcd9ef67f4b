"""Types of documents: what they ask for, and who may read and write what is filed under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import Field

from core.records import dataclass
from documents.document_types import DefineDocumentType, DocumentType, document_type, document_types
from documents.shipped_types import DefineShippedTypes
from webapp.api.routing import Body, Routes
from webapp.web import run, view

routes = Routes("document types")
KEY = "/document-types/<key>"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTypes:
    """Types by name."""

    items: Sequence[DocumentType]


class TypeQuery(Body):
    """Which types."""

    all: bool = Field(default=False, description="also those that were put out of use")


class TypeFields(Body):
    """What a type asks of its documents."""

    description: str | None = None
    form: dict[str, Any] = Field(default_factory=dict, description="a form-js schema, or a JSON Schema of an object")
    numbering: str | None = Field(default=None, examples=["FV/{year}/{seq:04}"])
    retention: str | None = Field(default=None, description="the key of a retention rule")
    readers: list[str] = Field(
        default_factory=list, description="roles that read it beyond whoever filed it; none: all"
    )
    writers: list[str] = Field(default_factory=list, description="roles that file and change it; none: all")
    is_active: bool = True


class NewType(TypeFields):
    """A type that is not there yet."""

    key: str = Field(examples=["framework_contract"])
    name: str


class TypeChange(Body):
    """What is to be different; what is left out stays as it is."""

    name: str | None = None
    description: str | None = None
    form: dict[str, Any] | None = None
    numbering: str | None = None
    retention: str | None = None
    readers: list[str] | None = None
    writers: list[str] | None = None
    is_active: bool | None = None
    expected_revision: int | None = Field(default=None, ge=1, description="the revision that you have seen")


@routes.get("/document-types", "Types of documents", query=TypeQuery, answer=DocumentTypes)
def list_document_types(query: TypeQuery) -> DocumentTypes:
    """List types."""
    with view() as reading:
        return DocumentTypes(items=document_types(reading, all_of_them=query.all))


@routes.post(
    "/document-types", "Define a type", body=NewType, answer=DocumentType, status=201, refusals=(403, 409, 422)
)
def define_document_type(body: NewType) -> DocumentType:
    """Define a type."""
    run(DefineDocumentType(**body.model_dump()))
    return _found(body.key)


@routes.post(
    "/document-types/shipped",
    "Define those that come with the product: contracts, presentations, photographs, scans",
    answer=DocumentTypes,
    refusals=(403,),
)
def define_shipped_types() -> DocumentTypes:
    """Define the types that come with the product."""
    run(DefineShippedTypes())
    with view() as reading:
        return DocumentTypes(items=document_types(reading))


@routes.get(KEY, "One type", answer=DocumentType, refusals=(404,))
def read_document_type(key: str) -> DocumentType:
    """Read a type."""
    return _found(key)


@routes.patch(KEY, "Change a type", body=TypeChange, answer=DocumentType, refusals=(403, 404, 409, 422))
def change_document_type(key: str, body: TypeChange) -> DocumentType:
    """Change a type; what is filed under it already stays as it is until somebody changes it."""
    found = _found(key)
    changes = body.model_dump(exclude_unset=True)
    revision = changes.pop("expected_revision", None) or found.revision
    values = {name: value for name, value in asdict(found).items() if name != "revision"} | changes
    run(DefineDocumentType(**values, expected_revision=revision))
    return _found(key)


def _found(key: str) -> DocumentType:
    with view() as reading:
        return document_type(reading, key)
