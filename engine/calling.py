"""Called cases on the database: found by key and version, begun, locked with their callers, brought back to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, TypeVar

from core.ids import new_id
from engine import catalog, store
from engine.bpmn.model import Node, Reference
from engine.errors import StepFailed
from engine.events import CaseCalled, CaseReopened, CaseStarted
from engine.family import Family, check_callable
from engine.feel.values import plain
from engine.runtime import Call, Case, Wanted
from engine.store import Locked
from storage.unit_of_work import UnitOfWork


class LockedMember(Protocol):
    """An instance of a family that this unit has locked."""

    @property
    def id(self) -> str:
        """The instance's id."""

    @property
    def locked(self) -> Locked:
        """Its row."""

    @property
    def case(self) -> Case:
        """The case, from memory or restored."""

    def reopen(self, token: str) -> None:
        """It has ended, goes on, and another token of its caller waits for it."""

    def launch(self) -> Case:
        """A case for a row that is yet to be written."""


Kept = TypeVar("Kept", bound=LockedMember)


class Instances(Family[Kept]):
    """The instances that one command comes to by calls; the root of all calls is locked, so all of them are."""

    def __init__(self, unit: UnitOfWork, open_member: Callable[[Locked], Kept]) -> None:
        super().__init__()
        self._unit = unit
        self._open = open_member
        self._members: dict[str, Kept] = {}
        self._changed: dict[str, Kept] = {}

    def join(self, member: Kept) -> None:
        """Know an instance that is locked already."""
        self._members[member.id] = member

    def members(self) -> Iterable[Kept]:
        """All instances that the command came to."""
        return list(self._members.values())

    def changed(self) -> Iterable[Kept]:
        """The instances in which something has happened, callers before those that they called."""
        return sorted(self._changed.values(), key=lambda each: each.locked.depth)

    def written(self) -> None:
        """All of that is on its way to the database."""
        self._changed.clear()

    def attend(self, member: Kept) -> None:
        """A case has run: it has to be written."""
        self._changed[member.id] = member
        super().attend(member)

    def caller_of(self, member: Kept) -> tuple[Kept, str] | None:
        """Who called an instance; locked and restored only when somebody asks."""
        locked = member.locked
        if locked.parent_id is None or locked.parent_token is None:
            return None
        return self._member(locked.parent_id), locked.parent_token

    def called_by(self, member: Kept, token: str) -> Iterable[Kept]:
        """Those of this command, and those of earlier ones."""
        wanted = (member.id, token)
        fresh = [each for each in self._members.values() if (each.locked.parent_id, each.locked.parent_token) == wanted]
        stored = [self._member(each) for each in store.live_called(self._unit, *wanted)]
        return {each.id: each for each in (*fresh, *stored)}.values()

    def _member(self, instance_id: str) -> Kept:
        if instance_id not in self._members:
            self._members[instance_id] = self._open(store.lock_related(self._unit, instance_id))
        return self._members[instance_id]

    def reopen(self, member: Kept, token: str, called_id: str) -> Kept:
        """A completed instance goes on, and this token waits for it."""
        called = self._members.get(called_id)
        if called is None:
            locked = store.lock_related(self._unit, called_id)
            called = self._open(replace(locked, ended_at=None, instance_state=member.locked.instance_state))
            self._members[called_id] = called
        called.reopen(token)
        self._unit.emit(CaseReopened(instance_id=called_id, element_id=called.locked.parent_element or ""))
        return called

    def begin(self, member: Kept, call: Call) -> None:
        """Begin the called case in this command; its row is written with all others."""
        unit, caller = self._unit, member.locked
        definition = catalog.definition(unit, call.target)
        locked = Locked(
            instance_id=new_id(),
            definition_id=definition.id,
            definition_key=definition.key,
            instance_state=caller.instance_state,
            revision=1,
            stage=None,
            business_key=caller.business_key if call.inherits_key else call.business_key,
            outcome=None,
            started_by=caller.started_by,
            ended_at=None,
            has_documents=False,
            mark=caller.mark,
            stopped_by=None,
            parent_id=member.id,
            parent_token=call.id,
            parent_element=call.node.id,
            root_id=caller.root_id or member.id,
            depth=caller.depth + 1,
        )
        unit.emit(
            CaseCalled(
                instance_id=member.id,
                element_id=call.node.id,
                called_id=locked.instance_id,
                definition_key=definition.key,
                version=definition.version,
            )
        )
        unit.emit(
            CaseStarted(
                instance_id=locked.instance_id,
                definition_id=definition.id,
                definition_key=definition.key,
                version=definition.version,
                digest=definition.digest,
                business_key=locked.business_key,
                variables={name: plain(value) for name, value in call.variables.items()},
                links=[],
            )
        )
        called = self._open(locked)
        self._members[called.id] = called
        self.counted(called.launch()).start(call.variables, locked.started_by)


def find_called(unit: UnitOfWork, caller: Locked, node: Node, token: str, wanted: Wanted) -> str:
    """The id of the definition that a call activity calls. Raises `StepFailed` where there is none."""
    found = _search(unit, caller, node, token, wanted)
    if found is None:
        which = {"latest": "", "deployment": " of the caller's deployment"}.get(wanted.called.binding)
        told = f" in version {wanted.version}" if which is None else which
        sentence = f"{node.name} calls {wanted.key}{told}, which is not deployed; deploy it, then try again."
        raise StepFailed(sentence, element=node.id, token=token, reason="call_unknown")
    check_callable(catalog.program(unit, found).process, wanted.variables, node, token, depth=caller.depth)
    return found


def _search(unit: UnitOfWork, caller: Locked, node: Node, token: str, wanted: Wanted) -> str | None:
    match wanted.called.binding:
        case "deployment":
            beside: dict[str, str] = catalog.definition(unit, caller.definition_id).info.get("beside", {})
            return beside.get(wanted.key)
        case "version":
            if wanted.version is None or not wanted.version.isdecimal():
                sentence = f"{node.name} asks for the version {wanted.version}, which is no number."
                raise StepFailed(sentence, element=node.id, token=token, reason="call_version")
            reference = Reference(key=wanted.key, version=int(wanted.version))
        case "versionTag":
            reference = Reference(key=wanted.key, tag=wanted.version)
        case _:
            reference = Reference(key=wanted.key)
    return catalog.find(unit, "process", reference, caller.mark)
