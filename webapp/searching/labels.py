"""The labels under which documents, cases and records may be seen: of things when they are indexed, of readers now.

A case bears the id of the root of its calls, so that callers and called cases are one; nothing is written when tasks
are offered, taken or completed, because who is involved in which case is looked up when somebody searches.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func, select

from core.identity import Actor
from crm.access import given, may_read, reach_of
from crm.activities.models import ActivityRow
from crm.models import OfferRow, OrderRow
from crm.payments.models import PaymentRow
from crm.sales.access import may_see_finance
from crm.sales.models import InvoiceRow
from documents.access import LinkRights, Target
from documents.intake_arrivals import INBOX
from documents.search.ports import EVERY_DOCUMENT, OWN, Held, Others, Within
from documents.sharing.groups import GROUP
from engine.access import ADMINISTER, families, involved_sql, may_read_all
from engine.models import InstanceEntityRow, InstanceRow
from storage.unit_of_work import Reading

CASES, RECORDS = "cases", "records"  # labels of all cases, and of all customers, offers and other records
FINANCE = "finance"  # the label of invoices and payments
FINANCIAL = frozenset({"crm.invoice", "crm.payment"})
ACTIVITY = "crm.activity"
EVERYTHING = frozenset({CASES, RECORDS, FINANCE, EVERY_DOCUMENT})
TEMPLATE = "template"  # the kind of the link of what letters are written from
CUSTOMER = "crm.customer"
OWNED: dict[str, type[Any]] = {  # records that belong to a customer
    "crm.offer": OfferRow,
    "crm.order": OrderRow,
    "crm.invoice": InvoiceRow,
    "crm.payment": PaymentRow,
}
REACH = "%(reach_people)s::text[], %(reach_teams)s::text[], %(reach_customers)s::text[]"
REACHED = f"""CASE kind
    WHEN 'case' THEN %(reach_cases)s OR case_is_reached(subject, {REACH})
    WHEN 'document' THEN rights && %(reach_own)s::varchar[] OR document_is_reached(subject, {REACH})
    ELSE NOT EXISTS (
        SELECT FROM unnest(facts) AS fact (told)
        WHERE told LIKE 'customer:%%' AND NOT customer_is_reached(substr(told, 10), {REACH})
    )
END"""
MOST_LISTED = 1000  # cases of a reader that a search lists; somebody with more is asked for each entry that fits


class Labels:
    """The rights of `documents.access` and of the engine, as labels; `entities` are the tables of records by kind."""

    unlabelled = (INBOX, TEMPLATE)

    def __init__(self, entities: Mapping[str, type[Any]], *, most_listed: int = MOST_LISTED) -> None:
        self._entities, self._most_listed = entities, most_listed

    def labels(self, reading: Reading, targets: Collection[Target]) -> Mapping[Target, frozenset[str]]:
        """A case and its tasks bear the label of their family, a record that of all records or of the financial ones.

        What is private bears those of the people who take part in it.
        """
        cases = reading.port(LinkRights).cases(reading, targets)
        roots = {}
        if cases:
            query = select(InstanceRow.id, func.coalesce(InstanceRow.root_id, InstanceRow.id))
            roots = {row[0]: row[1] for row in reading.session.execute(query.where(InstanceRow.id.in_(cases.values())))}
        found = {target: frozenset({CASES, roots[case]}) for target, case in cases.items() if case in roots}
        for kind, row in self._entities.items():
            ids = {target.id for target in targets if target.kind == kind}
            known = reading.session.scalars(select(row.id).where(row.id.in_(ids))) if ids else ()
            label = FINANCE if kind in FINANCIAL else RECORDS
            found |= {Target(kind, each): frozenset({label}) for each in known}
        found |= {each: frozenset({of_group(each.id)}) for each in targets if each.kind == GROUP}
        return found | _private(reading, {target.id for target in found if target.kind == ACTIVITY})

    def held(self, reading: Reading) -> Held:
        """What the actor filed, what their rights open, and the cases that they are involved in."""
        actor = reading.actor
        held = {OWN + actor.id, *map(of_group, actor.roles)}
        if actor.may("document.read_all"):
            held.add(EVERY_DOCUMENT)
        if may_read(actor):
            held.add(RECORDS)
        if may_see_finance(actor):
            held.add(FINANCE)
        if may_read_all(actor) or actor.may(ADMINISTER):
            held.add(CASES)
        within = _within(actor, held)
        if CASES in held:
            return Held(labels=frozenset(held), within=within, is_all=within is None and held >= EVERYTHING)
        mine = families(reading, self._most_listed)
        if mine is not None:
            return Held(labels=frozenset(held) | mine, within=within)

        values: dict[str, Any] = {}
        others = Others(involved_sql(actor, values), values, CASES)
        return Held(labels=frozenset(held), others=others, within=within)

    def customers(self, reading: Reading, targets: Collection[Target]) -> Mapping[Target, frozenset[str]]:
        """Of records directly, of cases and their tasks by the records that the case is about."""
        cases = reading.port(LinkRights).cases(reading, targets)
        about = _records_of(reading, cases.values())
        owners = _owners(reading, {*targets, *(each for found in about.values() for each in found)})
        found = {target: frozenset({owners[target]}) for target in targets if target in owners}
        for target, case in cases.items():
            found[target] = frozenset(owners[each] for each in about.get(case, ()) if each in owners)
        return found


def _within(actor: Actor, held: Collection[str]) -> Within | None:
    """What keeps somebody to what they reach whose rights do not reach all customers."""
    reach = reach_of(actor)
    if reach is None:
        return None
    open_to_all = [OWN + actor.id, *([EVERY_DOCUMENT] if EVERY_DOCUMENT in held else [])]
    return Within(REACHED, {**given(reach), "reach_own": open_to_all, "reach_cases": CASES in held})


def of_group(name: str) -> str:
    """The label of what a group was given."""
    return f"{GROUP}:{name}"


def _private(reading: Reading, ids: Collection[str]) -> dict[Target, frozenset[str]]:
    if not ids:
        return {}
    rows = reading.session.scalars(select(ActivityRow).where(ActivityRow.id.in_(ids), ActivityRow.is_private)).all()
    people = {row.id: {row.employee, row.created_by, *(each.account for each in row.participants)} for row in rows}
    return {Target(ACTIVITY, key): frozenset(OWN + each for each in found if each) for key, found in people.items()}


def _records_of(reading: Reading, cases: Collection[str]) -> dict[str, list[Target]]:
    found: dict[str, list[Target]] = {}
    if cases:
        query = select(InstanceEntityRow).where(
            InstanceEntityRow.instance_id.in_(cases), InstanceEntityRow.entity.in_([CUSTOMER, *OWNED])
        )
        for row in reading.session.scalars(query):
            found.setdefault(row.instance_id, []).append(Target(row.entity, row.entity_id))
    return found


def _owners(reading: Reading, targets: Collection[Target]) -> dict[Target, str]:
    """The customer of each record."""
    found = {target: target.id for target in targets if target.kind == CUSTOMER}
    for kind, row in OWNED.items():
        ids = {target.id for target in targets if target.kind == kind}
        if ids:
            rows = reading.session.execute(select(row.id, row.customer_id).where(row.id.in_(ids)))
            found |= {Target(kind, each): customer for each, customer in rows if customer}
    return found
