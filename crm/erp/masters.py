"""Who is master of which field, CRM or ERP: what the ERP keeps is changed by what it says, and by nobody here."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import get_origin, get_type_hints

from sqlalchemy import delete, select

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.erp import words as known
from crm.erp.contents import PRODUCT
from crm.erp.errors import MasteredElsewhere
from crm.erp.events import MastersSet
from crm.erp.models import MasterRow
from crm.profiles import Profile
from storage.unit_of_work import Reading, UnitOfWork

ADMINISTER = "crm.administer"
OURS = frozenset({"ad_source", "owner", "owner_team", "parent_id"})  # that only the CRM knows


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMasters(Command):
    """Say of which fields of a kind of record the ERP is master; all others are the CRM's."""

    entity: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masters:
    """The fields of a kind of record, and those that the ERP is master of."""

    entity: str
    fields: list[str]
    erp: list[str]


@handles(SetMasters, needs=ADMINISTER)
def set_masters(command: SetMasters, unit: UnitOfWork) -> None:
    """The same again changes nothing. Raises `WrongFields`."""
    findings = Findings()
    findings.choice("/entity", command.entity, "The kind of record", tuple(KNOWN))
    findings.refuse()
    unknown = [name for name in command.fields if name not in fields_of(command.entity)]
    for name in unknown:
        findings.add("/fields", f"The ERP cannot be master of {name}: there is no such field, or only we know it.")
    findings.refuse()
    one_at_a_time(unit, "erp:masters")
    wanted, before = set(command.fields), set(mastered(unit, command.entity))
    if wanted == before:
        return
    rows = MasterRow
    unit.session.execute(delete(rows).where(rows.entity == command.entity, rows.field.in_(before - wanted)))
    for name in sorted(wanted - before):
        unit.session.add(MasterRow(entity=command.entity, field=name, set_at=unit.clock.now(), set_by=unit.actor.id))
    unit.emit(MastersSet(entity=command.entity, added=sorted(wanted - before), removed=sorted(before - wanted)))


def refuse_foreign(unit: UnitOfWork, entity: str, names: Iterable[str]) -> None:
    """Raise `MasteredElsewhere` when the ERP is master of one of these fields."""
    theirs = sorted(set(names) & set(mastered(unit, entity)))
    if theirs:
        raise MasteredElsewhere(entity, theirs)


def mastered(view: Reading | UnitOfWork, entity: str) -> Sequence[str]:
    """The fields that the ERP is master of."""
    return view.session.scalars(
        select(MasterRow.field).where(MasterRow.entity == entity).order_by(MasterRow.field)
    ).all()


def masters(view: Reading) -> list[Masters]:
    """All that can be set, and how it is."""
    return [
        Masters(entity=entity, fields=sorted(fields_of(entity)), erp=list(mastered(view, entity))) for entity in KNOWN
    ]


@cache
def fields_of(entity: str) -> frozenset[str]:
    """The fields of a kind of record that can be the ERP's."""
    return frozenset(KNOWN[entity])


def _plain_fields(shape: type) -> tuple[str, ...]:
    """Those with one value; lists stay with the CRM."""
    return tuple(name for name, kind in get_type_hints(shape).items() if get_origin(kind) not in {tuple, dict})


KNOWN: Mapping[str, tuple[str, ...]] = {
    known.CUSTOMER: tuple(name for name in _plain_fields(Profile) if name not in OURS),
    known.PRODUCT: (*PRODUCT, "cost"),
}
