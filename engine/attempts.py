"""What a command runs is tried, and tried again without the step that failed, which becomes an incident."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import TypeVar

from sqlalchemy import select

from core.errors import DomainError
from core.ids import new_id
from engine import store
from engine.errors import StepFailed, leave_out
from engine.events import IncidentRaised, IncidentResolved
from engine.mishaps import kept
from engine.models import IncidentRow
from engine.sizes import VariablesTooLarge
from storage.faults import Unstorable
from storage.unit_of_work import UnitOfWork

logger = logging.getLogger(__name__)
FIRST = 1  # step of a command
Result = TypeVar("Result")


class Parking(dict[int, tuple[str, str]]):
    """The steps that an attempt leaves out, each with reason and sentence; `instance` is the one it works on."""

    instance: str | None = None
    is_checked = False  # whether every value that is set is looked at, because something cannot be stored


def with_incidents(
    unit: UnitOfWork, attempt: Callable[[Parking], Result], *, alone: bool = True, is_awaited: bool = True
) -> Result:
    """Do something that runs a case; a step that fails is undone with everything, then left out and reported.

    The second attempt is a new transaction in which the failed step becomes an incident: what the person did before
    it is kept, the case waits in front of the failed step. Where several instances share a unit, `alone` is false and
    each attempt is a savepoint. What cannot be stored is told to whoever waits for the answer; where nobody does,
    `is_awaited` is false and the step that set it fails like any other, or the first one where that is not found.
    """
    parking = Parking()
    while True:
        try:
            with nullcontext() if alone else unit.savepoint():
                result = attempt(parking)
                if not is_awaited:
                    unit.send()  # what cannot be stored shows here, not at the commit
                return result
        except (Unstorable, VariablesTooLarge) as refusal:
            if is_awaited or not _look_closer(parking, refusal):
                raise
        except StepFailed as failure:
            _leave_out(unit, parking, failure, alone=alone)
        if alone:
            unit.start_over()


def _leave_out(unit: UnitOfWork, parking: Parking, failure: StepFailed, *, alone: bool) -> None:
    """Have the next attempt do without the step, or raise its failure once more."""
    if failure.reason == "token_lost":
        _report_lost_token(unit, parking.instance, failure, alone=alone)
    if parking.is_checked and not failure.step:
        failure.step = FIRST
    if not leave_out(failure, parking):
        raise failure


def _look_closer(parking: Parking, refusal: DomainError) -> bool:
    """Whether another attempt can say which step it is: one that looks, then one without the first step."""
    if parking.is_checked and FIRST in parking:
        return False
    if parking.is_checked:
        parking[FIRST] = (refusal.code, refusal.sentence)
    parking.is_checked = True
    return True


def _report_lost_token(unit: UnitOfWork, instance_id: str | None, failure: StepFailed, *, alone: bool) -> None:
    """Everything is undone, so the incident is all that stays; one that is open already is enough."""
    extra = {"action": "run", "instance": instance_id, "sentence": failure.sentence}
    logger.error("token lost", extra=extra)
    if alone:
        unit.start_over()
    if instance_id is None or store.lock_idle_instance(unit, instance_id) is None:
        return  # it was never stored, or others work on it, who will find the same
    if report_once(unit, instance_id, failure.element, failure.reason, failure.sentence) and alone:
        unit.commit()  # what comes now undoes the unit once more


def report_once(unit: UnitOfWork, instance_id: str, element: str, code: str, sentence: str) -> bool:
    """An incident of an instance that this unit has locked, unless one with this code is open."""
    same = (IncidentRow.instance_id == instance_id) & (IncidentRow.code == code)
    if unit.session.scalar(select(IncidentRow.id).where(same, IncidentRow.state == "open").limit(1)) is not None:
        return False
    raise_incident(unit, instance_id, element, None, code, sentence)
    return True


def raise_incident(
    unit: UnitOfWork, instance_id: str, element: str, token: str | None, code: str, sentence: str, *, tries: int = 1
) -> str:
    """Write an incident of an instance that this unit has locked, and tell of it; its id."""
    row = IncidentRow(
        instance_id=instance_id,
        id=new_id(),
        element_id=element,
        token_id=token,
        code=code,
        message=kept(sentence),
        state="open",
        tries=tries,
        created_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.emit(
        IncidentRaised(
            instance_id=instance_id, incident_id=row.id, element_id=row.element_id, code=row.code, message=row.message
        )
    )
    return row.id


def settle(unit: UnitOfWork, incident: IncidentRow, resolution: str) -> None:
    """An incident is settled, in these words."""
    incident.state, incident.resolution = "resolved", resolution
    incident.resolved_at, incident.resolved_by = unit.clock.now(), unit.actor.id
    unit.emit(
        IncidentResolved(
            instance_id=incident.instance_id,
            incident_id=incident.id,
            element_id=incident.element_id,
            resolution=resolution,
        )
    )
