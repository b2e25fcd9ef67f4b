"""Taking invoices over from another system: a row that is wrong is told with its reason, the others come in."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy import select

from core.errors import Conflict, DomainError, InvalidInput
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time, refuse_taken
from crm.company import exchange_rate
from crm.errors import CustomerNotFound
from crm.models import CustomerRow, OrderRow
from crm.money import HUNDRED, NOTHING, VatShare
from crm.sales.errors import InvoiceNumberTaken
from crm.sales.issuing import CREDIT_NOTE, INVOICE, Draft, issue
from crm.sales.models import InvoiceLineRow, InvoiceRow
from storage.unit_of_work import UnitOfWork

MOST_ROWS = 5_000
SOURCE = "import"
NEEDED = ("number", "customer", "issued_on", "due_on", "net", "vat")
KNOWN = (*NEEDED, "currency", "sold_on", "description", "external_reference")
ENCODINGS = ("utf-8-sig", "cp1250")


class ImportRefused(InvalidInput):
    """A file of invoices cannot be read at all."""

    code = "import_refused"


class OrderOfAnother(Conflict):
    """An invoice names an order of another customer."""

    code = "order_of_another"

    def __init__(self, order: str, customer: str) -> None:
        super().__init__(f"Order {order} is not one of customer {customer}. Correct the order or the customer.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportInvoices(Command):
    """Take over a CSV file with the columns number, customer, issued_on, due_on, net, vat and, if wanted, more.

    `customer` is a number or an external reference; a negative net makes a credit note; days are written 2026-01-31.
    """

    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that was not taken over, counted as the lines of the file are, and why."""

    line: int
    number: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedInvoices:
    """How many came in, how many were here already, and the rows that were refused."""

    imported: int
    known: int
    rejected: list[RejectedRow]


@handles(ImportInvoices, needs="invoice.edit")
def import_invoices(command: ImportInvoices, unit: UnitOfWork) -> ImportedInvoices:
    """Take over what is right. Raises `ImportRefused` for what is no such file."""
    imported = known = 0
    rejected = []
    for line, row in _rows(command.content):
        try:
            with unit.savepoint():
                if take_over(unit, row)[1]:
                    imported += 1
                else:
                    known += 1
        except DomainError as error:
            rejected.append(RejectedRow(line=line, number=row["number"][:64], reason=str(error)))
    return ImportedInvoices(imported=imported, known=known, rejected=rejected)


def _rows(content: bytes) -> Iterable[tuple[int, dict[str, str]]]:
    text = _text(content)
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [each.strip().lower() for each in reader.fieldnames or ()]
    missing = [each for each in NEEDED if each not in names]
    unknown = [each for each in names if each not in KNOWN]
    if missing or unknown:
        told = f"missing are {', '.join(missing)}" if missing else f"nobody knows {', '.join(unknown)}"
        raise ImportRefused(f"The columns of the file are wrong: {told}. Known are {', '.join(KNOWN)}.")
    reader.fieldnames = names
    try:
        found = [
            (reader.line_num, {name: (row.get(name) or "").strip() for name in KNOWN}) for row in reader if any(row)
        ]
    except csv.Error as error:
        raise ImportRefused(f"The file is no CSV that can be read: {error}.") from error
    if len(found) > MOST_ROWS:
        raise ImportRefused(f"The file has more than {MOST_ROWS} rows. Split it.")
    return found


def _text(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise ImportRefused("The file is neither UTF-8 nor Windows-1250. Save it as UTF-8.")


def take_over(unit: UnitOfWork, row: Mapping[str, str], order: OrderRow | None = None) -> tuple[str, bool]:
    """The invoice's id, and whether it is new; `order` is what it invoices. Raises what is wrong with it."""
    findings = Findings()
    number = findings.text("/number", row["number"], "The number", longest=64)
    currency = findings.code("/currency", row["currency"] or "PLN", "The currency", 3)
    issued_on = _day(findings, row, "issued_on")
    due_on = _day(findings, row, "due_on")
    sold_on = _day(findings, row, "sold_on") if row["sold_on"] else issued_on
    net, vat = _amount(findings, row, "net"), _amount(findings, row, "vat")
    if net * vat < 0:
        findings.add("/vat", "Net and VAT have different signs.")
    findings.refuse()
    customer = _customer(unit, row["customer"])
    one_at_a_time(unit, f"invoice:{number}")
    there = unit.session.scalars(select(InvoiceRow).where(InvoiceRow.number == number)).first()
    if there is not None:
        if (there.customer_id, there.gross, there.currency) == (customer.id, net + vat, currency):
            return there.id, False
        raise InvoiceNumberTaken(number)
    reference = row["external_reference"][:64] or None
    refuse_taken(unit, InvoiceRow, reference, "an invoice")
    rate = (vat / net * HUNDRED).quantize(Decimal("0.0001")) if net else NOTHING
    line = InvoiceLineRow(
        id=new_id(),
        position=1,
        description=row["description"][:1000] or f"As of {number}",
        quantity=Decimal(-1 if net < 0 else 1),
        unit="pc",
        unit_price=abs(net),
        discount=NOTHING,
        vat_rate=rate,
    )
    if order is not None and order.customer_id != customer.id:
        raise OrderOfAnother(order.number, customer.number)
    issued = issue(
        unit,
        Draft(
            kind=CREDIT_NOTE if net < 0 else INVOICE,
            customer_id=customer.id,
            lines=[line],
            shares=[VatShare(rate, net, vat)],
            issued_on=issued_on,
            sold_on=sold_on,
            due_on=due_on,
            currency=currency,
            exchange_rate=exchange_rate(unit, currency, issued_on),
            number=number,
            order_id=order.id if order else None,
            owner=customer.owner,
            source=SOURCE,
            external_reference=reference,
        ),
    )
    if order is not None and net > 0:
        order.invoiced = min(order.gross, order.invoiced + net + vat)
    return issued.id, True


def _customer(unit: UnitOfWork, key: str) -> CustomerRow:
    named = (CustomerRow.number == key) | (CustomerRow.external_reference == key)
    found = unit.session.scalars(select(CustomerRow).where(named)).first()
    if found is None:
        raise CustomerNotFound(key)
    return found


def _day(findings: Findings, row: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(row[name])
    except ValueError:
        findings.add(f"/{name}", f"{name} must be a day such as 2026-01-31.")
        return date.min


def _amount(findings: Findings, row: Mapping[str, str], name: str) -> Decimal:
    text = row[name].replace("\u00a0", "").replace(" ", "").replace(",", ".")
    try:
        return findings.amount(f"/{name}", Decimal(text), name, least=-(10**13), places=2)
    except InvalidOperation:
        findings.add(f"/{name}", f"{name} must be a number.")
        return NOTHING
