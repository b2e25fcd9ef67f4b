"""Letters and other papers of a repair, in the customer's language, filed with the case."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from crm.company import company, today
from crm.models import CustomerRow
from crm.outbox.ports import Paper
from documents.filing import FiledDocument
from documents.links import DocumentLink
from documents.papers import file_paper, render_pdf
from engine.handlers import ServiceCall
from processes.process_view import ProcessView
from processes.service_repair.package import PACKAGE
from storage.unit_of_work import UnitOfWork

POLISH = "PL"
PDF = "application/pdf"
ADDRESSES = ("correspondence", "billing", "registered", "delivery")


def file_letter(
    unit: UnitOfWork,
    call: ServiceCall,
    kind: str,
    values: Mapping[str, Any],
    rows: Sequence[Sequence[str]] = (),
) -> tuple[FiledDocument, Paper]:
    """File one of the package's letters; `kind` is its document type, `values` fill its sentences."""
    customer = unit.session.get_one(CustomerRow, str(call.inputs["customer_id"]))
    own, on = company(ProcessView(unit)), today(unit)
    words = words_for(customer)
    letter = words["letters"][kind]
    number = str(call.inputs.get("repair") or "")
    known = dict.fromkeys(("repair", "product_name", "serial_number", "fault_text"), "–")
    known |= {name: str(call.inputs[name]) for name in known if call.inputs.get(name)}
    known |= {name: "–" if value is None else str(value) for name, value in values.items()}
    fields = {
        "title": letter["title"],
        "lang": "pl" if customer.country == POLISH else "en",
        "company": own.name,
        "made": on.isoformat(),
        "number": number,
        "words": words["words"],
        "sender": "\n".join(filter(None, (own.name, own.address, own.tax_id))),
        "recipient": address(customer),
        "facts": [[words["words"][name], known[name]] for name in ("repair", "product_name", "serial_number")],
        "paragraphs": [each.format(**known) for each in letter["paragraphs"]],
        "columns": letter.get("columns", []),
        "rows": [list(row) for row in rows],
    }
    content = render_pdf(PACKAGE.template("repair_letter.typ").decode(), fields, at=unit.clock.now())
    name = f"{kind.replace('_', '-')}-{number}.pdf"
    filed = file_paper(
        unit,
        title=f"{letter['title']} {number}",
        type=kind,
        content=content,
        file_name=name,
        links=(DocumentLink(kind="case", id=call.instance_id, role="produced"),),
    )
    paper = Paper(
        document_id=filed.id,
        version=filed.version,
        digest=filed.digest,
        file_name=name,
        media_type=PDF,
        size=len(content),
    )
    return filed, paper


def words_for(customer: CustomerRow) -> dict[str, Any]:
    """Sentences in the customer's language."""
    return _texts()["pl" if customer.country == POLISH else "en"]


def address(customer: CustomerRow) -> str:
    """Name and postal address, that for letters first."""
    known = sorted(
        customer.addresses, key=lambda each: ADDRESSES.index(each.kind) if each.kind in ADDRESSES else len(ADDRESSES)
    )
    lines = [customer.legal_name or customer.name]
    if known:
        first = known[0]
        lines += [first.street, f"{first.postal_code} {first.city}".strip(), first.country]
    return "\n".join(each for each in lines if each)


@cache
def _texts() -> dict[str, dict[str, Any]]:
    texts: dict[str, dict[str, Any]] = json.loads(PACKAGE.template("letters.json"))
    return texts
