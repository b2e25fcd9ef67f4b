"""Telling one person something in the application, and by mail where they want that."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from core.ids import new_id
from core.records import dataclass
from crm.planning.models import NotificationRow, NotificationWishRow
from crm.planning.ports import ReminderMail
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What there is to tell: the same `key` is told to somebody once, `address` is the page that it is about."""

    key: str
    kind: str
    title: str
    address: str
    due_at: datetime


def tell(unit: UnitOfWork, account: str, telling: Telling, *, is_late: bool = False) -> bool:
    """One notification, and one mail where it is wanted; False when they were told already."""
    told = insert(NotificationRow).values(
        id=new_id(),
        account=account,
        key=telling.key,
        kind=telling.kind,
        title=telling.title,
        address=telling.address,
        due_at=telling.due_at,
        shown_at=unit.clock.now(),
        is_late=is_late,
    )
    made = unit.session.scalar(
        told.on_conflict_do_nothing(index_elements=["account", "key"]).returning(NotificationRow.id)
    )
    if made is None:
        return False
    wish = unit.session.get(NotificationWishRow, account)
    if wish is not None and wish.by_mail:
        unit.port(ReminderMail).send(unit, account, title=telling.title, address=telling.address, key=made)
    return True
