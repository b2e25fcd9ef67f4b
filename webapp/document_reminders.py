"""Reminds people of days in the fields of documents: the last day to give notice, the end of a guarantee."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.executor import handles
from core.identity import SYSTEM
from core.messages import Command
from core.records import dataclass
from core.settings import Settings
from crm.planning.telling import Telling, tell
from documents.access import visible_documents
from documents.fields import labels
from documents.models import DocumentRow, DocumentTypeRow, DocumentVersionRow
from documents.reminders.events import DocumentReminded
from documents.reminders.models import DocumentReminderRow
from documents.states import VOID
from storage.jobs.clock import Tick
from storage.unit_of_work import UnitOfWork
from webapp.reminded_people import view_of, with_roles

if TYPE_CHECKING:
    from webapp.bootstrap import Application

EVERY = 600  # seconds
BATCH = 100
KEEPERS = ("records_manager",)  # who is told where nobody else is left
RESPONSIBLE = "responsible"  # a field with the log-in name of whoever is to be told instead of whoever filed it


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfDocuments(Command):
    """Tell people of at most `limit` days that have come."""

    quiet: ClassVar[bool] = True
    limit: int = BATCH


@handles(RemindOfDocuments, needs="reminder.deliver")
def remind_of_documents(command: RemindOfDocuments, unit: UnitOfWork) -> int:
    """How many days were settled; several clocks never take the same one."""
    now, zone = unit.clock.now(), ZoneInfo(unit.port(Settings).time_zone)
    due = (
        select(DocumentReminderRow)
        .where(DocumentReminderRow.delivered_at.is_(None), DocumentReminderRow.remind_on <= now.astimezone(zone).date())
        .order_by(DocumentReminderRow.remind_on, DocumentReminderRow.document_id)
        .limit(command.limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(unit.session.scalars(due))
    for row in rows:
        row.delivered_at = now
        document = unit.session.get_one(DocumentRow, row.document_id)
        if document.destroyed_at is None and document.state != VOID:
            _remind(unit, document, row, zone)
    return len(rows)


def _remind(unit: UnitOfWork, document: DocumentRow, row: DocumentReminderRow, zone: ZoneInfo) -> None:
    kind = unit.session.get(DocumentTypeRow, document.type or "")
    label = labels(kind.form if kind else {}).get(row.field, row.field)
    telling = Telling(
        key=f"document:{document.id}:{row.field}:{row.day.isoformat()}",
        kind="document",
        title=f"{label}: {row.day:%d.%m.%Y} – {document.title}",
        address=f"/documents/{document.id}",
        due_at=datetime.combine(row.day, time(), zone),
    )
    people = _people(unit, document, kind)
    told = [each for each in people if tell(unit, each, telling)]
    version = unit.session.get_one(DocumentVersionRow, (document.id, document.latest))
    unit.emit(
        DocumentReminded(
            document_id=document.id,
            version=version.n,
            digest=version.digest,
            title=document.title,
            document_type=document.type,
            field=row.field,
            day=row.day.isoformat(),
            accounts=told,
        )
    )


def _people(unit: UnitOfWork, document: DocumentRow, kind: DocumentTypeRow | None) -> list[str]:
    """Whoever is responsible, or filed it; those who may write the type, or keep records, where these are gone."""
    for account in (document.fields.get(RESPONSIBLE), document.created_by):
        if isinstance(account, str) and _sees(unit, account, document):
            return [account]
    roles = list(kind.writers) if kind and kind.writers else []
    for each in (roles, KEEPERS):
        found = [account for account in with_roles(unit, each) if _sees(unit, account, document)]
        if found:
            return found
    return with_roles(unit, KEEPERS)


def _sees(unit: UnitOfWork, account: str, document: DocumentRow) -> bool:
    view = view_of(unit, account)
    return view is not None and bool(visible_documents(view, [document]))


def deliver(application: Application) -> None:
    """Tell of everything that is due, a batch per transaction."""
    while application.executor.execute(RemindOfDocuments(), actor=SYSTEM) >= BATCH:
        pass


def reminder_ticks(application: Application) -> list[Tick]:
    """What the clock does for it."""
    return [Tick(name="document_reminders", every_seconds=EVERY, action=lambda: deliver(application))]
