"""Changes of many customers: the customers are chosen once, then changed batch by batch, each by its own command.

What came of a batch and how far the mass edit is are kept in one transaction behind its lock, so a worker that dies
loses nothing and does nothing twice. Each customer's checks, rights and entry in the trail are those of one change.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from sqlalchemy import func, insert, literal, select

from core.errors import DomainError, Forbidden, InvalidInput
from core.executor import handles
from core.identity import Actor
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm import runs
from crm.access import SEEN, kept_rights, seen_by
from crm.changes import told
from crm.checks import all_at_a_time
from crm.customer_search import Criteria, clause
from crm.customers import UpdateCustomer, update_customer
from crm.mass_edits.content import checked_changes, own_after, values_of
from crm.mass_edits.events import (
    MassEditFailed,
    MassEditFinished,
    MassEditResumed,
    MassEditStarted,
    MassEditStopped,
)
from crm.mass_edits.models import MassEditedRow, MassEditRow
from crm.models import CustomerRow
from crm.profiles import profile_of
from crm.runs import SEE_ALL
from storage.jobs.queue import JobRequest
from storage.unit_of_work import Reading, UnitOfWork

RUN = "crm.mass_edits.run"
RIGHT = "customer.edit"
RIGHTS_KEPT = (RIGHT, "customer.read", "customer.finance")
WAITING, CHANGED, UNCHANGED, REFUSED = "waiting", "changed", "unchanged", "refused"
BATCH = 100  # customers that are changed together
MOST_CUSTOMERS = 200_000  # of one mass edit


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMassEdit(Command):
    """Have a worker change fields of all customers that fit; `changes` maps names of `Profile` to new values.

    `custom` maps keys of the firm's own fields to values, None empties one; those that are not named stay.
    """

    criteria: Criteria
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMassEdit(Command):
    """Leave the rest for now."""

    edit_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeMassEdit(Command):
    """Go on with the rest."""

    edit_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNext(Command):
    """Change the next customers."""

    quiet: ClassVar[bool] = True
    edit_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailMassEdit(Command):
    """It cannot go on: a right or a field is missing."""

    quiet: ClassVar[bool] = True
    edit_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of one customer."""

    outcome: str
    sentence: str | None = None
    version: int | None = None
    before: dict[str, Any] | None = None


@handles(StartMassEdit, needs=RIGHT)
def start_mass_edit(command: StartMassEdit, unit: UnitOfWork) -> str:
    """Choose the customers and return the id. Raises `WrongFields`, `Forbidden`, `InvalidInput` when none fits."""
    changes = checked_changes(unit, command.changes)
    edit_id = new_id()
    total = _choose(unit, edit_id, command.criteria)
    if not total:
        raise InvalidInput("No customer fits. Choose others.")
    if total > MOST_CUSTOMERS:
        raise InvalidInput(f"More than {MOST_CUSTOMERS} customers fit. Choose fewer.")
    unit.session.add(
        MassEditRow(
            id=edit_id,
            criteria=asdict(command.criteria),
            changes=changes,
            state="running",
            total=total,
            done=0,
            counts={},
            started_by=unit.actor.id,
            started_name=unit.actor.name,
            rights=kept_rights(unit.actor, RIGHTS_KEPT),
            started_at=unit.clock.now(),
        )
    )
    unit.enqueue(job_of(edit_id))
    plain = {name: value for name, value in changes.items() if name != "custom"}
    names = sorted([*plain, *(f"custom.{key}" for key in changes.get("custom") or ())])
    unit.emit(MassEditStarted(edit_id=edit_id, customers=total, fields=names, changes=plain))
    return edit_id


@handles(ChangeNext, needs=RIGHT)
def change_next(command: ChangeNext, unit: UnitOfWork) -> bool:
    """Whether there may be more to do."""
    row = locked(unit, command.edit_id)
    if row.state != "running":
        return False
    wanted = select(MassEditedRow).where(MassEditedRow.edit_id == row.id, MassEditedRow.position > row.done)
    chosen = list(unit.session.scalars(wanted.order_by(MassEditedRow.position).limit(BATCH)))
    if not chosen:
        runs.finish(unit, row)
        unit.emit(MassEditFinished(edit_id=row.id, counts=dict(row.counts)))
        return False
    customers = _locked_customers(unit, [each.customer_id for each in chosen])
    outcomes = Counter(row.counts)
    for each in chosen:
        came = change(unit, customers.get(each.customer_id), row.changes)
        each.outcome, each.sentence, each.version, each.before = came.outcome, came.sentence, came.version, came.before
        outcomes[came.outcome] += 1
    row.done, row.counts = chosen[-1].position, dict(outcomes)
    return True


@handles(StopMassEdit, needs=RIGHT)
def stop_mass_edit(command: StopMassEdit, unit: UnitOfWork) -> None:
    """Raises `MassEditNotFound`, `WrongMassEditState`; stopping twice changes nothing."""
    row = locked(unit, command.edit_id)
    if runs.stop(unit, row, command.reason):
        unit.emit(MassEditStopped(edit_id=row.id, done=row.done, reason=row.reason or ""))


@handles(ResumeMassEdit, needs=RIGHT)
def resume_mass_edit(command: ResumeMassEdit, unit: UnitOfWork) -> None:
    """Raises `MassEditNotFound`, `WrongMassEditState`. One that runs has its job enqueued once more."""
    row = locked(unit, command.edit_id)
    if runs.resume(unit, row, command.reason, kept_rights(unit.actor, RIGHTS_KEPT)):
        unit.emit(MassEditResumed(edit_id=row.id, done=row.done, reason=runs.why(command.reason)))
    unit.enqueue(job_of(row.id))


@handles(FailMassEdit, needs=SEE_ALL)
def fail_mass_edit(command: FailMassEdit, unit: UnitOfWork) -> None:
    """End it with the sentence, unless somebody has ended it meanwhile."""
    row = locked(unit, command.edit_id)
    if runs.fail(unit, row, command.reason):
        unit.emit(MassEditFailed(edit_id=row.id, done=row.done, reason=row.reason or ""))


def change(unit: UnitOfWork, customer: CustomerRow | None, changes: Mapping[str, Any]) -> Came:
    """Change one customer by the command for one; what is refused has written nothing."""
    if customer is None:
        return Came(outcome=REFUSED, sentence="The customer is not there any more.")
    profile, version = profile_of(customer), customer.row_version
    given = values_of(changes)
    if "custom" in changes:
        given["custom"] = own_after(profile.custom, changes["custom"])
    before = {name: told(getattr(profile, name)) for name in given if name != "custom"}
    if "custom" in changes:
        before["custom"] = {key: profile.custom.get(key) for key in changes["custom"]}
    try:
        now = update_customer(UpdateCustomer(customer_id=customer.id, changes=given), unit)
    except DomainError as error:
        return Came(outcome=REFUSED, sentence=error.sentence)
    if now == version:
        return Came(outcome=UNCHANGED)
    return Came(outcome=CHANGED, version=now, before=before)


def chosen_ids(view: Reading | UnitOfWork, criteria: Criteria) -> Any:
    """The ids of all customers that fit, by number, as a query. Raises `WrongFields` for an unknown field."""
    fits = clause(view, criteria) & CustomerRow.merged_into.is_(None)
    return select(CustomerRow.id).where(fits).order_by(CustomerRow.number)


def locked(unit: UnitOfWork, edit_id: str) -> MassEditRow:
    """The mass edit, for whoever started it and for administrators. Raises `MassEditNotFound`."""
    return runs.locked(unit, MassEditRow, edit_id)


def require_right(actor: Actor) -> None:
    """Raise `Forbidden` unless somebody may change customers."""
    if not actor.may(RIGHT):
        raise Forbidden(f"You do not have the right to change customers ({RIGHT}).", permission=RIGHT)


def job_of(edit_id: str) -> JobRequest:
    """The job that changes the customers."""
    return JobRequest(name=RUN, arguments={"edit_id": edit_id}, lock=f"{RUN}:{edit_id}")


def _choose(unit: UnitOfWork, edit_id: str, criteria: Criteria) -> int:
    """Write down who fits now: who comes to fit later is not changed, and nobody is changed twice."""
    wanted = chosen_ids(unit, criteria).add_columns(CustomerRow.number).where(seen_by(unit, CustomerRow.id))
    fitting = wanted.limit(MOST_CUSTOMERS + 1).subquery()
    place = func.row_number().over(order_by=fitting.c.number)
    rows = select(literal(edit_id), place, fitting.c.id, literal(WAITING))
    columns = ["edit_id", "position", "customer_id", "outcome"]
    unit.session.execute(insert(MassEditedRow).from_select(columns, rows).execution_options(**{SEEN: True}))
    mine = select(func.count()).select_from(MassEditedRow).where(MassEditedRow.edit_id == edit_id)
    return unit.session.scalars(mine).one()


def _locked_customers(unit: UnitOfWork, ids: Sequence[str]) -> dict[str, CustomerRow]:
    """All of a batch with a few statements, locked in one order, as whoever enters one by hand locks them."""
    wanted = select(CustomerRow).where(CustomerRow.id.in_(ids)).order_by(CustomerRow.id).with_for_update()
    found = {row.id: row for row in unit.session.scalars(wanted.execution_options(populate_existing=True))}
    keys = [f"customer:tax id:{row.country}:{row.tax_id}" for row in found.values() if row.tax_id]
    keys += [
        f"customer:external reference:{row.country}:{row.external_reference}"
        for row in found.values()
        if row.external_reference
    ]
    all_at_a_time(unit, keys)
    return found
