"""Documents: file a text or bytes that the case has, or make a document from a template; filed with the case."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from core.errors import InvalidInput
from documents.filing import FiledDocument
from documents.links import DocumentLink
from documents.papers import TemplateRefused, TypesettingTimedOut, file_paper, render_docx_apart, render_pdf
from engine import catalog
from engine.bpmn.model import Reference
from engine.feel.values import plain
from engine.handlers import ServiceCall, local_operation
from engine.ready import OPERATIONS, Operation, Parameter
from processes import PACKAGES
from storage.unit_of_work import UnitOfWork

_TITLE = Parameter(
    name="title",
    type="string",
    title="Title",
    description="The document's title.",
    required=True,
    example='= "Letter to " + customer_name',
)
_TYPE = Parameter(
    name="type",
    type="string",
    title="Type",
    description="The type that tasks ask for.",
    example="cover_letter",
)
_OUTPUTS = (
    Parameter(name="document", type="string", title="Document", description="The id of the document."),
    Parameter(name="digest", type="string", title="Digest", description="The SHA-256 of its content."),
)
FILE = Operation(
    name="document.file",
    title="File a document",
    description="Files a text, or bytes written in Base64, as a document of the case.",
    place="local",
    inputs=(
        _TITLE,
        _TYPE,
        Parameter(
            name="file_name",
            type="string",
            title="File name",
            description="With the ending that tells what it is.",
            required=True,
            example="protocol.txt",
        ),
        Parameter(
            name="text", type="string", title="Text", description="The content as text.", lines=6, example="= notes"
        ),
        Parameter(
            name="base64",
            type="string",
            title="Bytes",
            description="The content in Base64, in place of a text.",
            example="= answer.pdf",
        ),
    ),
    outputs=_OUTPUTS,
)
GENERATE = Operation(
    name="document.generate",
    title="Make a document",
    description="Fills in a Word template (.docx, its fields written {{ name }}) or typesets a Typst template (.typ) "
    "as PDF/A, and files the result with the case. Templates are deployed beside the diagram under their file names, "
    "or ship with a process package as `package/name`. The same fields at the same time give the same bytes.",
    place="local",
    inputs=(
        Parameter(
            name="template",
            type="string",
            title="Template",
            description="The file name of a deployed template, or `package/name` of one that ships.",
            required=True,
            refers="template",
            example="letter.docx",
        ),
        Parameter(
            name="fields",
            type="context",
            title="Fields",
            description="What the template shows, by name; dates and durations arrive as ISO 8601 texts.",
            required=True,
            lines=4,
            example="= {customer: customer, lines: lines}",
        ),
        _TITLE,
        _TYPE,
        Parameter(
            name="file_name",
            type="string",
            title="File name",
            description="Without its ending; that of the template where nothing is said.",
            example='= "offer-" + offer_number',
        ),
    ),
    outputs=_OUTPUTS,
)
OPERATIONS.ship_templates(
    f"{package.key}/{file.name}"
    for package in PACKAGES
    for file in (package.folder / "templates").glob("*")
    if file.suffix in {".docx", ".typ"}
)


@local_operation(FILE)
def file_document(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """File it."""
    text, encoded = call.inputs.get("text"), call.inputs.get("base64")
    if (text is None) == (encoded is None):
        raise InvalidInput("Give either a text or bytes in Base64 to file, not both.")
    try:
        content = text.encode() if text is not None else base64.b64decode(str(encoded), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("The input base64 is not Base64.") from error
    return _filed(unit, call, content, call.inputs["file_name"])


@local_operation(GENERATE)
def generate_document(unit: UnitOfWork, call: ServiceCall) -> dict[str, Any]:
    """Make it and file it."""
    name: str = call.inputs["template"]
    template = _template(unit, name)
    fields: Mapping[str, Any] = plain(call.inputs["fields"])
    stem = call.inputs.get("file_name") or PurePath(name).stem
    now = unit.clock.now()
    try:
        if name.lower().endswith(".typ"):
            return _filed(unit, call, render_pdf(template.decode(), fields, at=now), f"{stem}.pdf")
        return _filed(unit, call, render_docx_apart(template, fields, at=now), f"{stem}.docx")
    except TypesettingTimedOut as error:
        raise TemplateRefused(error.sentence) from error  # the same template would take as long the next time


def _template(unit: UnitOfWork, name: str) -> bytes:
    package, _, file = name.rpartition("/")
    if name in OPERATIONS.templates:
        return next(each for each in PACKAGES if each.key == package).template(file)
    found = catalog.find(unit, "template", Reference(key=name), catalog.newest_deployment(unit))
    if found is None:
        raise InvalidInput(f"There is no template {name}; deploy it under this name.", template=name)
    return catalog.source(unit, found)


def _filed(unit: UnitOfWork, call: ServiceCall, content: bytes, file_name: str) -> dict[str, Any]:
    filed: FiledDocument = file_paper(
        unit,
        title=call.inputs["title"],
        type=call.inputs.get("type"),
        content=content,
        file_name=file_name,
        links=(DocumentLink(kind="case", id=call.instance_id, role="produced"),),
    )
    return {"document": filed.id, "digest": filed.digest}
