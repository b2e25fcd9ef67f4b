"""The nightly run: a case for each invoice that is due long enough, none twice, none on old bank data.

It only finds invoices and asks workers to start their cases, each in a transaction of its own. It can be stopped and
repeated at any point: whatever runs already is passed over.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, ClassVar, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from core.executor import Executor, handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from crm.company import company, today
from crm.models import CustomerRow
from crm.payments.models import BankStatementRow
from crm.profiles import RELIABILITY
from crm.sales.issuing import INVOICE
from crm.sales.models import InvoiceRow
from engine import catalog
from engine.bpmn.model import Reference
from engine.errors import DefinitionNotFound
from engine.instances import EntityLink, StartInstance, start_instance
from processes.dunning import days
from processes.dunning.errors import BankDataOld
from processes.dunning.models import DunningNightRow, DunningRow
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitOfWork

PROCESS, GRACE = "dunning", "dunning_grace"
START = "dunning.start"
HOUR = 5  # of a business day, where the company is
BATCH = 100  # invoices that one job starts
CLOSED = ("handed_over", "assigned", "insolvency", "stopped", "cancelled")  # whoever goes on is asked to by a person


class Host(Protocol):
    """What the job needs of the application."""

    executor: Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDunnings(Command):
    """Look for invoices that are due and have workers start their cases."""

    quiet: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StartDunning(Command):
    """Start the case of one invoice, unless it runs."""

    quiet: ClassVar[bool] = True
    invoice_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginNight(Command):
    """Begin the run of this business day, once, when its hour has come."""

    quiet: ClassVar[bool] = True


@handles(BeginNight, needs="payment.edit")
def begin_night(_command: BeginNight, unit: UnitOfWork) -> bool:
    """Whether the run began now. On old bank data it is tried again at every look, and the day says why it waits."""
    local = unit.clock.now().astimezone(ZoneInfo(company(unit).time_zone))
    day = local.date()
    if local.hour < HOUR or not days.is_open(day) or not _is_deployed(unit):
        return False
    unit.session.execute(insert(DunningNightRow).values(day=day, begun_at=unit.clock.now()).on_conflict_do_nothing())
    night = unit.session.get_one(DunningNightRow, day, with_for_update=True, populate_existing=True)
    if night.cases is not None:
        return False
    try:
        night.cases, night.refusal = start_dunnings(StartDunnings(), unit), None
    except BankDataOld as error:
        night.refusal = error.sentence
        return False
    return True


def _is_deployed(view: Reading) -> bool:
    mark = catalog.newest_deployment(view)
    return all(
        catalog.find(view, kind, Reference(key=key), mark) is not None
        for kind, key in (("decision", GRACE), ("process", PROCESS))
    )


@handles(StartDunnings, needs="payment.edit")
def start_dunnings(_command: StartDunnings, unit: UnitOfWork) -> int:
    """How many cases are to be started. Raises `BankDataOld`, `DefinitionNotFound`."""
    refuse_old_bank_data(unit)
    count = 0
    for batch in batches(unit, grace_days(unit)):
        count += len(batch)
        unit.enqueue(JobRequest(name=START, arguments={"invoices": batch}))
    return count


@handles(StartDunning, needs="case.start")
def start_dunning(command: StartDunning, unit: UnitOfWork) -> str | None:
    """The case, or None where there is nothing to start (any more)."""
    wanted = select(InvoiceRow).where(InvoiceRow.id == command.invoice_id).with_for_update()
    invoice = unit.session.scalars(wanted).one_or_none()
    if invoice is None or invoice.balance <= 0 or invoice.due_on >= today(unit):
        return None
    row = unit.session.get(DunningRow, invoice.id)
    if row is not None and (row.is_running or row.outcome in CLOSED):
        return None
    links = (
        EntityLink(entity="crm.invoice", id=invoice.id),
        EntityLink(entity="crm.customer", id=invoice.customer_id),
    )
    order = StartInstance(
        definition_key=PROCESS, business_key=invoice.number, variables={"invoice_id": invoice.id}, links=links
    )
    return start_instance(order, unit).id


@job(START)
def start_batch(host: Host, arguments: dict[str, Any]) -> None:
    """Start the cases of a batch, each in a transaction of its own."""
    for invoice_id in arguments["invoices"]:
        host.executor.execute(StartDunning(invoice_id=invoice_id), actor=SYSTEM)


def refuse_old_bank_data(view: Reading) -> None:
    """Raise `BankDataOld` when the newest statement is older than the setting allows; 0 switches that off."""
    allowed = view.port(Settings).dunning_bank_days
    if not allowed:
        return
    newest = view.session.scalar(select(func.max(BankStatementRow.closed_on)))
    needed = days.earlier(today(view), allowed)
    if newest is None or newest < needed:
        raise BankDataOld(newest, needed)


def grace_days(view: Reading) -> dict[str, date]:
    """By reliability, the last due day of what is dunned today, as decision D0 says. Raises `DefinitionNotFound`."""
    mark = catalog.newest_deployment(view)
    found = catalog.find(view, "decision", Reference(key=GRACE), mark)
    if found is None or catalog.find(view, "process", Reference(key=PROCESS), mark) is None:
        raise DefinitionNotFound("The process dunning is not deployed. Deploy it, then start again.", key=PROCESS)
    model, on, now = catalog.model(view, found), today(view), view.clock.now()
    limits = {}
    for reliability in RELIABILITY:
        answer = model.decide(GRACE, {"reliability": reliability}, now=now).value
        limits[reliability] = days.earlier(on, int(answer["days"]) + 1)
    return limits


def batches(view: Reading, limits: dict[str, date]) -> Iterator[list[str]]:
    """The ids of invoices to dun, the longest overdue first, a batch at a time."""
    after: tuple[date, str] | None = None
    while True:
        rows = view.session.execute(_next(limits, after)).all()
        if not rows:
            return
        yield [invoice_id for _, invoice_id in rows]
        after = (rows[-1][0], rows[-1][1])


def _next(limits: dict[str, date], after: tuple[date, str] | None) -> Select[date, str]:
    settled = select(DunningRow.invoice_id).where(
        DunningRow.invoice_id == InvoiceRow.id, or_(DunningRow.is_running, DunningRow.outcome.in_(CLOSED))
    )
    wanted = (
        select(InvoiceRow.due_on, InvoiceRow.id)
        .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
        .where(
            InvoiceRow.kind == INVOICE,
            InvoiceRow.balance != 0,  # what the index holds
            InvoiceRow.balance > 0,
            InvoiceRow.due_on <= max(limits.values()),
            _is_late(limits),
            ~settled.exists(),
        )
        .order_by(InvoiceRow.due_on, InvoiceRow.id)
        .limit(BATCH)
    )
    if after is not None:
        wanted = wanted.where(tuple_(InvoiceRow.due_on, InvoiceRow.id) > after)
    return wanted


def _is_late(limits: dict[str, date]) -> ColumnElement[bool]:
    parts: Sequence[ColumnElement[bool]] = [
        (CustomerRow.reliability == key) & (InvoiceRow.due_on <= day) for key, day in limits.items()
    ]
    return or_(*parts)
