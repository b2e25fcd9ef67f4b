"""The documents of a case: those its tasks were completed with, and those that are attached to it now."""

from dataclasses import dataclass

from documents.access import Target
from documents.queries import attached
from engine.evidence import completed_with, task_ids
from storage.unit_of_work import Reading


@dataclass(frozen=True, slots=True, order=True)
class CaseDocument:
    """A document at a version."""

    title: str
    type: str | None
    version: int
    digest: str
    document_id: str


def documents_of_case(view: Reading, case_id: str) -> list[CaseDocument]:
    """Each document version once; first those that a person completed a task with."""
    seen = [
        CaseDocument(each.title, each.type, each.version, each.digest, each.document_id)
        for each in completed_with(view, case_id)
    ]
    targets = [Target("case", case_id), *(Target("task", task) for task in task_ids(view, case_id))]
    linked = attached(view, targets)
    there = [
        CaseDocument(each.title, each.type, each.n, each.digest, each.document_id)
        for target in targets
        for each in linked[target]
    ]
    return list(dict.fromkeys([*seen, *there]))
