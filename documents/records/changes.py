"""What may change how long documents are kept: noted when it happens, worked off by the clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import ClassVar

from sqlalchemy import delete, select, tuple_

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.access import Target
from documents.links import CASE
from documents.models import DocumentLinkRow
from documents.records.computing import compute, parts
from documents.records.models import RetentionChangeRow
from documents.records.ports import CaseFacts
from storage.unit_of_work import UnitOfWork
from storage.writes import to_array

DOCUMENT = "document"
# ride with what the unit writes anyway: no statement of their own in the completion of a task
NOTE = """
INSERT INTO retention_change (kind, target, since)
SELECT noted.kind, noted.target, %({n}at)s::timestamptz
    FROM unnest(%({n}kinds)s::text[], %({n}targets)s::text[]) AS noted (kind, target)
ON CONFLICT DO NOTHING
"""
CLOSE = """
INSERT INTO case_closure (case_id, closed_at)
SELECT closed.id, CASE WHEN closed.ended THEN %({n}at)s::timestamptz END
    FROM unnest(%({n}ids)s::text[], %({n}ended)s::bool[]) AS closed (id, ended)
ON CONFLICT (case_id) DO UPDATE SET closed_at = EXCLUDED.closed_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOffChanges(Command):
    """Compute anew what was touched; at most `limit` changes."""

    quiet: ClassVar[bool] = True
    limit: int = 200


def changed(unit: UnitOfWork, targets: Collection[Target]) -> None:
    """Have the documents of these computed anew soon: a `document`, a `case`, or a business record."""
    if targets:
        ordered = sorted(set(targets))
        kinds, ids = to_array(each.kind for each in ordered), to_array(each.id for each in ordered)
        unit.posted.ride(NOTE, kinds=kinds, targets=ids, at=unit.clock.now())


def cases_closed(unit: UnitOfWork, cases: Mapping[str, bool]) -> None:
    """Remember that cases ended at this moment (True), or run again (False)."""
    if cases:
        ids = sorted(cases)
        unit.posted.ride(CLOSE, ids=to_array(ids), ended=[cases[each] for each in ids], at=unit.clock.now())


@handles(WorkOffChanges, needs="records.administer")
def work_off_changes(command: WorkOffChanges, unit: UnitOfWork) -> int:
    """How many changes were worked off."""
    row = RetentionChangeRow
    query = select(row.kind, row.target).order_by(row.since, row.kind, row.target).limit(command.limit)
    found = [Target(*each) for each in unit.session.execute(query.with_for_update(skip_locked=True))]
    if not found:
        return 0
    for part in parts(sorted(set(_documents(unit, found)))):
        compute(unit, part)
    keys = [(each.kind, each.id) for each in found]
    unit.session.execute(delete(row).where(tuple_(row.kind, row.target).in_(keys)))
    return len(found)


def _documents(unit: UnitOfWork, targets: Collection[Target]) -> Iterator[str]:
    yield from (target.id for target in targets if target.kind == DOCUMENT)
    others = {target for target in targets if target.kind != DOCUMENT}
    subjects = {target for target in others if target.kind != CASE}
    if subjects:
        others |= {Target(CASE, case) for case in unit.port(CaseFacts).cases_about(unit, subjects)}
    yield from linked_to(unit, others)


def linked_to(unit: UnitOfWork, targets: Iterable[Target]) -> Iterator[str]:
    """The documents that are linked to any of the targets; some of them more than once."""
    link = DocumentLinkRow
    for part in parts(sorted(targets)):
        place = tuple_(link.kind, link.target).in_([(each.kind, each.id) for each in part])
        yield from unit.session.scalars(select(link.document_id).where(place))
