"""What people do with user tasks: claim, give back, assign, remark, complete."""

from typing import Any

from sqlalchemy import or_, select, update

from core.errors import InvalidInput
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from engine import access, answers, catalog, forms, store
from engine.answers import Completion
from engine.attempts import Parking, with_incidents
from engine.bpmn.model import Node, Work
from engine.errors import (
    DocumentsMissing,
    FourEyes,
    NotYourTask,
    TaskAlreadyClaimed,
    TaskAlreadyCompleted,
    TaskDelegated,
    TaskNotFound,
)
from engine.events import TaskAssigned, TaskClaimed, TaskCommented, TaskCompleted, TaskUnclaimed
from engine.feel.values import plain
from engine.models import TaskCommentRow, TaskHistoryRow, WorkItemRow
from engine.ports import AttachedDocument, TaskDocuments
from engine.running import Running, refuse_suspended
from engine.store import Finished, LockedTask
from storage.unit_of_work import UnitOfWork

MAXIMUM_COMMENT = 10_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTask(Command):
    """Take a task that is offered to me."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimTask(Command):
    """Give my task back to everybody it was offered to."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTask(Command):
    """Give a task to somebody."""

    task_id: str
    assignee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentTask(Command):
    """Remark on a task."""

    task_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTask(Command):
    """Finish a task with what its form asks for; repeated with the same key it answers the same and does nothing."""

    task_id: str
    data: dict[str, Any]
    idempotency_key: str | None = None


@handles(ClaimTask, needs="task.work")
def claim_task(command: ClaimTask, unit: UnitOfWork) -> None:
    """Take a task, also that of an absent colleague whom one stands in for; taking it twice changes nothing.

    Raises `TaskAlreadyClaimed`, `NotYourTask`, `FourEyes`.
    """
    task = open_task(command.task_id, unit)
    if task.assignee == unit.actor.id:
        return
    check_may_know(task, unit)
    absent = access.absent_owner(unit.actor, task)
    if task.assignee is not None and absent is None:
        raise TaskAlreadyClaimed(f"{task.name} was taken by {task.assignee}.", assignee=task.assignee)
    _check_may_work(task, unit)
    _check_own_eyes(task, absent, unit)
    keeps_owner = absent is not None and task.is_delegated  # whoever asked the absent one gets it back
    _set_assignee(task, unit.actor.id, unit, owner=task.owner if keeps_owner else None)
    unit.emit(
        TaskClaimed(
            instance_id=task.instance_id,
            task_id=task.task_id,
            element_id=task.element_id,
            assignee=unit.actor.id,
            in_place_of=absent,
        )
    )


@handles(UnclaimTask, needs="task.work")
def unclaim_task(command: UnclaimTask, unit: UnitOfWork) -> None:
    """Give a task back.

    Raises `NotYourTask` for somebody else's, unless an administrator does it, and `TaskDelegated`.
    """
    task = open_task(command.task_id, unit)
    check_may_know(task, unit)
    if task.assignee is None:
        return
    if task.assignee != unit.actor.id and not unit.actor.may(access.ADMINISTER):
        raise NotYourTask(f"{task.name} is with {task.assignee}; only they can give it back.", assignee=task.assignee)
    refuse_delegated(task, unit)
    _set_assignee(task, None, unit)
    unit.emit(TaskUnclaimed(instance_id=task.instance_id, task_id=task.task_id, element_id=task.element_id))


@handles(AssignTask, needs="task.work")
def assign_task(command: AssignTask, unit: UnitOfWork) -> None:
    """Give a task to a person: one's own, also one that is delegated, or as an administrator any.

    Raises `NotYourTask`, `TaskDelegated`, `FourEyes`.
    """
    task = open_task(command.task_id, unit)
    person = named_person(command.assignee)
    is_own = unit.actor.id in {task.assignee, task.owner if task.is_delegated else None}
    if not is_own and not unit.actor.may(access.ADMINISTER):
        check_may_know(task, unit)
        raise NotYourTask(f"{task.name} is not your task; claim it first, then you can pass it on.")
    refuse_delegated(task, unit)
    check_four_eyes(task, person, unit)
    _set_assignee(task, person, unit)
    unit.emit(
        TaskAssigned(
            instance_id=task.instance_id,
            task_id=task.task_id,
            element_id=task.element_id,
            assignee=person,
            before=task.assignee,
        )
    )


@handles(CommentTask, needs="task.work")
def comment_task(command: CommentTask, unit: UnitOfWork) -> str:
    """Remark on a task, open or finished, that one may see; the remark's id."""
    text = command.text.strip()
    if not text or len(text) > MAXIMUM_COMMENT:
        raise InvalidInput(
            f"A comment has between 1 and {MAXIMUM_COMMENT} characters.", fields={"/text": "Write a comment."}
        )
    instance_id, element_id = _place(command.task_id, unit)
    if not access.may_see_task(unit, command.task_id):
        raise _unknown(command.task_id)
    row = TaskCommentRow(
        instance_id=instance_id,
        id=new_id(),
        task_id=command.task_id,
        author=unit.actor.id,
        text=text,
        created_at=unit.clock.now(),
    )
    unit.session.add(row)
    unit.emit(TaskCommented(instance_id=instance_id, task_id=command.task_id, element_id=element_id, text=text))
    return row.id


@handles(CompleteTask, needs="task.work")
def complete_task(command: CompleteTask, unit: UnitOfWork) -> Completion:
    """Submit a form and run on to the next wait states.

    Raises `TaskAlreadyCompleted`, `NotYourTask`, `FourEyes`, `FormRefused`, `DocumentsMissing`, `TaskNotFound`,
    `StepRefused`.
    """
    return with_incidents(unit, lambda parking: _complete(command, unit, parking))


def _complete(command: CompleteTask, unit: UnitOfWork, parking: Parking) -> Completion:
    task = store.lock_task(unit, command.task_id)
    if task is None:
        return _answer_again(command, unit)
    _check_may_work(task, unit)
    absent = access.absent_owner(unit.actor, task)
    _check_own_eyes(task, absent, unit)
    if task.is_delegated:
        raise _delegated(task, "complete it")
    running = Running(unit, task, parking, asked_by_person=True)
    data = _accepted(command, task, running)
    documents = _attached(task, _node(running, task), unit)
    listed = [document.to_json() for document in documents]
    unit.emit(  # before what follows from it, so that the trail reads in the order of cause and effect
        TaskCompleted(
            instance_id=task.instance_id,
            task_id=task.task_id,
            element_id=task.element_id,
            form_id=task.form_id,
            data=data,
            documents=[document.untitled() for document in documents],
            in_place_of=absent,
        )
    )
    running.case.complete(task.task_id, data)
    completion = Completion(instance_id=task.instance_id, state=running.case.state, tasks=running.open_tasks())
    cases = [running.id, *(each.id for each in running.relatives.members() if each is not running)]
    answer = answers.to_json(completion, cases) if command.idempotency_key is not None else None
    key = command.idempotency_key
    running.save(done=Finished(task=task, data=data, documents=listed, idempotency_key=key, answer=answer))
    return completion


def _answer_again(command: CompleteTask, unit: UnitOfWork) -> Completion:
    """What to say when the task is not open: the same again to whoever repeats a request, else a conflict."""
    row = unit.session.scalar(select(TaskHistoryRow).where(TaskHistoryRow.id == command.task_id))
    if row is None or not _may_know(row, unit):
        raise _unknown(command.task_id)
    is_repetition = command.idempotency_key is not None and row.idempotency_key == command.idempotency_key
    if is_repetition and row.actor == unit.actor.id and row.answer is not None:
        return answers.from_json(row.answer, row, unit)
    raise _already(row)


def _already(row: TaskHistoryRow) -> TaskAlreadyCompleted:
    how = f"was completed by {row.actor}" if row.state == "completed" else "is no longer needed"
    return TaskAlreadyCompleted(
        f"{row.name} {how}; look at the case for what comes next.", task=row.id, state=row.state
    )


def _unknown(task_id: str) -> TaskNotFound:
    return TaskNotFound(f"There is no task {task_id}, or it is not offered to you.", task=task_id)


def open_task(task_id: str, unit: UnitOfWork) -> LockedTask:
    """Lock an open task. Raises `TaskAlreadyCompleted`, `TaskNotFound`, `InstanceSuspended`."""
    task = store.lock_task(unit, task_id)
    if task is not None:
        if task.instance_state == "suspended":
            check_may_know(task, unit)
            refuse_suspended(task)
        return task
    row = unit.session.scalar(select(TaskHistoryRow).where(TaskHistoryRow.id == task_id))
    if row is None or not _may_know(row, unit):
        raise _unknown(task_id)
    raise _already(row)


def _place(task_id: str, unit: UnitOfWork) -> tuple[str, str]:
    for table in (WorkItemRow, TaskHistoryRow):
        found = unit.session.execute(select(table.instance_id, table.element_id).where(table.id == task_id)).first()
        if found is not None:
            return found.instance_id, found.element_id
    raise _unknown(task_id)


def _set_assignee(task: LockedTask, assignee: str | None, unit: UnitOfWork, *, owner: str | None = None) -> None:
    claimed_at = unit.clock.now() if assignee else None
    unit.session.execute(
        update(WorkItemRow)
        .where(WorkItemRow.instance_id == task.instance_id, WorkItemRow.id == task.task_id)
        .values(assignee=assignee, claimed_at=claimed_at, owner=owner, is_delegated=owner is not None)
    )


def _check_may_work(task: LockedTask, unit: UnitOfWork) -> None:
    if access.may_work_on(unit.actor, task):
        return
    check_may_know(task, unit)
    if task.assignee is not None:
        raise NotYourTask(f"{task.name} is with {task.assignee}.", assignee=task.assignee)
    offered = ", ".join(name.partition(":")[2] for name in task.candidates)
    raise NotYourTask(f"{task.name} is offered to {offered}, not to you.", candidates=list(task.candidates))


def named_person(given: str) -> str:
    """Who gets a task. Raises `InvalidInput`."""
    person = given.strip()
    if not person:
        raise InvalidInput("Name the person who gets the task.", fields={"/assignee": "A person is needed."})
    return person


def refuse_delegated(task: LockedTask, unit: UnitOfWork) -> None:
    """Only its owner, or an administrator, decides who gets a task that is delegated. Raises `TaskDelegated`."""
    if task.is_delegated and task.owner != unit.actor.id and not unit.actor.may(access.ADMINISTER):
        raise _delegated(task, "pass it on")


def _delegated(task: LockedTask, what: str) -> TaskDelegated:
    sentence = f"{task.name} was delegated by {task.owner}; resolve it, then {task.owner} can {what}."
    return TaskDelegated(sentence, owner=task.owner)


def check_may_know(task: LockedTask, unit: UnitOfWork) -> None:
    """Refuse as if there were no task: a stranger learns neither its name nor whose it is. Raises `TaskNotFound`."""
    if not access.may_work_on(unit.actor, task) and not access.may_see_task(unit, task.task_id):
        raise _unknown(task.task_id)


def _may_know(done: TaskHistoryRow, unit: UnitOfWork) -> bool:
    """Whether somebody may hear of a finished task: those whom it was offered to, too late, and the case's people."""
    was_offered = not done.candidates or not set(access.names_of(unit.actor)).isdisjoint(done.candidates)
    return was_offered or access.may_see_task(unit, done.id)


def _node_of(task: LockedTask, unit: UnitOfWork) -> Node:
    return catalog.program(unit, task.definition_id).process.nodes[task.element_id]


def _node(running: Running, task: LockedTask) -> Node:
    return running.program.process.nodes[task.element_id]


def _check_own_eyes(task: LockedTask, absent: str | None, unit: UnitOfWork) -> None:
    """Nobody does in a colleague's place what that colleague may not do. Raises `FourEyes`."""
    for person in (unit.actor.id, absent):
        if person is not None:
            check_four_eyes(task, person, unit)


def check_four_eyes(task: LockedTask, person: str, unit: UnitOfWork) -> None:
    """Whoever performed one of the steps that `obieg:fourEyes` names cannot perform this one.

    The task's own element means: not two instances of the same multi-instance activity.
    """
    node = _node_of(task, unit)
    elements = node.work.four_eyes if node.work else ()
    if not elements:
        return
    process = catalog.program(unit, task.definition_id).process
    if person == task.started_by and any(process.nodes[each].kind == "startEvent" for each in elements):
        who = "you" if person == unit.actor.id else person
        raise FourEyes(f"{task.name} needs a second person: {who} started this case.", element=task.element_id)
    done = select(TaskHistoryRow.name).where(
        TaskHistoryRow.instance_id == task.instance_id,
        or_(TaskHistoryRow.actor == person, TaskHistoryRow.resolved_by.contains([person])),
        TaskHistoryRow.state == "completed",
        (TaskHistoryRow.element_id.in_(set(elements) - {task.element_id}))
        | ((TaskHistoryRow.element_id == task.element_id) & (TaskHistoryRow.loop_id == task.loop_id))
        if task.element_id in elements
        else TaskHistoryRow.element_id.in_(elements),
    )
    earlier = unit.session.scalar(done.limit(1))
    if earlier is not None:
        raise FourEyes(
            f"{task.name} needs a second person: {person} has done {earlier} in this case.", element=task.element_id
        )


def _accepted(command: CompleteTask, task: LockedTask, running: Running) -> dict[str, Any]:
    data = {str(name): plain(value) for name, value in command.data.items()}
    if task.form_id is None:
        return data
    schema = catalog.form_schema(running.unit, task.form_id)
    return forms.accept(schema, data, running.case.seen_by(task.task_id), running.now)


def _attached(task: LockedTask, node: Node, unit: UnitOfWork) -> list[AttachedDocument]:
    """What is attached. Raises `DocumentsMissing` when the diagram asks for more."""
    work = node.work or Work()
    if not task.has_documents and not work.required:
        return []
    documents = unit.port(TaskDocuments).attached(unit, task.task_id, task.instance_id)
    there = {document.type for document in documents}
    missing = [each for each in work.required if each.type not in there]
    if missing:
        names = ", ".join(f"{each.name} (document {each.type})" for each in missing)
        raise DocumentsMissing(
            f"{task.name} cannot be completed yet: attach {names} first.", missing=[each.type for each in missing]
        )
    return documents


__all__ = [
    "AssignTask",
    "ClaimTask",
    "CommentTask",
    "CompleteTask",
    "Completion",
    "UnclaimTask",
]
