"""Types of documents: the list, and a form that defines one."""

import json
from typing import Any

from flask import Response, render_template, request, url_for

from core.errors import InvalidInput
from documents.document_types import DefineDocumentType, document_type, document_types
from documents.fields import labels
from documents.shipped_types import SHIPPED, DefineShippedTypes
from webapp.accounts.roles import ROLE_PERMISSIONS
from webapp.pages.blueprint import blueprint
from webapp.pages.field_inputs import inputs
from webapp.web import run, view

ROLES = sorted(ROLE_PERMISSIONS)
EXAMPLE = {
    "components": [
        {"type": "textfield", "key": "counterparty", "label": "Counterparty", "validate": {"required": True}},
        {"type": "datetime", "subtype": "date", "key": "ends_on", "label": "Ends on"},
        {"type": "number", "key": "net", "label": "Net amount", "decimalDigits": 2},
    ]
}


@blueprint.get("/document-types")
def list_document_types() -> str:
    """All types, also those out of use."""
    with view() as reading:
        found = document_types(reading, all_of_them=True)
    fields = {each.key: list(labels(each.form).values()) for each in found}
    keys = {each.key for each in found}
    free = [each.name for each in SHIPPED if each.key not in keys]
    return render_template("document_types.html", types=found, fields=fields, shipped=free)


@blueprint.get("/document-types/new")
def new_document_type() -> str:
    """An empty form."""
    return _form(None)


@blueprint.get("/document-types/<key>")
def edit_document_type(key: str) -> str:
    """The form of a type."""
    with view() as reading:
        found = document_type(reading, key)
    return _form(found)


@blueprint.post("/document-types")
def save_document_type() -> Response:
    """Define a type, or change it when the form carries the revision that was seen."""
    given = request.form
    revision = given.get("revision", "")
    order = DefineDocumentType(
        key=given.get("key", "").strip(),
        name=given.get("name", ""),
        description=given.get("description"),
        form=_schema(given.get("form", "")),
        numbering=given.get("numbering"),
        retention=given.get("retention"),
        readers=given.getlist("readers"),
        writers=given.getlist("writers"),
        is_active="is_active" in given,
        expected_revision=int(revision) if revision.isascii() and revision.isdigit() else None,
    )
    run(order)
    return Response(status=204, headers={"HX-Redirect": url_for("pages.list_document_types")})


@blueprint.post("/document-types/shipped")
def define_shipped_types() -> Response:
    """Take over those that come with the product."""
    run(DefineShippedTypes())
    return Response(status=204, headers={"HX-Refresh": "true"})


def _form(found: Any) -> str:
    form = found.form if found else {}
    return render_template(
        "document_type.html",
        type=found,
        form_text=json.dumps(form, ensure_ascii=False, indent=2) if form else "",
        example=json.dumps(EXAMPLE, ensure_ascii=False, indent=2),
        field_inputs=inputs(form, {}),
        roles=sorted({*ROLES, *(found.readers + found.writers if found else ())}),
    )


def _schema(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The fields are not JSON: {error}.", fields={"/form": "no JSON"}) from error
    if not isinstance(found, dict):
        raise InvalidInput("The fields must be a JSON object.", fields={"/form": "no object"})
    return found
