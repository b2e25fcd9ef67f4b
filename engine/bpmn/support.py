"""Which element runs in which position and which is refused, and why; the reference table is made from this."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an element runs in a position; `because` is what a designer reads."""

    runs: bool
    because: str


LATER = "this release does not execute it yet"
_EVENT_NAMES = {
    "messageEventDefinition": "message",
    "timerEventDefinition": "timer",
    "signalEventDefinition": "signal",
    "conditionalEventDefinition": "conditional",
    "errorEventDefinition": "error",
    "escalationEventDefinition": "escalation",
    "compensateEventDefinition": "compensation",
    "linkEventDefinition": "link",
    "cancelEventDefinition": "cancel",
    "terminateEventDefinition": "terminate",
}
EVENT_DEFINITIONS = frozenset(_EVENT_NAMES)
EVENT_KINDS = (*_EVENT_NAMES.values(), "multiple")

ACTIVITIES = {
    "task": Verdict(True, "passes through; draw a user task where a person must act"),
    "manualTask": Verdict(True, "passes through: work that the system does not follow"),
    "userTask": Verdict(True, "waits in the inbox until a person completes it"),
    "serviceTask": Verdict(True, "calls the handler that obieg:handler names, inside the transaction"),
    "scriptTask": Verdict(True, "runs lines `name = expression` in FEEL"),
    "businessRuleTask": Verdict(True, "evaluates the deployed decision that camunda:decisionRef names"),
    "subProcess": Verdict(True, "runs its content in a scope of its own"),
    "sendTask": Verdict(False, LATER),
    "receiveTask": Verdict(False, LATER),
    "callActivity": Verdict(False, LATER),
    "transaction": Verdict(False, LATER),
    "adHocSubProcess": Verdict(False, LATER),
    "eventSubProcess": Verdict(False, LATER),
}
GATEWAYS = {
    "exclusiveGateway": Verdict(True, "takes the first flow whose condition is true, else the default"),
    "parallelGateway": Verdict(True, "waits for one token of each incoming flow, then takes all outgoing ones"),
    "inclusiveGateway": Verdict(True, "waits until no other token can arrive, then takes every true flow"),
    "complexGateway": Verdict(False, LATER),
    "eventBasedGateway": Verdict(False, LATER),
}
MARKERS = {
    "multiInstanceLoopCharacteristics": Verdict(True, "one instance per item, all at once or one after the other"),
    "standardLoopCharacteristics": Verdict(False, LATER),
    "isForCompensation": Verdict(False, LATER),
}
_RUNNING_EVENTS = {
    ("startEvent", "none"): "begins the process or the sub-process",
    ("endEvent", "none"): "ends its token",
    ("endEvent", "terminate"): "ends all tokens of its scope",
    ("intermediateThrowEvent", "none"): "passes through; marks a place, for example a stage",
    ("intermediateCatchEvent", "timer"): "waits for a date or a duration",
    ("boundaryEvent", "timer"): "fires while its activity runs; interrupting or not",
}
EVENTS = ("startEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "endEvent")
_IMPOSSIBLE = {  # BPMN 2.0.2, tables 10.84 to 10.93: which trigger may stand where
    "startEvent": {"link", "cancel", "terminate", "error", "escalation", "compensation"},
    "intermediateCatchEvent": {"error", "escalation", "compensation", "cancel", "terminate", "none"},
    "intermediateThrowEvent": {"timer", "conditional", "error", "cancel", "terminate"},
    "boundaryEvent": {"link", "terminate", "none"},
    "endEvent": {"timer", "conditional", "link"},
}
# drawn for people; they change nothing in the execution
DRAWN = {
    "laneSet": "names who acts; people are found by the task's own attributes",
    "textAnnotation": "a note for people",
    "association": "connects a note",
    "group": "a frame for people",
    "category": "names a group",
    "documentation": "shown with the task",
    "dataObject": "what a data object reference refers to",
    "dataObjectReference": "obieg:documentType ties documents to tasks",
    "dataStoreReference": "obieg:entity names the record that a task is about",
    "dataStore": "what a data store reference refers to",
    "collaboration": "pools and message flows, for people",
    "extensionElements": "checked one by one",
    "incoming": "repeats a sequence flow",
    "outgoing": "repeats a sequence flow",
}


def event_kind(definitions: list[str]) -> str:
    """The kind of an event by the names of its event definitions."""
    if not definitions:
        return "none"
    if len(definitions) > 1:
        return "multiple"
    return _EVENT_NAMES[definitions[0]]


def event_verdict(element: str, kind: str) -> Verdict:
    """Whether an event of this kind runs at this element."""
    because = _RUNNING_EVENTS.get((element, kind))
    if because is not None:
        return Verdict(True, because)
    if kind in _IMPOSSIBLE[element]:
        return Verdict(False, "BPMN does not allow this trigger in this position")
    return Verdict(False, LATER)


def table() -> list[tuple[str, str, Verdict]]:
    """Every element and position with its verdict, in the order of the reference page."""
    rows = [(name, "activity", verdict) for name, verdict in ACTIVITIES.items()]
    rows += [(name, "gateway", verdict) for name, verdict in GATEWAYS.items()]
    rows += [(name, "marker of an activity", verdict) for name, verdict in MARKERS.items()]
    rows += [(event, kind, event_verdict(event, kind)) for event in EVENTS for kind in ("none", *EVENT_KINDS)]
    rows += [(name, "drawn", Verdict(True, because)) for name, because in DRAWN.items()]
    return rows
