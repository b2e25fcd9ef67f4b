"""Reads how often an activity happens: multi-instance and standard loops."""

from engine.bpmn.expressions import Value, formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import Loop, Repeat
from engine.bpmn.read import CAMUNDA, OBIEG, Xml, child_text, children, flag
from engine.bpmn.triggers import compiled


class LoopReader:
    """Reads the loop characteristics of the activities of a file."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

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
        collection = loop.get(f"{{{CAMUNDA}}}collection") or child_text(loop, "loopDataInputRef")
        output = loop.get(f"{{{OBIEG}}}outputElement") or self._item(loop, "outputDataItem")
        target = loop.get(f"{{{OBIEG}}}outputCollection") or child_text(loop, "loopDataOutputRef")
        if collection is None and cardinality is None:
            self._findings.error(
                "loop-items",
                "A multi-instance activity needs a collection (camunda:collection) or a cardinality.",
                line=loop.sourceline,
                element=key,
            )
        if (output is None) != (target is None):
            self._findings.error(
                "loop-output",
                "obieg:outputCollection and obieg:outputElement belong together: one value per instance.",
                line=loop.sourceline,
                element=key,
            )
        return Loop(
            sequential=flag(loop, "isSequential", default=False),
            collection=self._formula(collection, loop, key),
            cardinality=self._formula(cardinality, loop, key),
            element=loop.get(f"{{{CAMUNDA}}}elementVariable") or self._item(loop, "inputDataItem"),
            output_collection=target,
            output_element=self._formula(output, loop, key),
            until=self._formula(until, loop, key),
        )

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
        return Repeat(
            test_before=flag(loop, "testBefore", default=False),
            condition=self._formula(condition, loop, key),
            maximum=self._formula(maximum, loop, key),
        )
