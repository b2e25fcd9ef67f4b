"""Checks how a task uses an operation, and reads constants as the types that its inputs have."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from core.errors import InvalidInput
from core.records import dataclass
from engine.bpmn.expressions import Value
from engine.bpmn.findings import Findings
from engine.bpmn.known import Known
from engine.bpmn.model import Mapping
from engine.bpmn.read import CAMUNDA, Xml
from engine.feel import Expression, compile_expression
from engine.feel.type_check import fits
from engine.feel.types import Type
from engine.ready.declared import Operation, Parameter
from engine.ready.static_types import static_type

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TEMPORAL = {"date", "time", "date and time", "duration", "days and time duration", "years and months duration"}


@dataclass(frozen=True, slots=True)
class OperationTask:
    """The task that uses the operation."""

    element: Xml
    operation: Operation
    known: Known
    findings: Findings

    def refuse(self, rule: str, sentence: str) -> None:
        """Add a reason to refuse the file."""
        self.findings.error(rule, sentence, line=self.element.sourceline, element=self.element.get("id"))


def bind(task: OperationTask, inputs: Sequence[Mapping], outputs: Sequence[Mapping]) -> tuple[Mapping, ...]:
    """The inputs with their constants read; what does not fit the operation becomes a finding."""
    operation = task.operation
    given = {each.get("name") for each in task.element.iter(f"{{{CAMUNDA}}}inputParameter")}
    for each in operation.inputs:
        if each.required and each.name not in given:
            sentence = f"{operation.name} needs the input {each.name} ({each.type}): {each.description}"
            task.refuse("operation-input-missing", sentence)
    for output in outputs:
        _check_output(task, output, given)
    return tuple(_input(task, each) for each in inputs)


def _input(task: OperationTask, mapping: Mapping) -> Mapping:
    operation, parameter = task.operation, task.operation.input(mapping.name)
    if parameter is None:
        if not operation.free_inputs:
            known = [each.name for each in operation.inputs]
            sentence = f"{operation.name} has no input {mapping.name}{_meant(mapping.name, known)}"
            task.refuse("operation-input-unknown", sentence)
        return mapping
    expression = mapping.value.expression
    if expression is None and not mapping.value.text:
        return _not_given(task, parameter, mapping)
    if expression is None:
        read = _constant(mapping.value.text, parameter)
        if read is None:
            sentence = f"The input {parameter.name} of {operation.name} is {mapping.value.text!r}; {_wanted(parameter)}"
            task.refuse("operation-input-type", sentence)
            return mapping
        _check_reference(task, parameter, mapping.value.text)
        return replace(mapping, value=read)
    found = static_type(expression.node)
    if found is not None and not _may_be(found, parameter.feel_type):
        sentence = f"The input {parameter.name} of {operation.name} gives a {found}; {_wanted(parameter)}"
        task.refuse("operation-input-type", sentence)
    return mapping


def _not_given(task: OperationTask, parameter: Parameter, mapping: Mapping) -> Mapping:
    """What an editor writes for a field that was left empty."""
    if parameter.required:
        sentence = f"The input {parameter.name} of {task.operation.name} is empty; {_wanted(parameter)}"
        task.refuse("operation-input-missing", sentence)
    return replace(mapping, value=Value("", compile_expression("null")))


def _check_reference(task: OperationTask, parameter: Parameter, name: str) -> None:
    has = {"decision": task.known.has_decision, "template": task.known.has_template}.get(parameter.refers)
    if has is not None and not has(name):
        sentence = f"The {parameter.refers} {name} is neither deployed nor part of this deployment."
        task.refuse(f"{parameter.refers}-unknown", sentence)


def _wanted(parameter: Parameter) -> str:
    if parameter.choices:
        return f"it must be one of {', '.join(parameter.choices)}."
    return f"it must be a {parameter.type}."


def _may_be(found: Type, wanted: Type) -> bool:
    """Whether a value of one type can be taken as another, a single value as a list of one too."""
    if wanted.name == "duration":
        return found.name.endswith("duration")
    if found.name == "list" and wanted.name == "list":
        return not found.parts or not wanted.parts or fits(found.parts[0], wanted.parts[0])
    if fits(found, wanted) or (wanted.name == "date and time" and found.name == "date"):
        return True
    return wanted.name == "list" and (not wanted.parts or fits(found, wanted.parts[0]))


def _constant(text: str, parameter: Parameter) -> Value | None:
    """A text as a designer writes it into a field; None where it cannot be what the input wants."""
    wanted = parameter.feel_type
    if parameter.choices:
        return Value(text, None) if text in parameter.choices else None
    if wanted.name in {"string", "Any"}:
        return Value(text, None)
    if wanted.name == "list" and wanted.parts and wanted.parts[0].name == "string":
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return _compiled(text, f"[{', '.join(map(_quoted, parts))}]")
    if wanted.name == "number":
        return _compiled(text, text) if _NUMBER.fullmatch(text) else None
    if wanted.name == "boolean":
        return _compiled(text, text) if text in {"true", "false"} else None
    if wanted.name in _TEMPORAL:
        value = _compiled(text, f"@{_quoted(text)}")
        found = None if value is None or value.expression is None else static_type(value.expression.node)
        return value if found is not None and _may_be(found, wanted) else None
    return None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _compiled(text: str, feel: str) -> Value | None:
    try:
        return Value(text, compile_expression(feel))
    except InvalidInput:
        return None


def _check_output(task: OperationTask, mapping: Mapping, inputs: set[str]) -> None:
    """An output that looks at names, none of which the operation gives, would be null for ever."""
    expression: Expression | None = mapping.value.expression
    operation = task.operation
    known = [each.name for each in operation.outputs]
    if expression is None or not expression.names or operation.free_inputs:
        return
    result = task.element.get(f"{{{CAMUNDA}}}resultVariable")
    if expression.names & {*known, *inputs, result}:
        for name in sorted(expression.names - {*known, *inputs, result}):
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
            if nearest:
                sentence = f"The output {mapping.name} reads {name}; did you mean {nearest[0]} of {operation.name}?"
                task.findings.warning(
                    "operation-output", sentence, line=task.element.sourceline, element=task.element.get("id")
                )
        return
    read = ", ".join(sorted(expression.names))
    sentence = f"The output {mapping.name} reads {read}, which {operation.name} does not give{_meant(read, known)}"
    task.refuse("operation-output-unknown", sentence)


def _meant(name: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"; it has: {', '.join(known) or 'none'}.{hint}"
