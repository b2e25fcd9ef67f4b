"""What the processes of one deployment call of one another: what is missing, and what belongs together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from engine.bpmn import Findings, Process
from engine.bpmn.model import Called, Node
from engine.models import DefinitionRow


class File(Protocol):
    """A file to deploy."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def content(self) -> bytes:
        """Its bytes."""


class Defined(Protocol):
    """Something that a deployment defines."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def file(self) -> File:
        """Where it stands."""

    @property
    def process(self) -> Process | None:
        """The process, None for a form or a decision."""


Kept = TypeVar("Kept", bound=Defined)


def check_calls(drafts: Sequence[Defined], deployed: frozenset[str] | None) -> Findings:
    """Call activities whose process is not there; `deployed` is None where nobody knows what is deployed."""
    findings = Findings("")
    here = {draft.key for draft in drafts if draft.process is not None}
    for draft in drafts:
        findings.file = draft.file.name
        for node, called in _calls(draft):
            key = called.key.text
            if called.key.expression is not None or key in here:
                continue
            if called.binding == "deployment":
                sentence = f"{key} is not in this deployment; deploy its file together with this one."
                findings.error("call-beside", sentence, line=node.line, element=node.id)
            elif deployed is not None and key not in deployed:
                sentence = f"{key} is neither deployed nor in these files; a case that calls it stops with an incident."
                findings.warning("call-unknown", sentence, line=node.line, element=node.id)
    return findings


def tied(drafts: Sequence[Kept]) -> dict[str, dict[str, Kept]]:
    """For each process that calls others of its own deployment: these, and what they call in the same way."""
    here = {draft.key: draft for draft in drafts if draft.process is not None}
    found: dict[str, dict[str, Kept]] = {}
    for key in here:
        reached: dict[str, Kept] = {}
        todo = [key]
        while todo:
            for other in _of_deployment(here[todo.pop()], here):
                if other not in reached:
                    reached[other] = here[other]
                    todo.append(other)
        if reached:
            found[key] = reached
    return found


def tie(rows: Iterable[DefinitionRow], together: Mapping[str, Mapping[str, Defined]]) -> None:
    """Let the new versions remember which versions of the others were deployed with them."""
    processes = {row.key: row for row in rows if row.kind == "process"}
    for key, row in processes.items():
        if key in together and "beside" not in row.info:
            row.info = row.info | {"beside": {other: processes[other].id for other in together[key]}}


def _calls(draft: Defined) -> list[tuple[Node, Called]]:
    nodes = draft.process.nodes.values() if draft.process is not None else ()
    return [(node, node.called) for node in nodes if node.called is not None]


def _of_deployment(draft: Defined, here: Mapping[str, Defined]) -> set[str]:
    """What a process calls of its deployment; an expression may mean every other one."""
    found: set[str] = set()
    for _, called in _calls(draft):
        if called.binding == "deployment":
            found |= set(here) if called.key.expression is not None else {called.key.text} & set(here)
    return found
