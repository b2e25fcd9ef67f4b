"""Turns a checked diagram into the process that runs: expressions compiled, references resolved, source ids kept."""

import re
from collections.abc import Callable
from typing import TypeVar

from engine.bpmn.ad_hoc import read_ad_hoc
from engine.bpmn.apart import AFTER, BEFORE, is_apart
from engine.bpmn.calls import read_call
from engine.bpmn.correlation import CorrelationReader
from engine.bpmn.data import DataReader
from engine.bpmn.expressions import Value, attribute, formula
from engine.bpmn.findings import Findings
from engine.bpmn.known import Known
from engine.bpmn.loops import LoopReader
from engine.bpmn.model import Flow, Mapping, Node, Process, Reference, Work
from engine.bpmn.operations import OperationTask, bind
from engine.bpmn.outside import calls_handler, read_outside
from engine.bpmn.people import PeopleReader
from engine.bpmn.performers import read_performers
from engine.bpmn.read import BPMN, CAMUNDA, OBIEG, Xml, child_text, flag, local
from engine.bpmn.scopes import Scope, begins, compensator, definitions_of, is_ad_hoc, is_parallel, link_target
from engine.bpmn.triggers import TriggerReader, compiled
from engine.feel import Script, compile_script, single_value
from engine.ready import OPERATIONS

_LIFETIME = re.compile(r"[1-9]\d{0,5}|P(?=\d)(\d{1,4}Y)?(\d{1,4}M)?(\d{1,6}D)?")
_NAME = re.compile(r"^[^\W\d]\w*$")
_MAPPINGS = {"singleEntry", "singleResult", "collectEntries", "resultList"}
Compiled = TypeVar("Compiled")


def lower_process(scope: Scope, known: Known, findings: Findings) -> Process:
    """The process that runs; what cannot be compiled becomes a finding."""
    return _Lowering(scope, known, findings).process()


def names_in(text: str | None) -> tuple[str, ...]:
    """The parts of a list that is separated by commas, semicolons or spaces."""
    return tuple(part for part in re.split(r"[,;\s]+", text or "") if part)


class _Lowering:
    def __init__(self, root: Scope, known: Known, findings: Findings) -> None:
        self._root = root
        self._known = known
        self._findings = findings
        self._data = DataReader(root.element, findings)
        self._correlation = CorrelationReader(root.element, findings)
        self._triggers = TriggerReader(root.element.getparent(), self._correlation, findings)
        self._loops = LoopReader(self._triggers, self._data, findings)
        self._people = PeopleReader(root.element, findings)
        self._stages = self._read_stages()

    def process(self) -> Process:
        element = self._root.element
        nodes = {node.id: node for scope in self._root.all() for node in self._nodes(scope)}
        self._check_four_eyes(nodes)
        self._data.check_sets(element)
        return Process(
            id=element.get("id"),
            name=element.get("name") or element.get("id"),
            stages=self._stages,
            goals=names_in(element.get(f"{{{OBIEG}}}goals")),
            version_tag=element.get(f"{{{CAMUNDA}}}versionTag"),
            starters=names_in(element.get(f"{{{CAMUNDA}}}candidateStarterGroups")),
            history_ttl=self._history_ttl(element),
            sla=self._people.allowed(element),
            searchable=names_in(element.get(f"{{{OBIEG}}}searchable")),
            documentation=child_text(element, "documentation"),
            starts=self._starts(self._root),
            besides=self._besides(self._root),
            handlers=self._handlers(self._root),
            start_triggers=tuple((key, trigger) for key in self._makers(nodes) for trigger in nodes[key].triggers),
            required=self._data.required(element),
            paths=self._correlation.paths(),
            nodes=nodes,
        )

    def _makers(self, nodes: dict[str, Node]) -> list[str]:
        """The elements whose events make cases: start events, and what is marked with instantiate."""
        found = []
        for key, element in self._root.nodes.items():
            makes = flag(element, "instantiate", default=False)
            if local(element) == "startEvent" or (makes and local(element) == "receiveTask"):
                found.append(key)
            elif makes and local(element) == "eventBasedGateway":
                found += [flow.target for flow in nodes[key].outgoing]
        return found

    def _read_stages(self) -> tuple[str, ...]:
        text = self._root.element.get(f"{{{OBIEG}}}stages")
        if text is not None:
            return names_in(text)
        used = (each.get(f"{{{OBIEG}}}stage") for each in self._root.element.iter(f"{{{BPMN}}}*"))
        return tuple(dict.fromkeys(stage for stage in used if stage))

    def _starts(self, scope: Scope) -> tuple[str, ...]:
        """None start events, else (BPMN 2.0.2, 13.1) every node that nothing leads to."""
        events = {key: node for key, node in scope.nodes.items() if local(node) == "startEvent"}
        if events:
            by_event = flag(scope.element, "triggeredByEvent", default=False)
            return tuple(key for key, node in events.items() if by_event or not definitions_of(node))
        first = [key for key, node in scope.nodes.items() if begins(node, scope)]
        if is_ad_hoc(scope.element):  # activities are started by people
            first = [key for key in first if local(scope.nodes[key]) == "intermediateCatchEvent"]
        return tuple(first)

    @staticmethod
    def _besides(scope: Scope) -> tuple[str, ...]:
        """Where there is a start event, the nodes that nothing leads to begin with it (BPMN 2.0.2, 10.5.2)."""
        if not any(local(node) == "startEvent" for node in scope.nodes.values()):
            return ()
        return tuple(key for key, node in scope.nodes.items() if begins(node, scope))

    @staticmethod
    def _handlers(scope: Scope) -> tuple[str, ...]:
        """The event sub-processes of a scope."""
        return tuple(key for key, node in scope.nodes.items() if flag(node, "triggeredByEvent", default=False))

    def _nodes(self, scope: Scope) -> list[Node]:
        return [self._node(key, element, scope) for key, element in scope.nodes.items()]

    def _node(self, key: str, element: Xml, scope: Scope) -> Node:
        kind = local(element)
        inner = next((each for each in scope.inner if each.element is element), None)
        outgoing = (*(self._flow(flow) for flow in scope.outgoing(key)), *self._link(element, scope))
        calls = calls_handler(element)
        inputs, outputs = self._mappings(element, "inputParameter"), self._mappings(element, "outputParameter")
        data = self._data.read(element)
        operation = OPERATIONS.find(element.get(f"{{{OBIEG}}}handler")) if calls else None
        if operation is not None:
            inputs = bind(OperationTask(element, operation, self._known, self._findings), inputs, outputs)
        return Node(
            id=key,
            kind=kind,
            name=element.get("name") or key,
            line=element.sourceline,
            scope=scope.element.get("id"),
            documentation=child_text(element, "documentation"),
            incoming=tuple(flow.get("id") for flow in scope.incoming(key)),
            outgoing=outgoing,
            default=element.get("default"),
            stage=self._stage(element),
            counts=self._people.counts(element),
            loop=self._loops.multiple(element),
            inputs=(*inputs, *data.inputs),
            outputs=(*outputs, *data.outputs),
            own=data.own,
            required=data.required,
            content=data.content,
            work=self._work(element) if kind in {"userTask", "adHocSubProcess"} else None,
            called=read_call(element, self._data, self._findings) if kind == "callActivity" else None,
            handler=self._handler(element) if calls else None,
            operation=operation,
            outside=read_outside(element, self._findings) if calls else None,
            script=self._script(element) if kind == "scriptTask" else None,
            decision=self._decision(element) if kind == "businessRuleTask" else None,
            decision_mapping=self._decision_mapping(element),
            result=element.get(f"{{{CAMUNDA}}}resultVariable") or element.get(f"{{{CAMUNDA}}}initiator"),
            triggers=self._triggers.read(element),
            all_triggers=flag(element, "parallelMultiple", default=False) or is_parallel(element),
            makes_cases=flag(element, "instantiate", default=False),
            attached_to=element.get("attachedToRef"),
            interrupting=self._interrupts(element),
            boundaries=tuple(
                each.get("id")
                for each in scope.attached(key)
                if "compensateEventDefinition" not in definitions_of(each)
            ),
            starts=self._starts(inner) if inner is not None else (),
            besides=self._besides(inner) if inner is not None else (),
            by_event=flag(element, "triggeredByEvent", default=False),
            handlers=self._handlers(inner) if inner is not None else (),
            compensation=self._compensation(key, scope),
            for_compensation=flag(element, "isForCompensation", default=False),
            repeat=self._loops.repeat(element),
            ad_hoc=read_ad_hoc(element, inner, self._findings),
            needs=self._loops.quantity(element, "startQuantity"),
            sends=self._loops.quantity(element, "completionQuantity"),
            apart=is_apart(element, BEFORE, self._findings),
            apart_behind=is_apart(element, AFTER, self._findings),
            activation=self._activation(element),
            entities=self._data.entities(element),
            outcome=element.get(f"{{{OBIEG}}}outcome"),
        )

    @staticmethod
    def _interrupts(element: Xml) -> bool:
        name = "isInterrupting" if local(element) == "startEvent" else "cancelActivity"
        return flag(element, name, default=True)

    def _compensation(self, key: str, scope: Scope) -> str | None:
        """The activity that undoes this one: an association leads to it from the compensation boundary event."""
        for each in scope.attached(key):
            if "compensateEventDefinition" in definitions_of(each):
                return compensator(each.get("id"), scope)
        return None

    def _link(self, element: Xml, scope: Scope) -> tuple[Flow, ...]:
        """A link throw leads to the catch of the same name as a sequence flow would."""
        if local(element) != "intermediateThrowEvent":
            return ()
        target = link_target(element, scope)
        key = element.get("id")
        return () if target is None else (Flow(id=f"{key}>{target}", source=key, target=target, link=True),)

    def _activation(self, element: Xml) -> Value | None:
        text = child_text(element, "activationCondition")
        if local(element) != "complexGateway" or text is None:
            return None
        return self._compile(lambda: formula(text), element, element.get("id"))

    def _compile(self, make: Callable[[], Compiled], at: Xml, element: str | None) -> Compiled | None:
        return compiled(make, at, element, self._findings)

    def _attribute(self, element: Xml, name: str, owner: str | None = None) -> Value | None:
        text = element.get(f"{{{CAMUNDA}}}{name}")
        if text is None or not text.strip():
            return None
        return self._compile(lambda: attribute(text), element, owner or element.get("id"))

    def _flow(self, flow: Xml) -> Flow:
        text = child_text(flow, "conditionExpression")
        condition = None if text is None else self._compile(lambda: formula(text), flow, flow.get("id"))
        return Flow(
            id=flow.get("id"), source=flow.get("sourceRef"), target=flow.get("targetRef") or "", condition=condition
        )

    def _stage(self, element: Xml) -> str | None:
        stage: str | None = element.get(f"{{{OBIEG}}}stage")
        if stage is not None and stage not in self._stages:
            self._findings.error(
                "stage-unknown",
                f"The stage {stage} is not among the process's stages ({', '.join(self._stages) or 'none'}).",
                line=element.sourceline,
                element=element.get("id"),
            )
        return stage

    def _mappings(self, element: Xml, kind: str) -> tuple[Mapping, ...]:
        found = []
        for item in element.findall(f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}inputOutput/{{{CAMUNDA}}}{kind}"):
            name = item.get("name") or ""
            if len(item) or not _NAME.match(name):
                self._findings.error(
                    "mapping",
                    f"The {kind} {name or 'without a name'} must have a variable's name and one value: a text, or "
                    "FEEL after =; lists and maps are written in FEEL, scripts are not executed.",
                    line=item.sourceline,
                    element=element.get("id"),
                )
                continue
            text = item.text or ""
            value = self._compile(lambda text=text: attribute(text), item, element.get("id"))  # type: ignore[misc]
            if value is not None:
                found.append(Mapping(name=name, value=value))
        return tuple(found)

    def _work(self, element: Xml) -> Work:
        named = read_performers(element, self._findings)
        return Work(
            assignee=self._attribute(element, "assignee") or named.person,
            groups=self._attribute(element, "candidateGroups") or named.groups or self._people.role(element),
            users=self._attribute(element, "candidateUsers") or named.users,
            due=self._people.moment(element, "dueDate", self._attribute(element, "dueDate")),
            follow_up=self._people.moment(element, "followUpDate", self._attribute(element, "followUpDate")),
            priority=self._people.priority(element, self._attribute(element, "priority")),
            sla=self._people.allowed(element),
            form=self._form(element),
            four_eyes=names_in(element.get(f"{{{OBIEG}}}fourEyes")),
            required=self._data.documents(element, "dataOutputAssociation", "targetRef"),
            shown=self._data.documents(element, "dataInputAssociation", "sourceRef"),
        )

    def _form(self, element: Xml) -> Reference | None:
        key = element.get(f"{{{CAMUNDA}}}formRef") or element.get(f"{{{CAMUNDA}}}formKey")
        if not key:
            return None
        reference = self._reference(element, key, "formRef")
        if not self._known.has_form(key):
            self._findings.error(
                "form-unknown",
                f"The form {key} is neither deployed nor part of this deployment.",
                line=element.sourceline,
                element=element.get("id"),
            )
        return reference

    def _reference(self, element: Xml, key: str, prefix: str) -> Reference:
        binding = element.get(f"{{{CAMUNDA}}}{prefix}Binding", "latest")
        version = element.get(f"{{{CAMUNDA}}}{prefix}Version")
        if binding == "latest":
            return Reference(key=key)
        if binding == "version" and version and version.isdecimal():
            return Reference(key=key, version=int(version))
        self._findings.error(
            "reference-binding",
            f"camunda:{prefix}Binding is {binding}; it must be latest, or version with a number in "
            f"camunda:{prefix}Version.",
            line=element.sourceline,
            element=element.get("id"),
        )
        return Reference(key=key)

    def _history_ttl(self, element: Xml) -> str | None:
        text: str | None = element.get(f"{{{CAMUNDA}}}historyTimeToLive")
        if text and not _LIFETIME.fullmatch(text):
            sentence = f"camunda:historyTimeToLive is {text}; write days, as 180, or a duration, as P2Y."
            self._findings.error("history-ttl", sentence, line=element.sourceline, element=element.get("id"))
        return text or None

    def _handler(self, element: Xml) -> str | None:
        name: str | None = element.get(f"{{{OBIEG}}}handler")
        if element.get(f"{{{CAMUNDA}}}type") is not None:
            return None
        if name is None:
            sentence = "A service task needs obieg:handler, the function that it calls."
        elif because := OPERATIONS.why_absent(name):
            sentence = f"There is no operation {name}: {because}"
        elif not self._known.has_handler(name):
            sentence = f"There is no handler {name}.{self._known.nearest_handler(name)}"
        elif misplaced := self._known.misplaced(name, deferred=flag(element, f"{{{OBIEG}}}deferred", default=False)):
            sentence = misplaced
        else:
            return name
        self._findings.error("handler-unknown", sentence, line=element.sourceline, element=element.get("id"))
        return name

    def _script(self, element: Xml) -> Script | None:
        key, text = element.get("id"), child_text(element, "script")
        language = (element.get("scriptFormat") or "feel").lower()
        if "feel" not in language:
            self._findings.error(
                "script-language",
                f"The script is written in {language}; only FEEL is executed: lines name = expression.",
                line=element.sourceline,
                element=key,
            )
            return None
        if text is None:
            self._findings.error("script-missing", "The script is empty.", line=element.sourceline, element=key)
            return None
        result = (element.get(f"{{{CAMUNDA}}}resultVariable") or "").strip()
        if result:
            return self._compile(lambda: single_value(result, text), element, key)
        return self._compile(lambda: compile_script(text), element, key)

    def _decision(self, element: Xml) -> Reference | None:
        key = element.get(f"{{{CAMUNDA}}}decisionRef")
        if not key:
            sentence = "A business rule task needs camunda:decisionRef, the decision that it evaluates."
        elif not self._known.has_decision(key):
            sentence = f"The decision {key} is neither deployed nor part of this deployment."
        else:
            return self._reference(element, key, "decisionRef")
        self._findings.error("decision-unknown", sentence, line=element.sourceline, element=element.get("id"))
        return None

    def _decision_mapping(self, element: Xml) -> str | None:
        mapping: str | None = element.get(f"{{{CAMUNDA}}}mapDecisionResult")
        if mapping is not None and mapping not in _MAPPINGS:
            self._findings.error(
                "decision-mapping",
                f"camunda:mapDecisionResult is {mapping}; known are {', '.join(sorted(_MAPPINGS))}.",
                line=element.sourceline,
                element=element.get("id"),
            )
        return mapping

    def _check_four_eyes(self, nodes: dict[str, Node]) -> None:
        for node in nodes.values():
            for other in node.work.four_eyes if node.work else ():
                if other not in nodes or nodes[other].kind not in {"userTask", "startEvent"}:
                    self._findings.error(
                        "four-eyes",
                        f"obieg:fourEyes names {other}, which is no user task or start event of this process.",
                        line=node.line,
                        element=node.id,
                    )
