"""Reads how often an activity happens: multi-instance and standard loops, quantities of tokens."""

from decimal import Decimal

from core.errors import InvalidInput
from engine.bpmn.data import DataReader
from engine.bpmn.expressions import Value, formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import Loop, LoopEvent, Repeat, Trigger
from engine.bpmn.read import CAMUNDA, OBIEG, Xml, child_text, children, flag
from engine.bpmn.triggers import TriggerReader, compiled

MAXIMUM_QUANTITY = 1000  # tokens at once
_THROWN = {"signal", "message", "escalation", "error"}
_REFERENCES = {"One": "oneBehaviorEventRef", "None": "noneBehaviorEventRef"}


class LoopReader:
    """Reads the loop characteristics of the activities of a file."""

    def __init__(self, triggers: TriggerReader, data: DataReader, findings: Findings) -> None:
        self._triggers = triggers
        self._data = data
        self._findings = findings

    def quantity(self, element: Xml, name: str) -> int:
        """How many tokens an activity needs, or sends."""
        text = (element.get(name) or "1").strip()
        if text.isdecimal() and len(text) <= len(str(MAXIMUM_QUANTITY)) and 1 <= int(text) <= MAXIMUM_QUANTITY:
            return int(text)
        self._refuse("quantity", f"{name} is {text}; it must be a number from 1 to {MAXIMUM_QUANTITY}.", element)
        return 1

    def _refuse(self, rule: str, sentence: str, element: Xml) -> None:
        self._findings.error(rule, sentence, line=element.sourceline, element=element.get("id"))

    def _formula(self, text: str | None, at: Xml, element: str | None) -> Value | None:
        return None if text is None else compiled(lambda: formula(text), at, element, self._findings)

    def multiple(self, element: Xml) -> Loop | None:
        """The multi-instance characteristics of an activity."""
        for loop in children(element, "multiInstanceLoopCharacteristics"):
            return self._read(loop, element)
        return None

    def _read(self, loop: Xml, owner: Xml) -> Loop:
        key = owner.get("id")
        cardinality = child_text(loop, "loopCardinality")
        until = child_text(loop, "completionCondition")
        collection = loop.get(f"{{{CAMUNDA}}}collection") or self._data.collection(
            child_text(loop, "loopDataInputRef"), owner
        )
        output = loop.get(f"{{{OBIEG}}}outputElement") or self._item(loop, "outputDataItem")
        target = loop.get(f"{{{OBIEG}}}outputCollection") or self._data.collected(
            child_text(loop, "loopDataOutputRef"), owner
        )
        if collection is None and cardinality is None:
            self._findings.error(
                "loop-items",
                "A multi-instance activity needs a collection (camunda:collection) or a cardinality.",
                line=loop.sourceline,
                element=key,
            )
        if collection is not None and cardinality is not None:
            sentence = "A collection and a cardinality both say how many instances there are; write one of them."
            self._refuse("loop-items", sentence, owner)
        element = loop.get(f"{{{CAMUNDA}}}elementVariable") or self._item(loop, "inputDataItem")
        if element is not None and collection is None and cardinality is not None:
            sentence = f"There is no collection whose items {element} could be; remove it, or name a collection."
            self._refuse("loop-items", sentence, owner)
        if (output is None) != (target is None):
            self._findings.error(
                "loop-output",
                "obieg:outputCollection and obieg:outputElement belong together: one value per instance.",
                line=loop.sourceline,
                element=key,
            )
        self._check_number(cardinality, "loopCardinality", owner)
        return Loop(
            sequential=flag(loop, "isSequential", default=False),
            collection=self._formula(collection, loop, key),
            cardinality=self._formula(cardinality, loop, key),
            element=element,
            output_collection=target,
            output_element=self._formula(output, loop, key),
            until=self._formula(until, loop, key),
            events=tuple(self._events(loop, owner)),
        )

    def _check_number(self, text: str | None, name: str, owner: Xml, *, least: int = 0) -> None:
        """A number of rounds that depends on nothing is looked at now, every other one when it is needed."""
        try:
            value = None if text is None else formula(text)
        except InvalidInput:
            return  # told where it is compiled
        if value is None or value.expression is None or value.expression.names:
            return
        found = value.expression.evaluate({}).value
        if not isinstance(found, Decimal) or found != found.to_integral_value() or found < least:
            told = f"a whole number from {least} on" if least else "a whole number"
            self._refuse("loop-number", f"{name} is {text}; it must be {told}, or FEEL that gives one.", owner)

    def _events(self, loop: Xml, owner: Xml) -> list[LoopEvent]:
        """What is thrown when instances complete (BPMN 2.0.2, table 10.26)."""
        behaviour = loop.get("behavior", "All")
        for each, attribute in _REFERENCES.items():
            if loop.get(attribute) is not None and behaviour != each:
                self._refuse("loop-behaviour", f"{attribute} is thrown with behavior {each} only; remove it.", owner)
        complexes = children(loop, "complexBehaviorDefinition")
        if behaviour in _REFERENCES:
            found = self._triggers.referred(loop.get(_REFERENCES[behaviour]), owner)
            return [LoopEvent(trigger=each, first_only=behaviour == "One") for each in self._thrown(found, owner)]
        if (behaviour == "Complex") != bool(complexes):
            sentence = "behavior Complex and complexBehaviorDefinition belong together: when to throw which event."
            self._refuse("loop-behaviour", sentence, owner)
        return [each for definition in complexes for each in self._complex(definition, owner)]

    def _complex(self, definition: Xml, owner: Xml) -> list[LoopEvent]:
        text = child_text(definition, "condition")
        condition = self._formula(text, definition, owner.get("id"))
        if condition is None and text is None:
            self._refuse("loop-behaviour", "A complexBehaviorDefinition needs a condition in FEEL.", owner)
        found = [trigger for event in children(definition, "event") for trigger in self._triggers.read(event)]
        return [LoopEvent(trigger=each, condition=condition) for each in self._thrown(tuple(found), owner)]

    def _thrown(self, found: tuple[Trigger, ...], owner: Xml) -> tuple[Trigger, ...]:
        if not found or not {each.kind for each in found} <= _THROWN:
            sentence = "The instances throw a signal, a message, an escalation or an error that the file defines."
            self._refuse("loop-behaviour", sentence, owner)
        return found

    @staticmethod
    def _item(loop: Xml, name: str) -> str | None:
        for item in children(loop, name):
            named: str | None = item.get("name") or item.get("id")
            return named
        return None

    def repeat(self, element: Xml) -> Repeat | None:
        """The standard loop of an activity."""
        loop = next(iter(children(element, "standardLoopCharacteristics")), None)
        if loop is None:
            return None
        key, condition, maximum = element.get("id"), child_text(loop, "loopCondition"), loop.get("loopMaximum")
        if condition is None and maximum is None:
            sentence = "A loop needs a loopCondition or a loopMaximum, else it has no end."
            self._findings.error("loop-end", sentence, line=loop.sourceline, element=key)
        self._check_number(maximum, "loopMaximum", element, least=1)
        return Repeat(
            test_before=flag(loop, "testBefore", default=False),
            condition=self._formula(condition, loop, key),
            maximum=self._formula(maximum, loop, key),
        )
