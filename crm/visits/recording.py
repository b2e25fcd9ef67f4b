"""Taking in what the web site tells of its visitors."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import delete, func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.activities.content import Content, Participant
from crm.activities.registering import RegisterActivity, register_activity
from crm.checks import Findings, one_at_a_time
from crm.models import ContactRow, CustomerRow
from crm.privacy.consent_queries import has_withdrawn
from crm.privacy.words import PROFILING
from crm.visits.models import WebVisitorRow, WebVisitRow
from crm.visits.ports import VisitTokens
from storage.unit_of_work import UnitOfWork

RECORD = "visit.record"
METHOD = "web_visit"
GAP = timedelta(minutes=30)  # without a page a visit is over
LATEST, OLDEST = timedelta(minutes=5), timedelta(days=7)  # how far the site's clock or its queue may be off
KEPT = timedelta(days=90)  # visits of people who are not known
LISTED = 50  # pages of a visit
LONGEST = 2000  # characters of an address
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVisit(Command):
    """A browser looked at a page.

    `visitor` is what the site calls the browser. Whoever uses it is known by `person`, the token of a link in one of
    our mails, or by `email`, which they gave to the site; it is remembered for the pages that come after.
    """

    quiet: ClassVar[bool] = True
    visitor: str
    address: str
    title: str | None = None
    at: datetime | None = None
    person: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedVisit:
    """The visit that the page belongs to, and whether it is known whose it is."""

    id: str
    is_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetVisits(Command):
    """Remove visits that nobody is known to have made, and browsers that did not come again."""

    quiet: ClassVar[bool] = True


@handles(RecordVisit, needs=RECORD)
def record_visit(command: RecordVisit, unit: UnitOfWork) -> RecordedVisit:
    """Add the page to its visit, or begin one, of a known person with an activity. Raises `WrongFields`."""
    at = _checked(command, unit.clock.now())
    digest = hashlib.sha256(command.visitor.strip().encode()).hexdigest()
    one_at_a_time(unit, f"web_visitor:{digest}")
    visitor = unit.session.scalars(select(WebVisitorRow).where(WebVisitorRow.digest == digest)).first()
    if visitor is None:
        visitor = WebVisitorRow(id=new_id(), digest=digest, seen_at=at)
        unit.session.add(visitor)
        unit.session.flush()  # visits refer to it
    visitor.seen_at = max(visitor.seen_at, at)
    contact_id = _person(unit, command) or visitor.contact_id
    if contact_id is not None and not _may_be_known(unit, contact_id):
        contact_id = None
    visitor.contact_id = contact_id
    visit = _running(unit, visitor, contact_id, at) or _begun(unit, visitor, contact_id, command, at)
    visit.began_at, visit.last_at = min(visit.began_at, at), max(visit.last_at, at)
    visit.page_count += 1
    if len(visit.pages) < LISTED:
        visit.pages = [*visit.pages, _page(command, at)]
    return RecordedVisit(id=visit.id, is_known=contact_id is not None)


@handles(ForgetVisits, needs="visit.forget")
def forget_visits(command: ForgetVisits, unit: UnitOfWork) -> int:
    """How many visits went, at most a batch."""
    del command
    before = unit.clock.now() - KEPT
    old = select(WebVisitRow.id).where(WebVisitRow.contact_id.is_(None), WebVisitRow.last_at < before).limit(BATCH)
    gone = list(unit.session.scalars(delete(WebVisitRow).where(WebVisitRow.id.in_(old)).returning(WebVisitRow.id)))
    used = select(WebVisitRow.id).where(WebVisitRow.visitor_id == WebVisitorRow.id).exists()
    idle = delete(WebVisitorRow).where(WebVisitorRow.seen_at < before, WebVisitorRow.contact_id.is_(None), ~used)
    unit.session.execute(idle)
    return len(gone)


def forget_person(unit: UnitOfWork, contact_id: str) -> int:
    """What a person looked at goes; how many visits that were."""
    visits = delete(WebVisitRow).where(WebVisitRow.contact_id == contact_id).returning(WebVisitRow.id)
    gone = len(list(unit.session.scalars(visits)))
    theirs = select(WebVisitorRow).where(WebVisitorRow.contact_id == contact_id)
    for row in unit.session.scalars(theirs):
        row.contact_id = None
    return gone


def _checked(command: RecordVisit, now: datetime) -> datetime:
    findings = Findings()
    findings.text("/visitor", command.visitor, "The name of the browser")
    address = findings.text("/address", command.address, "The address", longest=LONGEST)
    if address and not address.startswith(("/", "https://", "http://")):
        findings.add("/address", "An address is a path such as /pumps, or begins with https://.")
    findings.optional("/title", command.title, "The title")
    at = command.at or now
    if at.tzinfo is None:
        findings.add("/at", "The time has no zone; write one such as 2026-03-01T10:00:00+01:00.")
    elif not now - OLDEST <= at <= now + LATEST:
        findings.add("/at", f"A page is told within {OLDEST.days} days, and not before it was looked at.")
    findings.refuse()
    return at


def _person(unit: UnitOfWork, command: RecordVisit) -> str | None:
    """Who says that it is them; nobody for a token that we have not signed and an address that is not one person's."""
    if command.person:
        contact_id = unit.port(VisitTokens).contact(command.person)
        row = unit.session.get(ContactRow, contact_id) if contact_id else None
        return row.id if row is not None and row.is_active else None
    email = (command.email or "").strip().lower()
    if not email:
        return None
    wanted = select(ContactRow.id).where(func.lower(ContactRow.email) == email, ContactRow.is_active).limit(2)
    found = list(unit.session.scalars(wanted))
    return found[0] if len(found) == 1 else None


def _may_be_known(unit: UnitOfWork, contact_id: str) -> bool:
    person = unit.session.get_one(ContactRow, contact_id)
    return person.is_active and not has_withdrawn(unit, contact_id, PROFILING)


def _running(unit: UnitOfWork, visitor: WebVisitorRow, contact_id: str | None, at: datetime) -> WebVisitRow | None:
    """The visit that a page goes on with: what was looked at before somebody was known stays nobody's."""
    wanted = select(WebVisitRow).where(
        WebVisitRow.visitor_id == visitor.id,
        WebVisitRow.last_at >= at - GAP,
        WebVisitRow.began_at <= at + GAP,
        WebVisitRow.contact_id.is_not_distinct_from(contact_id),
    )
    return unit.session.scalars(wanted.order_by(WebVisitRow.last_at.desc()).limit(1)).first()


def _begun(
    unit: UnitOfWork, visitor: WebVisitorRow, contact_id: str | None, command: RecordVisit, at: datetime
) -> WebVisitRow:
    visit = WebVisitRow(
        id=new_id(),
        visitor_id=visitor.id,
        contact_id=contact_id,
        activity_id=_activity(unit, contact_id, command, at) if contact_id else None,
        began_at=at,
        last_at=at,
        page_count=0,
        pages=[],
    )
    if visit.activity_id:
        unit.session.flush()  # the visit names the activity without a relationship
    unit.session.add(visit)
    return visit


def _activity(unit: UnitOfWork, contact_id: str, command: RecordVisit, at: datetime) -> str:
    """An approach that asks for no answer; whoever looks after the customer sees it."""
    person = unit.session.get_one(ContactRow, contact_id)
    owner = unit.session.get_one(CustomerRow, person.customer_id).owner
    content = Content(
        employee=owner or unit.actor.id,
        method=METHOD,
        direction="incoming",
        status="held",
        state="not_needed",
        subject=f"Web site: {(command.title or '').strip() or _place(command)}"[:200],
        customer_id=person.customer_id,
        contact_id=person.id,
        held_from=at,
        participants=(Participant(side="customer", contact_id=person.id),),
    )
    return register_activity(RegisterActivity(content=content), unit)


def _page(command: RecordVisit, at: datetime) -> dict[str, Any]:
    return {"at": at.isoformat(), "address": _place(command), "title": (command.title or "").strip() or None}


def _place(command: RecordVisit) -> str:
    """The address without its query, which may hold tokens and what people typed."""
    return command.address.strip().partition("?")[0].partition("#")[0]
