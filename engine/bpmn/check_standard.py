"""Holds a diagram against the elements and attributes of BPMN 2.0: nothing in it is neither executed nor refused."""

from collections.abc import Iterable

from engine.bpmn.check_rules import check_ids, check_once
from engine.bpmn.extensions import check_extensions
from engine.bpmn.findings import Findings
from engine.bpmn.names import check_length
from engine.bpmn.performers import PERFORMERS
from engine.bpmn.read import BPMN, XSI, Xml, local, namespace
from engine.bpmn.standard import ALWAYS_INSIDE, ATTRIBUTES, DRAWINGS, EXPRESSIONS, INSIDE, REFUSED, Attribute

_FORMAL = {"tFormalExpression", "tExpression"}
_BY_OMG = "http://www.omg.org/"  # diagrams, too
_SCHEMA_DEFAULT = "http://www.w3.org/1999/XPath"  # what tools write without having been asked


def check_standard(root: Xml, executed: Iterable[Xml], findings: Findings) -> None:
    """Look at every element and attribute of a file, but at the processes that are only drawn."""
    runs = list(executed)
    check_ids(root, findings)
    _check_attributes(root, findings)
    for child in root:
        if local(child) == "process" and child not in runs:
            continue
        if not namespace(child).startswith(_BY_OMG):
            _refuse(child, "does not belong to BPMN 2.0 and would be ignored; remove it", findings)
        elif namespace(child) == BPMN:
            _check(child, root, findings)


def _check(element: Xml, parent: Xml, findings: Findings) -> None:
    name = local(element)
    if namespace(element) != BPMN:
        _refuse(element, "does not belong to BPMN 2.0 and would be ignored; remove it", findings)
        return
    if name in ALWAYS_INSIDE:
        return
    if name in REFUSED:
        _refuse(element, f"is refused: {REFUSED[name]}", findings)
        return
    if name in PERFORMERS and local(parent) != "userTask":
        _refuse(element, "belongs to a user task: nothing else is done by people", findings)
        return
    if name not in INSIDE[local(parent)]:
        _refuse(element, f"has no place in <{local(parent)}> and would be ignored; remove it", findings)
        return
    if local(parent) not in DRAWINGS and name not in DRAWINGS:
        check_extensions(element, findings)
    _check_attributes(element, findings)
    if name in EXPRESSIONS:
        _check_language(element, findings)
        return
    if name not in INSIDE:
        return  # a reference, or text
    check_once(element, findings)
    for child in element:
        _check(child, element, findings)


def _check_attributes(element: Xml, findings: Findings) -> None:
    check_length(element, findings)
    for name, value in element.attrib.items():
        if name == f"{{{XSI}}}type" and local(element) not in EXPRESSIONS:
            _check_type(element, value, findings)
        if name.startswith("{"):
            continue  # an extension
        known = _known(name, local(element))
        if known is None:
            _find("attribute-unknown", f"<{local(element)}> has no attribute {name} in BPMN 2.0.", element, findings)
        elif known.refuses(value):
            sentence = f"{name} of <{local(element)}> is “{value}”; it can be {_either(known)}: {known.because}."
            _find("attribute-value", sentence, element, findings)


def _check_type(element: Xml, value: str, findings: Findings) -> None:
    """A type of the schema can only say what the element says already."""
    said = value.rpartition(":")[2].removeprefix("t")
    if said.lower() != local(element).lower():
        _find(
            "attribute-value",
            f"xsi:type of <{local(element)}> is “{value}”; write that element instead.",
            element,
            findings,
        )


def _known(name: str, place: str) -> Attribute | None:
    for each in ATTRIBUTES.get(name, ()):
        if place in each.places or "*" in each.places:
            return each
    return None


def _either(known: Attribute) -> str:
    return " or ".join(sorted(known.values, reverse=True))


def _check_language(expression: Xml, findings: Findings) -> None:
    kind = expression.get(f"{{{XSI}}}type", "tFormalExpression")
    if kind.rpartition(":")[2] not in _FORMAL:
        _find("expression-type", f"{kind} is unknown.", expression, findings)
    root = expression.getroottree().getroot()
    language = expression.get("language") or root.get("expressionLanguage") or "feel"
    if "feel" not in language.lower() and language != _SCHEMA_DEFAULT:
        _find(
            "expression-language", f"The expression is written in {language}; write it in FEEL.", expression, findings
        )


def _refuse(element: Xml, because: str, findings: Findings) -> None:
    _find("element-unsupported", f"<{local(element)}> {because}.", element, findings)


def _find(rule: str, sentence: str, at: Xml, findings: Findings) -> None:
    owner = at
    while owner is not None and owner.get("id") is None:
        owner = owner.getparent()
    findings.error(rule, sentence, line=at.sourceline, element=None if owner is None else owner.get("id"))
