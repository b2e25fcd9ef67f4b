"""By what a row names a customer, and which customers the rows of a batch mean; looked up for all of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, String, cast, func, select

from crm import tax_ids
from crm.imports.models import ImportedRow
from crm.imports.taking import Arrangement
from crm.imports.values import Draft
from crm.models import CustomerEmailRow, CustomerRow
from storage.unit_of_work import UnitOfWork


@dataclass(slots=True, kw_only=True)
class Known:
    """Customers that are there, by what a row can name them with."""

    by: dict[str, dict[Any, str]] = field(default_factory=dict)  # kind of key, key, id
    several: set[str] = field(default_factory=set)  # e-mail addresses of more than one
    rows: dict[str, CustomerRow] = field(default_factory=dict)
    alike: dict[str, list[tuple[str, str, str, list[str]]]] = field(default_factory=dict)  # key: id, number, name, keys
    taken: dict[tuple[str, Any], int] = field(default_factory=dict)  # within this batch, key to line
    earlier: dict[str, int] = field(default_factory=dict)  # of this import: id to line
    seen: dict[str, int] = field(default_factory=dict)  # strong keys within this batch, to line
    owner: str | None = None  # of new ones whose rows name none: whoever would not see them otherwise


def country_of(draft: Draft, arrangement: Arrangement) -> str:
    """Its country, the arrangement's where the row tells none."""
    return str(draft.values.get("country") or arrangement.country)


def tax_of(draft: Draft, arrangement: Arrangement) -> tuple[str, str] | None:
    """Country and tax number as they are stored."""
    country = country_of(draft, arrangement)
    written = draft.values.get("tax_id")
    return (country, tax_ids.normal(written, country)) if written else None


def look_up(unit: UnitOfWork, drafts: Sequence[Draft], arrangement: Arrangement) -> Known:
    """Find and lock whom the rows mean; of those who are out of the actor's reach, only that they are there."""
    with unit.whole():
        known = _known(unit, drafts, arrangement)
    known.owner = unit.actor.id if unit.actor.limits else None
    ids = {target_of(known, draft, arrangement)[0] for draft in drafts} - {None}
    wanted_rows = select(CustomerRow).where(CustomerRow.id.in_(ids)).with_for_update()
    known.rows = {row.id: row for row in unit.session.scalars(wanted_rows)} if ids else {}
    return known


def _known(unit: UnitOfWork, drafts: Sequence[Draft], arrangement: Arrangement) -> Known:
    known = Known()
    for name, column in (("number", CustomerRow.number), ("external_reference", CustomerRow.external_reference)):
        wanted = sorted({draft.values[name] for draft in drafts if name in draft.values})
        rows = unit.session.execute(select(column, CustomerRow.id).where(column.in_(wanted))) if wanted else ()
        known.by[name] = {key: id_ for key, id_ in rows if key is not None}
    taxes = sorted({tax for draft in drafts if (tax := tax_of(draft, arrangement))})
    known.by["tax_id"] = _look_up_taxes(unit, taxes) if taxes else {}
    if "email" in arrangement.keys:
        _look_up_mail(unit, drafts, known)
    return known


def _look_up_taxes(unit: UnitOfWork, taxes: Sequence[tuple[str, str]]) -> dict[Any, str]:
    """By a join with the pairs: a list of pairs is compared with every row of the table, one after the other."""
    given = func.unnest(*(cast([each[at] for each in taxes], ARRAY(String)) for at in (0, 1)))
    asked = given.table_valued("country", "tax_id").render_derived(name="asked")
    wanted = select(CustomerRow.country, CustomerRow.tax_id, CustomerRow.id).join(
        asked, (CustomerRow.country == asked.c.country) & (CustomerRow.tax_id == asked.c.tax_id)
    )
    return {(land, tax): id_ for land, tax, id_ in unit.session.execute(wanted)}


def earlier(unit: UnitOfWork, import_id: str, customer_ids: Iterable[str]) -> dict[str, int]:
    """The lines of the batches before that these customers came from."""
    wanted = select(ImportedRow.record_id, ImportedRow.line).where(
        ImportedRow.import_id == import_id, ImportedRow.record_id.in_(sorted(customer_ids))
    )
    return {record_id: line for record_id, line in unit.session.execute(wanted) if record_id}


def _look_up_mail(unit: UnitOfWork, drafts: Sequence[Draft], known: Known) -> None:
    wanted = sorted({str(draft.values["email"]).lower() for draft in drafts if "email" in draft.values})
    address = func.lower(CustomerEmailRow.address)
    found = select(address, CustomerEmailRow.customer_id).distinct().where(address.in_(wanted))
    known.by["email"] = {}
    for mail, customer_id in unit.session.execute(found) if wanted else ():
        if known.by["email"].setdefault(mail, customer_id) != customer_id:
            known.several.add(mail)


def keys_of(draft: Draft, arrangement: Arrangement) -> dict[str, Any]:
    """What a row says of itself, in the form in which it is looked up."""
    found = {name: draft.values.get(name) for name in ("number", "external_reference")}
    found |= {"tax_id": tax_of(draft, arrangement), "email": str(draft.values.get("email") or "").lower()}
    return {name: key for name, key in found.items() if key}


def target_of(known: Known, draft: Draft, arrangement: Arrangement) -> tuple[str | None, str]:
    """The customer whom a row means, and by which key; the first key of the arrangement wins."""
    given = keys_of(draft, arrangement)
    for name in arrangement.keys:
        if name in given and given[name] in known.by.get(name, {}):
            return known.by[name][given[name]], name
    return None, ""
