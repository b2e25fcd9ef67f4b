"""What happens around a rehearsed case: jobs that a scenario lets run, messages and signals on their way, fakes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.errors import DomainError
from engine.errors import BpmnError, CallNotFound, StepFailed
from engine.feel.kinds import imported
from engine.handlers import HANDLERS, ServiceCall
from engine.rehearsal import Rehearsal
from engine.runtime import OutsideCall
from storage.unit_of_work import Reading


class ScenarioFailed(Exception):
    """A step did not do what the scenario says."""


@dataclass(slots=True)
class Letter:
    """A message on its way to a case; keys are texts. `must_arrive` says that the scenario itself has sent it."""

    name: str
    keys: Mapping[str, str]
    payload: Mapping[str, Any]
    must_arrive: bool = False

    def __str__(self) -> str:
        keys = ", ".join(f"{name}: {value}" for name, value in self.keys.items())
        return f"{self.name} {{{keys}}}"


MOST_SENT = 1_000  # signals that cases of one scenario throw, and messages that reach them


class Backstage:
    """Runs what the real engine does in jobs of its own, when a scenario says so or after each of its steps."""

    def __init__(self, stage: Rehearsal) -> None:
        self._stage = stage
        self._letters: list[Letter] = []
        self._read = [0, 0]  # how many of the messages and signals that the case has sent were taken
        self._delivered = 0

    # jobs

    def job(self, name: str, number: int = 1) -> OutsideCall:
        """The work outside that waits: by element, handler or topic. Raises `CallNotFound`."""
        waiting = list(self._stage.calls.values())
        found = [each for each in waiting if name in _names(each)]
        if len(found) < number:
            told = ", ".join(f"{_names(each)[0]} ({_names(each)[-1]})" for each in waiting) or "none"
            raise CallNotFound(f"No job {name} waits to run; waiting are: {told}.")
        return found[number - 1]

    def run(self, call: OutsideCall, returns: Mapping[str, Any] | None) -> None:
        """Do the work: give what the scenario says, else call the real handler with fakes of the outside."""
        try:
            values = self._work(call) if returns is None else _returned(call, returns)
        except BpmnError as error:
            self._stage.throw(call.id, error.error, error.sentence, error.variables)
        except StepFailed as failure:
            self._stage.fail(call.id, failure.reason, failure.sentence)
        except DomainError as error:
            self._stage.fail(call.id, error.code, f"{call.node.name} failed: {error.sentence}")
        else:
            self._stage.answer(call.id, values)

    def fail(self, call: OutsideCall, error: str | None, values: Mapping[str, Any]) -> None:
        """Have the work fail: with an error that the process may catch, or for good."""
        if error is None:
            self._stage.fail(call.id, "job_failed", f"{call.node.name} failed: the scenario says so.")
        else:
            self._stage.throw(call.id, error, f"The scenario reports {error}.", values)

    def _work(self, call: OutsideCall) -> Mapping[str, Any]:
        node, stage = call.node, self._stage
        outside, name = node.outside, node.handler or ""
        if outside is not None and outside.topic is not None and outside.topic not in stage.props.answers:
            raise ScenarioFailed(f"A worker does {node.id}; say with `returns` what it gives.")
        if name in stage.props.answers or (outside is not None and outside.topic in stage.props.answers):
            return stage.answered(
                node, call.id, name if name in stage.props.answers else str(outside and outside.topic)
            )
        order = ServiceCall(
            instance_id=stage.root.id,
            element_id=node.id,
            business_key=stage.root.business_key,
            inputs=call.inputs,
            key=f"{stage.root.id}:{call.id}",
        )
        if (play := HANDLERS.find_stand_in(name)) is not None:
            return play(order) or {}
        real = HANDLERS.find_deferred(name)
        if real is None:
            raise ScenarioFailed(f"There is no handler {name}; say with `returns` what it gives.")
        return real(_Fakes(stage), order) or {}

    # messages and signals

    def send(self, letter: Letter) -> None:
        """Put a message on its way. Raises `ScenarioFailed` where nothing could ever receive it."""
        process = self._stage.program.process
        known = {each.name for node in process.nodes.values() for each in node.triggers if each.kind == "message"}
        calls = any(node.kind == "callActivity" for node in process.nodes.values())
        if letter.name not in known and not calls:
            told = ", ".join(sorted(map(str, known))) or "none"
            raise ScenarioFailed(f"No event of {process.id} has the message {letter.name}; there are: {told}")
        self._letters.append(letter)
        self.settle()

    def settle(self) -> None:
        """Deliver what is on its way and has a receiver in this case, as often as that leads to more."""
        self._collect()
        delivered = True
        while delivered and not self._stage.is_stopped:
            delivered = False
            for letter in list(self._letters):
                token = self._receiver(letter)
                if token is not None:
                    self._letters.remove(letter)
                    self._delivered += 1
                    if self._delivered > MOST_SENT:
                        raise ScenarioFailed(
                            f"More than {MOST_SENT} messages were received; {letter.name} goes round for ever."
                        )
                    self._stage.message(token, letter.payload)
                    delivered = True
                elif not letter.must_arrive:
                    self._letters.remove(letter)  # for another case than this one
            self._collect()
            delivered = delivered or bool(self._letters and self._receiver(self._letters[-1]))

    def unread(self) -> list[str]:
        """Messages of the scenario that nobody has received."""
        return [str(letter) for letter in self._letters if letter.must_arrive]

    def _receiver(self, letter: Letter) -> str | None:
        for token, each in self._stage.subscriptions.items():
            if (each.kind, each.name) == ("message", letter.name) and (
                each.key is None or each.key in letter.keys.values()
            ):
                return token
        return None

    def _collect(self) -> None:
        """What the case has sent, by events and by operations."""
        stage = self._stage
        while stage.thrown and not stage.is_stopped:
            thrower, signal = stage.thrown.pop(0)
            self._read[1] += 1
            if self._read[1] > MOST_SENT:
                raise ScenarioFailed(f"More than {MOST_SENT} signals were thrown; {signal.name} goes round for ever.")
            stage.signal(signal.name, signal.payload, besides=thrower)
        for sent in stage.messages[self._read[0] :]:
            own = {} if sent.key is None else {"key": sent.key}
            self._letters.append(Letter(sent.name, stage.keys_in(sent.name, sent.payload) | own, sent.payload))
        self._read[0] = len(stage.messages)
        while stage.outbox:
            name, keys, payload = stage.outbox.pop(0)
            if keys is None:
                stage.signal(name, payload)
            else:
                self._letters.append(Letter(name, {**stage.keys_in(name, payload), **keys}, payload))


class _Fakes:
    """The outside of a rehearsal: the ports that process packages and operations have fakes for."""

    def __init__(self, stage: Rehearsal) -> None:
        self.clock: Clock = stage.clock
        self._stage = stage

    def port(self, kind: Any) -> Any:
        """The fake of a port. Raises `ScenarioFailed`."""
        make = HANDLERS.find_fake(kind)
        if make is None:
            raise ScenarioFailed(f"Scenarios have no {kind.__name__}; say with `returns` what the job gives.")
        return make(self._stage)

    def reading(self) -> AbstractContextManager[Reading]:
        """There is no database here."""
        raise ScenarioFailed("Scenarios have no database; say with `returns` what the job gives.")


def _names(call: OutsideCall) -> list[str]:
    topic = None if call.node.outside is None else call.node.outside.topic
    return [call.node.id, *(each for each in (call.node.handler, topic) if each)]


def _returned(call: OutsideCall, returns: Mapping[str, Any]) -> Mapping[str, Any]:
    operation = call.node.operation
    unknown = None if operation is None else operation.unknown_output(returns)
    if operation is not None and unknown is not None:
        known = ", ".join(each.name for each in operation.outputs) or "nothing"
        raise ScenarioFailed(f"{operation.name} does not give {unknown}; it gives {known}.")
    found: Mapping[str, Any] = imported(dict(returns))
    return found
