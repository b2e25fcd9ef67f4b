"""Runs a locked instance inside a unit of work: handlers, decisions, tasks, history, events, incidents."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import func, select

from core.jsontext import to_json
from engine import calls, catalog, holding, searching
from engine.attempts import Parking, raise_incident, settle
from engine.calling import Instances
from engine.errors import InstanceEnded, InstanceStopped, InstanceSuspended
from engine.events import (
    CaseCancelled,
    CaseCompleted,
    CaseStageChanged,
    EscalationUncaught,
    TaskCancelled,
    TaskCreated,
    case_stream,
)
from engine.live_cases import live_cases
from engine.models import IncidentRow
from engine.openings import OpenTask
from engine.runtime import Case, Changes, OpenWork, Program
from engine.sizes import check_size
from engine.state_parts import read_state, write_parts
from engine.store import Finished, Locked, Writing
from engine.surroundings import InstanceSurroundings
from engine.task_writes import close_tasks, open_tasks
from storage.unit_of_work import UnitOfWork

GONE = "its token is gone"


def refuse_suspended(locked: Locked) -> None:
    """Raises `InstanceSuspended`."""
    if locked.instance_state == "suspended":
        sentence = "This case is suspended; nothing in it can change until an administrator resumes it."
        raise InstanceSuspended(sentence, instance=locked.instance_id)


class Running:
    """A locked instance, its case in memory, and everything that has to be written when it waits again.

    `asked_by_person` says that a person waits for the answer: a handler may refuse what they submitted. What it calls
    and what called it is locked, run and written with it.
    """

    def __init__(
        self,
        unit: UnitOfWork,
        locked: Locked,
        parking: Parking,
        *,
        asked_by_person: bool = False,
        even_suspended: bool = False,
        snapshot: Mapping[str, Any] | None = None,
        even_stopped: bool = False,
        relatives: Instances["Running"] | None = None,
    ) -> None:
        if locked.ended_at is not None:
            raise InstanceEnded("This case is over; nothing in it can change.", instance=locked.instance_id)
        if not even_suspended:
            refuse_suspended(locked)
        if locked.stopped_by is not None and not even_stopped:
            sentence = (
                "This case is stopped by an error that nothing catches; an administrator has to settle that first."
            )
            raise InstanceStopped(sentence, instance=locked.instance_id, stopped_by=locked.stopped_by)
        self.is_suspended = locked.instance_state == "suspended"
        self.unit = unit
        self.now = unit.clock.now()  # one command happens at one moment
        self.locked = locked
        self.program: Program = catalog.program(unit, locked.definition_id)
        self._case: Case | None = None
        self._snapshot = snapshot  # as of `locked`, where whoever locked has read it too
        self._parking = parking
        self._asked_by_person = asked_by_person
        self._is_new = False
        if relatives is None:
            parking.instance = locked.instance_id
        self.relatives: Instances[Running] = relatives or Instances(unit, self._open)
        self.relatives.join(self)

    @property
    def id(self) -> str:
        """The instance's id."""
        return self.locked.instance_id

    def _open(self, locked: Locked) -> "Running":
        """A caller or a called case; what holds this one holds all of them, and whoever may pass may pass there."""
        return Running(
            self.unit,
            locked,
            self._parking,
            asked_by_person=self._asked_by_person,
            even_suspended=True,
            even_stopped=True,
            relatives=self.relatives,
        )

    def reopen(self, token: str) -> None:
        """It has ended, goes on, and another token of its caller waits for it."""
        self.locked = dataclasses.replace(self.locked, ended_at=None, parent_token=token)
        if not self._is_new:
            holding.wait_for(self.unit, self.id, token)

    def launch(self) -> Case:
        """A new case, whose row is yet to be written."""
        case = Case(self.program, self.surroundings())
        self.create(case)
        self._is_new = True
        return case

    def create(self, case: Case) -> None:
        """Take a case that was made, or made over, by somebody else."""
        case.park(self._parking, checked=self._parking.is_checked)
        self._case = case

    @property
    def case(self) -> Case:
        """The case, from memory or restored."""
        if self._case is None:
            around = self.surroundings()
            key = (self.locked.instance_id, self.locked.revision)
            case = live_cases.take(key)
            if case is None:
                stored = read_state(self.unit, self.locked.instance_id, self._snapshot)
                case = Case(self.program, around, stored)
            case.around(around)
            case.park(self._parking, checked=self._parking.is_checked)
            self._case = case
        return self._case

    def surroundings(self) -> "InstanceSurroundings[Running]":
        """What a new case is made with."""
        return InstanceSurroundings(self, self.relatives, asked_by_person=self._asked_by_person)

    def save(self, *, done: Finished | None = None) -> None:
        """Write what changed here and in related cases, tell of it, and keep them in memory once it is durable."""
        self.write(done)
        others = [each for each in self.relatives.changed() if each is not self]
        for relative in others:
            relative.write()
        for each in (self, *others):
            each.hold()
        self.relatives.written()

    def write(self, done: Finished | None = None) -> None:
        """Write this one alone."""
        case, unit, locked = self.case, self.unit, self.locked
        changes = case.take_changes()
        now = self.now
        writing = Writing(locked.instance_id, now, unit.actor.id)
        writing.visits(changes)
        close_tasks(writing, [task for task, _ in changes.withdrawn], done)
        open_tasks(writing, [self._work_row(work, now) for work in changes.opened.values()])
        if changes.searched and not self._is_new:
            searching.follow(writing, case, changes)
        writing.timers(changes, called=locked.root_id is not None)
        writing.subscriptions(changes)
        writing.calls([calls.row(call, locked, now) for call in changes.called.values()], changes.uncalled)
        ended = case.has_ended
        taken = case.take_stored()
        snapshot = to_json(taken.head)
        if not ended:
            check_size(len(snapshot) + taken.size, case, locked.instance_id)
        state = case.state if ended else self.state
        if self._is_new:
            writing.create(self._instance_row(snapshot, state=state, ended=ended))
        else:
            writing.update(locked, case, snapshot, state=state, ended=ended)
        write_parts(writing, taken)
        unit.post(writing)
        revision = locked.revision + (not self._is_new)
        unit.revisions[case_stream(locked.instance_id)] = locked.revision, revision
        calls.ask_for_work(unit, locked.instance_id, changes)
        if locked.instance_state in {"failed", "suspended"} and not self._is_new:
            self._settle_gone()
        self._report_failures(changes)
        self._tell(changes)
        if changes.armed and not ended and (self.is_suspended or locked.stopped_by is not None):
            holding.hold_timers(unit, [self.id], held=True)
        if not ended:
            unit.after_commit(lambda: live_cases.keep((locked.instance_id, revision), case))
        self._is_new = False

    @property
    def state(self) -> str:
        """The state of a case that has not ended: one that is stopped by another one has failed with it."""
        if self.is_suspended:
            return "suspended"
        return self.case.state if self.locked.stopped_by is None else "failed"

    def hold(self) -> None:
        """An error that nothing catches stops the case with all related ones; settling it lets them go."""
        was_stopped = self.locked.stopped_by == self.id
        if self.case.stopped_at is not None and not was_stopped:
            holding.stop(self.unit, self.locked)
        elif self.case.stopped_at is None and was_stopped:
            holding.release(self.unit, self.locked)

    def open_tasks(self) -> tuple[OpenTask, ...]:
        """All user tasks that wait for a person now, here and in related cases that this command came to."""
        found = tuple(self.case.open_tasks())
        others = [each for each in self.relatives.members() if each is not self]
        return (*found, *chain.from_iterable(each.case.open_tasks() for each in others)) if others else found

    def _instance_row(self, snapshot: str, *, state: str, ended: bool) -> dict[str, Any]:
        locked, case = self.locked, self.case
        return {
            "id": locked.instance_id,
            "definition_id": locked.definition_id,
            "definition_key": locked.definition_key,
            "state": state,
            "revision": locked.revision,
            "stage": case.stage,
            "business_key": locked.business_key,
            "outcome": case.outcome,
            "snapshot": snapshot,
            "started_by": locked.started_by,
            "parent_id": locked.parent_id,
            "parent_token": locked.parent_token,
            "parent_element": locked.parent_element,
            "root_id": locked.root_id,
            "depth": locked.depth,
            "started_at": self.now,
            "ended_at": self.now if ended else None,
        }

    def _work_row(self, work: OpenWork, now: datetime) -> dict[str, Any]:
        node, locked, case = work.node, self.locked, self.case
        seen = case.seen_by(work.id)
        form = node.work.form if node.work else None
        return {
            "instance_id": locked.instance_id,
            "id": work.id,
            "definition_id": locked.definition_id,
            "definition_key": locked.definition_key,
            "element_id": node.id,
            "name": node.name,
            "loop_id": work.loop_id,
            "business_key": locked.business_key,
            "stage": node.stage or case.stage,
            "assignee": work.assignee,
            "candidates": list(dict.fromkeys(_candidates(work))),
            "priority": work.priority,
            "created_at": now,
            "claimed_at": None,
            "due_at": work.due_at,
            "follow_up_at": work.follow_up_at,
            "form_id": catalog.find(self.unit, "form", form, locked.mark) if form else None,
            "search": searching.columns(case, seen),
        }

    def _report_failures(self, changes: Changes) -> None:
        for failure in changes.failures:
            raise_incident(
                self.unit,
                self.locked.instance_id,
                failure.node.id,
                failure.token,
                failure.reason,
                failure.sentence,
                tries=1 + self._earlier_tries(failure.token),
            )

    def _settle_gone(self) -> None:
        """Incidents whose tokens were cancelled meanwhile ask nobody to do anything."""
        mine = (IncidentRow.instance_id == self.id) & (IncidentRow.state == "open")
        for incident in self.unit.session.scalars(select(IncidentRow).where(mine)):
            if incident.token_id is not None and not self.case.has(incident.token_id):
                settle(self.unit, incident, GONE)

    def _earlier_tries(self, token: str) -> int:
        earlier = select(func.count()).where(
            IncidentRow.instance_id == self.locked.instance_id, IncidentRow.token_id == token
        )
        return self.unit.session.scalar(earlier) or 0

    def resolve(self, incident: IncidentRow, resolution: str) -> None:
        """An incident is settled, in these words."""
        settle(self.unit, incident, resolution)

    def _tell(self, changes: Changes) -> None:
        unit, case, instance = self.unit, self.case, self.locked.instance_id
        for task, element in changes.withdrawn:
            reason = "The process no longer needs it."
            unit.emit(TaskCancelled(instance_id=instance, task_id=task, element_id=element, reason=reason))
        for work in changes.opened.values():
            unit.emit(
                TaskCreated(
                    instance_id=instance,
                    task_id=work.id,
                    element_id=work.node.id,
                    name=work.node.name,
                    assignee=work.assignee,
                    candidates=_candidates(work),
                )
            )
        if case.stage != self.locked.stage:
            unit.emit(CaseStageChanged(instance_id=instance, before=self.locked.stage, after=case.stage))
        for node, code in changes.unheard:
            unit.emit(EscalationUncaught(instance_id=instance, element_id=node.id, code=code))
        if case.state == "completed":
            unit.emit(CaseCompleted(instance_id=instance, outcome=case.outcome))
        elif case.state == "cancelled":
            unit.emit(CaseCancelled(instance_id=instance, reason=changes.cancelled))


def _candidates(work: OpenWork) -> list[str]:
    return [*(f"group:{group}" for group in work.groups), *(f"user:{user}" for user in work.users)]
