"""Reads a DMN file of version 1.1 to 1.5 into a model, or refuses it with everything that is wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.dmn.boxed import EXPRESSIONS, Boxes, formal_parameters, function_definition
from engine.dmn.findings import DmnRefused, Finding
from engine.dmn.items import Items
from engine.dmn.model import UNNAMED, Decision, InputData, Knowledge, Model, Node, Service
from engine.dmn.xml import Element, child, children, line_of, name_of, read_xml, tag, type_of

_REQUIREMENTS = ("informationRequirement", "knowledgeRequirement")
_REQUIRED = ("requiredDecision", "requiredInput", "requiredKnowledge")
_DMN = "/MODEL"

Imports = Mapping[str, Model]


def read_model(xml: bytes, imports: Imports | None = None, *, strict: bool = True) -> Model:
    """The model of a DMN file; `imports` are the models it imports, by namespace.

    Raises DmnRefused for what cannot be run right. Unless `strict`, only a file that is no DMN at all is refused, and
    parts with an error are null when they are evaluated.
    """
    root = read_xml(xml)
    findings: list[Finding] = []
    model = Model(root.get("name") or "", root.get("namespace") or "", Items())
    model.items.read(root, findings)
    _import(root, model, imports or {}, findings)
    model.items.settle()
    boxes = Boxes(_names(root, model), model.items, findings)
    for element in root:
        reader = _READERS.get(tag(element))
        if reader is not None:
            boxes.owner = element.get("id") or name_of(element)
            node = reader(element, model, boxes)
            if not node.name or node.id in model.nodes:
                boxes.finding("dmn.node", "Every element of a model needs a name and an id of its own.", element)
            model.nodes[node.id] = node
    _check_references(model, findings)
    _check_cycles(model, findings)
    _check_types(root, model, boxes)
    model.findings, model.tables, model.expressions = tuple(findings), tuple(boxes.tables), tuple(boxes.expressions)
    if strict and any(finding.severity == "error" for finding in findings):
        raise DmnRefused(findings)
    return model


def imported_namespaces(xml: bytes) -> tuple[str, ...]:
    """The namespaces of the models that a file imports; raises DmnRefused."""
    return tuple(element.get("namespace") or "" for element in children(read_xml(xml), "import") if _is_dmn(element))


def _is_dmn(element: Element) -> bool:
    return _DMN in (element.get("importType") or "") or "dmn" in (element.get("importType") or "").lower()


def _import(root: Element, model: Model, imports: Imports, findings: list[Finding]) -> None:
    for element in children(root, "import"):
        namespace, name = element.get("namespace") or "", element.get("name") or ""
        if not _is_dmn(element):
            continue
        if namespace not in imports:
            sentence = f"The model imports {namespace!r}, which is not there: add the one file of that namespace."
            findings.append(Finding("dmn.import", "error", sentence, line_of(element), element.get("id") or ""))
            continue
        broken = next((found for found in imports[namespace].findings if found.severity == "error"), None)
        if broken is not None:
            sentence = f"The imported model {namespace!r} has errors, such as: {broken.sentence}"
            findings.append(Finding("dmn.import", "error", sentence, line_of(element), element.get("id") or ""))
        model.imports[name or f"{UNNAMED}{namespace}"] = imports[namespace]
        model.items.adopt(name, imports[namespace].items.items)


def _names(root: Element, model: Model) -> frozenset[str]:
    """All names of the model and of its imports that expressions may use."""
    names = {
        " ".join(name.split())
        for element in root.iter()
        if isinstance(element.tag, str)
        for name in (element.get("name"), element.get("iteratorVariable"))
        if name
    }
    for name, other in model.imports.items():
        if not name.startswith(UNNAMED):
            names.add(name)
        names |= {node.name for node in other.nodes.values()}
    return frozenset(names)


def _input_data(element: Element, model: Model, _boxes: Boxes) -> Node:
    return InputData(**_common(element, model))


def _common(element: Element, model: Model) -> dict[str, Any]:
    name = name_of(element)
    return {
        "id": element.get("id") or name,
        "name": name,
        "type": type_of(child(element, "variable")),
        "line": line_of(element),
        "model": model,
    }


def _decision(element: Element, model: Model, boxes: Boxes) -> Node:
    expression = child(element, *EXPRESSIONS)
    common = _common(element, model)
    if expression is None:
        boxes.finding("dmn.empty", f"The decision {common['name']!r} has no logic.", element, "warning")
    logic = boxes.compile(expression, frozenset(), str(common["name"]))
    return Decision(**common, requires=_requires(element), logic=logic)


def _requires(element: Element) -> list[str]:
    return [
        required.get("href") or ""
        for requirement in children(element, *_REQUIREMENTS)
        for required in children(requirement, *_REQUIRED)
    ]


def _knowledge(element: Element, model: Model, boxes: Boxes) -> Node:
    common = _common(element, model)
    logic = child(element, "encapsulatedLogic")
    parameters = [] if logic is None else formal_parameters(logic)
    local = frozenset(name for name, _ in parameters)
    body = None if logic is None else child(logic, *EXPRESSIONS)
    if logic is not None and (logic.get("kind") or "FEEL").upper() != "FEEL":
        closure = function_definition(boxes, logic, local, str(common["name"]))
    else:
        closure = boxes.compile(body, local, str(common["name"]))
        closure = boxes.typed(closure, type_of(logic), str(common["name"]))
    common["type"] = ""  # the variable's type is that of the function, its result's stands on the logic
    return Knowledge(**common, requires=_requires(element), parameters=parameters, logic=closure)


def _service(element: Element, model: Model, _boxes: Boxes) -> Node:
    outputs = [part.get("href") or "" for part in children(element, "outputDecision")]
    inputs = [part.get("href") or "" for kind in ("inputData", "inputDecision") for part in children(element, kind)]
    return Service(**_common(element, model), outputs=outputs, inputs=inputs)


_READERS: dict[str, Callable[[Element, Model, Boxes], Node]] = {
    "inputData": _input_data,
    "decision": _decision,
    "businessKnowledgeModel": _knowledge,
    "decisionService": _service,
}


def _references(node: Node) -> list[str]:
    if isinstance(node, Decision | Knowledge):
        return node.requires
    return [*node.outputs, *node.inputs] if isinstance(node, Service) else []


def _check_references(model: Model, findings: list[Finding]) -> None:
    for node in model.nodes.values():
        for reference in _references(node):
            try:
                model.resolve(reference)
            except KeyError:
                sentence = f"{node.name!r} refers to {reference!r}, which is not there."
                findings.append(Finding("dmn.reference", "error", sentence, node.line, node.id))


def _check_cycles(model: Model, findings: list[Finding]) -> None:
    done: set[int] = set()
    for start in model.nodes.values():
        if isinstance(start, Decision) and (cycle := _cycle(start, [], done)):
            names = " → ".join(node.name for node in cycle)
            sentence = f"These decisions require one another in a circle: {names}."
            findings.append(Finding("dmn.cycle", "error", sentence, start.line, start.id))


def _cycle(node: Node, above: list[Node], done: set[int]) -> list[Node]:
    if any(node is other for other in above):
        return [*above, node]
    if id(node) in done or not isinstance(node, Decision):
        return []
    for reference in node.requires:
        try:
            required = node.model.resolve(reference)[1]
        except KeyError:
            continue
        if isinstance(required, Decision) and (cycle := _cycle(required, [*above, node], done)):
            return cycle
    done.add(id(node))
    return []


def _check_types(root: Element, model: Model, boxes: Boxes) -> None:
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        reference = type_of(element)
        if reference and not model.items.knows(reference):
            boxes.finding("dmn.type", f"There is no type named {reference!r}.", element)
