"""Computes for many documents at once until when they are kept, and stores it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.settings import Settings
from documents.access import links_of
from documents.links import CASE
from documents.models import DocumentRow, DocumentTypeRow, DocumentVersionRow
from documents.records.copies import as_a_copy, first_due
from documents.records.models import CaseClosureRow, RetentionRow, RetentionRuleRow
from documents.records.ports import CaseFacts
from documents.records.schedule import Facts, Retention, Rule, retention_of
from storage.unit_of_work import Reading, UnitOfWork

Item = TypeVar("Item")
AT_ONCE = 500  # documents in one go: a handful of statements, whatever their number


def compute(unit: UnitOfWork, document_ids: Sequence[str]) -> dict[str, Retention]:
    """What the rules mean for the documents now; stored, and returned by document. Destroyed ones are left out."""
    from documents.records.holds import holds_on  # late: placing a hold has it computed again

    found: dict[str, Retention] = {}
    for part in parts(sorted(set(document_ids))):
        retentions = retentions_of(unit, part)
        held = holds_on(unit, retentions)
        _store(unit, retentions, {each: len(holds) for each, holds in held.items()})
        found |= retentions
    return found


def parts(items: Iterable[Item], size: int = AT_ONCE) -> Iterator[list[Item]]:
    """The items in lists of bounded length."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def retentions_of(reading: Reading, document_ids: Collection[str]) -> dict[str, Retention]:
    """What the rules mean for the documents at this moment, without storing it."""
    zone = ZoneInfo(reading.port(Settings).time_zone)
    rules = active_rules(reading)
    found = {each.document_id: retention_of(each, rules, zone) for each in _facts(reading, document_ids)}
    for each, due in first_due(reading, found).items():
        found[each] = as_a_copy(found[each], due)
    return found


def active_rules(reading: Reading) -> list[Rule]:
    """The rules that count."""
    query = select(RetentionRuleRow).where(RetentionRuleRow.is_active).order_by(RetentionRuleRow.key)
    return [rule_of(row) for row in reading.session.scalars(query)]


def rule_of(row: RetentionRuleRow) -> Rule:
    """A stored rule as the schedule reads it."""
    return Rule(
        key=row.key,
        name=row.name,
        revision=row.revision,
        document_types=frozenset(row.document_types),
        is_default=row.is_default,
        trigger=row.trigger,
        period=row.period,
        field=row.field,
    )


def _facts(reading: Reading, document_ids: Collection[str]) -> list[Facts]:
    query = (
        select(
            DocumentRow.id,
            DocumentRow.type,
            DocumentRow.fields,
            DocumentVersionRow.created_at,
            DocumentTypeRow.retention,
        )
        .join(
            DocumentVersionRow,
            (DocumentVersionRow.document_id == DocumentRow.id) & (DocumentVersionRow.n == DocumentRow.latest),
        )
        .join(DocumentTypeRow, DocumentTypeRow.key == DocumentRow.type, isouter=True)
        .where(DocumentRow.id.in_(document_ids), DocumentRow.destroyed_at.is_(None))
    )
    rows = reading.session.execute(query).all()
    links = links_of(reading, [row.id for row in rows])
    cases = {each: {link.target for link in links[each] if link.kind == CASE} for each in links}
    closings = closings_of(reading, set().union(*cases.values()))
    return [
        Facts(
            document_id=row.id,
            type=row.type,
            filed_at=row.created_at,
            cases={case: closings[case] for case in cases[row.id] if case in closings},
            fields=row.fields,
            chosen=row.retention,
        )
        for row in rows
    ]


def closings_of(reading: Reading, cases: Collection[str]) -> dict[str, datetime | None]:
    """When each case ended, None while it runs; what was remembered counts for cases whose history is gone."""
    if not cases:
        return {}
    row = CaseClosureRow
    remembered = reading.session.execute(select(row.case_id, row.closed_at).where(row.case_id.in_(cases)))
    known: dict[str, datetime | None] = {case: at for case, at in remembered if at is not None}
    closings: dict[str, datetime | None] = reading.port(CaseFacts).closings(reading, cases)
    return closings | known


def _store(unit: UnitOfWork, retentions: dict[str, Retention], holds: dict[str, int]) -> None:
    rows: list[dict[str, Any]] = [
        {
            "document_id": each,
            "state": found.state,
            "due_at": found.due_at,
            "rule_key": found.rule_key,
            "rule_revision": found.rule_revision,
            "basis": found.basis,
            "holds": holds[each],
            "computed_at": unit.clock.now(),
        }
        for each, found in sorted(retentions.items())
    ]
    if rows:
        query = insert(RetentionRow).values(rows)
        fresh = {column: query.excluded[column] for column in rows[0] if column != "document_id"}
        unit.session.execute(query.on_conflict_do_update(index_elements=["document_id"], set_=fresh))
