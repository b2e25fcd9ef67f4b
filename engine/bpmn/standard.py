"""The elements and attributes of BPMN 2.0: what may stand where, and what is executed, drawn or refused."""

from collections.abc import Iterable

from core.records import dataclass

READ = "runs"
DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute at some elements: `values` are those that are executed (none: every one), `because` says why."""

    places: frozenset[str]
    verdict: str
    because: str
    values: frozenset[str] = frozenset()

    def refuses(self, value: str) -> bool:
        """Whether an element with this value would not be executed as it says."""
        return bool(self.values) and value.strip() not in self.values


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TASKS = "task manualTask userTask serviceTask scriptTask businessRuleTask sendTask receiveTask"
_SCOPES = "subProcess transaction adHocSubProcess"
_ACTIVITIES = f"{_TASKS} {_SCOPES} callActivity"
_CATCHES = "startEvent intermediateCatchEvent boundaryEvent"
_THROWS = "intermediateThrowEvent endEvent"
_GATEWAYS = "exclusiveGateway parallelGateway inclusiveGateway complexGateway eventBasedGateway"
_DEFINITIONS = (
    "messageEventDefinition timerEventDefinition signalEventDefinition conditionalEventDefinition errorEventDefinition "
    "escalationEventDefinition compensateEventDefinition linkEventDefinition cancelEventDefinition "
    "terminateEventDefinition"
)
_ARTIFACTS = "association group textAnnotation"
_CONTENT = (
    f"laneSet {_ACTIVITIES} {_CATCHES} {_THROWS} {_GATEWAYS} sequenceFlow dataObject dataObjectReference "
    f"dataStoreReference {_ARTIFACTS}"
)
_FLOW = "auditing monitoring categoryValueRef"
_NODE = f"{_FLOW} incoming outgoing"
_ROLES = "resourceRole performer humanPerformer potentialOwner"
_LOOPS = "standardLoopCharacteristics multiInstanceLoopCharacteristics"
_ACTIVITY = (
    f"{_NODE} ioSpecification property dataInputAssociation dataOutputAssociation {_ROLES} loopCharacteristics {_LOOPS}"
)
_CATCH = f"{_NODE} property dataOutput dataOutputAssociation outputSet eventDefinitionRef {_DEFINITIONS}"
_THROW = f"{_NODE} property dataInput dataInputAssociation inputSet eventDefinitionRef {_DEFINITIONS}"
_GLOBAL = "globalTask globalManualTask globalUserTask globalScriptTask globalBusinessRuleTask"
_CALLABLE = f"ioSpecification ioBinding supportedInterfaceRef {_ROLES}"
_DATA = "dataObject dataObjectReference dataStore dataStoreReference dataInput dataOutput property"
_CONVERSATIONS = "conversation subConversation callConversation"
_CHOREOGRAPHY = "choreographyTask subChoreography callChoreography"

_INSIDE = {  # element -> what the schema allows inside it, beside documentation and extensionElements
    "definitions": (
        f"import extension process collaboration globalConversation choreography globalChoreographyTask {_GLOBAL} "
        f"category message signal error escalation itemDefinition interface endPoint resource partnerEntity "
        f"partnerRole dataStore correlationProperty relationship {_DEFINITIONS}"
    ),
    "process": (
        f"auditing monitoring property {_CONTENT} {_CALLABLE} correlationSubscription supports {_CHOREOGRAPHY}"
    ),
    **dict.fromkeys(_SCOPES.split(), f"{_ACTIVITY} {_CONTENT}"),
    "adHocSubProcess": f"{_ACTIVITY} {_CONTENT} completionCondition",
    **dict.fromkeys(("task", "manualTask", "callActivity", "businessRuleTask"), _ACTIVITY),
    **dict.fromkeys(("serviceTask", "sendTask", "receiveTask"), f"{_ACTIVITY} operationRef"),
    "userTask": f"{_ACTIVITY} rendering",
    "scriptTask": f"{_ACTIVITY} script",
    **dict.fromkeys(_CATCHES.split(), _CATCH),
    **dict.fromkeys(_THROWS.split(), _THROW),
    **dict.fromkeys(_GATEWAYS.split(), _NODE),
    "complexGateway": f"{_NODE} activationCondition",
    "sequenceFlow": f"{_FLOW} conditionExpression",
    **dict.fromkeys(("dataObject", "dataObjectReference", "dataStoreReference"), f"{_FLOW} dataState"),
    **dict.fromkeys(("dataStore", "dataInput", "dataOutput", "property"), "dataState"),
    "globalTask": _CALLABLE,
    "globalManualTask": _CALLABLE,
    "globalUserTask": f"{_CALLABLE} rendering",
    "globalScriptTask": f"{_CALLABLE} script",
    "globalBusinessRuleTask": _CALLABLE,
    "messageEventDefinition": "operationRef",
    "timerEventDefinition": "timeDate timeDuration timeCycle",
    "conditionalEventDefinition": "condition",
    "linkEventDefinition": "source target",
    "standardLoopCharacteristics": "loopCondition",
    "multiInstanceLoopCharacteristics": (
        "loopCardinality loopDataInputRef loopDataOutputRef inputDataItem outputDataItem complexBehaviorDefinition "
        "completionCondition"
    ),
    "complexBehaviorDefinition": "condition event",
    "event": _THROW,
    **dict.fromkeys(("inputDataItem", "outputDataItem"), "dataState"),
    "ioSpecification": "dataInput dataOutput inputSet outputSet",
    "inputSet": "dataInputRefs optionalInputRefs whileExecutingInputRefs outputSetRefs",
    "outputSet": "dataOutputRefs optionalOutputRefs whileExecutingOutputRefs inputSetRefs",
    **dict.fromkeys(("dataInputAssociation", "dataOutputAssociation"), "sourceRef targetRef transformation assignment"),
    "assignment": "from to",
    **dict.fromkeys(_ROLES.split(), "resourceRef resourceParameterBinding resourceAssignmentExpression"),
    "resourceParameterBinding": "formalExpression expression",
    "resourceAssignmentExpression": "formalExpression expression",
    "laneSet": "lane",
    "lane": "partitionElement flowNodeRef childLaneSet",
    "childLaneSet": "lane",
    "category": "categoryValue",
    "textAnnotation": "text",
    "collaboration": (
        f"participant messageFlow {_ARTIFACTS} {_CONVERSATIONS} conversationAssociation participantAssociation "
        "messageFlowAssociation correlationKey choreographyRef conversationLink"
    ),
    "participant": "interfaceRef endPointRef participantMultiplicity",
    "conversation": "participantRef messageFlowRef correlationKey",
    "subConversation": f"participantRef messageFlowRef correlationKey {_CONVERSATIONS}",
    "callConversation": "participantRef messageFlowRef correlationKey participantAssociation",
    "participantAssociation": "innerParticipantRef outerParticipantRef",
    "messageFlowAssociation": "innerMessageFlowRef outerMessageFlowRef",
    "correlationKey": "correlationPropertyRef",
    "correlationProperty": "correlationPropertyRetrievalExpression",
    "correlationPropertyRetrievalExpression": "messagePath",
    "correlationSubscription": "correlationPropertyBinding",
    "correlationPropertyBinding": "dataPath",
    "interface": "operation",
    "operation": "inMessageRef outMessageRef errorRef",
    "resource": "resourceParameter",
    "partnerEntity": "participantRef",
    "partnerRole": "participantRef",
    "relationship": "source target",
}
INSIDE: dict[str, frozenset[str]] = {name: _words(inside) for name, inside in _INSIDE.items()}
ALWAYS_INSIDE = frozenset({"documentation", "extensionElements"})
EXPRESSIONS = _words(
    "conditionExpression condition loopCondition completionCondition activationCondition loopCardinality timeDate "
    "timeDuration timeCycle transformation from to messagePath dataPath formalExpression expression"
)
_TYPE = "a type is a note: values are checked by forms, decisions and handlers"
NOTES: dict[str, str] = {  # drawn for people, beside what `support` lists
    "lane": "who acts",
    "auditing": "a place for extensions",
    "monitoring": "a place for extensions",
    "rendering": "a place for extensions; forms are named by camunda:formRef",
    "categoryValueRef": "the group that an element belongs to",
    "dataState": "the state of data, as a note",
    "supports": "another process that this one keeps to, as a note",
    "participant": "a pool",
    "messageFlow": "who sends to whom; messages are matched by name and key",
    "conversation": "who talks to whom",
    "globalConversation": "who talks to whom",
    "import": "other files are never read",
    "extension": "refused where it must be understood",
    "itemDefinition": _TYPE,
    "interface": "web services are not called",
    "endPoint": "web services are not called",
    "resource": "people and roles are those of the accounts",
    "partnerEntity": "who stands behind a pool",
    "partnerRole": "who stands behind a pool",
    "relationship": "ties between files",
}
KNOWN = frozenset(INSIDE) | ALWAYS_INSIDE | EXPRESSIONS | frozenset().union(*INSIDE.values())
DRAWINGS = _words("collaboration globalConversation relationship")  # whose content says nothing to the execution

_NO_WSDL = "operations of web services are not called; name a handler or a message"
_NO_CHOREOGRAPHY = "a choreography has nobody who could execute it; draw the process of each participant"
REFUSED: dict[str, str] = {
    "choreography": _NO_CHOREOGRAPHY,
    "globalChoreographyTask": _NO_CHOREOGRAPHY,
    **dict.fromkeys(_CHOREOGRAPHY.split(), _NO_CHOREOGRAPHY),
    "operationRef": _NO_WSDL,
    "ioBinding": _NO_WSDL,
    "supportedInterfaceRef": _NO_WSDL,
    "resourceRole": "it says neither who gets a task nor whom it is offered to; use humanPerformer or potentialOwner",
    "performer": "it says neither who gets a task nor whom it is offered to; use humanPerformer or potentialOwner",
    "resourceRef": "resources are not looked up; write who it is into a resourceAssignmentExpression",
    "resourceParameterBinding": "resources have no parameters here; name people and roles",
    "loopCharacteristics": "it is an abstract element of the standard; use multiInstanceLoopCharacteristics",
}
_BOOL = _words("true false 1 0")
_ANY: frozenset[str] = frozenset()


def _at(places: str, because: str, values: Iterable[str] = _ANY, verdict: str = READ) -> Attribute:
    return Attribute(_words(places), verdict, because, frozenset(values))


def _note(places: str, because: str) -> Attribute:
    return Attribute(_words(places), DRAWN, because)


_EVERYWHERE = "*"
ATTRIBUTES: dict[str, tuple[Attribute, ...]] = {
    "id": (_at(_EVERYWHERE, "names the element"),),
    "name": (_at(_EVERYWHERE, "shown to people; it is what ties messages, signals and links together"),),
    "targetNamespace": (_note("definitions", "where the ids belong"),),
    "exporter": (_note("definitions", "the tool that drew it"),),
    "exporterVersion": (_note("definitions", "the tool that drew it"),),
    "typeLanguage": (_note("definitions", _TYPE),),
    "expressionLanguage": (_at("definitions", "the language of expressions that name none: only FEEL is executed"),),
    "namespace": (_note("import", _TYPE),),
    "location": (_note("import", "other files are never read"),),
    "importType": (_note("import", _TYPE),),
    "definition": (_note("extension", "names an extension"),),
    "mustUnderstand": (_at("extension", "an extension that must be understood is not", _words("false 0")),),
    "isExecutable": (_at("process", "which processes of the file run", _BOOL),),
    "processType": (
        _at("process", "a public process is what others see of one; draw the private one", _words("None Private")),
    ),
    "isClosed": (_note("process collaboration", "only the messages that are drawn are sent and received anyway"),),
    "definitionalCollaborationRef": (_note("process", "the collaboration that shows the process"),),
    "sourceRef": (
        _at("sequenceFlow", "where the flow begins"),
        _at("association", "ties a compensation handler to its event, else a note for people"),
        _note("messageFlow conversationLink", "a drawing"),
    ),
    "targetRef": (
        _at("sequenceFlow", "where the flow leads"),
        _at("association", "ties a compensation handler to its event, else a note for people"),
        _note("messageFlow conversationLink", "a drawing"),
    ),
    "isImmediate": (
        _at("sequenceFlow", "a flow on which other work may happen is not executable (8.3.13)", _words("true 1")),
    ),
    "associationDirection": (_note("association", "an arrow head"),),
    "default": (_at(f"{_ACTIVITIES} exclusiveGateway inclusiveGateway complexGateway", "the default flow"),),
    "gatewayDirection": (_note(_GATEWAYS, "repeats what the flows say; refused where it contradicts them"),),
    "eventGatewayType": (_at("eventBasedGateway", "the first event, or all of them", _words("Exclusive Parallel")),),
    "instantiate": (_at("receiveTask eventBasedGateway", "the message or event makes a case", _BOOL),),
    "isForCompensation": (_at(_ACTIVITIES, "undoes another activity", _BOOL),),
    "startQuantity": (_at(_ACTIVITIES, "how many tokens it begins with, at most 1000"),),
    "completionQuantity": (_at(_ACTIVITIES, "how many tokens it sends along each flow that it takes, at most 1000"),),
    "triggeredByEvent": (
        _at("subProcess", "an event sub-process", _BOOL),
        _at("transaction adHocSubProcess", "only a plain sub-process can handle events", _words("false 0")),
    ),
    "method": (_at("transaction", "a transaction is undone by compensation, by no other protocol", ["##Compensate"]),),
    "ordering": (_at("adHocSubProcess", "all at once, or one after the other", _words("Parallel Sequential")),),
    "cancelRemainingInstances": (_at("adHocSubProcess", "what happens to the rest at the completion", _BOOL),),
    "implementation": (
        _at(
            "userTask serviceTask sendTask receiveTask businessRuleTask globalUserTask globalBusinessRuleTask",
            "other technologies are named by obieg:handler, camunda:topic, camunda:decisionRef or camunda:formRef",
            _words("##unspecified ##WebService"),
        ),
    ),
    "operationRef": (_at("serviceTask sendTask receiveTask", _NO_WSDL, ["none"]),),
    "messageRef": (
        _at("messageEventDefinition sendTask receiveTask", "the message"),
        _note("messageFlow", "a drawing"),
        _at("correlationPropertyRetrievalExpression", "the message that the value is read from"),
    ),
    "signalRef": (_at("signalEventDefinition", "the signal"),),
    "errorRef": (_at("errorEventDefinition", "the error; without it every error is caught"),),
    "escalationRef": (_at("escalationEventDefinition", "the escalation; without it every one is caught"),),
    "activityRef": (_at("compensateEventDefinition", "the activity to undo; without it the whole scope"),),
    "waitForCompletion": (_at("compensateEventDefinition", "whether the throw waits for what undoes", _BOOL),),
    "attachedToRef": (_at("boundaryEvent", "the activity that the event belongs to"),),
    "cancelActivity": (_at("boundaryEvent", "whether the event interrupts its activity", _BOOL),),
    "parallelMultiple": (_at(_CATCHES, "all of several events, not the first of them", _BOOL),),
    "isInterrupting": (_at("startEvent", "at an event sub-process: whether it stops its scope", _BOOL),),
    "errorCode": (_at("error", "what ties throw and catch together"),),
    "escalationCode": (_at("escalation", "what ties throw and catch together"),),
    "structureRef": (_note("error escalation signal itemDefinition", _TYPE),),
    "itemRef": (_note("message", _TYPE),),
    "itemKind": (_note("itemDefinition", _TYPE),),
    "isCollection": (_note("itemDefinition dataObject dataInput dataOutput inputDataItem outputDataItem", _TYPE),),
    "itemSubjectRef": (_note(f"{_DATA} inputDataItem outputDataItem", _TYPE),),
    "dataObjectRef": (_at("dataObjectReference", "the data object that it shows"),),
    "dataStoreRef": (_note("dataStoreReference", "the data store that it shows"),),
    "capacity": (_note("dataStore", "what a store holds is told by people"),),
    "isUnlimited": (_note("dataStore", "what a store holds is told by people"),),
    "testBefore": (_at("standardLoopCharacteristics", "while … do, or do … while", _BOOL),),
    "loopMaximum": (_at("standardLoopCharacteristics", "at most this often"),),
    "isSequential": (_at("multiInstanceLoopCharacteristics", "one after the other, or all at once", _BOOL),),
    "behavior": (
        _at(
            "multiInstanceLoopCharacteristics",
            "which events the instances throw when they complete",
            _words("All None One Complex"),
        ),
    ),
    "oneBehaviorEventRef": (_at("multiInstanceLoopCharacteristics", "the event that the first instance throws"),),
    "noneBehaviorEventRef": (_at("multiInstanceLoopCharacteristics", "the event that each instance throws"),),
    "language": (_at(" ".join(sorted(EXPRESSIONS)), "only FEEL is executed"),),
    "evaluatesToTypeRef": (_note(" ".join(sorted(EXPRESSIONS)), _TYPE),),
    "scriptFormat": (_at("scriptTask", "only FEEL is executed"),),
    "scriptLanguage": (_at("globalScriptTask", "only FEEL is executed"),),
    "textFormat": (_note("documentation textAnnotation", "text is shown as it stands"),),
    "partitionElementRef": (_note("lane", "names who acts"),),
    "categoryValueRef": (_note("group", "names the group"),),
    "value": (_note("categoryValue", "names the group"),),
    "processRef": (_note("participant", "the pool of a process"),),
    "minimum": (_note("participantMultiplicity", "a drawing"),),
    "maximum": (_note("participantMultiplicity", "a drawing"),),
    "calledCollaborationRef": (_note("callConversation", "a drawing"),),
    "innerConversationNodeRef": (_note("conversationAssociation", "a drawing"),),
    "outerConversationNodeRef": (_note("conversationAssociation", "a drawing"),),
    "implementationRef": (_note("interface operation", "operations of web services are not called"),),
    "type": (_note("resourceParameter relationship correlationProperty", _TYPE),),
    "isRequired": (_note("resourceParameter", "a note"),),
    "direction": (_note("relationship", "a drawing"),),
    "calledElement": (_at("callActivity", "the process to call"),),
    "parameterRef": (_note("resourceParameterBinding", "a note"),),
    "correlationPropertyRef": (_at("correlationPropertyBinding", "the property"),),
    "correlationKeyRef": (_at("correlationSubscription", "the key"),),
}
