"""What clause 13 of the standard says that nested blocks do: a second reading, which shares nothing with the engine.

It walks the blocks as a tree; there are no tokens, no gateways and no snapshots. Each throw and each end that reaches
further stands behind a task, so that nothing depends on which of two parallel branches is looked at first.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.engine_blocks import (
    FROM_OUTSIDE,
    Activity,
    Again,
    Block,
    Catch,
    Fork,
    Line,
    Many,
    Race,
    Raise,
    Split,
    Stop,
    Trigger,
    Undo,
    Wait,
)
from tests.engine_parts import Awaited, Part, Performance, Record, Scope, Then, UncaughtError

SIGNAL = "alarm"  # reaches all who wait for it


class Expected:
    """A case of a model."""

    def __init__(self, model: Activity, **variables: Any) -> None:
        self._awaited: list[Awaited] = []
        self.is_done = False
        self.has_undone = False
        self.goes_round = False  # what people say at the end of a loop
        self.given: dict[str, Any] = {}  # what people give with the next task
        self._open(None, model, "0", self._finish, variables=variables)

    def waiting(self) -> list[Awaited]:
        """What can happen next, in the order in which it began to wait."""
        self._awaited = [each for each in self._awaited if each.owner.lives]
        return self._awaited

    def happens(self, awaited: Awaited) -> None:
        """A task is done, a message has come, a timer is due. Raises `UncaughtError`."""
        heard = [each for each in self.waiting() if each.name == SIGNAL] if awaited.name == SIGNAL else [awaited]
        for each in heard:
            if each.owner.lives:
                self._awaited.remove(each)
                each.then()

    def _finish(self) -> None:
        self.is_done = True

    def _await(self, name: str, owner: Part, then: Then) -> None:
        self._awaited.append(Awaited(name, owner, then))

    def _await_once(self, name: str, within: Part, then: Then) -> None:
        part = Part(within)

        def happens() -> None:
            part.is_dead = True
            for key, value in self.given.items() if name.startswith("t") else ():
                part.assign(key, value)
            then()

        self._await(name, part, happens)

    # activities

    def _do_activity(self, activity: Activity, path: str, scope: Scope, then: Then) -> None:
        many = activity.many or Many("parallel", 1)
        if many.number == 0:
            then()
            return
        whole = Performance(scope, activity, path, then)
        for number, caught in enumerate(activity.boundary):
            if caught.trigger in FROM_OUTSIDE:
                self._listen(f"{path}_c{number}", "b", whole, caught, self._at_boundary(whole, number))
        done, begun = 0, 0

        def instance() -> None:
            nonlocal begun
            begun += 1
            self._instance(whole, _numbered(whole, begun), one_is_done)

        def one_is_done() -> None:
            nonlocal done
            done += 1
            if done == many.number or (many.enough is not None and done >= many.enough):
                whole.is_dead = True
                scope.records += whole.records
                then()
            elif many.kind != "parallel":
                instance()

        for _ in range(many.number if many.kind == "parallel" else 1):
            if not whole.is_dead:  # one that is done at once may be enough
                instance()

    def _instance(self, whole: Performance, around: Part, then: Then) -> None:
        activity, inside = whole.activity, list[Record]()

        def done() -> None:
            if activity.is_mapped:
                outside = around.within
                assert outside is not None
                outside.assign("b", around.value("a"))
            if activity.can_be_undone or inside or handler:
                whole.records.append(Record(whole.path, inside, handler, activity.can_be_undone))
            then()

        by_itself = activity.kind != "called" or not activity.can_be_undone  # at a call the task takes its place
        undoes = [n for n, each in enumerate(activity.handlers) if each.trigger == "compensate" and by_itself]
        handler = (f"{whole.path}_h{undoes[0]}", activity.handlers[undoes[0]]) if undoes else None

        if activity.is_mapped:
            seen = around.value("a")
            around = own = Part(around)
            own.variables = {"a": None if seen is None else seen + 1}
            own.keeps_new = activity.body is None  # only what is mapped leaves a task
        if activity.body is None:
            self._await_once(f"t{whole.path}", around, done)
        else:
            self._open(around, activity, whole.path, done, inside, {} if activity.kind == "called" else None)

    def _at_boundary(self, whole: Performance, number: int) -> Then:
        caught, path = whole.activity.boundary[number], f"{whole.path}_c{number}_b"
        around = whole.within
        assert isinstance(around, Scope)

        def happens() -> None:
            if caught.interrupts:
                whole.is_dead = True
                self._do(caught.body, path, around, whole.then)
            else:
                around.threads += 1
                self._do(caught.body, path, around, lambda: self._ends(around))

        return happens

    def _listen(self, path: str, place: str, owner: Part, caught: Catch, then: Then) -> None:
        """Wait for a message or signal, again and again where it does not interrupt, or for a duration, once."""

        def comes() -> None:
            if not caught.interrupts:
                self._listen(path, place, owner, caught, then)
            then()

        if caught.trigger == "message":
            self._await(f"m{path}", owner, comes)
        elif caught.trigger == "signal":
            self._await(SIGNAL, owner, comes)
        else:
            self._await(f"b{path}" if place == "b" else f"s{path}_start", owner, then)

    # scopes

    def _open(
        self,
        within: Part | None,
        activity: Activity,
        path: str,
        then: Then,
        records: list[Record] | None = None,
        variables: dict[str, Any] | None = None,
    ) -> None:
        assert activity.body is not None
        scope = Scope(within, path, activity.handlers, then, records)
        if variables is not None:  # a process
            scope.variables, scope.is_root, scope.keeps_new = variables, True, True
        self._begin(scope, activity.body)

    def _begin(self, scope: Scope, body: Block) -> None:
        scope.threads = 1
        for number, caught in enumerate(scope.handlers):
            if caught.trigger in FROM_OUTSIDE:
                self._listen(f"{scope.path}_h{number}", "s", scope, caught, self._in_scope(scope, number))
        self._do(body, f"{scope.path}_b", scope, lambda: self._ends(scope))

    def _in_scope(self, scope: Scope, number: int) -> Then:
        """Begin the event sub-process with this number."""
        caught = scope.handlers[number]

        def happens() -> None:
            home = scope
            if caught.interrupts:  # its body, its handlers and what it listens for end
                scope.is_dead = True
                home = Scope(scope.within, scope.path, (), scope.then, scope.records)
                home.variables, home.is_root, home.keeps_new = scope.variables, scope.is_root, scope.keeps_new
                if scope.within is not None:  # in its place
                    place = scope.within.parts
                    place[place.index(scope)] = place.pop()
                home.handling = scope.handling
            home.threads += 1
            path, inside = f"{scope.path}_h{number}", list[Record]()

            def done() -> None:
                if inside:
                    home.records.append(Record(path, inside))
                self._ends(home)

            run = Scope(home, path, caught.handlers, done, inside)
            run.handling = caught
            self._begin(run, caught.body)

        return happens

    def _ends(self, scope: Scope) -> None:
        """One of the threads of a scope has ended."""
        scope.threads -= 1
        if scope.threads == 0:
            scope.is_dead = True
            scope.then()

    # what reaches further than its own thread

    def _throw(self, trigger: Trigger, thrower: Part) -> None:
        inside: Part = thrower
        reached: Part | None = thrower
        while reached is not None:
            if isinstance(reached, Scope):
                own = inside.handling if isinstance(inside, Scope) and inside is not reached else None
                for number, caught in enumerate(reached.handlers):
                    if caught.trigger == trigger and caught is not own:
                        self._in_scope(reached, number)()
                        return
            elif isinstance(reached, Performance):
                for number, caught in enumerate(reached.activity.boundary):
                    if caught.trigger == trigger:
                        self._at_boundary(reached, number)()
                        return
            inside, reached = reached, reached.within
        if trigger == "error":
            raise UncaughtError

    # blocks

    def _do(self, block: Block, path: str, scope: Scope, then: Then) -> None:
        getattr(self, f"_do_{type(block).__name__.lower()}")(block, path, scope, then)

    def _do_line(self, block: Line, path: str, scope: Scope, then: Then) -> None:
        def go_on(number: int) -> None:
            if number == len(block.parts):
                then()
            else:
                self._do(block.parts[number], f"{path}_{number}", scope, lambda: go_on(number + 1))

        go_on(0)

    def _do_split(self, block: Split, path: str, scope: Scope, then: Then) -> None:
        left = len(block.taken)

        def arrives() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                then()

        for number in block.taken:
            self._do(block.branches[number], f"{path}_{number}", scope, arrives)

    def _do_again(self, block: Again, path: str, scope: Scope, then: Then) -> None:
        def decide() -> None:
            if self.goes_round:
                self._do_again(block, path, scope, then)
            else:
                then()

        self._do(block.body, f"{path}_b", scope, lambda: self._await_once(f"t{path}", scope, decide))

    def _do_race(self, block: Race, path: str, scope: Scope, then: Then) -> None:
        race = Part(scope)

        def wins(number: int) -> Then:
            def happens() -> None:
                race.is_dead = True
                self._do(block.branches[number], f"{path}_r{number}", scope, then)

            return happens

        for number in range(len(block.branches)):
            self._await(f"m{path}_{number}", race, wins(number))

    def _do_wait(self, block: Wait, path: str, scope: Scope, then: Then) -> None:
        self._await_once({"message": f"m{path}", "timer": f"w{path}", "signal": SIGNAL}[block.trigger], scope, then)

    def _do_raise(self, block: Raise, path: str, scope: Scope, then: Then) -> None:
        def throw() -> None:
            self._throw("escalation", scope)
            if scope.lives:
                then()

        self._await_once(f"t{path}", scope, throw)

    def _do_undo(self, block: Undo, path: str, scope: Scope, then: Then) -> None:
        self._await_once(f"t{path}", scope, lambda: self._undo(_taken(scope), Part(scope), then))

    def _undo(self, records: list[Record], owner: Part, then: Then) -> None:
        """One after the other, the last one first."""
        self.has_undone = True
        if not records:
            then()
            return
        last, rest = records[-1], records[:-1]
        by_task = dataclasses.replace(last, handler=None)
        if last.handler:
            path, caught = last.handler
            home = Scope(owner, last.path, (), lambda: None, last.inside)
            then_task = [by_task] if last.has_task else []
            run = Scope(home, path, caught.handlers, lambda: self._undo(rest + then_task, owner, then))
            run.handling = caught
            self._begin(run, caught.body)
        elif last.has_task:
            self._await_once(f"u{last.path}", owner, lambda: self._undo(rest, owner, then))
        else:
            self._undo(last.inside, owner, lambda: self._undo(rest, owner, then))

    def _cancel(self, inside: Part) -> None:
        """All that the transaction has done is undone, then it goes on at its cancel event."""
        transaction = inside
        while not isinstance(transaction, Performance):
            assert transaction.within is not None
            transaction = transaction.within
        records = _gathered(transaction)
        for part in transaction.parts:
            part.is_dead = True
        number = next(n for n, each in enumerate(transaction.activity.boundary) if each.trigger == "cancel")
        self._undo(records, Part(transaction), self._at_boundary(transaction, number))

    def _do_fork(self, block: Fork, path: str, scope: Scope, then: Then) -> None:
        scope.threads += len(block.branches) - 1
        for number, each in enumerate(block.branches):
            self._do(each, f"{path}_{number}", scope, then)

    def _do_stop(self, block: Stop, path: str, scope: Scope, then: Then) -> None:
        def end() -> None:
            if block.kind == "error":
                self._throw("error", scope)
            elif block.kind == "cancel":
                self._cancel(scope)
            else:
                scope.is_dead = True
                scope.then()

        self._await_once(f"t{path}", scope, end)


def _numbered(whole: Performance, number: int) -> Part:
    """Where one of several instances, or rounds, runs."""
    many = whole.activity.many
    if many is None:
        return whole
    one = Part(whole)
    one.keeps_new, one.variables = many.kind != "loop", {"loopCounter": number}
    return one


def _taken(scope: Scope) -> list[Record]:
    """What a throw in a scope undoes; in an event sub-process also what the scope has completed that it handles."""
    found = list(scope.records)
    scope.records.clear()
    if scope.handling is None:
        return found
    assert isinstance(scope.within, Scope)
    return _taken(scope.within) + found


def _gathered(part: Part) -> list[Record]:
    """What it has completed, with what those inside it have completed that still run; called cases just end."""
    if isinstance(part, Performance) and part.activity.kind == "called":
        return part.records
    inner = [Record("", found) for each in part.parts if each.lives and (found := _gathered(each))]
    return part.records + inner
