"""What the engine refuses, each with a stable code and a sentence that says what to do."""

from typing import Any

from core.errors import Conflict, Forbidden, InvalidInput, NotFound


class DeploymentRefused(InvalidInput):
    """A file cannot be executed as it is; `details["findings"]` lists every reason with its place."""

    code = "deployment_refused"


class DefinitionNotFound(NotFound):
    """No such process, decision or form is deployed."""

    code = "definition_not_found"


class InstanceNotFound(NotFound):
    """No such instance, or not for this person."""

    code = "instance_not_found"


class TaskNotFound(NotFound):
    """No such task, or not for this person."""

    code = "task_not_found"


class StartUnclear(InvalidInput):
    """A process has several ways to begin and nobody said which."""

    code = "start_unclear"


class BpmnError(Conflict):
    """A handler tells the process of an error; the scope that catches its code goes on, with `variables`."""

    code = "bpmn_error"

    def __init__(self, error: str, sentence: str = "", **variables: Any) -> None:
        super().__init__(sentence or f"The handler reported {error}.", error=error)
        self.error = error
        self.variables = variables


class IncidentNotFound(NotFound):
    """No such incident is open."""

    code = "incident_not_found"


class TaskAlreadyCompleted(Conflict):
    """Somebody finished the task, or the process no longer needs it."""

    code = "task_already_completed"


class TaskAlreadyClaimed(Conflict):
    """Somebody else has taken the task."""

    code = "task_already_claimed"


class InstanceEnded(Conflict):
    """The instance is over; nothing in it can change."""

    code = "instance_ended"


class FormRefused(InvalidInput):
    """The submitted data do not fit the form; `details["fields"]` maps a JSON pointer to a sentence."""

    code = "form_refused"


class DocumentsMissing(InvalidInput):
    """The task asks for documents that are not attached yet; `details["missing"]` lists their types."""

    code = "documents_missing"


class NotYourTask(Forbidden):
    """The task is offered to other people."""

    code = "not_your_task"


class NotAwaited(Conflict):
    """The case has gone on, or never comes to where it would hear of it."""

    code = "not_awaited"

    def __init__(self, instance_id: str, name: str) -> None:
        super().__init__(
            f"The case does not wait for {name} now; look where it is and do what it asks for.",
            instance=instance_id,
            message=name,
        )


class FourEyes(NotYourTask):
    """The same person did an earlier step that this one must check."""

    code = "four_eyes"


class InstanceSuspended(Conflict):
    """The instance is held: nothing moves in it until somebody resumes it."""

    code = "instance_suspended"


class InstanceStopped(InstanceSuspended):
    """Nothing catches an error that the instance has thrown: nothing goes on until somebody has settled that."""

    code = "instance_stopped"


class MoveRefused(InvalidInput):
    """A token cannot be moved as asked."""

    code = "move_refused"


class StartDataMissing(InvalidInput):
    """The process needs data that were not given; `details["missing"]` names them."""

    code = "start_data_missing"


class ActivityNotOffered(Conflict):
    """An activity of an ad-hoc sub-process cannot be started now; `details["offered"]` lists those that can."""

    code = "activity_not_offered"


class MigrationRefused(InvalidInput):
    """An instance or a plan cannot be taken to another version; `details["problems"]` lists element and sentence."""

    code = "migration_refused"


class RemovalNotFound(NotFound):
    """No such removal of history."""

    code = "removal_not_found"


class MigrationNotFound(NotFound):
    """No such batch of migrations."""

    code = "migration_not_found"


class CallNotFound(NotFound):
    """No such service task waits for work outside."""

    code = "call_not_found"


class NotYourCall(Conflict):
    """Another worker has the task, or the lock on it has run out."""

    code = "not_your_call"


class TaskDelegated(Conflict):
    """The task is with a delegate, who has to resolve it first."""

    code = "task_delegated"


class StepRefused(InvalidInput):
    """A handler refuses what the person just submitted; raised while a person's command runs, it refuses that command.

    Nothing has changed then, and the person reads the sentence. Where no person waits for an answer (a timer, a job,
    another try) the step fails with it instead.
    """

    code = "step_refused"


MAXIMUM_INCIDENTS = 20  # that one command can leave behind
MANY = "too_many_failures"
LIMITS = frozenset({"endless_loop", "too_many_tokens", MANY})  # reasons that leaving out one step does not cure


class StepFailed(Conflict):
    """An element could not be executed; `element` and `token` say which, the instance gets an incident.

    `reason` is the stable code of the cause; `step` counts the elements executed in the command, this one included.
    """

    code = "step_failed"

    def __init__(self, sentence: str, *, element: str, token: str | None = None, reason: str, **details: Any) -> None:
        super().__init__(sentence, element=element, reason=reason, **details)
        self.element = element
        self.token = token
        self.reason = reason
        self.step = 0


def leave_out(failure: StepFailed, parking: dict[int, tuple[str, str]]) -> bool:
    """Have the next attempt do without the step that failed; False where that is no help.

    Where very many steps fail, or a limit is reached, the case stops at the first of them instead.
    """
    at_limit = any(reason in LIMITS for reason, _ in parking.values())
    if not failure.step or failure.step in parking or at_limit:
        return False
    if len(parking) >= MAXIMUM_INCIDENTS:
        first = min(parking)
        sentence = f"More than {MAXIMUM_INCIDENTS} steps failed at once; the first of them: {parking[first][1]}"
        parking.clear()
        parking[first] = (MANY, sentence)
        return True
    if failure.reason in LIMITS:  # what failed on the way to the limit is done again, and fails again
        for step in [each for each in parking if each > failure.step]:
            del parking[step]
    parking[failure.step] = (failure.reason, failure.sentence)
    return True
