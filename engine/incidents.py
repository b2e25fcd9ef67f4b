"""Going on where a step failed."""

from sqlalchemy import select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from engine import chains, messages, store
from engine.attempts import Parking, settle, with_incidents
from engine.errors import IncidentNotFound
from engine.models import IncidentRow
from engine.reasons import given
from engine.running import GONE, Running
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryIncident(Command):
    """Try the failed step again, because its cause is gone."""

    incident_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipIncident(Command):
    """Go on behind the failed step as if it had been done."""

    incident_id: str
    reason: str


@handles(RetryIncident, needs="case.administer")
def retry_incident(command: RetryIncident, unit: UnitOfWork) -> str:
    """Execute the step again; the instance's state. If it fails again a new incident takes the place of this one."""
    reason = given(command.reason)
    going = _Going(command.incident_id, reason, is_skipped=False)
    return with_incidents(unit, lambda parking: _go_on(going, unit, parking))


@handles(SkipIncident, needs="case.administer")
def skip_incident(command: SkipIncident, unit: UnitOfWork) -> str:
    """Leave the step out; the instance's state."""
    going = _Going(command.incident_id, given(command.reason), is_skipped=True)
    return with_incidents(unit, lambda parking: _go_on(going, unit, parking))


@dataclass(frozen=True, slots=True)
class _Going:
    """How a case goes on behind an incident, and why."""

    incident_id: str
    reason: str
    is_skipped: bool

    def told(self, retried: str, skipped: str) -> str:
        return f"{skipped if self.is_skipped else retried}: {self.reason}"


def _settle_message(incident: IncidentRow, unit: UnitOfWork, going: _Going) -> str:
    """An undelivered message waits once more, or is forgotten."""
    unit.session.refresh(incident, with_for_update=True)
    if incident.state != "open":
        raise IncidentNotFound(f"The incident {incident.id} is settled.", incident=incident.id)
    if going.is_skipped:
        messages.drop(incident.instance_id, unit)
    else:
        messages.send_again(incident.instance_id, unit, unit.clock.now() + messages.TIME_TO_LIVE)
    settle(unit, incident, going.told("sent again", "dropped"))
    return "dropped" if going.is_skipped else "waiting"


def _go_on(going: _Going, unit: UnitOfWork, parking: Parking) -> str:
    found = select(IncidentRow).where(IncidentRow.id == going.incident_id)
    incident = unit.session.scalar(found)
    if incident is None:
        raise IncidentNotFound(f"There is no incident {going.incident_id}.", incident=going.incident_id)
    if incident.code in {messages.UNDELIVERED, chains.MESSAGES}:
        return _settle_message(incident, unit, going)
    locked = store.lock_instance(unit, incident.instance_id)
    unit.session.refresh(incident)  # it may have been settled before we had the lock
    if incident.state != "open":
        raise IncidentNotFound(f"The incident {going.incident_id} is settled.", incident=going.incident_id)
    if incident.code == chains.SIGNALS:  # the signal is gone, and its case may have ended
        settle(unit, incident, going.told("noted", "noted"))
        return locked.instance_state
    running = Running(unit, locked, parking, even_stopped=True)
    token = incident.token_id or ""
    went_on = running.case.skip(token) if going.is_skipped else running.case.retry(token)
    running.resolve(incident, going.told("tried again", "skipped") if went_on else GONE)
    running.save()
    return running.case.state
