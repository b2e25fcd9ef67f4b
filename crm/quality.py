"""How complete and how right the data of customers are; kept with the customer, so that reports only read."""

from typing import Any

from sqlalchemy import select, tuple_

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.company_numbers import tax_fault
from crm.customer_events import EmailBounced
from crm.errors import WrongFields
from crm.models import CustomerEmailRow, CustomerRow
from crm.queries import MOST
from storage.unit_of_work import Reading, UnitOfWork

REQUIRED = {
    "legal_name": "The legal name",
    "tax_id": "The tax number",
    "addresses": "The address",
    "phones": "The phone",
    "emails": "The e-mail address",
    "owner": "Who looks after the customer",
    "industry": "The industry",
    "customer_kind": "The kind of customer",
    "payment_days": "The payment term",
    "country": "The country",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteBounce(Command):
    """Mail to an address came back."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLine:
    """A customer in the report: how complete, in per cent, and what is missing or wrong, field by field."""

    id: str
    number: str
    name: str
    owner: str | None
    completeness: int
    findings: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPage:
    """Some customers, the least complete first; `next` continues after them."""

    items: list[QualityLine]
    next: str | None


@handles(NoteBounce, needs="customer.edit")
def note_bounce(command: NoteBounce, unit: UnitOfWork) -> int:
    """Mark the address at every customer that has it; returns at how many."""
    rows = unit.session.scalars(select(CustomerEmailRow).where(CustomerEmailRow.address == command.address)).all()
    for row in rows:
        row.bounced_at = unit.clock.now()
        judge(unit.session.get_one(CustomerRow, row.customer_id))
        unit.emit(EmailBounced(customer_id=row.customer_id, address=command.address))
    return len(rows)


def judge(row: CustomerRow) -> None:
    """Work out anew what is missing and wrong."""
    missing = [name for name in REQUIRED if not _is_filled(row, name)]
    row.completeness = round(100 * (len(REQUIRED) - len(missing)) / len(REQUIRED))
    row.findings = [*({"field": name, "sentence": f"{REQUIRED[name]} is missing."} for name in missing), *_wrong(row)]


def quality(view: Reading, *, owner: str | None = None, after: str | None = None, limit: int = 50) -> QualityPage:
    """Customers of which something is missing or wrong, the least complete first."""
    require_read(view)
    wanted = select(CustomerRow).where(CustomerRow.findings != [], CustomerRow.merged_into.is_(None))
    if owner:
        wanted = wanted.where(CustomerRow.owner == owner)
    if after is not None:
        share, _, number = after.partition("-")
        if not share.isdigit():
            raise WrongFields({"/after": "This is not the mark of a page. Begin with the first one."})
        wanted = wanted.where(tuple_(CustomerRow.completeness, CustomerRow.number) > (int(share), number))
    size = max(1, min(limit, MOST))
    ordered = wanted.order_by(CustomerRow.completeness, CustomerRow.number).limit(size + 1)
    rows = list(view.session.scalars(ordered))
    last = rows[size - 1] if len(rows) > size else None
    return QualityPage(
        items=[
            QualityLine(
                id=row.id,
                number=row.number,
                name=row.name,
                owner=row.owner,
                completeness=row.completeness,
                findings=list(row.findings),
            )
            for row in rows[:size]
        ],
        next=f"{last.completeness}-{last.number}" if last else None,
    )


def _is_filled(row: CustomerRow, name: str) -> bool:
    value: Any = getattr(row, name)
    return value is not None and value not in ("", [])


def _wrong(row: CustomerRow) -> list[dict[str, str]]:
    found = []
    if row.tax_id and (fault := tax_fault(row.tax_id, row.country)):
        found.append({"field": "tax_id", "sentence": fault})
    return [
        *found,
        *(
            {"field": "emails", "sentence": f"Mail to {email.address} comes back."}
            for email in row.emails
            if email.bounced_at is not None
        ),
        *(
            {"field": "phones", "sentence": f"{phone.as_written} cannot be dialled."}
            for phone in row.phones
            if phone.number is None
        ),
    ]
