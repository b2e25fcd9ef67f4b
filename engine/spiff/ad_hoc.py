"""Ad-hoc sub-processes: people choose what is done, how often and in which order (BPMN 2.0.2, 13.3.5)."""

from collections.abc import Sequence
from typing import Any

from SpiffWorkflow.util.task import TaskState

from core.records import dataclass
from engine.bpmn.model import AdHoc, Flow
from engine.bpmn.support import ACTIVITIES
from engine.errors import ActivityNotOffered
from engine.spiff.activities import names
from engine.spiff.element import OFFERED, is_held
from engine.spiff.scopes import SubProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An activity that can be started; `is_free` is false while another one has to end first."""

    element_id: str
    name: str
    is_free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenScope:
    """An open ad-hoc sub-process: `id` is that of its token, the candidates are whom it is offered to."""

    id: str
    element_id: str
    name: str
    candidates: tuple[str, ...]
    choices: tuple[Choice, ...]


class AdHocScope(SubProcess):
    """An open scope: an activity begins when a person selects it, a token on its incoming flow only enables it."""

    @property
    def rules(self) -> AdHoc:
        """The rules of this one."""
        assert self.node.ad_hoc is not None
        return self.node.ad_hoc

    def _run_hook(self, my_task: Any) -> bool | None:
        work = self.node.work
        assert work is not None
        groups = [f"group:{each}" for each in names(self, my_task, work.groups)]
        users = [f"user:{each}" for each in names(self, my_task, work.users)]
        my_task.internal_data["candidates"] = [*groups, *users]
        done = super()._run_hook(my_task)
        return None if self.rules.offers else done

    def stays_open(self, task: Any) -> bool:
        """Until it is complete, whatever is inside."""
        return not task.internal_data.get("closing")

    def holds_back(self, token: Any) -> bool:
        """A token that has come to an activity enables it."""
        node, internal = token.task_spec.node, token.internal_data
        is_going = internal.get("chosen") or internal.get("selected") or internal.get("home")
        return node.kind in ACTIVITIES and not node.by_event and not is_going

    def choices(self, task: Any) -> list[Choice]:
        """What can be started now, each element once."""
        if not self.stays_open(task):
            return []
        nodes, is_free = task.workflow.process.nodes, self._is_free(task)
        held = [child.task_spec.node.id for child in task.children if is_held(child, OFFERED)]
        found = dict.fromkeys((*self.rules.offers, *held))
        return [Choice(element_id=each, name=nodes[each].name, is_free=is_free) for each in found]

    def select(self, task: Any, element: str) -> None:
        """A person starts an activity. Raises `ActivityNotOffered`."""
        found = {each.element_id: each for each in self.choices(task)}
        if element not in found:
            offered = ", ".join(found) or "nothing"
            sentence = f"{element} cannot be started in {self.node.name} now; offered is: {offered}."
            raise ActivityNotOffered(sentence, element=element, offered=list(found))
        if not found[element].is_free:
            sentence = f"{self.node.name} does one thing after the other; finish what is running first."
            raise ActivityNotOffered(sentence, element=element, offered=[])
        for child in task.children:
            if child.task_spec.node.id == element and is_held(child, OFFERED):
                child.internal_data["selected"] = True
                del child.internal_data["held"]
                task.workflow.make_ready(child)
                return
        task.workflow.enter(element, task, selected=True)

    def _is_free(self, task: Any) -> bool:
        return not self.rules.sequential or not any(map(_is_running, task.children))

    def child_left(self, scope: Any, task: Any, flows: Sequence[Flow]) -> None:
        """Something inside is done; after an activity the completion condition is looked at."""
        tree, node = scope.workflow, task.task_spec.node
        is_open = self.stays_open(scope)
        enough = is_open and _is_running(task) and self._is_enough(scope)
        tree.consume(task)
        if enough:
            self.close(scope)
        elif not is_open:
            tree.end_scope(scope)
        else:
            for flow in flows:
                tree.enter(flow.target, scope, flow=None if flow.link else flow.id)
            if node.id in self.node.starts and _comes_again(node):
                tree.enter(node.id, scope, was=True)

    def _is_enough(self, scope: Any) -> bool:
        until = self.rules.until
        value = None if until is None else self.evaluate(scope, until)
        if value is None or isinstance(value, bool):
            return value is True
        sentence = f"The completion condition of {self.node.name} gives {value!r}; it must be true or false."
        raise self.failed(scope, "condition_type", sentence)

    def close(self, scope: Any) -> None:
        """Complete it: what runs is cancelled or waited for; nothing more is started."""
        scope.internal_data["closing"] = True
        for child in scope.children:
            if self.rules.cancels_rest or not _is_running(child):
                scope.workflow.kill(child, "no longer needed")
        scope.workflow.end_scope(scope)

    def interrupted(self, scope: Any) -> None:
        """An event sub-process has stopped the rest: it is complete with that."""
        scope.internal_data["closing"] = True


def is_open_ad_hoc(task: Any) -> bool:
    """Whether a token is an ad-hoc sub-process in which people can start something."""
    is_scope = isinstance(task.task_spec, AdHocScope) and task.has_state(TaskState.STARTED)
    return is_scope and task.task_spec.stays_open(task) and not task.internal_data.get("failed")


def open_scope_of(task: Any) -> OpenScope:
    """What people see of it."""
    spec = task.task_spec
    candidates, choices = tuple(task.internal_data["candidates"]), tuple(spec.choices(task))
    return OpenScope(id=task.id, element_id=spec.node.id, name=spec.node.name, candidates=candidates, choices=choices)


def _is_running(token: Any) -> bool:
    """Whether an activity inside has been started; an event sub-process that handles something is one, too."""
    return token.task_spec.node.kind in ACTIVITIES and not is_held(token)


def _comes_again(node: Any) -> bool:
    """Events that begin nothing but themselves happen again and again, but a date comes once."""
    return all(trigger.timer is None or trigger.timer.kind == "duration" for trigger in node.triggers)
