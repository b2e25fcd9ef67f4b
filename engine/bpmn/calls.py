"""Reads what a call activity calls, and which variables go in and come out."""

import dataclasses
from typing import get_args

from engine.bpmn.data import DataReader
from engine.bpmn.expressions import Value, attribute, formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import CallBinding, Called, Passing
from engine.bpmn.read import BPMN, CAMUNDA, Xml, flag
from engine.bpmn.triggers import compiled

OWN_KEY = {"#{execution.processBusinessKey}", "#{execution.businessKey}"}  # the caller's business key, in any spelling
_BINDINGS: tuple[CallBinding, ...] = get_args(CallBinding)
_ONE_SOURCE = 'One of source (a variable), sourceExpression (FEEL) or variables="all" says what is passed'


def read_call(element: Xml, data: DataReader, findings: Findings) -> Called | None:
    """What a call activity calls; None with a finding where it says nothing that could be called.

    The inputs and outputs that it declares go in and come out under their names (BPMN 2.0.2, 10.3.6), where
    associations take them; `camunda:in` and `camunda:out` come on top.
    """
    inputs, outputs = data.declared(element, "dataInput"), data.declared(element, "dataOutput")
    found = _Reader(element, findings).read()
    if found is None:
        return None
    into = (Passing(source=name, value=None, target=name) for name in inputs)
    out = (Passing(source=name, value=None, target=name, local=True) for name in outputs)
    return dataclasses.replace(found, into=(*into, *found.into), out=(*out, *found.out))


class _Reader:
    def __init__(self, element: Xml, findings: Findings) -> None:
        self._element = element
        self._findings = findings

    def read(self) -> Called | None:
        text = (self._element.get("calledElement") or "").strip()
        if not text:
            self._refuse("call-target", "A call activity needs calledElement: the id of a process or global task.")
            return None
        key = self._attribute(text if text[0] in "=$#" else text.rpartition(":")[2])
        if key is None:
            return None
        into = [self._passing(each) for each in self._extensions("in") if each.get("businessKey") is None]
        out = [self._passing(each) for each in self._extensions("out")]
        binding = self._binding()
        business_key, inherits = self._business_key()
        return Called(
            key=key,
            binding=binding,
            version=self._version(binding),
            business_key=business_key,
            inherits_key=inherits,
            into=tuple(each for each in into if each is not None),
            out=tuple(each for each in out if each is not None),
        )

    def _refuse(self, rule: str, sentence: str, at: Xml = None) -> None:
        line = (self._element if at is None else at).sourceline
        self._findings.error(rule, sentence, line=line, element=self._element.get("id"))

    def _attribute(self, text: str, at: Xml = None) -> Value | None:
        found: Value | None = compiled(
            lambda: attribute(text), self._element if at is None else at, self._element.get("id"), self._findings
        )
        return found

    def _extensions(self, name: str) -> list[Xml]:
        return list(self._element.findall(f"{{{BPMN}}}extensionElements/{{{CAMUNDA}}}{name}"))

    def _binding(self) -> CallBinding:
        text = self._element.get(f"{{{CAMUNDA}}}calledElementBinding", "latest")
        for binding in _BINDINGS:
            if text == binding:
                return binding
        self._refuse("call-binding", f"camunda:calledElementBinding is {text}; known are {', '.join(_BINDINGS)}.")
        return "latest"

    def _version(self, binding: CallBinding) -> Value | None:
        """The version or its tag, which belong to their bindings and to no other."""
        found = None
        for kind, name in (("version", "calledElementVersion"), ("versionTag", "calledElementVersionTag")):
            text = (self._element.get(f"{{{CAMUNDA}}}{name}") or "").strip()
            if bool(text) != (binding == kind):
                told = f'camunda:{name} and camunda:calledElementBinding="{kind}" belong together.'
                self._refuse("call-binding", told)
            elif text:
                found = self._attribute(text)
                if kind == "version" and found is not None and found.expression is None and not text.isdecimal():
                    self._refuse("call-binding", f"camunda:{name} is {text}; it must be a number.")
        return found

    def _business_key(self) -> tuple[Value | None, bool]:
        keys = [each.get("businessKey").strip() for each in self._extensions("in") if each.get("businessKey")]
        if not keys:
            return None, False
        if keys[-1].replace("${", "#{") in OWN_KEY:
            return None, True
        return self._attribute(keys[-1]), False

    def _passing(self, item: Xml) -> Passing | None:
        source, expression = item.get("source"), item.get("sourceExpression")
        everything, target = item.get("variables"), item.get("target")
        given = [each for each in (source, expression, everything) if each]
        is_whole = everything is not None
        if len(given) != 1 or (is_whole and (everything != "all" or target)) or not (is_whole or target):
            sentence = f'{_ONE_SOURCE}, and target says as which variable (not with variables="all").'
            self._refuse("call-mapping", sentence, item)
            return None
        value = None
        if expression:
            value = compiled(lambda: formula(expression), item, self._element.get("id"), self._findings)
            if value is None:
                return None
        local = flag(item, "local", default=False)
        return Passing(source=source, value=value, target=target, everything=is_whole, local=local)
