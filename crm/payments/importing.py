"""Taking bank statements in: what is new is posted and matched, what came before changes nothing."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.company import exchange_rate
from crm.money import NOTHING, plain
from crm.payments.allocating import (
    OUTGOING,
    REVERSED,
    UNMATCHED,
    lock_payment,
    match_by_itself,
    reverse,
)
from crm.payments.events import PaymentPosted, StatementImported
from crm.payments.models import BankStatementRow, PaymentRow
from crm.payments.statements import Entry, Statement, account_number, read_statements, squeezed
from crm.sales.balances import refresh_balance
from storage.unit_of_work import UnitOfWork

SAME = 500  # keys that are looked for in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStatements(Command):
    """Take in a file of bank statements, MT940 or CAMT.053."""

    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPayment(Command):
    """Enter a payment that no statement tells of, such as cash; `key` makes it once, however often it is sent."""

    amount: Decimal
    currency: str
    booked_on: date
    reference: str
    account: str = "cash"
    customer_id: str | None = None
    payer_name: str | None = None
    payer_account: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedStatement:
    """What came of one statement: entries in it, those that were new, and those of them that found their invoices."""

    id: str
    account: str
    number: str
    entries: int
    posted: int
    matched: int


@handles(ImportStatements, needs="payment.edit")
def import_statements(command: ImportStatements, unit: UnitOfWork) -> list[ImportedStatement]:
    """Post and match what is new. Raises `StatementRefused`, `StatementInconsistent`, `RateMissing`."""
    found = read_statements(command.content)
    for account in sorted({each.account for each in found}):
        one_at_a_time(unit, f"statements:{account}")
    return [_import(unit, each) for each in found]


@handles(PostPayment, needs="payment.edit")
def post_payment(command: PostPayment, unit: UnitOfWork) -> str:
    """Post a payment, match it, and return its id. Raises `WrongFields`, `RateMissing`."""
    findings = Findings()
    amount = findings.amount("/amount", command.amount, "The amount", places=2)
    if amount == 0:
        findings.add("/amount", "The amount must be above zero.")
    currency = findings.code("/currency", command.currency, "The currency", 3)
    reference = findings.text("/reference", command.reference, "The reference", longest=1000)
    findings.refuse()
    key = f"manual:{command.key or new_id()}"[:64]
    one_at_a_time(unit, key)
    known = unit.session.scalars(select(PaymentRow.id).where(PaymentRow.key == key)).first()
    if known is not None:
        return known
    entry = Entry(
        booked_on=command.booked_on,
        value_on=command.booked_on,
        amount=amount,
        payer_name=command.payer_name,
        payer_account=account_number(command.payer_account),
        reference=reference,
    )
    row = _row(unit, entry, key, (command.account, currency, None))
    row.customer_id = command.customer_id
    unit.session.add(row)
    unit.session.flush()  # settlements name it
    _tell(unit, row)
    customer = match_by_itself(unit, row) or row.customer_id
    if customer is not None:
        refresh_balance(unit, customer)
    return row.id


def _import(unit: UnitOfWork, statement: Statement) -> ImportedStatement:
    keys = statement.keys()
    known = _known(unit, keys)
    row = unit.session.scalars(select(BankStatementRow).where(BankStatementRow.key == statement.key)).first()
    if row is None:
        row = BankStatementRow(
            id=new_id(),
            key=statement.key,
            format=statement.format,
            account=statement.account,
            number=statement.number[:64],
            currency=statement.currency,
            opening=statement.opening,
            closing=statement.closing,
            closed_on=statement.closed_on,
            entries=len(keys),
            imported_at=unit.clock.now(),
            imported_by=unit.actor.id,
        )
        unit.session.add(row)
        unit.session.flush()  # payments name it
    place = (statement.account, statement.currency, row.id)
    fresh = [
        _row(unit, entry, key, place) for entry, key in zip(statement.entries, keys, strict=True) if key not in known
    ]
    unit.session.add_all(fresh)
    unit.session.flush()  # settlements name them
    customers, matched = set[str](), 0
    for payment in fresh:
        _tell(unit, payment)
        customer = _place(unit, payment)
        if customer is not None:
            customers.add(customer)
        matched += payment.state not in {UNMATCHED, OUTGOING}
    for customer in sorted(customers):
        refresh_balance(unit, customer)
    if fresh or not known:
        unit.emit(
            StatementImported(
                statement_id=row.id,
                format=row.format,
                account=row.account,
                number=row.number,
                entries=len(keys),
                posted=len(fresh),
            )
        )
    return ImportedStatement(
        id=row.id, account=row.account, number=row.number, entries=len(keys), posted=len(fresh), matched=matched
    )


def _known(unit: UnitOfWork, keys: list[str]) -> set[str]:
    found = set[str]()
    for start in range(0, len(keys), SAME):
        asked = select(PaymentRow.key).where(PaymentRow.key.in_(keys[start : start + SAME]))
        found.update(unit.session.scalars(asked))
    return found


def _row(unit: UnitOfWork, entry: Entry, key: str, place: tuple[str, str, str | None]) -> PaymentRow:
    account, currency, statement_id = place
    return PaymentRow(
        id=new_id(),
        key=key,
        statement_id=statement_id,
        state=UNMATCHED,
        is_reversal=entry.is_reversal,
        account=account,
        booked_on=entry.booked_on,
        value_on=entry.value_on,
        currency=currency,
        exchange_rate=exchange_rate(unit, currency, entry.booked_on),
        amount=entry.amount,
        unallocated=entry.amount,
        payer_name=entry.payer_name and squeezed(entry.payer_name)[:200],
        payer_account=entry.payer_account,
        reference=entry.reference,
        bank_reference=entry.bank_reference,
        created_at=unit.clock.now(),
        created_by=unit.actor.id,
    )


def _tell(unit: UnitOfWork, row: PaymentRow) -> None:
    unit.emit(
        PaymentPosted(
            payment_id=row.id,
            amount=plain(row.amount),
            currency=row.currency,
            booked_on=row.booked_on.isoformat(),
            statement_id=row.statement_id,
            payer_name=row.payer_name,
            payer_account=row.payer_account,
            reference=row.reference,
        )
    )


def _place(unit: UnitOfWork, payment: PaymentRow) -> str | None:
    """Match a new payment, or take back the one that it reverses; returns the customer."""
    if payment.is_reversal and payment.amount < 0:
        original = _original(unit, payment)
        return None if original is None else reverse(unit, payment, original)
    customer = match_by_itself(unit, payment)
    if payment.amount < 0 and payment.state == UNMATCHED:
        payment.state, payment.unallocated = OUTGOING, NOTHING  # fees, wages, suppliers: nobody has to look at them
    return customer


def _original(unit: UnitOfWork, reversal: PaymentRow) -> PaymentRow | None:
    """The one payment that a reversal can mean: same account and amount, and nothing that speaks against it."""
    wanted = (
        select(PaymentRow)
        .where(PaymentRow.account == reversal.account, PaymentRow.amount == -reversal.amount)
        .where(PaymentRow.currency == reversal.currency, PaymentRow.booked_on <= reversal.booked_on)
        .where(PaymentRow.state != REVERSED)
        .order_by(PaymentRow.booked_on.desc(), PaymentRow.id.desc())
        .limit(20)
    )
    found = list(unit.session.scalars(wanted))
    for name in ("bank_reference", "payer_account", "reference"):
        said = getattr(reversal, name)
        agreeing = [each for each in found if said and getattr(each, name) == said]
        if agreeing:
            found = agreeing
            break
    return lock_payment(unit, found[0].id) if len(found) == 1 else None
