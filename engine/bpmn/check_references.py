"""Holds what a file says of other places of it against them: references, message flows."""

from collections.abc import Iterable, Iterator

from engine.bpmn.findings import Findings
from engine.bpmn.read import BPMN, OBIEG, Xml, children, local
from engine.bpmn.support import ACTIVITIES, EVENTS

_BY_TEXT = {  # elements whose text is the id of another one
    "incoming",
    "outgoing",
    "flowNodeRef",
    "sourceRef",
    "targetRef",
    "dataInputRefs",
    "dataOutputRefs",
    "optionalInputRefs",
    "optionalOutputRefs",
}
_BY_ATTRIBUTE = {  # element -> attributes that are the id of another one; others are looked at where they are read
    "association": ("sourceRef", "targetRef"),
    "messageFlow": ("sourceRef", "targetRef"),
    "dataObjectReference": ("dataObjectRef",),
    "participant": ("processRef",),
}
_SENDS = {*ACTIVITIES, *EVENTS, "participant"}


def check_references(root: Xml, executed: Iterable[Xml], findings: Findings) -> None:
    """Look at a whole file, but at what is inside the processes that are only drawn."""
    ids = {each.get("id"): each for each in root.iter(f"{{{BPMN}}}*") if each.get("id")}
    processes = set(executed)
    for process in processes:
        _check_goals(process, findings)
    for element in _read(root, processes):
        _check_references(element, ids, findings)
    for flow in root.iter(f"{{{BPMN}}}messageFlow"):
        _check_message_flow(flow, root, ids, findings)


def _check_goals(process: Xml, findings: Findings) -> None:
    outcomes = {each.get(f"{{{OBIEG}}}outcome") for each in process.iter(f"{{{BPMN}}}endEvent")}
    for goal in (process.get(f"{{{OBIEG}}}goals") or "").replace(";", ",").split(","):
        if goal.strip() and goal.strip() not in outcomes:
            findings.error(
                "goal-unknown",
                f"The goal {goal.strip()} is the outcome of no end event; name one that is, or set obieg:outcome.",
                line=process.sourceline,
                element=process.get("id"),
            )


def _read(root: Xml, executed: set[Xml]) -> Iterator[Xml]:
    for child in root:
        if local(child) != "process" or child in executed:
            yield from child.iter(f"{{{BPMN}}}*")


def _check_references(element: Xml, ids: dict[str, Xml], findings: Findings) -> None:
    name = local(element)
    given = [(attribute, element.get(attribute)) for attribute in _BY_ATTRIBUTE.get(name, ())]
    if name in _BY_TEXT and not len(element):
        given.append((name, element.text))
    for what, reference in given:
        wanted = (reference or "").strip()
        if wanted and wanted not in ids and wanted.rpartition(":")[2] not in ids:
            _refuse("reference", f"{what} is {wanted}, which is not in this file.", element, findings)


def _check_message_flow(flow: Xml, root: Xml, ids: dict[str, Xml], findings: Findings) -> None:
    """A message flow leads from one pool to another (BPMN 2.0.2, 9.4)."""
    owners = []
    for name in ("sourceRef", "targetRef"):
        reference = (flow.get(name) or "").strip()
        end = ids.get(reference, ids.get(reference.rpartition(":")[2]))
        if not reference:
            _refuse("message-flow", f"The message flow has no {name}.", flow, findings)
        elif end is not None and local(end) not in _SENDS:
            sentence = f"A message flow connects pools, activities and events, not <{local(end)}>."
            _refuse("message-flow", sentence, flow, findings)
        elif end is not None:
            owners.append(_owner(end, root))
    if len(owners) == 2 and owners[0] is owners[1]:
        sentence = "A message flow leads from one pool to another; inside a pool, sequence flows say what comes next."
        _refuse("message-flow", sentence, flow, findings)


def _owner(end: Xml, root: Xml) -> Xml:
    """The process that an end belongs to; a pool whose process is not in the file stands for it."""
    if local(end) == "participant":
        wanted = (end.get("processRef") or "").strip().rpartition(":")[2]
        return next((each for each in children(root, "process") if wanted and each.get("id") == wanted), end)
    while end.getparent() is not None and local(end) != "process":
        end = end.getparent()
    return end


def _refuse(rule: str, sentence: str, at: Xml, findings: Findings) -> None:
    owner = at
    while owner is not None and owner.get("id") is None:
        owner = owner.getparent()
    findings.error(rule, sentence, line=at.sourceline, element=None if owner is None else owner.get("id"))
