"""Which element runs in which position and which is refused, and why; the reference table is made from this."""

from core.records import dataclass
from engine.bpmn.standard import NOTES, REFUSED


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an element runs in a position; `because` is what a designer reads."""

    runs: bool
    because: str


LATER = "this release does not execute it yet"
EVENT_NAMES = {
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
EVENT_DEFINITIONS = frozenset(EVENT_NAMES)
EVENT_KINDS = (*EVENT_NAMES.values(), "multiple")

ACTIVITIES = {
    "task": Verdict(True, "passes through; draw a user task where a person must act"),
    "manualTask": Verdict(True, "passes through: work that the system does not follow"),
    "userTask": Verdict(True, "waits in the inbox until a person completes it"),
    "serviceTask": Verdict(True, "calls the operation or handler that obieg:handler names, or waits for a worker"),
    "scriptTask": Verdict(True, "runs lines `name = expression` in FEEL"),
    "businessRuleTask": Verdict(True, "evaluates the deployed decision that camunda:decisionRef names"),
    "subProcess": Verdict(True, "runs its content in a scope of its own"),
    "sendTask": Verdict(True, "sends its message with the inputs as content, or calls what obieg:handler names"),
    "receiveTask": Verdict(True, "waits for its message; refused without messageRef"),
    "callActivity": Verdict(True, "runs another process or a global task as a case of its own, and waits for it"),
    "transaction": Verdict(True, "a sub-process that a cancel end event undoes"),
    "adHocSubProcess": Verdict(True, "offers its activities to people: any of them, any number of times"),
    "eventSubProcess": Verdict(True, "armed as long as its scope lives; interrupting or not"),
}
GLOBAL_TASKS = {
    "globalTask": Verdict(True, "called by a call activity; passes through"),
    "globalManualTask": Verdict(True, "called by a call activity; passes through"),
    "globalUserTask": Verdict(True, "called by a call activity; a user task in a case of its own"),
    "globalScriptTask": Verdict(True, "called by a call activity; a script over the variables that are passed in"),
    "globalBusinessRuleTask": Verdict(True, "called by a call activity; a decision over the variables passed in"),
}
GATEWAYS = {
    "exclusiveGateway": Verdict(True, "takes the first flow whose condition is true, else the default"),
    "parallelGateway": Verdict(True, "waits for one token of each incoming flow, then takes all outgoing ones"),
    "inclusiveGateway": Verdict(True, "waits until no other token can arrive, then takes every true flow"),
    "complexGateway": Verdict(
        True, "goes on once its activationCondition over activationCount is true, then uses up the rest until its reset"
    ),
    "eventBasedGateway": Verdict(True, "waits for the first of the events behind it"),
}
MARKERS = {
    "multiInstanceLoopCharacteristics": Verdict(True, "one instance per item, all at once or one after the other"),
    "standardLoopCharacteristics": Verdict(True, "again while the condition is true, at most loopMaximum times"),
    "isForCompensation": Verdict(True, "undoes the activity that an association ties to it"),
}
DATA = {
    "dataObject": "a variable of its process or sub-process, by its name",
    "property": "a variable of the process, activity or event that has it, by its name",
    "ioSpecification": "inputs that must be there, and the activity's own variables",
    "dataInput": "a variable of the activity or event; where the process has it, given at the start",
    "dataOutput": "a variable of the activity or event; at a catch event, what it has received",
    "dataInputAssociation": "copies, transforms or assigns in FEEL before; to a document or record it is a drawing",
    "dataOutputAssociation": "copies, transforms or assigns in FEEL after; to a document or record it is a drawing",
}
PEOPLE = {
    "humanPerformer": "its resourceAssignmentExpression names the person who gets the task, as camunda:assignee does",
    "potentialOwner": "its resourceAssignmentExpression names groups, group(name) and user(name) that it is offered to",
}
CORRELATION = {
    "correlationProperty": "reads a key by messagePath out of the content of each message of that name",
    "correlationKey": "names its one property; refused with several, and where no subscription says what cases want",
    "correlationSubscription": "binds the key to data of the case: its events wait for messages with dataPath's value",
}
_RUNNING_EVENTS = {
    ("startEvent", "none"): "begins the process or the sub-process",
    ("startEvent", "message"): "a message makes a case",
    ("startEvent", "timer"): "a moment makes a case",
    ("startEvent", "signal"): "a signal makes a case",
    ("startEvent", "conditional"): "data that a program reports make a case where its condition is true on them",
    ("startEvent", "multiple"): "the first of its events makes a case, with parallelMultiple all of its messages",
    ("endEvent", "none"): "ends its token",
    ("endEvent", "terminate"): "ends all tokens of its scope",
    ("endEvent", "message"): "sends its message with the inputs as content",
    ("endEvent", "signal"): "reaches everybody who waits for the signal, in this case first",
    ("endEvent", "error"): "goes outwards to the first scope that catches its code; an incident where none does",
    (
        "endEvent",
        "escalation",
    ): "goes outwards to the first scope that catches its code, without one to what catches all; else without effect",
    ("endEvent", "compensation"): "undoes what its scope has completed, in reverse order, and waits for it",
    ("endEvent", "cancel"): "undoes its transaction, then leaves it by the cancel boundary event",
    ("endEvent", "multiple"): "throws all of them, in the order of the diagram",
    ("intermediateThrowEvent", "none"): "passes through; marks a place, for example a stage",
    ("intermediateThrowEvent", "message"): "sends its message with the inputs as content",
    ("intermediateThrowEvent", "signal"): "reaches everybody who waits for the signal, in this case first",
    (
        "intermediateThrowEvent",
        "escalation",
    ): "goes outwards to the first scope that catches its code, without one to what catches all; else without effect",
    (
        "intermediateThrowEvent",
        "compensation",
    ): "undoes what its scope has completed, in reverse order, and waits for it",
    ("intermediateThrowEvent", "link"): "goes on at the link catch event of the same name",
    ("intermediateThrowEvent", "multiple"): "throws all of them, in the order of the diagram",
    ("intermediateCatchEvent", "timer"): "waits for a date or a duration",
    ("intermediateCatchEvent", "message"): "waits for its message, with the key that correlates it",
    ("intermediateCatchEvent", "signal"): "waits for its signal",
    ("intermediateCatchEvent", "conditional"): "waits until its condition is true",
    ("intermediateCatchEvent", "link"): "where the link throw event of the same name goes on",
    ("intermediateCatchEvent", "multiple"): "waits for the first of its events, with parallelMultiple for all",
    ("boundaryEvent", "timer"): "fires while its activity runs; interrupting or not",
    ("boundaryEvent", "message"): "fires while its activity runs; interrupting or not, then again and again",
    ("boundaryEvent", "signal"): "fires while its activity runs; interrupting or not, then again and again",
    ("boundaryEvent", "conditional"): "fires when its condition becomes true; interrupting or not",
    ("boundaryEvent", "error"): "catches an error out of its activity, by code or every one",
    ("boundaryEvent", "escalation"): "catches an escalation out of its activity; interrupting or not",
    ("boundaryEvent", "compensation"): "ties the activity that undoes its own to it",
    ("boundaryEvent", "cancel"): "where a cancelled transaction goes on",
    ("boundaryEvent", "multiple"): "fires at the first of its events, with parallelMultiple at all",
    ("eventSubProcessStart", "message"): "handles a message in its scope; interrupting or not",
    ("eventSubProcessStart", "timer"): "handles a moment in its scope; interrupting or not",
    ("eventSubProcessStart", "signal"): "handles a signal in its scope; interrupting or not",
    ("eventSubProcessStart", "conditional"): "handles a condition that becomes true; interrupting or not",
    ("eventSubProcessStart", "error"): "handles an error of its scope, by code or every one",
    ("eventSubProcessStart", "escalation"): "handles an escalation of its scope; interrupting or not",
    ("eventSubProcessStart", "compensation"): "undoes its scope once that has completed",
    ("eventSubProcessStart", "multiple"): "handles the first of its events, with parallelMultiple all",
}
EVENTS = (
    "startEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
    "endEvent",
)
POSITIONS = (*EVENTS, "eventSubProcessStart")
_IMPOSSIBLE = {  # BPMN 2.0.2, tables 10.84 to 10.93: which trigger may stand where
    "startEvent": {"link", "cancel", "terminate", "error", "escalation", "compensation"},
    "intermediateCatchEvent": {"error", "escalation", "compensation", "cancel", "terminate", "none"},
    "intermediateThrowEvent": {"timer", "conditional", "error", "cancel", "terminate"},
    "boundaryEvent": {"link", "terminate", "none"},
    "endEvent": {"timer", "conditional", "link"},
    "eventSubProcessStart": {"link", "cancel", "terminate", "none"},
}
# drawn for people; they change nothing in the execution
DRAWN = {
    "laneSet": "names who acts; with obieg:role its user tasks are offered to that role",
    "textAnnotation": "a note for people",
    "association": "connects a note",
    "group": "a frame for people",
    "category": "names a group",
    "documentation": "shown with the task",
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
    return EVENT_NAMES[definitions[0]]


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
    rows += [(name, "beside the processes", verdict) for name, verdict in GLOBAL_TASKS.items()]
    rows += [(name, "gateway", verdict) for name, verdict in GATEWAYS.items()]
    rows += [(name, "marker of an activity", verdict) for name, verdict in MARKERS.items()]
    rows += [(name, "data", Verdict(True, because)) for name, because in DATA.items()]
    rows += [(name, "user task", Verdict(True, because)) for name, because in PEOPLE.items()]
    rows += [(name, "message", Verdict(True, because)) for name, because in CORRELATION.items()]
    rows += [(event, kind, event_verdict(event, kind)) for event in POSITIONS for kind in ("none", *EVENT_KINDS)]
    rows += [(name, "drawn", Verdict(True, because)) for name, because in {**DRAWN, **NOTES}.items()]
    rows += [(name, "any", Verdict(False, because)) for name, because in REFUSED.items()]
    return rows
