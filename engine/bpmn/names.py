"""How long names may be: they stand in columns and indexes of the database, which would refuse the step."""

from engine.bpmn.findings import Findings
from engine.bpmn.read import CAMUNDA, OBIEG, Xml, local

MAXIMUM = 240  # characters of a person, role or key
_ID, _LABEL = 255, 500  # characters of an id or what is looked up by its name, and of what is shown to people
_LOOKED_UP = frozenset({"message", "signal"})
_SHORT = frozenset(
    {f"{{{OBIEG}}}{name}" for name in ("stage", "outcome", "role", "documentType", "entity", "handler")}
    | {f"{{{CAMUNDA}}}{name}" for name in ("assignee", "topic", "formRef", "formKey", "decisionRef", "versionTag")}
)
_LISTS = frozenset({f"{{{CAMUNDA}}}candidateGroups", f"{{{CAMUNDA}}}candidateUsers"})


def fits(text: str) -> bool:
    """Whether a person, role or key that was worked out while a case runs can be stored."""
    return len(text) <= MAXIMUM and "\0" not in text


def check_length(element: Xml, findings: Findings) -> None:
    """Refuse attributes that are too long for what they become."""
    for name, value in element.attrib.items():
        most = _most(name, element)
        parts = value.split(",") if name in _LISTS else [value]
        if most and not value.lstrip().startswith("=") and max(map(len, parts)) > most:
            shown = name.rpartition("}")[2]
            sentence = f"{shown} of <{local(element)}> has more than {most} characters; shorten it."
            findings.error(
                "too-long", sentence, line=element.sourceline, element=(element.get("id") or "")[:_ID] or None
            )


def _most(name: str, element: Xml) -> int | None:
    if name == "id":
        return _ID
    if name == "name":
        return _ID if local(element) in _LOOKED_UP else _LABEL
    return MAXIMUM if name in _SHORT or name in _LISTS else None
