"""The world of a case in a unit of work: handlers, decisions, callers and called cases."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from core.errors import DomainError, StaleState, StorageFull, Unavailable
from engine import chains
from engine.bpmn.model import Node
from engine.calling import Instances, LockedMember, find_called
from engine.deciding import decide
from engine.errors import BpmnError, StepFailed, StepRefused
from engine.handlers import HANDLERS, ServiceCall
from engine.mishaps import fault_of
from engine.runtime import Case, Wanted
from storage.faults import translate
from storage.unit_of_work import UnitOfWork


class Member(LockedMember, Protocol):
    """A locked instance in a unit of work."""

    unit: UnitOfWork
    now: datetime


Kept = TypeVar("Kept", bound=Member)


class InstanceSurroundings(Generic[Kept]):
    """The world of a case in a unit of work."""

    def __init__(self, member: Kept, relatives: Instances[Kept], *, asked_by_person: bool) -> None:
        self._unit = member.unit
        self._asked_by_person = asked_by_person
        self._locked = member.locked
        self._now = member.now
        self._member = member
        self._relatives = relatives

    def now(self) -> datetime:
        """The moment of this command."""
        return self._now

    def call(self, node: Node, token: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a handler. Raises `StepFailed` for whatever it fails with, but not when the database asks to repeat."""
        name = node.handler or ""
        handler = HANDLERS.find(name)
        if handler is None:
            sentence = f"There is no handler {node.handler}; is its process package installed?"
            raise StepFailed(sentence, element=node.id, token=token, reason="handler_unknown")
        call = ServiceCall(
            instance_id=self._locked.instance_id,
            element_id=node.id,
            business_key=self._locked.business_key,
            inputs=inputs,
            key=f"{self._locked.instance_id}:{token}",
        )
        try:
            with self._unit.whole():  # a process does the same, whoever completes its tasks
                return handler(self._unit, call) or {}
        except (StaleState, Unavailable, StorageFull, StepFailed, BpmnError):
            raise
        except StepRefused as refusal:
            if self._asked_by_person:
                raise
            sentence = f"{node.name} refused: {refusal.sentence}"
            raise StepFailed(sentence, element=node.id, token=token, reason=refusal.code) from refusal
        except DomainError as error:
            raise StepFailed(
                f"{node.name} failed: {error.sentence}",
                element=node.id,
                token=token,
                reason=error.code,
                **error.details,
            ) from error
        except (Exception, SystemExit) as error:
            # somebody else's code: whatever mistake is in it must not hold up the other cases of a batch, nor lose this
            # one; an administrator repairs it and tries again
            if translate(error) is not None:  # of the database, not of the handler
                raise
            sentence = f"{node.name} failed: {fault_of(name, error)}"
            raise StepFailed(sentence, element=node.id, token=token, reason="handler_error") from error

    def find_called(self, node: Node, token: str, wanted: Wanted) -> str:
        """The id of the definition that is called. Raises `StepFailed`."""
        return find_called(self._unit, self._locked, node, token, wanted)

    def origin(self) -> Mapping[str, Any] | None:
        """The chain of messages and signals that this command belongs to."""
        return chains.again()

    def caught_outside(self, kind: str, code: str | None) -> bool | None:
        """Whether a caller catches what leaves this case."""
        return self._relatives.caught_outside(self._member, kind, code)

    def attend(self, case: Case) -> None:
        """The case has run: what it asks of related ones happens now."""
        del case
        self._relatives.attend(self._member)

    def decide(self, node: Node, variables: Mapping[str, Any]) -> Any:
        """Evaluate a decision, and say so in the trail."""
        return decide(self._unit, self._locked, node, variables)
