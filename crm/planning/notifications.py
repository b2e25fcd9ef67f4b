"""What a person is told in the application: read, put off, and whether it comes by mail, too."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from core.executor import handles
from core.messages import Command
from core.records import dataclass
from crm.errors import WrongFields
from crm.paging import Part, keyset
from crm.planning.errors import NotificationNotFound
from crm.planning.events import NotificationSettled, WishChanged
from crm.planning.models import NotificationRow, NotificationWishRow
from storage.unit_of_work import Reading, UnitOfWork

COUNTED = 99  # unread ones that are counted
LONGEST = 60 * 24 * 60  # minutes that one is put off


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Something that somebody is told; `address` is the page that it is about."""

    id: str
    kind: str
    title: str
    address: str
    due_at: datetime
    shown_at: datetime
    is_late: bool
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNotifications(Command):
    """Mark one's own notifications as read: these, or all that are shown."""

    notifications: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeNotification(Command):
    """Be told of it again after some minutes."""

    notification_id: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWish(Command):
    """Want reminders by mail, too, or not, and a summary of tasks every working day; None leaves that as it is."""

    by_mail: bool
    has_digest: bool | None = None


@handles(ReadNotifications, needs=None)
def read_notifications(command: ReadNotifications, unit: UnitOfWork) -> int:
    """Mark them, and return how many had not been read."""
    mine = (NotificationRow.account == unit.actor.id) & NotificationRow.read_at.is_(None)
    wanted = update(NotificationRow).where(mine, NotificationRow.shown_at <= unit.clock.now())
    if command.notifications:
        wanted = wanted.where(NotificationRow.id.in_(command.notifications))
    marked = unit.session.scalars(wanted.values(read_at=unit.clock.now()).returning(NotificationRow.id)).all()
    if marked:
        unit.emit(NotificationSettled(account=unit.actor.id, how="read", notifications=sorted(marked)))
    return len(marked)


@handles(SnoozeNotification, needs=None)
def snooze_notification(command: SnoozeNotification, unit: UnitOfWork) -> None:
    """Put one off. Raises `NotificationNotFound`, `WrongFields`."""
    if not 1 <= command.minutes <= LONGEST:
        raise WrongFields({"/minutes": f"Put it off for between 1 and {LONGEST} minutes."})
    row = unit.session.get(NotificationRow, command.notification_id)
    if row is None or row.account != unit.actor.id:
        raise NotificationNotFound(command.notification_id)
    row.shown_at, row.read_at = unit.clock.now() + timedelta(minutes=command.minutes), None
    unit.emit(NotificationSettled(account=unit.actor.id, how="snoozed", notifications=[row.id]))


@handles(SetWish, needs=None)
def set_wish(command: SetWish, unit: UnitOfWork) -> None:
    """Keep what the actor wants."""
    row = unit.session.get(NotificationWishRow, unit.actor.id)
    if row is None:
        row = NotificationWishRow(account=unit.actor.id, by_mail=False, has_digest=False)
        unit.session.add(row)
    has_digest = row.has_digest if command.has_digest is None else command.has_digest
    if (row.by_mail, row.has_digest) != (command.by_mail, has_digest):
        row.by_mail, row.has_digest = command.by_mail, has_digest
        unit.emit(WishChanged(account=unit.actor.id, by_mail=command.by_mail, has_digest=has_digest))


def notifications(view: Reading, *, after: str | None = None, limit: int = 50) -> Part[Notification]:
    """One's own, newest first, without those that are put off. Raises `WrongFields` for a wrong `after`."""
    mine = select(NotificationRow).where(
        NotificationRow.account == view.actor.id, NotificationRow.shown_at <= view.clock.now()
    )
    rows, following, total = keyset(
        view, mine, (NotificationRow.shown_at, NotificationRow.id), after=after, limit=limit
    )
    names = tuple(Notification.__dataclass_fields__)
    items = [Notification(**{name: getattr(row, name) for name in names}) for row in rows]
    return Part(items=items, next=following, total=total)


def unread(view: Reading) -> int:
    """How many of one's own are not read, counted up to 99."""
    mine = select(NotificationRow.id).where(
        NotificationRow.account == view.actor.id,
        NotificationRow.read_at.is_(None),
        NotificationRow.shown_at <= view.clock.now(),
    )
    return view.session.scalars(select(func.count()).select_from(mine.limit(COUNTED).subquery())).one()


def wish_of(view: Reading) -> tuple[bool, bool]:
    """Whether the actor has reminders sent by mail, too, and whether a summary of their tasks."""
    row = view.session.get(NotificationWishRow, view.actor.id)
    return (False, False) if row is None else (row.by_mail, row.has_digest)
