"""The types of documents that come with the product, to be taken over as they are and changed like any other."""

from typing import Any

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.document_types import DefineDocumentType, define_type
from documents.models import DocumentTypeRow
from storage.orm import Json
from storage.unit_of_work import UnitOfWork

NEEDED: Json = {"validate": {"required": True}}


def _day(key: str, label: str, **more: Any) -> Json:
    return {"type": "datetime", "subtype": "date", "key": key, "label": label, **more}


def _text(key: str, label: str, **more: Any) -> Json:
    return {"type": "textfield", "key": key, "label": label, **more}


CONTRACT: Json = {
    "components": [
        {"type": "textarea", "key": "parties", "label": "Parties", **NEEDED},
        _text("subject", "Subject"),
        _day("begins_on", "In force from", **NEEDED),
        _day("ends_on", "In force until"),
        _day("notice_on", "Last day to give notice", properties={"remind_days": "30"}),
        {"type": "number", "key": "notice_months", "label": "Period of notice, months", "decimalDigits": 0},
        _text("responsible", "Who is reminded: a log-in name; else whoever filed it"),
    ]
}
PICTURE: Json = {"components": [_day("taken_on", "Taken on"), _text("place", "Place")]}
SCAN: Json = {"components": [_day("dated", "Date of the paper"), _text("sender", "From whom")]}
SHIPPED = (
    DefineDocumentType(
        key="contract",
        name="Contract",
        description="What was agreed with somebody, for how long, and until when notice can be given.",
        form=CONTRACT,
        numbering="C/{year}/{seq:04}",
    ),
    DefineDocumentType(
        key="presentation",
        name="Presentation",
        description="Slides that were shown.",
        form={"components": [_day("shown_on", "Shown on"), _text("audience", "To whom")]},
    ),
    DefineDocumentType(key="photo", name="Photograph", description="A picture of a thing or place.", form=PICTURE),
    DefineDocumentType(key="scan", name="Scan", description="A paper that was scanned.", form=SCAN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineShippedTypes(Command):
    """Define those of the types that come with the product whose keys are free."""


@handles(DefineShippedTypes, needs="document.administer")
def define_shipped_types(command: DefineShippedTypes, unit: UnitOfWork) -> list[str]:
    """The keys of those that were defined; again none."""
    del command
    known = set(unit.session.scalars(select(DocumentTypeRow.key)))
    fresh = [each for each in SHIPPED if each.key not in known]
    for each in fresh:
        define_type(each, unit)
    return [each.key for each in fresh]
