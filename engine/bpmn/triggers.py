"""Reads event definitions: what an event waits for or throws, with what they refer to resolved."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from core.errors import InvalidInput
from engine.bpmn.expressions import Value, attribute, formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import Timer, TimerKind, Trigger
from engine.bpmn.outside import calls_handler
from engine.bpmn.read import BPMN, OBIEG, XSI, Xml, child_text, children, flag, local
from engine.bpmn.support import EVENT_DEFINITIONS, EVENT_NAMES
from engine.bpmn.times import EXAMPLES, is_time, is_written

_TIMERS: dict[str, TimerKind] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
_REFERENCES = {  # kind -> attribute that refers to the root element, and the attribute that holds the name
    "message": ("messageRef", "name"),
    "signal": ("signalRef", "name"),
    "error": ("errorRef", "errorCode"),
    "escalation": ("escalationRef", "escalationCode"),
}
_NAMED = {"message", "signal"}  # without a name nobody could ever send or receive them
_TASKS = {"sendTask", "receiveTask"}
_THROWS = {"endEvent", "intermediateThrowEvent", "event", "errorEventDefinition"}
Compiled = TypeVar("Compiled")


def compiled(make: Callable[[], Compiled], at: Xml, element: str | None, findings: Findings) -> Compiled | None:
    """What `make` compiles, or None with a finding."""
    try:
        return make()
    except InvalidInput as error:
        findings.error("expression", error.sentence, line=at.sourceline, element=element)
        return None


class Correlating(Protocol):
    """Says what the events of a process wait for in the keys of messages."""

    def key(self, message: str, owner: Xml, own: Value | None) -> Value | None:
        """The key of a message of this id at an event; `own` is what the event says itself."""


class TriggerReader:
    """Reads the triggers of the events of one file."""

    def __init__(self, definitions: Xml, correlation: Correlating, findings: Findings) -> None:
        self._correlation = correlation
        self._roots: dict[str, Xml] = {each.get("id"): each for each in definitions if each.get("id")}
        self._findings = findings

    def read(self, element: Xml) -> tuple[Trigger, ...]:
        """The triggers of an event, or the message of a send or receive task."""
        if calls_handler(element):
            self._check_sender(element)
            return ()
        if local(element) in _TASKS:
            found = [self._named("message", element, element)]
        else:
            found = [self._trigger(definition, element) for definition in self._definitions(element)]
        return tuple(trigger for trigger in found if trigger is not None)

    def referred(self, reference: str | None, owner: Xml) -> tuple[Trigger, ...]:
        """The trigger of an event definition that stands beside the process."""
        definition = self._root(reference)
        if definition is None or local(definition) not in EVENT_DEFINITIONS:
            self._refuse("event-reference", "The event definition that this refers to does not exist.", owner)
            return ()
        trigger = self._trigger(definition, definition)
        return () if trigger is None else (trigger,)

    def _check_sender(self, element: Xml) -> None:
        for name in ("messageRef", f"{{{OBIEG}}}correlationKey"):
            if local(element) == "sendTask" and element.get(name) is not None:
                shown = name.rpartition("}")[2]
                sentence = f"A send task has either a message or a handler: remove {shown} or obieg:handler."
                self._refuse("send-handler", sentence, element)

    def _definitions(self, element: Xml) -> list[Xml]:
        found = [child for child in element if child.tag in {f"{{{BPMN}}}{name}" for name in EVENT_DEFINITIONS}]
        for reference in children(element, "eventDefinitionRef"):
            root = self._root("".join(reference.itertext()))
            if root is None or local(root) not in EVENT_DEFINITIONS:
                self._refuse("event-reference", "The event definition that this refers to does not exist.", element)
            else:
                found.append(root)
        return found

    def _root(self, reference: str | None) -> Xml | None:
        name = (reference or "").strip()
        return self._roots.get(name, self._roots.get(name.rpartition(":")[2]))

    def _refuse(self, rule: str, sentence: str, element: Xml) -> None:
        self._findings.error(rule, sentence, line=element.sourceline, element=element.get("id"))

    def _trigger(self, definition: Xml, owner: Xml) -> Trigger | None:
        kind = EVENT_NAMES[local(definition)]
        match kind:
            case "timer":
                timer = self._timer(definition, owner)
                return None if timer is None else Trigger(kind=kind, timer=timer)
            case "conditional":
                return self._conditional(definition, owner)
            case "link":
                return Trigger(kind=kind, name=definition.get("name") or owner.get("name"))
            case "compensation":
                awaited = flag(definition, "waitForCompletion", default=True)
                return Trigger(kind=kind, name=definition.get("activityRef"), is_awaited=awaited)
            case "terminate" | "cancel":
                return Trigger(kind=kind)
        return self._named(kind, definition, owner)

    def _named(self, kind: str, definition: Xml, owner: Xml) -> Trigger | None:
        reference, holder = _REFERENCES[kind]
        identifier = definition.get(reference)
        root = self._root(identifier)
        if identifier is not None and (root is None or local(root) != kind):
            self._refuse("event-reference", f"The {kind} {identifier} is not declared in this file.", owner)
            return None
        name = None if root is None else (root.get(holder) or (root.get("name") if kind in _NAMED else None))
        throws = local(owner) in _THROWS
        if kind == "escalation" and throws and name is None and identifier is None:
            sentence = (
                "This escalation has no code, so only what catches every escalation gets it; the standard asks "
                "for escalationRef with an escalation that has a code (BPMN 2.0.2, 10.5.1)."
            )
            self._findings.warning("event-name", sentence, line=definition.sourceline, element=owner.get("id"))
        if name is None and (kind in _NAMED or (kind == "error" and throws) or identifier is not None):
            what = "name" if kind in _NAMED else "code"
            sentence = f"The event needs {reference}, with a {kind} that has a {what}: else nothing could match it."
            self._refuse("event-name", sentence, owner)
            return None
        if name is not None and (name.startswith("=") or "${" in name or "#{" in name):
            sentence = (
                f"The {kind} is called {name}; names and codes are matched as they stand, so they are no expressions."
            )
            self._refuse("event-name", sentence, owner)
        if kind != "message" or root is None:
            return Trigger(kind=kind, name=name)
        key = self._correlation.key(root.get("id"), owner, self._key(definition, owner))
        return Trigger(kind=kind, name=name, key=key)

    def _key(self, definition: Xml, owner: Xml) -> Value | None:
        for holder in (definition, owner):
            text = holder.get(f"{{{OBIEG}}}correlationKey")
            if text is not None and text.strip():
                return compiled(lambda text=text: attribute(text), holder, owner.get("id"), self._findings)  # type: ignore[misc]
        return None

    def _conditional(self, definition: Xml, owner: Xml) -> Trigger | None:
        text = child_text(definition, "condition")
        if text is None:
            self._refuse("condition-missing", "A conditional event needs a condition in FEEL.", owner)
            return None
        condition = compiled(lambda: formula(text), definition, owner.get("id"), self._findings)
        return None if condition is None else Trigger(kind="conditional", condition=condition)

    def _timer(self, definition: Xml, owner: Xml) -> Timer | None:
        given = [(kind, child_text(definition, name)) for name, kind in _TIMERS.items()]
        found = [(kind, text) for kind, text in given if text is not None]
        if len(found) != 1:
            sentence = "A timer needs exactly one of a date, a duration or a cycle."
        elif found[0][0] == "cycle" and not _repeats(owner):
            sentence = "A cycle can stand at a non-interrupting event only; use a date or a duration."
        else:
            kind, text = found[0]
            if not is_written(kind, text) and not (text.isidentifier() and _is_informal(definition)):
                value = compiled(lambda: formula(text), definition, owner.get("id"), self._findings)
                return None if value is None else Timer(kind=kind, value=value)
            if is_time(kind, text):
                return Timer(kind=kind, value=Value(text, None))
            hint = f"FEEL such as ={text} where that is a variable" if text.isidentifier() else "FEEL"
            sentence = f"The timer is {text}; write {EXAMPLES[kind]}, or {hint}."
        self._findings.error("timer", sentence, line=definition.sourceline, element=owner.get("id"))
        return None


def _is_informal(definition: Xml) -> bool:
    """Whether the time is told in natural language, which is not executable (BPMN 2.0.2, the class Expression).

    Tools leave the type of a FormalExpression away, so what is more than a word, and is FEEL, counts as FEEL.
    """
    return not any(
        each.get("language") or (each.get(f"{{{XSI}}}type") or "").endswith("tFormalExpression")
        for each in children(definition, *_TIMERS)
    )


def _repeats(owner: Xml) -> bool:
    """Whether an event of this kind can happen more than once."""
    if local(owner) == "boundaryEvent":
        return not flag(owner, "cancelActivity", default=True)
    if local(owner) != "startEvent":
        return False
    if flag(owner.getparent(), "triggeredByEvent", default=False):
        return not flag(owner, "isInterrupting", default=True)
    return True
