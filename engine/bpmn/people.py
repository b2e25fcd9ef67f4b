"""Whom a task is offered to by its lane, how long it may take, and whether waiting somewhere counts."""

from typing import Any

from core.errors import InvalidInput
from engine.bpmn.expressions import Value, attribute
from engine.bpmn.findings import Findings
from engine.bpmn.performers import PERFORMERS
from engine.bpmn.read import BPMN, CAMUNDA, OBIEG, Xml, children, local
from engine.bpmn.times import EXAMPLES, is_time
from engine.cron import is_cron
from engine.feel import compile_expression
from engine.feel.kinds import YearsMonths

MAXIMUM_PRIORITY = 1_000_000
_PEOPLE = tuple(f"{{{CAMUNDA}}}{name}" for name in ("assignee", "candidateUsers", "candidateGroups"))
_DURATION = compile_expression("duration(text)")


class PeopleReader:
    """Reads what lanes and service levels say of the nodes of a process."""

    def __init__(self, process: Xml, findings: Findings) -> None:
        self._findings = findings
        self._roles = self._lanes(process)

    def _lanes(self, process: Xml) -> dict[str, Value]:
        """The role of each node; that of an inner lane wins over those around it, which come first."""
        found: dict[str, Value] = {}
        for lane in process.iter(f"{{{BPMN}}}lane"):
            text = lane.get(f"{{{OBIEG}}}role")
            if text is None:
                continue
            value = self._value(lane, "role", text)
            for reference in lane.iter(f"{{{BPMN}}}flowNodeRef"):
                if value is not None and reference.text:
                    found[reference.text.strip()] = value
        return found

    def _value(self, element: Xml, name: str, text: str) -> Value | None:
        if text.strip():
            try:
                return attribute(text)
            except InvalidInput as error:
                self._refuse(name, f"obieg:{name}: {error.sentence}", element)
                return None
        self._refuse(name, f"obieg:{name} is empty; write a value, or remove it.", element)
        return None

    def role(self, element: Xml) -> Value | None:
        """The role that its lane offers a task to; None where the task says itself who gets it.

        What is inside a sub-process is in the lane of the sub-process, unless a lane in there holds it.
        """
        around: Xml | None = element
        while around is not None and not _names_people(around):
            role = self._roles.get(around.get("id"))
            if role is not None or local(around) == "process":
                return role
            around = around.getparent()
        return None

    def allowed(self, element: Xml) -> Value | None:
        """How much working time a task or a case may take (`obieg:sla`)."""
        text = element.get(f"{{{OBIEG}}}sla")
        if text is None:
            return None
        if element.get(f"{{{CAMUNDA}}}dueDate"):
            self._refuse("sla", "obieg:sla and camunda:dueDate both say when it is due; write one of them.", element)
        value = self._value(element, "sla", text)
        if value is not None and value.expression is None and not is_span(_DURATION.evaluate({"text": text}).value):
            sentence = f"obieg:sla is {text}; write a duration such as P2DT4H (two working days, four working hours)."
            self._refuse("sla", sentence, element)
            return None
        return value

    def counts(self, element: Xml) -> bool:
        """Whether the time that is spent at an element counts (`obieg:slaCounts`)."""
        text = element.get(f"{{{OBIEG}}}slaCounts", "true")
        if text not in {"true", "false"}:
            self._refuse("sla-counts", f"obieg:slaCounts is {text}; it must be true or false.", element)
        return bool(text != "false")

    def priority(self, element: Xml, value: Value | None) -> Value | None:
        """A priority; one that is no expression must be a number."""
        if value is not None and value.expression is None and whole(value.text) is None:
            sentence = f"camunda:priority is {value.text}; it must be a whole number."
            self._refuse("priority", sentence, element)
        return value

    def moment(self, element: Xml, name: str, value: Value | None) -> Value | None:
        """When a task is due; what is no expression must be a date, a duration or a crontab line."""
        if value is not None and value.expression is None:
            text = value.text
            if not (is_time("duration", text) or is_time("date", text) or is_cron(text)):
                told = f"{EXAMPLES['date']}, {EXAMPLES['duration']}, or FEEL after ="
                self._refuse("due-date", f"camunda:{name} is {text}; write {told}.", element)
        return value

    def _refuse(self, rule: str, sentence: str, element: Xml) -> None:
        key = element.get("id") or local(element)
        self._findings.error(rule, sentence, line=element.sourceline, element=key)


def _names_people(element: Xml) -> bool:
    return any(element.get(name) for name in _PEOPLE) or bool(children(element, *PERFORMERS))


def is_span(value: Any) -> bool:
    """Whether a value is a time that can be allowed: a duration of days and hours, not negative."""
    return value is not None and hasattr(value, "total_seconds") and value.total_seconds() >= 0


def whole(value: Any) -> int | None:
    """A priority as a number; None for what is none."""
    if isinstance(value, bool | list | dict | YearsMonths) or value is None:
        return None
    text = str(value).strip()
    number = int(text) if text.removeprefix("-").isdecimal() and len(text) <= len(str(-MAXIMUM_PRIORITY)) else None
    return number if number is not None and abs(number) <= MAXIMUM_PRIORITY else None
