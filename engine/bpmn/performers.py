"""Who does a user task in the standard's words: its human performer and potential owners (BPMN 2.0.2, 10.3.4)."""

import re

from core.records import dataclass
from engine.bpmn.expressions import Value, attribute
from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, CAMUNDA, Xml, child_text, children, local
from engine.bpmn.triggers import compiled

PERFORMERS = frozenset({"humanPerformer", "potentialOwner"})
_EXPRESSION = f"{{{BPMN}}}resourceAssignmentExpression"
_NAME = re.compile(r"(?:(user|group)\(\s*)?([^\s(),=\"'](?:[^(),=\"']*[^\s(),=\"'])?)(?(1)\s*\))")


@dataclass(frozen=True, slots=True)
class Performers:
    """Whom a user task is given or offered to; what the diagram does not say is None."""

    person: Value | None = None
    users: Value | None = None
    groups: Value | None = None


def read_performers(task: Xml, findings: Findings) -> Performers:
    """What a user task says of its people: names, `user(name)` and `group(name)`, or FEEL after `=`."""
    return _Reader(task, findings).read()


class _Reader:
    def __init__(self, task: Xml, findings: Findings) -> None:
        self._task = task
        self._findings = findings

    def read(self) -> Performers:
        person = self._person(self._texts("humanPerformer"))
        users, groups = self._owners(self._texts("potentialOwner"))
        return Performers(person, users, groups)

    def _texts(self, name: str) -> list[str]:
        """The expression of each of these elements."""
        elements = children(self._task, name)
        words = ("assignee",) if name == "humanPerformer" else ("candidateUsers", "candidateGroups")
        for word in words:
            if elements and self._task.get(f"{{{CAMUNDA}}}{word}"):
                self._refuse(f"<{name}> and camunda:{word} both say who does it; write one of them.", elements[0])
        found = []
        for element in elements:
            expression = element.find(_EXPRESSION)
            text = None if expression is None else self._written(expression)
            if text is None:
                self._refuse(f"<{name}> needs a resourceAssignmentExpression with an expression: who does it.", element)
            else:
                found.append(text)
        return found

    @staticmethod
    def _written(expression: Xml) -> str | None:
        return child_text(expression, "formalExpression") or child_text(expression, "expression")

    def _person(self, texts: list[str]) -> Value | None:
        if len(texts) > 1:
            self._refuse("A task is done by one person: name several by <potentialOwner>.", self._task)
        for text in texts:
            if _is_expression(text):
                return self._compiled(text)
            named = _NAME.fullmatch(text)
            if named is not None and named[1] != "group":
                return Value(named[2], None)
            self._refuse(f"<humanPerformer> is {text}; write the name of one person, or FEEL after =.", self._task)
        return None

    def _owners(self, texts: list[str]) -> tuple[Value | None, Value | None]:
        computed = [text for text in texts if _is_expression(text)]
        if computed:
            if len(texts) > 1:
                sentence = "One <potentialOwner> is an expression, which gives all groups; remove the others."
                self._refuse(sentence, self._task)
            return None, self._compiled(computed[0])
        found: dict[str, list[str]] = {"user": [], "group": []}
        for part in (part.strip() for text in texts for part in text.split(",")):
            named = _NAME.fullmatch(part)
            if named is None:
                sentence = (
                    f"<potentialOwner> names {part or 'nobody'}; write names of groups, group(name) or user(name), "
                    "separated by commas, or FEEL after = that gives groups."
                )
                self._refuse(sentence, self._task)
                continue
            found[named[1] or "group"].append(named[2])
        users, groups = (Value(",".join(names), None) if names else None for names in found.values())
        return users, groups

    def _compiled(self, text: str) -> Value | None:
        return compiled(lambda: attribute(text), self._task, self._task.get("id"), self._findings)

    def _refuse(self, sentence: str, at: Xml) -> None:
        element = self._task.get("id") or local(self._task)
        self._findings.error("performer", sentence, line=at.sourceline, element=element)


def _is_expression(text: str) -> bool:
    return text.startswith("=") or "${" in text or "#{" in text
