"""ABC by sales and XYZ by how steady they are, of all customers in one statement.

ABC asks for the cumulative share before a customer, so that the one that crosses a line is in the better class; what is
not above zero has no class. XYZ is the variation of monthly sales (population), zero months since the first included.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Numeric,
    Select,
    Subquery,
    case,
    cast,
    extract,
    func,
    literal,
    select,
)

from core.records import dataclass
from crm.company import today
from crm.customer_search import MORE
from crm.errors import WrongFields
from crm.models import CustomerRow
from crm.sales.access import require_finance
from crm.sales.models import InvoiceRow
from storage.unit_of_work import Reading

A_BELOW, B_BELOW = Decimal("0.80"), Decimal("0.95")  # cumulative share before the customer
X_MOST, Y_MOST = Decimal("0.50"), Decimal("1.00")  # variation of customers' monthly sales
FEWEST_MONTHS = 3
MONTHS = 12
NONE = "–"
ABC, XYZ = ("A", "B", "C"), ("X", "Y", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One of the cells of the matrix: how many customers, and what they bought in the company's currency."""

    abc: str
    xyz: str
    customers: int
    sales: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Customers by class over whole months, from a day to before a day."""

    since: date
    until: date
    cells: list[Cell]


def matrix(view: Reading, *, months: int = MONTHS) -> Matrix:
    """Every cell that has customers; for who may see what customers owe."""
    require_finance(view)
    since, until = window(view, months)
    found = classes(invoiced(since, until), until)
    counted = select(found.c.abc, found.c.xyz, func.count(), func.sum(found.c.value)).group_by(found.c.abc, found.c.xyz)
    cells = [
        Cell(abc=abc, xyz=xyz, customers=count, sales=sales)
        for abc, xyz, count, sales in view.session.execute(counted.order_by(found.c.abc, found.c.xyz))
    ]
    return Matrix(since=since, until=until, cells=cells)


def of_class(view: Reading, wanted: str) -> Select[Any]:
    """The ids of customers of a cell such as `AX`, of a class such as `A`, or of `-Z`."""
    since, until = window(view, MONTHS)
    found = classes(invoiced(since, until), until)
    chosen = select(found.c.customer_id)
    abc, xyz = wanted[:1].upper(), wanted[1:2].upper()
    if abc in ABC:
        chosen = chosen.where(found.c.abc == abc)
    if xyz in XYZ:
        chosen = chosen.where(found.c.xyz == xyz)
    return chosen


def window(view: Reading, months: int) -> tuple[date, date]:
    """The last whole months: from the first day to the first day of the current month."""
    until = today(view).replace(day=1)
    whole = until.year * 12 + until.month - 1 - months
    return date(whole // 12, whole % 12 + 1, 1), until


def invoiced(since: date, until: date) -> Select[Any]:
    """What was invoiced: customer, day and net value in the company's currency; credit notes are negative."""
    return (
        select(
            func.coalesce(CustomerRow.merged_into, CustomerRow.id).label("customer_id"),
            InvoiceRow.issued_on.label("day"),
            func.round(InvoiceRow.net * InvoiceRow.exchange_rate, 2).label("value"),
        )
        .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
        .where(InvoiceRow.issued_on >= since, InvoiceRow.issued_on < until)
    )


def classes(sales: Select[Any] | CompoundSelect[Any], until: date) -> Subquery:
    """Customer, value, `abc` and `xyz`, from rows of customer, day and value; months end before `until`."""
    sold = sales.subquery("sold")
    month = func.date_trunc("month", sold.c.day)
    monthly = (
        select(sold.c.customer_id, month.label("month"), func.sum(sold.c.value).label("value"))
        .group_by(sold.c.customer_id, month)
        .subquery("monthly")
    )
    first = func.min(monthly.c.month)
    months = (until.year * 12 + until.month) - (extract("year", first) * 12 + extract("month", first))
    total, squares = func.sum(monthly.c.value), func.sum(monthly.c.value * monthly.c.value)
    summed = (
        select(
            monthly.c.customer_id,
            total.label("value"),
            squares.label("squares"),
            cast(months, Numeric).label("months"),
        )
        .group_by(monthly.c.customer_id)
        .subquery("summed")
    )
    before = func.sum(summed.c.value).over(order_by=(summed.c.value.desc(), summed.c.customer_id), rows=(None, -1))
    ranked = (
        select(summed.c.customer_id, (func.coalesce(before, 0) / func.sum(summed.c.value).over()).label("before"))
        .where(summed.c.value > 0)
        .subquery("ranked")
    )
    mean = summed.c.value / summed.c.months
    spread = func.sqrt(func.greatest(summed.c.squares / summed.c.months - mean * mean, 0)) / mean
    abc = case(
        (ranked.c.before.is_(None), literal(NONE)),
        (ranked.c.before < A_BELOW, literal("A")),
        (ranked.c.before < B_BELOW, literal("B")),
        else_=literal("C"),
    )
    xyz = case(
        ((summed.c.months < FEWEST_MONTHS) | (summed.c.value <= 0), literal(NONE)),
        (spread <= X_MOST, literal("X")),
        (spread <= Y_MOST, literal("Y")),
        else_=literal("Z"),
    )
    return (
        select(summed.c.customer_id, summed.c.value, abc.label("abc"), xyz.label("xyz"))
        .outerjoin(ranked, ranked.c.customer_id == summed.c.customer_id)
        .subquery("classes")
    )


def _in_class(view: Reading, value: Any, at: str) -> ColumnElement[bool]:
    text = str(value).upper()
    if len(text) not in (1, 2) or text[0] not in (*ABC, "-") or not set(text[1:]) <= set(XYZ):
        raise WrongFields({at: "Write a class such as A, a cell such as AX, or -Z for any class of Z."})
    return CustomerRow.id.in_(of_class(view, text))


MORE["abc_xyz"] = _in_class
