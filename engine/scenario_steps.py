"""The steps of scenarios: what each does to a rehearsed case, and what it expects of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.errors import DomainError
from engine.backstage import Backstage, Letter, ScenarioFailed
from engine.feel import compile_expression
from engine.feel.kinds import imported
from engine.feel.values import plain
from engine.messages import keys_of
from engine.rehearsal import Rehearsal, player
from engine.runtime import OutsideCall
from engine.scenario_files import STEPS
from engine.spiff.moments import moment


class Acts:
    """What a scenario does, with the jobs and messages that follow."""

    def __init__(self, stage: Rehearsal) -> None:
        self._stage = stage
        self._behind = Backstage(stage)

    def begin(self, start: Mapping[str, Any]) -> None:
        """Start the case as the scenario says."""
        stage = self._stage
        stage.root.business_key = start.get("business_key")
        for entity, facts in (start.get("links") or {}).items():
            for record in facts if isinstance(facts, list) else [facts]:
                _link(stage, str(entity), record)
        actor, variables = player(start.get("as")), dict(start.get("variables") or {})
        way = next((way for way in ("message", "signal", "timer") if way in start), None)
        if way is None:
            stage.start(variables, actor)
        else:
            if way == "message":
                variables |= stage.keys_in(str(start[way]), start.get("payload") or {})
            variables |= {name: str(key) for name, key in (start.get("keys") or {}).items()}
            stage.begin({**variables, **(start.get("payload") or {})}, actor, _start_event(stage, way, str(start[way])))
        self._behind.settle()

    def do(self, step: Mapping[str, Any]) -> None:
        """One step, and what follows by itself."""
        kind = next(kind for kind in STEPS if kind in step)
        match kind:
            case "message":
                name, payload = str(step["message"]), step.get("payload") or {}
                keys = self._stage.keys_in(name, payload) | keys_of(step.get("keys") or {})
                self._behind.send(Letter(name, keys, payload, must_arrive=True))
            case "job":
                self._behind.run(
                    self._job(step["job"]), step.get("returns") if "returns" not in step else step["returns"] or {}
                )
            case "fail":
                order = step["fail"]
                self._behind.fail(self._job(order["job"]), order.get("error"), order.get("variables") or {})
            case _:
                _ACTS[kind](step, self._stage)
        self._behind.settle()

    def end(self) -> None:
        """Nothing that the scenario has sent may be left over."""
        if unread := self._behind.unread():
            raise ScenarioFailed(f"nobody has received {'; '.join(unread)}")

    def _job(self, name: Any) -> OutsideCall:
        if isinstance(name, list):
            return self._behind.job(str(name[0]), int(name[1]))
        return self._behind.job(str(name))


def _link(stage: Rehearsal, entity: str, facts: Any) -> None:
    """A record that the case is about; facts are its fields, or its id alone."""
    record = dict(facts) if isinstance(facts, Mapping) else {"id": facts}
    number = sum(kind == entity for kind, _ in stage.records) + 1
    identifier = str(record.get("id") or f"{entity}-{number}")
    stage.records[entity, identifier] = record
    stage.links.append((entity, identifier, "subject"))


def _start_event(stage: Rehearsal, way: str, name: str) -> str:
    """The start event with this message or signal, or the timer start event of this id. Raises `ScenarioFailed`."""
    process = stage.program.process
    known = [(element, trigger) for element, trigger in process.start_triggers if trigger.kind == way]
    for element, trigger in known:
        if name in {element if way == "timer" else trigger.name, element}:
            return element
    told = ", ".join(str(element if way == "timer" else trigger.name) for element, trigger in known) or "none"
    raise ScenarioFailed(f"No start event of {process.id} has the {way} {name}; there are: {told}")


def _signal(step: Mapping[str, Any], stage: Rehearsal) -> None:
    name = str(step["signal"])
    if not any((each.kind, each.name) == ("signal", name) for each in stage.subscriptions.values()):
        waiting = sorted({each.name for each in stage.subscriptions.values() if each.kind == "signal"})
        raise ScenarioFailed(f"Nobody waits for the signal {name}; waited for are: {', '.join(waiting) or 'none'}")
    stage.signal(name, step.get("payload") or {})


def _complete(step: Mapping[str, Any], stage: Rehearsal) -> None:
    _attempt(step["complete"], step, stage)


def _attempt(target: Any, step: Mapping[str, Any], stage: Rehearsal) -> None:
    element, number = target if isinstance(target, list) else (target, None)
    actor = player(step.get("as"))
    token = stage.find(str(element), number, actor)
    for kind in step.get("documents") or ():
        stage.attach(token, str(kind))
    stage.complete(token, step.get("data") or {}, actor)


def _refuse_step(step: Mapping[str, Any], stage: Rehearsal) -> None:
    because = str(step.get("because", ""))
    try:
        _attempt(step["refuse"], step, stage)
    except DomainError as error:
        told = f"{error.sentence} {' '.join(map(str, (error.details.get('fields') or {}).items()))}"
        if because.lower() not in told.lower():
            raise ScenarioFailed(
                f"{step['refuse']} was refused, but because “{error.sentence}”, not “{because}”"
            ) from error
        return
    raise ScenarioFailed(f"{step['refuse']} was completed; it should have been refused because “{because}”")


def _choose(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.choose(str(step["choose"]), player(step.get("as")))


def _finish(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.finish(str(step["finish"]), player(step.get("as")))


def _advance(step: Mapping[str, Any], stage: Rehearsal) -> None:
    until = moment(step["advance"], stage.clock.now())
    if until is None:
        raise ScenarioFailed(f"advance: {step['advance']} is no ISO 8601 duration")
    if until < stage.clock.now():
        raise ScenarioFailed(f"advance: {step['advance']} is over; the clock only goes forward")
    stage.advance(until)


def _set(step: Mapping[str, Any], stage: Rehearsal) -> None:
    stage.set({name: _value(value, stage) for name, value in step["set"].items()})


def _value(value: Any, stage: Rehearsal) -> Any:
    if isinstance(value, str) and value.startswith("="):
        return compile_expression(value[1:]).evaluate(stage.case.variables, now=stage.clock.now()).value
    return imported(value)


def _expect(step: Mapping[str, Any], stage: Rehearsal) -> None:
    told = [sentence for kind, wanted in step["expect"].items() for sentence in _CHECKS[kind](wanted, stage)]
    if told:
        raise ScenarioFailed("; ".join(told))


def _same_tasks(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    found = Counter(work.node.id for work in stage.work.values())
    expected = Counter(wanted or [])
    is_same = found == expected or (max(expected.values(), default=0) == 1 and found.keys() == expected.keys())
    if not is_same:
        yield f"open tasks are {sorted(found.elements())}, not {sorted(expected.elements())}"


def _same(what: str, read: Callable[[Rehearsal], Any]) -> Callable[[Any, Rehearsal], Iterable[str]]:
    def check(wanted: Any, stage: Rehearsal) -> Iterable[str]:
        found = read(stage)
        if found != wanted:
            yield f"{what} is {found}, not {wanted}"

    return check


def _visited(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    trace = iter(stage.trace)
    for element in wanted or ():
        if element not in trace:
            yield f"{element} was not completed in this order; the trace is {stage.trace}"
            return


def _not_visited(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    for element in wanted or ():
        if element in stage.trace:
            yield f"{element} was completed"


def _same_variables(wanted: Mapping[str, Any], stage: Rehearsal) -> Iterable[str]:
    for name, value in (wanted or {}).items():
        expected, found = _value(value, stage), stage.case.variables.get(name)
        if expected != found or isinstance(expected, bool) != isinstance(found, bool):
            yield f"{name} is {plain(found)!r}, not {plain(expected)!r}"


def _same_jobs(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    found = Counter(call.node.id for call in stage.calls.values())
    if found != Counter(wanted or []):
        yield f"waiting jobs are at {sorted(found.elements())}, not {sorted(wanted or [])}"


def _same_incidents(wanted: Any, stage: Rehearsal) -> Iterable[str]:
    found = sorted(failure.node.id for failure in stage.incidents)
    if found != sorted(wanted or []):
        told = "; ".join(failure.sentence for failure in stage.incidents)
        yield f"incidents are at {found}, not {sorted(wanted or [])} {told}".rstrip()


_ACTS: dict[str, Callable[[Mapping[str, Any], Rehearsal], None]] = {
    "expect": _expect,
    "complete": _complete,
    "refuse": _refuse_step,
    "advance": _advance,
    "set": _set,
    "signal": _signal,
    "choose": _choose,
    "finish": _finish,
}
_CHECKS: dict[str, Callable[[Any, Rehearsal], Iterable[str]]] = {
    "tasks": _same_tasks,
    "stage": _same("the stage", lambda stage: stage.case.stage),
    "state": _same("the state", lambda stage: stage.state),
    "outcome": _same("the outcome", lambda stage: stage.case.outcome),
    "visited": _visited,
    "not_visited": _not_visited,
    "variables": _same_variables,
    "incidents": _same_incidents,
    "jobs": _same_jobs,
}
