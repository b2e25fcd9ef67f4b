"""What planning asks of the rest of the product: when the firm works, mail, and the clock's help."""

from __future__ import annotations

import logging
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from core.identity import SYSTEM
from crm.planning.reminding import DeliverReminders
from engine.feel.calendar import calendar, company_zone
from storage.jobs.clock import Tick
from storage.jobs.queue import JobRequest
from storage.jobs.registry import job
from storage.unit_of_work import UnitOfWork
from webapp.accounts.queries import account_named
from webapp.operations.mailing import MailRefused, MailServer
from webapp.operations.smtp import MailNotSetUp

if TYPE_CHECKING:
    from webapp.bootstrap import Application

logger = logging.getLogger(__name__)

REMIND = "webapp.remind_by_mail"
BATCH = 200  # reminders that one command delivers


class Office:
    """The firm's working days, by the calendar that expressions use."""

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """From when until when; None at weekends and on public holidays."""
        known = calendar()
        if not known.is_open(day, ""):
            return None
        zone = company_zone()
        return datetime.combine(day, known.opens, zone), datetime.combine(day, known.closes, zone)


class ReminderMails:
    """Has a worker send reminders by mail, after the commit that delivered them."""

    def send(self, unit: UnitOfWork, account: str, *, title: str, address: str, key: str, text: str = "") -> None:
        """One job per reminder."""
        arguments = {"account": account, "title": title, "address": address, "key": key, "text": text}
        unit.enqueue(JobRequest(name=REMIND, arguments=arguments))


@job(REMIND)
def remind_by_mail(application: Application, arguments: dict[str, Any]) -> None:
    """Send one reminder; its Message-ID stays the same when it has to be sent again."""
    with application.units.reading(SYSTEM) as reading:
        account = account_named(reading, str(arguments["account"]))
        now = reading.clock.now()
    if not account.is_active or account.email is None:
        return
    server = application.units.ports[MailServer]
    message = EmailMessage()
    try:
        message["From"] = server.sender
        message["To"] = Address(account.display_name, addr_spec=account.email)
        message["Subject"] = " ".join(f"Obieg: {arguments['title']}".split())
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<reminder-{arguments['key']}-{account.id}@obieg>"
        address = application.settings.public_url.rstrip("/") + str(arguments["address"])
        text = arguments.get("text") or f"{arguments['title']}\n"
        message.set_content(f"{text}\nOpen it in Obieg: {address}\n")
        server.deliver(message, [account.email])
    except (MailNotSetUp, MailRefused) as refusal:
        logger.warning("a reminder was not mailed", extra={"action": REMIND, "code": refusal.code})


def deliver_reminders(application: Application) -> None:
    """Deliver all reminders that are due, a batch per transaction."""
    while application.executor.execute(DeliverReminders(limit=BATCH), actor=SYSTEM) >= BATCH:
        pass


def planning_ticks(application: Application) -> list[Tick]:
    """What the clock does for planning."""
    every = application.settings.clock_tick
    return [Tick(name="reminders", every_seconds=every, action=lambda: deliver_reminders(application))]
