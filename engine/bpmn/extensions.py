"""The attributes and elements of the `camunda:` and `obieg:` vocabularies: which are understood, where, and why not."""

import difflib

from engine.bpmn.extensions_together import check_together
from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, CAMUNDA, OBIEG, Xml, local, namespace

_TASK = frozenset(
    {"task", "manualTask", "userTask", "serviceTask", "scriptTask", "businessRuleTask", "subProcess", "transaction"}
    | {"adHocSubProcess", "callActivity"}
    | {"sendTask", "receiveTask", "intermediateThrowEvent", "intermediateCatchEvent", "endEvent"}
)  # what can have inputs and outputs
_APART = _TASK - {"intermediateCatchEvent", "receiveTask"}  # these two only wait
_PEOPLE = frozenset({"userTask", "adHocSubProcess"})
_WAITS = frozenset(
    {"userTask", "serviceTask", "sendTask", "receiveTask", "subProcess", "transaction", "adHocSubProcess"}
    | {"callActivity", "intermediateCatchEvent", "eventBasedGateway"}
)  # where a case can be for a while
_ANY = frozenset({"*"})
_CALLS = frozenset({"serviceTask", "sendTask"})  # what can call a handler
_NO_EFFECT = "accepted, changes nothing"

# attribute -> (elements that may have it, what it does)
CAMUNDA_ATTRIBUTES: dict[str, tuple[frozenset[str], str]] = {
    "assignee": (frozenset({"userTask"}), "the person who gets the task"),
    "candidateUsers": (_PEOPLE, "people it is offered to, separated by commas or a FEEL list"),
    "candidateGroups": (_PEOPLE, "roles it is offered to, separated by commas or a FEEL list"),
    "dueDate": (frozenset({"userTask"}), "date and time, or an ISO 8601 duration from now"),
    "followUpDate": (frozenset({"userTask"}), "as dueDate"),
    "priority": (frozenset({"userTask"}), "a number, 50 by default"),
    "formRef": (frozenset({"userTask"}), "key of a deployed form"),
    "formKey": (frozenset({"userTask"}), "the same as formRef"),
    "formRefBinding": (frozenset({"userTask"}), "latest (default) or version"),
    "formRefVersion": (frozenset({"userTask"}), "the version where the binding is version"),
    "decisionRef": (frozenset({"businessRuleTask"}), "id of a deployed decision"),
    "decisionRefBinding": (frozenset({"businessRuleTask"}), "latest (default) or version"),
    "decisionRefVersion": (frozenset({"businessRuleTask"}), "the version where the binding is version"),
    "mapDecisionResult": (frozenset({"businessRuleTask"}), "singleEntry, singleResult, collectEntries, resultList"),
    "resultVariable": (_CALLS | {"businessRuleTask", "scriptTask"}, "variable that takes the result"),
    "calledElementBinding": (frozenset({"callActivity"}), "latest (default), deployment, version or versionTag"),
    "calledElementVersion": (frozenset({"callActivity"}), "the version where the binding is version: a number or FEEL"),
    "calledElementVersionTag": (frozenset({"callActivity"}), "the tag where the binding is versionTag: text or FEEL"),
    "collection": (frozenset({"multiInstanceLoopCharacteristics"}), "variable or FEEL expression: the items"),
    "elementVariable": (frozenset({"multiInstanceLoopCharacteristics"}), "variable that holds one item"),
    "candidateStarterGroups": (frozenset({"process"}), "roles that may start the process"),
    "type": (_CALLS, "external: workers of the topic do it"),
    "topic": (_CALLS, "where workers fetch the task"),
    "taskPriority": (_CALLS, "a number, 50 by default: higher ones are fetched first"),
    "failedJobRetryTimeCycle": (_CALLS, "when a deferred or external task is tried again"),
    "asyncBefore": (_APART, "it begins within a second, when all before it is durable, in a transaction of its own"),
    "asyncAfter": (_APART, "what comes behind it begins within a second, when it is durable that it is done"),
    "initiator": (frozenset({"startEvent"}), "variable that takes the id of the person who starts"),
    "historyTimeToLive": (frozenset({"process"}), "how long a finished case is kept: days, or an ISO 8601 duration"),
    "versionTag": (frozenset({"process"}), "names the version, for call activities that ask for a tag"),
    "isStartableInTasklist": (frozenset({"process"}), _NO_EFFECT),
    "exclusive": (_ANY, _NO_EFFECT + ": an instance is always locked"),
    "diagramRelationId": (_ANY, _NO_EFFECT),
    "modelerTemplate": (_ANY, _NO_EFFECT),
    "modelerTemplateVersion": (_ANY, _NO_EFFECT),
    "modelerTemplateIcon": (_ANY, _NO_EFFECT),
}
SWITCHES = frozenset({"asyncBefore", "asyncAfter"})
CAMUNDA_REFUSED: dict[str, str] = {
    "class": "Java classes are not executed; name a handler with obieg:handler",
    "delegateExpression": "Java beans are not executed; name a handler with obieg:handler",
    "expression": "Java expressions are not executed; name a handler with obieg:handler",
    "jobPriority": "elements with camunda:asyncBefore begin in the order in which they were reached",
    "resource": "scripts stand in the diagram, in FEEL",
    "formHandlerClass": "Java classes are not executed",
    "calledElementTenantId": "there are no tenants",
    "caseRef": "CMMN cases are not executed; call a process with calledElement",
    "variableMappingClass": "Java classes are not executed; map variables with camunda:in and camunda:out",
    "variableMappingDelegateExpression": "Java beans are not executed; map with camunda:in and camunda:out",
    "taskListener": "listeners are code outside the diagram; draw a service task",
    "executionListener": "listeners are code outside the diagram; draw a service task",
    "connector": "connectors are not executed; name a handler with obieg:handler",
    "formData": "generated forms are not shown; deploy a form and name it with camunda:formRef",
    "field": "Java field injection is not executed",
    "properties": "properties have no meaning here and would be ignored",
}
OBIEG_ATTRIBUTES: dict[str, tuple[frozenset[str], str]] = {
    "documentType": (frozenset({"dataObjectReference"}), "the document type that this data object stands for"),
    "entity": (frozenset({"dataStoreReference"}), "the business record that this data store stands for"),
    "stage": (_ANY, "the stage of the case while a token is here"),
    "stages": (frozenset({"process"}), "all stages in their order, separated by commas or semicolons"),
    "goals": (frozenset({"process"}), "outcomes with which a case has reached what it was for, as reports count them"),
    "searchable": (frozenset({"process"}), "variables that inbox searches look into"),
    "role": (
        frozenset({"lane"}),
        "the role that user tasks in the lane, or in its sub-processes, are offered to where they name nobody",
    ),
    "sla": (
        frozenset({"userTask", "process"}),
        "working time until a task is due, or that a case may take: a duration such as P2DT4H, or FEEL after =",
    ),
    "slaCounts": (_WAITS, "false: the time that a case spends here is not part of what it may take"),
    "outcome": (frozenset({"endEvent"}), "the outcome of the case when it ends here"),
    "fourEyes": (frozenset({"userTask"}), "elements whose performers may not perform this task"),
    "correlationKey": (
        frozenset({"messageEventDefinition", "sendTask", "receiveTask"}),
        "text, or FEEL after =: only the message with this key is received; where one is sent, its key",
    ),
    "handler": (_CALLS, "the operation of the catalogue, or the handler of a package, to call: package.function"),
    "deferred": (_CALLS, "the handler runs in a job, outside the transaction"),
    "outputCollection": (frozenset({"multiInstanceLoopCharacteristics"}), "variable that collects one value each"),
    "outputElement": (frozenset({"multiInstanceLoopCharacteristics"}), "FEEL: the value that one instance gives"),
}
OBIEG_REFUSED: dict[str, str] = {
    "state": "this release ties document types to tasks, not their states",
}
AS_ELEMENTS = frozenset({"failedJobRetryTimeCycle"})  # known names that are elements; the others are attributes
_FORMS = {True: "stands as an element inside extensionElements", False: "is an attribute, not an element"}
ELEMENTS = frozenset({"inputOutput", "inputParameter", "outputParameter"})  # read by `lower`
PASSING = frozenset({"in", "out"})  # what a call activity gives and takes, read by `calls`
_PASSING_ATTRIBUTES = frozenset({"source", "sourceExpression", "target", "variables", "businessKey", "local"})
# what drawing tools add, meaningless for the execution
_TOOLS = (
    "http://www.omg.org/spec/BPMN/20100524/DI",
    "http://www.omg.org/spec/DD/20100524/D",
    "http://www.w3.org/",
    "http://camunda.org/schema/modeler/",
    "http://bpmn.io/schema/bpmn/biocolor",
    "http://www.omg.org/spec/BPMN/non-normative/color",
    "http://bpmn.io/schema/",
    "http://www.signavio.com",  # colours, labels and notes of its models
)


def check_extensions(element: Xml, findings: Findings) -> None:
    """Look at every foreign attribute of an element and at its extension elements."""
    for attribute in element.attrib:
        space, _, name = attribute[1:].partition("}") if attribute.startswith("{") else ("", "", attribute)
        if space:
            _check_name(space, name, element, element, findings)
    for container in element.findall(f"{{{BPMN}}}extensionElements"):
        for child in container:
            _check_element(child, element, findings)
    check_together(element, findings)


def _check_element(child: Xml, owner: Xml, findings: Findings) -> None:
    if namespace(child) == CAMUNDA and local(child) in ELEMENTS:
        if local(owner) not in _TASK:
            findings.error(
                "extension-place",
                f"camunda:{local(child)} belongs to an activity or to an event in the flow, not to <{local(owner)}>.",
                line=child.sourceline,
                element=owner.get("id"),
            )
        return
    if namespace(child) == CAMUNDA and local(child) in PASSING:
        _check_passing(child, owner, findings)
        return
    _check_name(namespace(child), local(child), child, owner, findings)


def _check_passing(child: Xml, owner: Xml, findings: Findings) -> None:
    name, key = f"camunda:{local(child)}", owner.get("id")
    unknown = sorted(set(child.attrib) - _PASSING_ATTRIBUTES)
    if local(owner) != "callActivity":
        sentence = f"{name} belongs to a call activity, not to <{local(owner)}>."
        findings.error("extension-place", sentence, line=child.sourceline, element=key)
    elif unknown or len(child) or (child.get("businessKey") is not None and local(child) == "out"):
        told = ", ".join(unknown) or "what stands inside"
        sentence = f"{name}: {told} is not known here; it has {', '.join(sorted(_PASSING_ATTRIBUTES))}."
        findings.error("extension-unknown", sentence, line=child.sourceline, element=key)


def _check_name(space: str, name: str, at: Xml, owner: Xml, findings: Findings) -> None:
    def refuse(rule: str, sentence: str) -> None:
        findings.error(rule, sentence, line=at.sourceline, element=owner.get("id"))

    if space.startswith(_TOOLS):
        return
    if space not in {CAMUNDA, OBIEG}:
        refuse("extension-foreign", f"{name} belongs to {space or 'no vocabulary'}, which would be ignored; remove it.")
        return
    prefix = "camunda" if space == CAMUNDA else "obieg"
    known, refused = (CAMUNDA_ATTRIBUTES, CAMUNDA_REFUSED) if space == CAMUNDA else (OBIEG_ATTRIBUTES, OBIEG_REFUSED)
    if name in SWITCHES and _is_off(name, at):
        return
    if name in known and (at is not owner) != (name in AS_ELEMENTS):
        refuse("extension-place", f"{prefix}:{name} {_FORMS[name in AS_ELEMENTS]}, else it would be ignored.")
    elif name in known:
        places = known[name][0]
        if places != _ANY and local(owner) not in places:
            refuse("extension-place", f"{prefix}:{name} belongs to {_words(places)}, not to <{local(owner)}>.")
    elif name in refused:
        refuse("extension-refused", f"{prefix}:{name}: {refused[name]}.")
    else:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f" Did you mean {prefix}:{nearest[0]}?" if nearest else ""
        refuse("extension-unknown", f"{prefix}:{name} is not known and would be ignored.{hint}")


def _is_off(name: str, at: Xml) -> bool:
    """asyncAfter="false" says what happens anyway, wherever it stands."""
    value = at.get(f"{{{CAMUNDA}}}{name}") or at.get(f"{{{OBIEG}}}{name}")
    return value in {"false", "0"}


def _words(places: frozenset[str]) -> str:
    return " or ".join(f"<{place}>" for place in sorted(places))
