"""Reads data: objects, properties, inputs and outputs are variables; data associations copy or compute them.

An association that only draws which document or record a task is about copies nothing (`documents`, `entities`).
"""

import re

from core.records import dataclass
from engine.bpmn.expressions import Value, formula
from engine.bpmn.findings import Findings
from engine.bpmn.model import Data, DocumentRef, Mapping
from engine.bpmn.read import BPMN, OBIEG, Xml, child_text, children, local
from engine.bpmn.triggers import compiled

_NAME = re.compile(r"^[^\W\d]\w*$")
_PATH = re.compile(r"^[^\W\d]\w*(\.[^\W\d]\w*)*$")
_PLACEHOLDER = "__"  # what drawing tools tie an association to that has no real end
_LOCAL = ("property", "dataInput", "dataOutput")
_HELD = ("dataObject", "dataObjectReference", *_LOCAL)  # what is a variable
_PARTS = {"dataInputAssociation", "dataOutputAssociation", "ioSpecification", "inputSet", "outputSet"}
_SCOPES = {"subProcess", "transaction", "adHocSubProcess"}


@dataclass(frozen=True, slots=True)
class _Copy:
    """An association that is executed: `name` gets the value of `text`."""

    name: str
    text: str
    source: str | None


class DataReader:
    """Reads the data of one process."""

    def __init__(self, process: Xml, findings: Findings) -> None:
        self._findings = findings
        tags = [f"{{{BPMN}}}{name}" for name in (*_HELD, "dataStoreReference")]
        self._elements: dict[str, Xml] = {each.get("id"): each for each in process.iter(*tags) if each.get("id")}
        named = (each for each in self._elements.values() if local(each) == "dataObjectReference")
        self._shown = {each.get("dataObjectRef"): each.get("name") for each in named}
        self._used = self._ends(process)

    # names

    def variable(self, element: Xml) -> str | None:
        """The variable that an element of data is; None for what is only drawn."""
        if local(element) == "dataObjectReference":
            element = self._elements.get(element.get("dataObjectRef"), element)
        names = (element.get("name"), self._shown.get(element.get("id")), element.get("id"))
        return next((name for name in names if name and _NAME.match(name) and not name.startswith(_PLACEHOLDER)), None)

    def _end(self, reference: str | None) -> str | None:
        """The variable at one end of an association; None for documents, records and placeholders."""
        element = self._elements.get((reference or "").strip())
        if element is None or self._is_drawn(element) or (element.get("name") or "").startswith(_PLACEHOLDER):
            return None
        return self.variable(element)

    @staticmethod
    def _is_drawn(element: Xml | None) -> bool:
        """Whether an element stands for a document or a record."""
        if element is None:
            return False
        return local(element) == "dataStoreReference" or element.get(f"{{{OBIEG}}}documentType") is not None

    def _ends(self, process: Xml) -> set[str]:
        """The data objects that executed associations read or write."""
        found = set()
        for each in process.iter(f"{{{BPMN}}}dataInputAssociation", f"{{{BPMN}}}dataOutputAssociation"):
            ends = [
                child_text(each, "targetRef"),
                *("".join(end.itertext()).strip() for end in children(each, "sourceRef")),
            ]
            if self._computes(each) or all(map(self._end, ends)):
                known = [self._elements[end] for end in ends if end in self._elements]
                found |= {each.get("dataObjectRef") or each.get("id") for each in known}
        return found

    @staticmethod
    def _computes(association: Xml) -> bool:
        return bool(children(association, "transformation", "assignment"))

    # elements

    def read(self, element: Xml) -> Data:
        """What is copied into an element and out of it, and which variables are its own."""
        self.check_sets(element)
        inputs = [self._copy(each) for each in children(element, "dataInputAssociation")]
        outputs = [self._copy(each) for each in children(element, "dataOutputAssociation")]
        own = self._own(element)
        content = [name for each in children(element, "dataOutput") if (name := self.variable(each))]
        return Data(
            inputs=self._mappings(inputs, element),
            outputs=self._mappings(outputs, element),
            own=own,
            required=self.required(element),
            content=content[0] if len(content) == 1 else None,
        )

    def _own(self, element: Xml) -> tuple[str, ...]:
        """Properties, inputs and outputs; the data objects of a sub-process that something reads or writes."""
        specified = [each for one in children(element, "ioSpecification") for each in children(one, *_LOCAL)]
        held = [*children(element, *_LOCAL), *specified]
        if local(element) in _SCOPES:
            held += [each for each in children(element, "dataObject") if each.get("id") in self._used]
        real = (each for each in held if not (each.get("name") or "").startswith(_PLACEHOLDER))
        return tuple(dict.fromkeys(name for each in real if (name := self.variable(each))))

    def declared(self, element: Xml, kind: str) -> tuple[str, ...]:
        """The variables of an element's inputs (`dataInput`) or outputs (`dataOutput`)."""
        found = [each for one in children(element, "ioSpecification") for each in children(one, kind)]
        return tuple(dict.fromkeys(name for each in found if (name := self.variable(each))))

    def required(self, element: Xml) -> tuple[str, ...]:
        """The inputs that must be there: those of the input set that are not optional."""
        found = []
        for one in (*children(element, "ioSpecification"), element):
            for inputs in children(one, "inputSet"):
                optional = {"".join(each.itertext()).strip() for each in children(inputs, "optionalInputRefs")}
                for each in children(inputs, "dataInputRefs"):
                    key = "".join(each.itertext()).strip()
                    if key not in optional and key in self._elements:
                        found.append(self.variable(self._elements[key]))
        return tuple(name for name in found if name)

    def check_sets(self, element: Xml) -> None:
        """What an element says about its inputs and outputs beyond one set of each is refused."""
        for one in (*children(element, "ioSpecification"), element):
            if len(children(one, "inputSet")) > 1 or len(children(one, "outputSet")) > 1:
                self._refuse("data-sets", "Only one input set and one output set are executed; remove the others.", one)
            for sets in children(one, "inputSet", "outputSet"):
                if children(sets, "whileExecutingInputRefs", "whileExecutingOutputRefs"):
                    sentence = "Data are taken when an activity begins and given when it ends, not while it runs."
                    self._refuse("data-sets", sentence, sets)

    def _copy(self, association: Xml) -> _Copy | None:
        sources = ["".join(each.itertext()).strip() for each in children(association, "sourceRef")]
        target = child_text(association, "targetRef")
        name, source = self._end(target), self._end(sources[0]) if len(sources) == 1 else None
        if not self._computes(association):
            # else a drawing: a document, a record, or nothing at the other end
            return None if name is None or source is None else _Copy(name, source, sources[0])
        if any(self._is_drawn(self._elements.get(each or "")) for each in (target, *sources)):
            sentence = "Documents and records are no variables: service tasks file and change them."
        else:
            transformation, assignments = child_text(association, "transformation"), children(association, "assignment")
            if transformation is None:
                is_output = local(association) == "dataOutputAssociation"
                return self._assigned(assignments, name, association, outwards=is_output)
            if name is not None and not assignments:
                return _Copy(name, transformation.removeprefix("="), None)
            sentence = "A transformation needs a target with a name, and stands without assignments."
        self._refuse("data-mapping", sentence, association)
        return None

    def _assigned(self, assignments: list[Xml], name: str | None, at: Xml, *, outwards: bool) -> _Copy | None:
        """Assignments one after the other: the target as a whole, or fields of it."""
        text = ""
        for each in assignments:
            given, to = child_text(each, "from"), (child_text(each, "to") or "").removeprefix("=").strip()
            first, _, path = to.partition(".")
            name = name or first
            if given is None or not _PATH.match(to) or first != name:
                sentence = f"An assignment needs a value in FEEL and a target {name or 'variable'}, or a field of it."
                self._refuse("data-mapping", sentence, at)
                return None
            value = given.removeprefix("=")
            if path:
                base = text or (f"if {name} = null then {{}} else {name}" if outwards else "{}")
                keys = ", ".join(f'"{key}"' for key in path.split("."))
                text = f"context put({base}, [{keys}], ({value}))"
            else:
                text = value
        return None if name is None else _Copy(name, text, None)

    def _mappings(self, copies: list[_Copy | None], owner: Xml) -> tuple[Mapping, ...]:
        found = []
        for each in copies:
            value = None if each is None else self._value(each.text, owner)
            if each is not None and value is not None:
                found.append(Mapping(name=each.name, value=value))
        return tuple(found)

    def _value(self, text: str, owner: Xml) -> Value | None:
        return compiled(lambda: formula(text), owner, owner.get("id"), self._findings)

    # multi-instance

    def collection(self, reference: str | None, owner: Xml) -> str | None:
        """What the items of a multi-instance activity are: the source of its input, or the variable itself."""
        element = self._elements.get(reference or "")
        if element is None:
            return reference
        for each in children(owner, "dataInputAssociation"):
            copy = self._copy(each) if child_text(each, "targetRef") == reference else None
            if copy is not None:
                return copy.text
        return self.variable(element) or reference

    def collected(self, reference: str | None, owner: Xml) -> str | None:
        """The variable that takes the results of a multi-instance activity: the target of its output."""
        element = self._elements.get(reference or "")
        if element is None:
            return reference
        for each in children(owner, "dataOutputAssociation"):
            copy = self._copy(each)
            if copy is not None and copy.source == reference:
                return copy.name
        return self.variable(element) or reference

    # drawings

    def documents(self, element: Xml, association: str, end: str) -> tuple[DocumentRef, ...]:
        """The document types that are drawn at a task."""
        found: dict[str, DocumentRef] = {}
        for reference in self._associated(element, association, end):
            kind = reference.get(f"{{{OBIEG}}}documentType")
            if kind is not None:
                found[kind] = DocumentRef(type=kind, name=reference.get("name") or kind)
        return tuple(found.values())

    def entities(self, element: Xml) -> tuple[str, ...]:
        """The business records that are drawn at a task."""
        ends = (("dataInputAssociation", "sourceRef"), ("dataOutputAssociation", "targetRef"))
        found = (each.get(f"{{{OBIEG}}}entity") for kind, end in ends for each in self._associated(element, kind, end))
        return tuple(dict.fromkeys(entity for entity in found if entity))

    def _associated(self, element: Xml, association: str, end: str) -> list[Xml]:
        keys = (child_text(each, end) or "" for each in children(element, association))
        return [self._elements[key] for key in keys if key in self._elements]

    def _refuse(self, rule: str, sentence: str, at: Xml) -> None:
        owner = at
        while owner is not None and (owner.get("id") is None or local(owner) in _PARTS):
            owner = owner.getparent()
        self._findings.error(rule, sentence, line=at.sourceline, element=None if owner is None else owner.get("id"))
