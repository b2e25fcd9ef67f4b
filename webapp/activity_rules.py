"""What follows from activities: the table of rules is looked at when one is saved, and a worker does what it says.

A job and not the saving transaction starts cases: what somebody enters is never lost because a process refuses. Jobs
of one customer run one after another, so that two enquiries at the same moment make one case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, true

from core.errors import DomainError, Unavailable
from core.identity import SYSTEM
from core.messages import Event
from crm.activities.events import ActivityEvent
from crm.activities.models import ActivityLinkRow, ActivityRow
from crm.activities.words import OPEN_STATES
from crm.planning.rules import KnownRule, NoteRule, concerned, due, open_items, settled_cases
from engine.instances import EntityLink, LinkEntity, StartInstance
from engine.messages import PublishMessage
from engine.models import InstanceEntityRow, InstanceRow
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import Reading, UnitOfWork
from webapp.planner import TASK_PROCESS, variables_of

if TYPE_CHECKING:
    from webapp.bootstrap import Application

APPLY = "webapp.apply_activity_rules"
ACTIVITY, CUSTOMER, CASE = "crm.activity", "crm.customer", "case"
ALL_DONE = "activities.all_done"


def ask_for_rules(unit: UnitOfWork, events: Sequence[Event]) -> None:
    """Recorder: an activity for which a rule holds, or that a case waits for, has a worker look at it."""
    changed = {each.activity_id: each.customer_id for each in events if isinstance(each, ActivityEvent)}
    if not changed:
        return
    unit.session.flush()  # the rules are looked up by what is stored
    for activity_id in sorted(concerned(unit, changed) | settled_cases(unit, changed)):
        lock = f"{APPLY}:{changed[activity_id] or activity_id}"
        unit.enqueue(JobRequest(name=APPLY, arguments={"activity_id": activity_id}, lock=lock))


@job(APPLY)
def apply_rules(application: Application, arguments: dict[str, Any]) -> None:
    """Do what the rules say; doing it again is harmless: a case knows the activity that began it."""
    activity_id = str(arguments["activity_id"])
    with application.units.reading(SYSTEM) as reading:
        rules = due(reading, activity_id)
        activity = reading.session.get(ActivityRow, activity_id)
        finished = [case for case in _cases(reading, activity_id) if not open_items(reading, case)]
    if activity is None:
        return
    for rule in rules:
        try:
            note = _apply(application, rule, activity)
        except Unavailable:
            raise  # the job comes again
        except DomainError as refusal:
            note = NoteRule(rule_id=rule.id, activity_id=activity_id, result="failed", sentence=refusal.sentence)
        application.executor.execute(note, actor=SYSTEM)
    for case in finished:
        message = PublishMessage(
            name=ALL_DONE,
            keys={"instance_id": case},
            event_id=f"{ALL_DONE}:{activity_id}:{activity.row_version}:{case}",
        )
        application.executor.execute(message, actor=SYSTEM)


def _apply(application: Application, rule: KnownRule, activity: ActivityRow) -> NoteRule:
    if rule.effect == "message":
        return _send(application, rule, activity, rule.target, "sent", None)
    process = TASK_PROCESS if rule.effect == "task" else rule.target
    with application.units.reading(SYSTEM) as reading:
        begun = _case_of(reading, process, ACTIVITY, activity.id, ended=True)
        running = None
        if rule.effect == "start" and activity.customer_id:
            running = _case_of(reading, process, CUSTOMER, activity.customer_id)
    if begun is not None:  # an earlier attempt came this far
        return _noted(rule, activity, "started", begun)
    if running is not None:
        link = LinkEntity(instance_id=running, link=EntityLink(entity=ACTIVITY, id=activity.id, role="further"))
        application.executor.execute(link, actor=SYSTEM)
        if rule.joins:
            return _send(application, rule, activity, rule.joins, "joined", running)
        return _noted(rule, activity, "joined", running)
    links = [EntityLink(entity=ACTIVITY, id=activity.id, role="cause")]
    if activity.customer_id:
        links.append(EntityLink(entity=CUSTOMER, id=activity.customer_id))
    variables: dict[str, Any] = {
        "activity_id": activity.id,
        "customer_id": activity.customer_id,
        "subject": activity.subject,
    }
    if rule.effect == "task":
        variables |= variables_of(title=f"{rule.name}: {activity.subject}", note=activity.note, groups=(rule.target,))
    start = StartInstance(
        definition_key=process, business_key=activity.subject[:100], variables=variables, links=tuple(links)
    )
    made = application.executor.execute(start, actor=SYSTEM)
    return _noted(rule, activity, "task" if rule.effect == "task" else "started", made.id)


def _send(
    application: Application, rule: KnownRule, activity: ActivityRow, name: str, result: str, case: str | None
) -> NoteRule:
    keys = {"activity_id": activity.id}
    if activity.customer_id:
        keys["customer_id"] = activity.customer_id
    if case:
        keys["instance_id"] = case
    with application.units.reading(SYSTEM) as reading:
        about = select(ActivityLinkRow).where(ActivityLinkRow.activity_id == activity.id)
        for link in reading.session.scalars(about):
            keys.setdefault(f"{link.entity.rpartition('.')[2]}_id", link.record_id)
    message = PublishMessage(
        name=name, keys=keys, payload={"subject": activity.subject}, event_id=f"rule:{rule.id}:{activity.id}"
    )
    published = application.executor.execute(message, actor=SYSTEM)
    for begun in published.started:
        cause = LinkEntity(instance_id=begun, link=EntityLink(entity=ACTIVITY, id=activity.id, role="cause"))
        application.executor.execute(cause, actor=SYSTEM)
    reached = (*published.delivered, *published.started)
    return _noted(
        rule, activity, "stored" if published.stored and not case else result, case or next(iter(reached), None)
    )


def _noted(rule: KnownRule, activity: ActivityRow, result: str, case: str | None) -> NoteRule:
    return NoteRule(rule_id=rule.id, activity_id=activity.id, result=result, case_id=case)


def _case_of(reading: Reading, process: str, entity: str, record: str, *, ended: bool = False) -> str | None:
    """The oldest case of a process that is about a record, a running one unless those that ended count, too."""
    wanted = (
        select(InstanceRow.id)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == entity,
            InstanceEntityRow.entity_id == record,
            InstanceRow.definition_key == process,
            true() if ended else InstanceRow.ended_at.is_(None),
        )
        .order_by(InstanceRow.id)
        .limit(1)
    )
    found: str | None = reading.session.scalar(wanted)
    return found


def _cases(view: Reading | UnitOfWork, activity_id: str) -> list[str]:
    """The cases that a settled activity is about."""
    row = view.session.get(ActivityRow, activity_id)
    if row is None or row.status == "planned" or row.state in OPEN_STATES:
        return []
    about = select(ActivityLinkRow.record_id).where(
        ActivityLinkRow.activity_id == activity_id, ActivityLinkRow.entity == CASE
    )
    return list(view.session.scalars(about))
