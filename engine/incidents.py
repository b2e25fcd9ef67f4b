"""Going on where a step failed."""

from dataclasses import dataclass

from sqlalchemy import select

from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command
from engine import messages, store
from engine.errors import IncidentNotFound
from engine.models import IncidentRow
from engine.running import Parking, Running, settle, with_incidents
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryIncident(Command):
    """Try the failed step again."""

    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipIncident(Command):
    """Go on behind the failed step as if it had been done."""

    incident_id: str
    reason: str


@handles(RetryIncident, needs="case.administer")
def retry_incident(command: RetryIncident, unit: UnitOfWork) -> str:
    """Execute the step again; the instance's state. If it fails again a new incident takes the place of this one."""
    return with_incidents(unit, lambda parking: _go_on(command.incident_id, unit, parking, skipping=None))


@handles(SkipIncident, needs="case.administer")
def skip_incident(command: SkipIncident, unit: UnitOfWork) -> str:
    """Leave the step out; the instance's state."""
    reason = command.reason.strip()
    if not reason:
        raise InvalidInput("Give a reason; it stays in the trail.", fields={"/reason": "A reason is needed."})
    return with_incidents(unit, lambda parking: _go_on(command.incident_id, unit, parking, skipping=reason))


def _settle_message(incident: IncidentRow, unit: UnitOfWork, skipping: str | None) -> str:
    """An undelivered message waits once more, or is forgotten."""
    unit.session.refresh(incident, with_for_update=True)
    if incident.state != "open":
        raise IncidentNotFound(f"The incident {incident.id} is settled.", incident=incident.id)
    if skipping is None:
        messages.send_again(incident.instance_id, unit, unit.clock.now() + messages.TIME_TO_LIVE)
    else:
        messages.drop(incident.instance_id, unit)
    settle(unit, incident, "sent again" if skipping is None else f"dropped: {skipping}")
    return "waiting" if skipping is None else "dropped"


def _go_on(incident_id: str, unit: UnitOfWork, parking: Parking, *, skipping: str | None) -> str:
    found = select(IncidentRow).where(IncidentRow.id == incident_id)
    incident = unit.session.scalar(found)
    if incident is None:
        raise IncidentNotFound(f"There is no incident {incident_id}.", incident=incident_id)
    if incident.code == messages.UNDELIVERED:
        return _settle_message(incident, unit, skipping)
    locked = store.lock_instance(unit, incident.instance_id)
    unit.session.refresh(incident)  # it may have been settled before we had the lock
    if incident.state != "open":
        raise IncidentNotFound(f"The incident {incident_id} is settled.", incident=incident_id)
    running = Running(unit, locked, parking)
    token = incident.token_id or ""
    if skipping is None:
        went_on = running.case.retry(token)
        resolution = "tried again" if went_on else "its token is gone"
    else:
        went_on = running.case.skip(token)
        resolution = f"skipped: {skipping}" if went_on else "its token is gone"
    running.save()
    running.resolve(incident, resolution)
    return running.case.state
