"""The cases that a rehearsal plays: the one that was started, and those that it calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from core.ids import new_id
from engine.bpmn.model import Node
from engine.errors import StepFailed
from engine.family import Family, check_callable
from engine.runtime import Call, Case, Program, Wanted


class Host(Protocol):
    """What the roles share: the rehearsal's clock and props."""

    def now(self) -> datetime:
        """The time."""

    def play(self, role: Role, node: Node, token: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer for a handler."""

    def decide(self, node: Node, variables: Mapping[str, Any]) -> Any:
        """Evaluate a decision."""

    def program_of(self, key: str) -> Program | None:
        """What can be called under a key."""


class Role:
    """One case of a rehearsal, with the world around it."""

    def __init__(self, host: Host, ensemble: Ensemble, program: Program, caller: tuple[Role, str] | None) -> None:
        self.id = new_id()
        self.program = program
        self.caller = caller
        self.depth: int = 0 if caller is None else caller[0].depth + 1
        self.business_key: str | None = None
        self.starter: str = "" if caller is None else caller[0].starter
        self._host = host
        self._ensemble = ensemble
        self.case = Case(program, self)

    def restore(self, snapshot: Mapping[str, Any] | None) -> None:
        """Play on from a stored state, or from the beginning."""
        self.case = Case(self.program, self, snapshot)

    def now(self) -> datetime:
        """The rehearsal's clock."""
        return self._host.now()

    def call(self, node: Node, token: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer for a handler."""
        return self._host.play(self, node, token, inputs)

    def decide(self, node: Node, variables: Mapping[str, Any]) -> Any:
        """Evaluate a decision of the package."""
        return self._host.decide(node, variables)

    def find_called(self, node: Node, token: str, wanted: Wanted) -> str:
        """The process of the package with this key; a version is whatever the package has."""
        program = self._host.program_of(wanted.key)
        if program is None:
            sentence = f"{node.name} calls {wanted.key}, which is no process or global task of this package."
            raise StepFailed(sentence, element=node.id, token=token, reason="call_unknown")
        check_callable(program.process, wanted.variables, node, token, depth=self.depth)
        return wanted.key

    def caught_outside(self, kind: str, code: str | None) -> bool | None:
        """Whether a caller catches what leaves this case."""
        return self._ensemble.caught_outside(self, kind, code)

    def origin(self) -> None:
        """A rehearsal has an end of its own."""

    def attend(self, case: Case) -> None:
        """The case has run."""
        if case is self.case:
            self._ensemble.attend(self)


class Ensemble(Family[Role]):
    """All roles of a rehearsal, in the order in which they came on."""

    def __init__(self, host: Host, watch: Callable[[Role], None]) -> None:
        super().__init__()
        self.roles: list[Role] = []
        self._parked: Mapping[int, tuple[str, str]] = {}
        self._host = host
        self._watch = watch

    def park(self, steps: Mapping[int, tuple[str, str]]) -> None:
        """Do not execute these steps, whoever's they are: they failed before."""
        self._parked = steps
        for role in self.roles:
            role.case.park(steps)

    def cast(self, program: Program, caller: tuple[Role, str] | None = None) -> Role:
        """One more role."""
        role = Role(self._host, self, program, caller)
        self.roles.append(role)
        return role

    def playing(self, token: str) -> Role:
        """The role whose token this is, the first one where it is nobody's."""
        return next((role for role in self.roles if role.case.has(token)), self.roles[0])

    def attend(self, member: Role) -> None:
        """Watch what happens while it happens."""
        self._watch(member)
        super().attend(member)

    def forget_attempt(self, roles: int) -> None:
        """An attempt failed: whoever came on in it has never been there."""
        del self.roles[roles:]
        super().__init__()

    def caller_of(self, member: Role) -> tuple[Role, str] | None:
        """Who called a case."""
        return member.caller

    def called_by(self, member: Role, token: str) -> Iterable[Role]:
        """The live cases that a token waits for."""
        return [each for each in self.roles if each.caller == (member, token) and not each.case.has_ended]

    def reopen(self, member: Role, token: str, called_id: str) -> Role:
        """A completed case goes on, and this token waits for it."""
        role = next(each for each in self.roles if each.id == called_id)
        role.caller = (member, token)
        return role

    def begin(self, member: Role, call: Call) -> None:
        """Cast and start a called case."""
        program = self._host.program_of(call.target)
        assert program is not None
        role = self.cast(program, (member, call.id))
        role.case.park(self._parked)
        role.business_key = member.business_key if call.inherits_key else call.business_key
        self.counted(role.case).start(call.variables, role.starter)
