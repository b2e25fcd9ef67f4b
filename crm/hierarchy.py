"""Firms that belong to firms: the tree above and below a customer, and what keeps it a tree."""

from sqlalchemy import CTE, ColumnElement, literal, select

from core.records import dataclass
from crm.access import require_read
from crm.checks import one_at_a_time
from crm.errors import WrongFields
from crm.models import CustomerRow
from storage.unit_of_work import Reading, UnitOfWork

DEEPEST = 20  # firms above one another
MOST = 200  # firms that a customer's page lists below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A firm above or below; `depth` is 1 for the nearest."""

    id: str
    number: str
    name: str
    depth: int


def above(view: Reading, customer_id: str) -> list[Relative]:
    """The firms that a customer belongs to, the nearest first."""
    require_read(view)
    start = (
        select(CustomerRow.parent_id.label("id"))
        .where(CustomerRow.id == customer_id)
        .add_columns(_depth(1))
        .cte("above", recursive=True)
    )
    step = select(CustomerRow.parent_id, start.c.depth + 1).join(start, CustomerRow.id == start.c.id)
    return _relatives(view, start.union_all(step.where(start.c.depth < DEEPEST)))


def below(view: Reading, customer_id: str) -> list[Relative]:
    """The firms that belong to a customer, level by level."""
    require_read(view)
    start = select(CustomerRow.id, _depth(1)).where(CustomerRow.parent_id == customer_id).cte("below", recursive=True)
    step = select(CustomerRow.id, start.c.depth + 1).join(start, CustomerRow.parent_id == start.c.id)
    return _relatives(view, start.union_all(step.where(start.c.depth < DEEPEST)))


def refuse_cycle(unit: UnitOfWork, customer_id: str | None, parent_id: str) -> None:
    """Raise `WrongFields` when the parent does not exist, or belongs to the customer itself.

    Everybody who moves a firm waits for the others: two moves that are fine alone could make a circle together.
    """
    one_at_a_time(unit, "customer:hierarchy")
    seen: list[str] = []
    step: str | None = parent_id
    while step is not None:
        if step == customer_id:
            raise WrongFields({"/parent_id": "A firm cannot belong to itself, neither directly nor through others."})
        if len(seen) >= DEEPEST:
            raise WrongFields({"/parent_id": f"Firms can stand {DEEPEST} levels above one another, not more."})
        seen.append(step)
        row = unit.session.get(CustomerRow, step)
        if row is None:
            raise WrongFields({"/parent_id": "The firm that this one belongs to does not exist."})
        step = row.parent_id


def _depth(number: int) -> ColumnElement[int]:
    return literal(number).label("depth")


def _relatives(view: Reading, tree: CTE) -> list[Relative]:
    wanted = (
        select(CustomerRow.id, CustomerRow.number, CustomerRow.name, tree.c.depth)
        .join(tree, tree.c.id == CustomerRow.id)
        .order_by(tree.c.depth, CustomerRow.number)
        .limit(MOST)
    )
    return [
        Relative(id=id_, number=number, name=name, depth=depth)
        for id_, number, name, depth in view.session.execute(wanted)
    ]
