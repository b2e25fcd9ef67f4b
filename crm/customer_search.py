"""Finding customers by any combination of fields, all of them or any, and filters that are kept under a name."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, literal, select, union_all

from core.errors import Forbidden
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.blocking import is_blocked
from crm.checks import Findings
from crm.company import company
from crm.customer_events import FilterDropped, FilterSaved
from crm.duplicate_models import CustomerFilterRow
from crm.errors import FilterNotFound, WrongFields
from crm.models import CustomerAddressRow, CustomerEmailRow, CustomerPhoneRow, CustomerRow
from crm.queries import MOST, CustomerSummary, summary
from crm.reach import e164, prefix_query, words
from storage.unit_of_work import Reading, UnitOfWork

COUNTED = 1000  # matches; beyond, there are "more"
LONGEST = 20  # conditions of one search
PLAIN = (  # equal to the value, or to one of a list
    "country",
    "region",
    "tax_id",
    "owner",
    "owner_team",
    "currency",
    "business_profile",
    "industry",
    "company_category",
    "customer_kind",
    "value_class",
    "abc_class",
    "reliability",
    "ad_source",
    "parent_id",
    "incoterm",
)
FLAGS = ("key_account", "no_sms")
BLOCKED = "is_blocked"
MORE: dict[str, Callable[[Any, Any, str], ColumnElement[bool]]] = {}  # fields that others add


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One field and the value that it must have, or must not; `custom.<key>` names a field of the firm's own.

    Words (name, city, street, anything) match their beginnings, without regard to capitals and diacritics.
    """

    field: str
    value: Any
    is_not: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Conditions that must hold all together, or any of them; groups within hold as one condition each."""

    conditions: tuple[Condition, ...] = ()
    groups: tuple["Criteria", ...] = ()
    any_of_them: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Some customers by number; `total` counts to 1000, `is_more` says that there are more."""

    items: list[CustomerSummary]
    next: str | None
    total: int
    is_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFilter(Command):
    """Keep criteria under a name, for oneself or for all; the same name again replaces them."""

    name: str
    criteria: Criteria
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFilter(Command):
    """Forget a filter of one's own."""

    filter_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Criteria under a name."""

    id: str
    name: str
    criteria: dict[str, Any]
    is_shared: bool
    owner: str


@handles(SaveFilter, needs="customer.read")
def save_filter(command: SaveFilter, unit: UnitOfWork) -> str:
    """Keep it and return its id. Raises `WrongFields`."""
    findings = Findings()
    name = findings.text("/name", command.name, "The name", longest=100)
    findings.refuse()
    clause(unit, command.criteria)  # refuses what cannot be searched
    same = (CustomerFilterRow.owner == unit.actor.id) & (CustomerFilterRow.name == name)
    row = unit.session.scalars(select(CustomerFilterRow).where(same)).first()
    if row is None:
        row = CustomerFilterRow(id=new_id(), owner=unit.actor.id, name=name)
        unit.session.add(row)
    row.criteria, row.is_shared = asdict(command.criteria), command.is_shared
    unit.emit(FilterSaved(filter_id=row.id, name=name, is_shared=command.is_shared))
    return row.id


@handles(DropFilter, needs="customer.read")
def drop_filter(command: DropFilter, unit: UnitOfWork) -> None:
    """Forget it. Raises `FilterNotFound`, `Forbidden` for somebody else's."""
    row = unit.session.get(CustomerFilterRow, command.filter_id)
    if row is None:
        raise FilterNotFound(command.filter_id)
    if row.owner != unit.actor.id:
        raise Forbidden("Only its owner can drop a filter.", owner=row.owner)
    unit.session.delete(row)
    unit.emit(FilterDropped(filter_id=row.id, name=row.name))


def filters(view: Reading) -> list[Filter]:
    """One's own filters and those of all, by name."""
    require_read(view)
    mine = (CustomerFilterRow.owner == view.actor.id) | CustomerFilterRow.is_shared
    rows = view.session.scalars(
        select(CustomerFilterRow).where(mine).order_by(CustomerFilterRow.name, CustomerFilterRow.id).limit(MOST)
    )
    return [
        Filter(id=row.id, name=row.name, criteria=row.criteria, is_shared=row.is_shared, owner=row.owner)
        for row in rows
    ]


def find_customers(view: Reading, criteria: Criteria, *, after: str | None = None, limit: int = 50) -> SearchPage:
    """Customers that fit, by number. Raises `WrongFields` for a field that does not exist.

    What is joined by OR is looked up one by one, each as far as it is counted: to put together all that fits any of
    them costs what there is, not what is shown.
    """
    require_read(view)
    listed, broad = _looked_up(view, _alternatives(view, criteria))
    ways = [select(CustomerRow.number, CustomerRow.id).where(each) for each in broad]
    if listed or not ways:
        ways.append(select(CustomerRow.number, CustomerRow.id).where(CustomerRow.id.in_(listed)))
    size = max(1, min(limit, MOST))
    if after is not None:
        ways = [way.where(CustomerRow.number > after) for way in ways]
    newest = [way.order_by(CustomerRow.number).limit(size + 1).subquery() for way in ways]
    places = view.session.execute(union_all(*(select(each.c.number, each.c.id) for each in newest)))
    shown = [key for _, key in sorted({(number, key) for number, key in places})[: size + 1]]
    rows = list(view.session.scalars(select(CustomerRow).where(CustomerRow.id.in_(shown)).order_by(CustomerRow.number)))
    is_more = bool(broad) or len(listed) > COUNTED
    return SearchPage(
        items=[summary(row) for row in rows[:size]],
        next=rows[size - 1].number if len(rows) > size else None,
        total=COUNTED if is_more else len(listed),
        is_more=is_more,
    )


def _alternatives(view: Reading, criteria: Criteria) -> list[ColumnElement[bool]]:
    """What a customer must meet one of."""
    parts = [*criteria.conditions, *criteria.groups]
    if not criteria.any_of_them or len(parts) < 2:
        return [and_(CustomerRow.merged_into.is_(None), clause(view, criteria, ""))]
    _limit(criteria, "")
    return [and_(CustomerRow.merged_into.is_(None), each) for each in _parts(view, criteria, "")]


def _looked_up(
    view: Reading, alternatives: Sequence[ColumnElement[bool]]
) -> tuple[frozenset[str], list[ColumnElement[bool]]]:
    """The customers of the alternatives that few meet, and the alternatives that more meet than are counted."""
    some = [select(CustomerRow.id).where(each).limit(COUNTED + 1).subquery() for each in alternatives]
    found: dict[int, list[str]] = {}
    for n, key in view.session.execute(union_all(*(select(literal(n), each.c.id) for n, each in enumerate(some)))):
        found.setdefault(n, []).append(key)
    broad = {n for n, keys in found.items() if len(keys) > COUNTED}
    listed = frozenset(key for n, keys in found.items() if n not in broad for key in keys)
    return listed, [alternatives[n] for n in sorted(broad)]


def criteria_of(stored: dict[str, Any]) -> Criteria:
    """Criteria as they were kept."""
    return Criteria(
        conditions=tuple(Condition(**each) for each in stored.get("conditions") or ()),
        groups=tuple(criteria_of(each) for each in stored.get("groups") or ()),
        any_of_them=bool(stored.get("any_of_them")),
    )


def _limit(criteria: Criteria, at: str) -> None:
    if len(criteria.conditions) + len(criteria.groups) > LONGEST or at.count("/groups") > 3:
        raise WrongFields({f"{at}/conditions": f"A search has {LONGEST} conditions at most, in 3 levels."})


def _parts(view: Reading | UnitOfWork, criteria: Criteria, at: str) -> list[ColumnElement[bool]]:
    parts = [_condition(view, each, f"{at}/conditions/{index}") for index, each in enumerate(criteria.conditions)]
    return parts + [clause(view, each, f"{at}/groups/{index}") for index, each in enumerate(criteria.groups)]


def clause(view: Reading | UnitOfWork, criteria: Criteria, at: str = "") -> ColumnElement[bool]:
    """Whether a customer fits, for the WHERE of other queries. Raises `WrongFields` with pointers below `at`."""
    _limit(criteria, at)
    parts = _parts(view, criteria, at)
    if not parts:
        return CustomerRow.id != ""
    if criteria.any_of_them and len(parts) > 1:  # each by its own index; OR in one scan would use none
        return CustomerRow.id.in_(union_all(*(select(CustomerRow.id).where(part).correlate(None) for part in parts)))
    return and_(*parts)


def _condition(view: Reading | UnitOfWork, each: Condition, at: str) -> ColumnElement[bool]:
    field, value = each.field, each.value
    if field in PLAIN:
        values = [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
        found: ColumnElement[bool] = getattr(CustomerRow, field).in_(values)
    elif field in FLAGS:
        found = getattr(CustomerRow, field).is_(bool(value))
    elif field == BLOCKED:
        found = is_blocked(CustomerRow.id) if value else ~is_blocked(CustomerRow.id)
    elif field.startswith("custom."):
        found = CustomerRow.custom.contains({field.removeprefix("custom."): value})
    elif field in ("created_since", "created_until"):
        found = _created(view, field, str(value), at)
    elif field in _BY_TEXT:
        found = _BY_TEXT[field](str(value))
    elif field in MORE:
        found = MORE[field](view, value, f"{at}/value")
    else:
        known = ", ".join(
            sorted({*PLAIN, *FLAGS, BLOCKED, *_BY_TEXT, *MORE, "created_since", "created_until", "custom.<key>"})
        )
        raise WrongFields({f"{at}/field": f"Customers cannot be searched by {field}; they can by {known}."})
    return ~found if each.is_not else found


def _created(view: Reading | UnitOfWork, field: str, text: str, at: str) -> ColumnElement[bool]:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise WrongFields({f"{at}/value": f"{text} is no day. Write it as 2026-01-31."}) from error
    start = datetime.combine(day, time(), ZoneInfo(company(view).time_zone))
    return CustomerRow.created_at >= start if field == "created_since" else CustomerRow.created_at < start


def _text(value: str) -> ColumnElement[bool]:
    question = prefix_query(value)
    return CustomerRow.search.bool_op("@@")(func.to_tsquery("simple", question)) if question else false()


def _name(value: str) -> ColumnElement[bool]:
    """The index finds the words anywhere in the record; the name itself must have them, too."""
    patterns = [CustomerRow.name_key.op("~")(rf"\m{word}") for word in words(value).split()]
    return and_(_text(value), *patterns) if patterns else false()


def _beginning(column: Any, text: str) -> ColumnElement[bool]:
    """A range of the column's index instead of a pattern: the same for every text, however it is sent."""
    return and_(column >= text, column < text + "\U0010ffff")


def _at(row: Any, clause: ColumnElement[bool]) -> ColumnElement[bool]:
    return CustomerRow.id.in_(select(row.customer_id).where(clause))


def _city(value: str) -> ColumnElement[bool]:
    key = words(value)
    return _at(CustomerAddressRow, _beginning(CustomerAddressRow.city_key, key)) if key else false()


def _phone(value: str) -> ColumnElement[bool]:
    number = e164(value, "PL") or value
    return _at(CustomerPhoneRow, CustomerPhoneRow.number == number)


_BY_TEXT: dict[str, Callable[[str], ColumnElement[bool]]] = {
    "text": _text,
    "name": _name,
    "city": _city,
    "phone": _phone,
    "email": lambda value: _at(CustomerEmailRow, CustomerEmailRow.address == value),
    "number": lambda value: _beginning(CustomerRow.number, value.upper()),
    "iban": lambda value: CustomerRow.bank_accounts.contains([{"iban": "".join(value.upper().split())}]),
}
