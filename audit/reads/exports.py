"""How many rows anybody may take out as one file; what is beyond needs a right of its own."""

from typing import ClassVar

from sqlalchemy.dialects.postgresql import insert

from audit.reads.models import MassExportRow
from core.errors import Forbidden, InvalidInput
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork

MASS = "export.mass"
ADMINISTER = "account.administer"  # whoever gives rights says where this one begins
USUALLY = 1000  # rows, until somebody says otherwise
MOST = 10_000_000


class TooManyRows(Forbidden):
    """The file has more rows than the caller may take out at once."""

    code = "too_many_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMassExport(Command):
    """Say how many rows anybody may take out as one file; more need the right `export.mass`."""

    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MassExportSet(Event):
    """From how many rows on an export is a mass export."""

    type: ClassVar[str] = "audit.mass_export_set"

    rows: int
    before: int

    @property
    def stream(self) -> str:
        """A chain of its own."""
        return "audit:mass_export"


@handles(SetMassExport, needs=ADMINISTER)
def set_mass_export(command: SetMassExport, unit: UnitOfWork) -> None:
    """It holds from the next file on. Raises `InvalidInput`."""
    if not 0 <= command.rows <= MOST:
        sentence = f"Write a number of rows from 0 to {MOST:,}."
        raise InvalidInput(sentence, fields={"/rows": sentence})
    before = rows_for_anybody(unit)
    row = insert(MassExportRow).values(id=1, rows=command.rows)
    unit.session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"rows": command.rows}))
    unit.emit(MassExportSet(rows=command.rows, before=before))


def rows_for_anybody(view: Reading) -> int:
    """How many rows a file may have that anybody takes out."""
    row = view.session.get(MassExportRow, 1, populate_existing=True)
    return USUALLY if row is None else row.rows


def may_take_out(view: Reading, rows: int) -> bool:
    """Whether the actor may take out so many rows as one file."""
    return view.actor.may(MASS) or rows <= rows_for_anybody(view)


def require_mass_export(view: Reading, rows: int) -> None:
    """Raises `TooManyRows`."""
    if not may_take_out(view, rows):
        raise TooManyRows(
            f"This file has {rows:,} rows, and more than {rows_for_anybody(view):,} need the right {MASS}. "
            "Choose fewer of them, or ask somebody who has it.",
            permission=MASS,
        )
