"""Products of a file: found again by article number or by the number of the other system."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from core.errors import DomainError
from core.ids import new_id
from crm.erp.errors import MasteredElsewhere
from crm.erp.masters import mastered
from crm.erp.words import PRODUCT
from crm.events import ProductChanged, ProductCreated
from crm.imports.reading import Row
from crm.imports.taking import CREATED, DUPLICATE, UNCHANGED, UPDATED, Arrangement, Taken, rejected
from crm.imports.values import Draft, reader
from crm.models import ProductRow
from crm.money import plain
from crm.products import Article, checked, fill
from storage.unit_of_work import UnitOfWork

NAMES = tuple(Article.__dataclass_fields__)
Known = dict[tuple[str, str], ProductRow]


def take(unit: UnitOfWork, rows: Sequence[Row], arrangement: Arrangement) -> list[Taken]:
    """Bring products in; looked up for the batch at once."""
    reading = reader(unit, "products", arrangement.columns, arrangement.days)
    drafts = [reading.read(row) for row in rows]
    known = _look_up(unit, drafts)
    taken = [_guarded(unit, draft, arrangement, known) for draft in drafts]
    unit.session.flush()  # versions are those that an undoing compares with
    by_id = {row.id: row for row in known.values()}
    for each in taken:
        if each.record_id and each.outcome in {CREATED, UPDATED}:
            each.version = by_id[each.record_id].row_version
    return taken


def _look_up(unit: UnitOfWork, drafts: Sequence[Draft]) -> Known:
    found: Known = {}
    for name, column in (("sku", ProductRow.sku), ("external_reference", ProductRow.external_reference)):
        wanted = sorted({str(draft.values[name]) for draft in drafts if name in draft.values})
        query = select(ProductRow).where(column.in_(wanted)).with_for_update()
        found |= {(name, str(getattr(row, name))): row for row in unit.session.scalars(query)} if wanted else {}
    return found


def _guarded(unit: UnitOfWork, draft: Draft, arrangement: Arrangement, known: Known) -> Taken:
    label = str(draft.values.get("name") or draft.values.get("sku") or "")
    if draft.findings.fields:
        return rejected(draft.row, " ".join(draft.findings.fields.values()), label)
    try:
        return _one(unit, draft, arrangement, known, label)
    except DomainError as error:
        return rejected(draft.row, error.sentence, label)


def _one(unit: UnitOfWork, draft: Draft, arrangement: Arrangement, known: Known, label: str) -> Taken:
    given = {name: draft.values[name] for name in NAMES if name in draft.values}
    row = next(
        (known[key, str(given[key])] for key in arrangement.keys if (key, str(given.get(key, ""))) in known), None
    )
    if row is not None:
        return _update(unit, draft, arrangement, row, given)
    said: dict[str, Any] = {"sku": "", "name": "", "price": Decimal(0)} | given
    article = checked(Article(**said))
    for name in ("sku", "external_reference"):
        if (name, str(getattr(article, name))) in known:
            return Taken(
                row=draft.row, outcome=DUPLICATE, label=label, sentence=f"{getattr(article, name)} is there already."
            )
    row = ProductRow(id=new_id(), created_at=unit.clock.now())
    fill(row, article)
    unit.session.add(row)
    known["sku", row.sku] = row
    if row.external_reference:
        known["external_reference", row.external_reference] = row
    unit.emit(
        ProductCreated(
            product_id=row.id, sku=row.sku, name=row.name, price=plain(article.price), currency=article.currency
        )
    )
    return Taken(row=draft.row, outcome=CREATED, label=row.name, record_id=row.id)


def _update(unit: UnitOfWork, draft: Draft, arrangement: Arrangement, row: ProductRow, given: dict[str, Any]) -> Taken:
    before = Article(**{name: getattr(row, name) for name in NAMES})
    after = checked(replace(before, **given))
    changes = {
        name: [_told(getattr(before, name)), _told(getattr(after, name))]
        for name in NAMES
        if getattr(before, name) != getattr(after, name)
    }
    if not changes:
        return Taken(row=draft.row, outcome=UNCHANGED, label=row.name, record_id=row.id)
    if not arrangement.updates:
        return Taken(row=draft.row, outcome=DUPLICATE, label=row.name, sentence=f"{row.sku} is there already.")
    theirs = sorted(changes.keys() & set(mastered(unit, PRODUCT)))
    if theirs:
        return rejected(draft.row, MasteredElsewhere(PRODUCT, theirs).sentence, row.sku)
    fill(row, after)
    unit.emit(ProductChanged(product_id=row.id, changes=changes))
    return Taken(
        row=draft.row,
        outcome=UPDATED,
        label=row.name,
        record_id=row.id,
        before={name: pair[0] for name, pair in changes.items()},
        changes=sorted(changes),
    )


def _told(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value
