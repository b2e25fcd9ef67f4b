"""Linking records, and taking links away: both ends have to be visible to who does it."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings
from crm.errors import WrongFields
from crm.links.ends import End, LinkedRecords
from crm.links.errors import LinkNotFound, LinkTypeNotFound, RecordNotVisible
from crm.links.events import LinkEvent, RecordsLinked, RecordsUnlinked
from crm.links.models import LinkTypeRow, RecordLinkRow
from storage.unit_of_work import UnitOfWork

NEEDED = "record.link"
MOST = 50  # records that one command links to another
LONGEST_NOTE = 1000  # characters
ENDS = ("type", "from_kind", "from_id", "to_kind", "to_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRecords(Command):
    """Link a record to others; what is linked so already stays as it is. `first` and `others` are of any kinds."""

    type: str
    first: End
    others: tuple[End, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkRecords(Command):
    """Take a link away; the trail keeps that it was there."""

    link_id: str


@handles(LinkRecords, needs=NEEDED)
def link_records(command: LinkRecords, unit: UnitOfWork) -> list[str]:
    """The ids of the links, in the order of `others`.

    Raises `LinkTypeNotFound`, `RecordNotVisible`, `WrongFields` for a retired type or a record linked to itself.
    """
    findings = Findings()
    note = findings.optional("/note", command.note, "The note", longest=LONGEST_NOTE)
    others = tuple(dict.fromkeys(command.others))
    if not 1 <= len(others) <= MOST:
        findings.add("/others", f"Name 1 to {MOST} records.")
    if command.first in others:
        findings.add("/others", "A record cannot be linked to itself.")
    findings.refuse()
    type_ = unit.session.get(LinkTypeRow, command.type)
    if type_ is None:
        raise LinkTypeNotFound(command.type)
    if type_.is_retired:
        raise WrongFields({"/type": f"The type {type_.code} is retired. Choose another one."})
    ends = [command.first, *others]
    _require_visible(unit, ends)
    made = [_link(unit, type_, command.first, other, note) for other in others]
    new = [row for row, is_new in made if is_new]
    _tell(unit, RecordsLinked, new)
    return [row.id for row, _ in made]


@handles(UnlinkRecords, needs=NEEDED)
def unlink_records(command: UnlinkRecords, unit: UnitOfWork) -> None:
    """Take it away. Raises `LinkNotFound`, also when an end is hidden from the actor."""
    row = unit.session.get(RecordLinkRow, command.link_id, with_for_update=True)
    if row is None:
        raise LinkNotFound(command.link_id)
    first, second = ends_of(row)
    if len(unit.port(LinkedRecords).titles(unit, [first, second])) < len({first, second}):
        raise LinkNotFound(command.link_id)
    unit.session.delete(row)
    _tell(unit, RecordsUnlinked, [row])


def ends_of(row: RecordLinkRow) -> tuple[End, End]:
    """The first and the second record of a link."""
    return End(row.from_kind, row.from_id), End(row.to_kind, row.to_id)


def _require_visible(unit: UnitOfWork, ends: Iterable[End]) -> None:
    wanted = list(ends)
    seen = unit.port(LinkedRecords).titles(unit, wanted)
    for end in wanted:
        if end not in seen:
            raise RecordNotVisible(end)


def _link(
    unit: UnitOfWork, type_: LinkTypeRow, first: End, second: End, note: str | None
) -> tuple[RecordLinkRow, bool]:
    """The link, and whether it is new; one whose directions are the same is written in one order only."""
    if not type_.inverse_labels:
        first, second = sorted((first, second))
    values = dict(zip(ENDS, (type_.code, first.kind, first.id, second.kind, second.id), strict=True))
    row = {"id": new_id(), "note": note, "created_at": unit.clock.now(), "created_by": unit.actor.id, **values}
    statement = insert(RecordLinkRow).values(row).on_conflict_do_nothing(index_elements=ENDS)
    is_new = unit.session.scalar(statement.returning(RecordLinkRow.id)) is not None
    return unit.session.scalars(select(RecordLinkRow).filter_by(**values)).one(), is_new


def _tell(unit: UnitOfWork, kind: type[LinkEvent], rows: list[RecordLinkRow]) -> None:
    """Tell each end of each link."""
    cases = unit.port(LinkedRecords).cases(unit, {end for row in rows for end in ends_of(row)})
    for row in rows:
        first, second = ends_of(row)
        for here, there, is_inverse in ((first, second, False), (second, first, True)):
            unit.emit(
                kind(
                    link_id=row.id,
                    link_type=row.type,
                    kind=here.kind,
                    record=here.id,
                    other_kind=there.kind,
                    other=there.id,
                    is_inverse=is_inverse,
                    case_id=cases.get(here),
                    note=row.note,
                )
            )
