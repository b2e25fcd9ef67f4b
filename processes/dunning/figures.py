"""What dunning achieves: how far claims come, what is paid at each level, promises, calls, letters kept here.

It is counted in the database when somebody asks. Amounts are in the company's currency.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, distinct, func, select

from core.records import dataclass
from crm.money import NOTHING, rounded
from crm.sales.access import require_finance
from crm.sales.issuing import INVOICE
from crm.sales.models import InvoiceRow, SettlementRow
from crm.sales.settling import PAYMENT
from engine.models import TaskHistoryRow
from processes.dunning.letters import INTEREST, SENT, WITHDRAWN
from processes.dunning.models import DunningItemRow, DunningLetterRow, DunningRow
from storage.unit_of_work import Reading

LEVELS = (0, 1, 2, 3, 4, 5)  # overdue, reminded, demanded, called, demanded with interest, last demand
GIVEN = ("handed_over", "assigned", "insolvency")
MIDDLE = 0.5
CENT = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Claims by the level that they came to; `paid` is money that came for those that stopped there."""

    level: int
    reached: int
    settled: int
    running: int
    given_away: int  # to the lawyer, a collector, an insolvency court
    other: int  # written off, stopped, cancelled
    owed: Decimal
    paid: Decimal
    days: Decimal | None  # half of those settled there were settled at most so many days after the due day


@dataclass(frozen=True, slots=True, kw_only=True)
class Achieved:
    """Claims whose dunning began in a period, and what became of them until now."""

    levels: tuple[Level, ...]
    written_off: int
    promises_kept: int
    promises_broken: int
    disputed: int
    calls: int
    letters: int
    stopped_in_time: int
    wrong_letters: int

    @property
    def begun(self) -> int:
        """How many there are."""
        return self.levels[0].reached

    @property
    def settled(self) -> int:
        """How many were paid or credited."""
        return sum(each.settled for each in self.levels)

    @property
    def owed(self) -> Decimal:
        """What was open when dunning began."""
        return sum((each.owed for each in self.levels), NOTHING)

    @property
    def paid(self) -> Decimal:
        """What has come since."""
        return sum((each.paid for each in self.levels), NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debts:
    """Open items and sales of a period: what the usual ratios are made of. Credit notes count with their invoices."""

    opening: Decimal
    sales: Decimal
    closing: Decimal
    closing_current: Decimal  # of that, what is not due yet
    days: int

    @property
    def days_sales_outstanding(self) -> Decimal | None:
        """Receivables at the end by the sales of a day."""
        return self.closing / self.sales * self.days if self.sales > 0 else None

    @property
    def best_possible(self) -> Decimal | None:
        """The same if nobody were late."""
        return self.closing_current / self.sales * self.days if self.sales > 0 else None

    @property
    def collection_effectiveness(self) -> Decimal | None:
        """0 to 1: of what could be collected in the period, what was."""
        could = self.opening + self.sales - self.closing_current
        return (self.opening + self.sales - self.closing) / could if could > 0 else None


def achieved(view: Reading, since: datetime, until: datetime) -> Achieved:
    """Of the claims whose dunning began from `since` on and before `until`. Raises `Forbidden`."""
    require_finance(view)
    mine = and_(DunningRow.opened_at >= since, DunningRow.opened_at < until)
    levels, written_off = _levels(view, mine)
    told = select(
        func.coalesce(func.sum(DunningRow.kept_promises), 0),
        func.coalesce(func.sum(DunningRow.broken_promises), 0),
        func.count().filter(DunningRow.disputes > 0),
    ).where(mine)
    kept, broken, disputed = view.session.execute(told).one()
    calls = (
        select(func.count())
        .select_from(TaskHistoryRow)
        .join(DunningRow, DunningRow.instance_id == TaskHistoryRow.instance_id)
        .where(mine, TaskHistoryRow.element_id == "call_debtor", TaskHistoryRow.state == "completed")
    )
    letters, stopped, wrong = _letters(view, mine)
    return Achieved(
        levels=levels,
        written_off=written_off,
        promises_kept=kept,
        promises_broken=broken,
        disputed=disputed,
        calls=view.session.scalars(calls).one(),
        letters=letters,
        stopped_in_time=stopped,
        wrong_letters=wrong,
    )


def _levels(view: Reading, mine: ColumnElement[bool]) -> tuple[tuple[Level, ...], int]:
    """Each claim counts at the level that it has come to; whoever came further came through the ones before."""
    settled = DunningRow.outcome == "settled"
    since = (
        select(
            func.coalesce(func.sum(SettlementRow.amount).filter(SettlementRow.kind == PAYMENT), 0).label("paid"),
            func.coalesce(func.sum(SettlementRow.amount), 0).label("all"),
            func.max(SettlementRow.effective_on).label("last"),
        )
        .where(SettlementRow.invoice_id == DunningRow.invoice_id, SettlementRow.undone_at.is_(None))
        .where(SettlementRow.made_at >= DunningRow.opened_at)
        .lateral("since")
    )
    owed = (InvoiceRow.balance + since.c.all) * InvoiceRow.exchange_rate
    late = since.c.last - InvoiceRow.due_on
    wanted = (
        select(
            DunningRow.level,
            func.count(),
            func.count().filter(settled),
            func.count().filter(DunningRow.is_running),
            func.count().filter(DunningRow.outcome.in_(GIVEN)),
            func.count().filter(DunningRow.outcome == "written_off"),
            func.sum(owed),
            func.sum(since.c.paid * InvoiceRow.exchange_rate),
            func.percentile_cont(MIDDLE).within_group(late).filter(settled),
        )
        .join(InvoiceRow, InvoiceRow.id == DunningRow.invoice_id)
        .join(since, InvoiceRow.id.is_not(None))
        .where(mine)
        .group_by(DunningRow.level)
    )
    found: dict[int, Any] = {row[0]: row for row in view.session.execute(wanted)}
    levels, further = [], sum(row[1] for row in found.values())
    for level in LEVELS:
        here = found.get(level) or (level, 0, 0, 0, 0, 0, NOTHING, NOTHING, None)
        levels.append(
            Level(
                level=level,
                reached=further,
                settled=here[2],
                running=here[3],
                given_away=here[4],
                other=here[1] - here[2] - here[3] - here[4],
                owed=rounded(here[6]),
                paid=rounded(here[7]),
                days=None if here[8] is None else Decimal(str(here[8])).quantize(CENT),
            )
        )
        further -= here[1]
    return tuple(levels), sum(row[5] for row in found.values())


def _letters(view: Reading, mine: ColumnElement[bool]) -> tuple[int, int, int]:
    """Letters that left, those that were kept here, and those that left although everything was paid by then."""
    paid_then = (
        select(func.coalesce(func.sum(SettlementRow.amount), 0))
        .where(SettlementRow.invoice_id == DunningItemRow.invoice_id)
        .where(SettlementRow.made_at < DunningLetterRow.sent_at)
        .where(SettlementRow.undone_at.is_(None) | (SettlementRow.undone_at >= DunningLetterRow.sent_at))
        .scalar_subquery()
    )
    left = and_(DunningItemRow.state == SENT, DunningLetterRow.template != INTEREST)
    wanted = (
        select(
            func.count(distinct(case((left, DunningLetterRow.id)))),
            func.count().filter(DunningItemRow.state == WITHDRAWN),
            func.count().filter(left, InvoiceRow.gross <= paid_then),
        )
        .select_from(DunningItemRow)
        .join(DunningLetterRow, DunningLetterRow.id == DunningItemRow.letter_id)
        .join(InvoiceRow, InvoiceRow.id == DunningItemRow.invoice_id)
        .join(DunningRow, DunningRow.invoice_id == DunningItemRow.invoice_id)
        .where(mine)
    )
    letters, stopped, wrong = view.session.execute(wanted).one()
    return letters, stopped, wrong


def debts(view: Reading, first: date, last: date) -> Debts:
    """Open items before the first day and after the last one, and what was invoiced between. Raises `Forbidden`."""
    require_finance(view)
    before = first - timedelta(days=1)
    opening, _ = _open_at(view, before)
    closing, current = _open_at(view, last)
    sold = select(func.coalesce(func.sum(InvoiceRow.gross * InvoiceRow.exchange_rate), 0)).where(
        InvoiceRow.issued_on.between(first, last)
    )
    sales = view.session.scalars(sold).one()
    return Debts(
        opening=rounded(opening),
        sales=rounded(sales),
        closing=rounded(closing),
        closing_current=rounded(current),
        days=(last - first).days + 1,
    )


def _open_at(view: Reading, on: date) -> tuple[Decimal, Decimal]:
    """What was open at the end of a day, and how much of it was not due."""
    settled = (
        select(func.coalesce(func.sum(SettlementRow.amount), 0))
        .where(SettlementRow.invoice_id == InvoiceRow.id, SettlementRow.effective_on <= on)
        .where(SettlementRow.undone_at.is_(None))
        .scalar_subquery()
    )
    value = (InvoiceRow.gross - settled) * InvoiceRow.exchange_rate
    wanted = select(
        func.coalesce(func.sum(value), 0), func.coalesce(func.sum(value).filter(InvoiceRow.due_on >= on), 0)
    ).where(InvoiceRow.kind == INVOICE, InvoiceRow.issued_on <= on)
    total, current = view.session.execute(wanted).one()
    return total, current
