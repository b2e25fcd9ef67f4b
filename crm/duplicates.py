"""Customers that may be the same: found as they are saved, looked through by people, told apart or merged."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, String, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read
from crm.customer_events import CustomersCompared, CustomersToldApart
from crm.duplicate_models import DuplicatePairRow
from crm.errors import DuplicateNotFound
from crm.matching import FLAGGED, likeness, match_keys
from crm.models import CustomerRow
from crm.profiles import profile_of
from crm.quality import judge
from crm.queries import MOST
from storage.unit_of_work import Reading, UnitOfWork

CANDIDATES = 100  # that one customer is compared with; what shares more keys with others is no telling key
BATCH = 500  # customers of one step of a comparison of all


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareCustomers(Command):
    """Compare the next customers after an id with their like; for customers that came in by other ways."""

    after: str = ""
    limit: int = BATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class TellApart(Command):
    """Two customers look the same and are not; they are not shown again."""

    pair_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One customer of a pair."""

    id: str
    number: str
    name: str
    city: str | None
    tax_id: str | None
    completeness: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two customers that look the same, from 75 to 100, and why."""

    id: str
    score: int
    reasons: list[str]
    first: Likeness
    second: Likeness


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPage:
    """Some pairs, the likest first; `next` continues after them."""

    items: list[Pair]
    next: str | None


@handles(CompareCustomers, needs="customer.edit")
def compare_customers(command: CompareCustomers, unit: UnitOfWork) -> str | None:
    """Work out keys, quality and pairs of a batch; returns the id to go on after, None at the end."""
    size = max(1, min(command.limit, BATCH))
    wanted = select(CustomerRow).where(CustomerRow.id > command.after, CustomerRow.merged_into.is_(None))
    rows = list(unit.session.scalars(wanted.order_by(CustomerRow.id).limit(size)))
    for row in rows:
        row.match_keys = match_keys(profile_of(row))
        judge(row)
    unit.session.flush()  # keys of the whole batch are there before it is compared
    found = sum(note_duplicates(unit, row) for row in rows)
    if rows:
        unit.emit(CustomersCompared(first=rows[0].id, last=rows[-1].id, customers=len(rows), pairs=found))
    return rows[-1].id if len(rows) == size else None


@handles(TellApart, needs="customer.edit")
def tell_apart(command: TellApart, unit: UnitOfWork) -> None:
    """Keep that they are two. Raises `DuplicateNotFound`."""
    row = unit.session.get(DuplicatePairRow, command.pair_id)
    if row is None or row.state != "open":
        raise DuplicateNotFound(command.pair_id)
    row.state, row.decided_at, row.decided_by = "different", unit.clock.now(), unit.actor.id
    unit.emit(CustomersToldApart(customer_id=row.first_id, other_id=row.second_id))


def note_duplicates(unit: UnitOfWork, row: CustomerRow) -> int:
    """Keep the pairs that a saved customer is in; at most 100 others are looked at. Returns how many there are."""
    pairs = [
        {
            "id": new_id(),
            "first_id": min(row.id, other),
            "second_id": max(row.id, other),
            "score": score,
            "reasons": reasons,
            "state": "open",
            "found_at": unit.clock.now(),
        }
        for other, name, keys in _candidates(unit, row.id, row.match_keys)
        for score, reasons in [likeness(row.name, name, set(keys) & set(row.match_keys))]
        if score >= FLAGGED
    ]
    if pairs:
        fresh = insert(DuplicatePairRow).values(pairs)
        same = [DuplicatePairRow.first_id, DuplicatePairRow.second_id]
        renewed = {"score": fresh.excluded.score, "reasons": fresh.excluded.reasons}
        unit.session.execute(
            fresh.on_conflict_do_update(index_elements=same, set_=renewed, where=DuplicatePairRow.state == "open")
        )
    return len(pairs)


def _candidates(unit: UnitOfWork, own: str, keys: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    shares = CustomerRow.match_keys.op("&&")(cast(list(keys), ARRAY(String(collation="C"))))
    wanted = select(CustomerRow.id, CustomerRow.name, CustomerRow.match_keys).where(
        shares, CustomerRow.id != own, CustomerRow.merged_into.is_(None)
    )
    return [(id_, name, found) for id_, name, found in unit.session.execute(wanted.limit(CANDIDATES))]


def duplicates(view: Reading, *, customer_id: str | None = None, after: str | None = None, limit: int = 20) -> PairPage:
    """Pairs that nobody has decided on, the likest first; of one customer or of all."""
    require_read(view)
    first, second = aliased(CustomerRow), aliased(CustomerRow)
    wanted = (
        select(DuplicatePairRow, first, second)
        .join(first, first.id == DuplicatePairRow.first_id)
        .join(second, second.id == DuplicatePairRow.second_id)
        .where(DuplicatePairRow.state == "open")
    )
    if customer_id:
        wanted = wanted.where(or_(DuplicatePairRow.first_id == customer_id, DuplicatePairRow.second_id == customer_id))
    if after and (mark := view.session.get(DuplicatePairRow, after)):
        below = DuplicatePairRow.score < mark.score
        wanted = wanted.where(or_(below, (DuplicatePairRow.score == mark.score) & (DuplicatePairRow.id < mark.id)))
    size = max(1, min(limit, MOST))
    rows = view.session.execute(
        wanted.order_by(DuplicatePairRow.score.desc(), DuplicatePairRow.id.desc()).limit(size + 1)
    ).all()
    items = [
        Pair(id=pair.id, score=pair.score, reasons=list(pair.reasons), first=_like(one), second=_like(other))
        for pair, one, other in rows[:size]
    ]
    return PairPage(items=items, next=items[-1].id if len(rows) > size else None)


def waiting(view: Reading) -> int:
    """How many pairs wait for somebody, counted to 100."""
    require_read(view)
    some = select(DuplicatePairRow.id).where(DuplicatePairRow.state == "open").limit(100)
    return view.session.scalars(select(func.count()).select_from(some.subquery())).one()


def _like(row: CustomerRow) -> Likeness:
    return Likeness(
        id=row.id,
        number=row.number,
        name=row.name,
        city=row.addresses[0].city if row.addresses else None,
        tax_id=row.tax_id,
        completeness=row.completeness,
        created_at=row.created_at,
    )
