"""A column that says why customers are blocked: those that a file brings in or knows, and taking that back."""

from collections.abc import Sequence

from core.errors import Forbidden
from crm.blocking import BLOCK, LONGEST, BlockCustomer, block_customer, blocking
from crm.customer_events import CustomerWasUnblocked
from crm.imports.taking import CREATED, UNCHANGED, UPDATED, Arrangement, Taken
from crm.imports.values import Draft
from crm.models import CustomerBlockRow
from storage.unit_of_work import UnitOfWork

REASON = "block_reason"  # the column; in what an import remembers of a customer, `block` has the id of the block
TAKEN_BACK = "The import that blocked the customer was taken back."


def check_blocks(unit: UnitOfWork, drafts: Sequence[Draft]) -> None:
    """Refuse reasons that are too long. Raises `Forbidden` where there are any and the actor must not block."""
    with_reason = [each for each in drafts if REASON in each.values]
    if with_reason and not unit.actor.may(BLOCK):
        raise Forbidden(f"You do not have the right to block customers ({BLOCK}).", permission=BLOCK)
    for each in with_reason:
        if len(each.values[REASON]) > LONGEST:
            each.findings.add(f"/{REASON}", f"A reason for a block has at most {LONGEST} characters.")


def block(unit: UnitOfWork, drafts: Sequence[Draft], taken: Sequence[Taken], arrangement: Arrangement) -> None:
    """Block the customers of rows with a reason; a customer that is blocked already stays so for the reason it has."""
    wanted = {CREATED, UPDATED, UNCHANGED} if arrangement.updates else {CREATED}
    for draft, each in zip(drafts, taken, strict=True):
        if REASON not in draft.values or each.outcome not in wanted or each.record_id is None:
            continue
        if blocking(unit, each.record_id) is None:
            order = BlockCustomer(customer_id=each.record_id, reason=draft.values[REASON])
            each.before = (each.before or {}) | {"block": block_customer(order, unit)}
            each.outcome = UPDATED if each.outcome == UNCHANGED else each.outcome
            each.changes = [*each.changes, "block"]


def take_back(unit: UnitOfWork, block_id: str, *, is_new: bool) -> None:
    """Lift the block of an import where nobody did meanwhile; with a customer that is new, it goes."""
    row = unit.session.get_one(CustomerBlockRow, block_id, with_for_update=True, populate_existing=True)
    if row.lifted_at is not None:
        return
    if is_new:
        unit.session.delete(row)
        return
    row.lifted_at, row.lifted_by, row.lifted_because = unit.clock.now(), unit.actor.id, TAKEN_BACK
    unit.emit(CustomerWasUnblocked(customer_id=row.customer_id, blocks=[row.id], reason=TAKEN_BACK))
