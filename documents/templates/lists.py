"""Searches for recipients that somebody gave a name, so that the next letter goes to the same kind of people."""

from typing import Any

from sqlalchemy import select

from core.errors import Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from documents.templates.events import RecipientListSaved
from documents.templates.models import RecipientListRow
from documents.templates.registering import USE
from documents.templates.sources import chosen
from documents.words import words
from storage.unit_of_work import Reading, UnitOfWork

LONGEST = 100  # characters of a name


class ListNotFound(NotFound):
    """No such list of recipients."""

    code = "recipient_list_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRecipientList(Command):
    """Keep a search under a name; a name that is there gets the new search."""

    name: str
    wanted: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientList:
    """A search with a name."""

    id: str
    name: str
    wanted: dict[str, Any]
    created_by: str


@handles(SaveRecipientList, needs=USE)
def save_recipient_list(command: SaveRecipientList, unit: UnitOfWork) -> str:
    """Its id. Raises `InvalidInput`, `NobodyFound`: a search that finds nobody is a mistake."""
    name = words("name", command.name, LONGEST)
    if name is None:
        raise InvalidInput("Give the list a name.", fields={"/name": "is missing"})
    chosen(unit, command.wanted)
    row = unit.session.scalar(select(RecipientListRow).where(RecipientListRow.name == name).with_for_update())
    if row is None:
        row = RecipientListRow(id=new_id(), name=name, created_at=unit.clock.now(), created_by=unit.actor.id)
        unit.session.add(row)
    row.wanted = dict(command.wanted)
    unit.emit(RecipientListSaved(list_id=row.id, name=name, wanted=dict(command.wanted)))
    return row.id


def recipient_lists(view: Reading) -> list[RecipientList]:
    """All of them by name. Raises `Forbidden`."""
    if not view.actor.may(USE):
        raise Forbidden(f"You do not have the right to do this ({USE}).", permission=USE)
    rows = view.session.scalars(select(RecipientListRow).order_by(RecipientListRow.name))
    return [_view(row) for row in rows]


def wanted_by(view: Reading, list_id: str) -> dict[str, Any]:
    """The search of a list. Raises `ListNotFound`."""
    row = view.session.get(RecipientListRow, list_id)
    if row is None:
        raise ListNotFound(f"There is no list of recipients {list_id}.", list=list_id)
    return dict(row.wanted)


def _view(row: RecipientListRow) -> RecipientList:
    return RecipientList(id=row.id, name=row.name, wanted=dict(row.wanted), created_by=row.created_by)
