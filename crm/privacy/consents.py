"""Keeping what people allow and withdraw (GDPR, articles 6, 7 and 21); nothing is changed, the newest word holds."""

from datetime import datetime

from sqlalchemy import func, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.checks import Findings, one_at_a_time
from crm.dictionaries import ADMINISTER, check_codes
from crm.errors import ContactNotFound
from crm.links.ends import End, LinkedRecords
from crm.models import ContactRow
from crm.privacy.events import ClauseWritten, ConsentRecorded
from crm.privacy.models import ClauseRow, ConsentRow
from crm.privacy.words import CHANNELS, GIVEN, PURPOSE, SOURCE, STATES
from storage.unit_of_work import Reading, UnitOfWork

LONGEST = 4000  # characters of a clause or a remark
DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent(Command):
    """A person gave or withdrew a consent at a time.

    What they were asked is a version of the clause of that purpose, else the newest, else the `wording` of their own
    form. `evidence_id` names the document that proves it.
    """

    contact_id: str
    purpose: str
    state: str
    channel: str = "any"
    happened_at: datetime | None = None  # now
    source: str = "conversation"
    clause: int | None = None
    wording: str | None = None
    evidence_id: str | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteClause(Command):
    """Ask for a consent in other words from now on; what people were asked before is kept."""

    purpose: str
    text: str


@handles(RecordConsent, needs="customer.edit")
def record_consent(command: RecordConsent, unit: UnitOfWork) -> str:
    """Keep it and return its id. Raises `WrongFields`, `ContactNotFound`."""
    person = unit.session.get(ContactRow, command.contact_id, with_for_update=True)
    if person is None:
        raise ContactNotFound(command.contact_id)
    findings, now = Findings(), unit.clock.now()
    findings.choice("/state", command.state, "What the person said", STATES)
    findings.choice("/channel", command.channel, "The channel", CHANNELS)
    check_codes(unit, findings, {"/purpose": (PURPOSE, command.purpose), "/source": (SOURCE, command.source)})
    happened_at = _moment(findings, command.happened_at or now, now)
    wording, clause = _wording(unit, findings, command)
    remark = findings.optional("/remark", command.remark, "The remark", longest=LONGEST)
    evidence = _evidence(unit, findings, command.evidence_id)
    findings.refuse()
    row = ConsentRow(
        id=new_id(),
        contact_id=person.id,
        purpose=command.purpose,
        channel=command.channel,
        state=command.state,
        happened_at=happened_at,
        source=command.source,
        wording=wording,
        clause=clause,
        evidence_id=evidence,
        remark=remark,
        recorded_at=now,
        recorded_by=unit.actor.id,
    )
    unit.session.add(row)
    unit.emit(
        ConsentRecorded(
            customer_id=person.customer_id,
            contact_id=person.id,
            consent_id=row.id,
            purpose=row.purpose,
            channel=row.channel,
            state=row.state,
            happened_at=happened_at.isoformat(),
            source=row.source,
            clause=clause,
            evidence_id=evidence,
        )
    )
    return row.id


@handles(WriteClause, needs=ADMINISTER)
def write_clause(command: WriteClause, unit: UnitOfWork) -> int:
    """The number of the version; the same words again are the same version. Raises `WrongFields`."""
    findings = Findings()
    text = findings.text("/text", command.text, "The clause", longest=LONGEST)
    check_codes(unit, findings, {"/purpose": (PURPOSE, command.purpose)})
    findings.refuse()
    one_at_a_time(unit, f"consent_clause:{command.purpose}")
    last = newest_clause(unit, command.purpose)
    if last is not None and last.text == text:
        return last.n
    n = last.n + 1 if last else 1
    unit.session.add(
        ClauseRow(purpose=command.purpose, n=n, text=text, written_at=unit.clock.now(), written_by=unit.actor.id)
    )
    unit.emit(ClauseWritten(purpose=command.purpose, n=n, text=text))
    return n


def newest_clause(view: Reading, purpose: str) -> ClauseRow | None:
    """What people are asked now."""
    mine = select(ClauseRow).where(ClauseRow.purpose == purpose)
    return view.session.scalars(mine.order_by(ClauseRow.n.desc()).limit(1)).first()


def forget_remarks(unit: UnitOfWork, contact_id: str) -> int:
    """Take the remarks of an erased person's consents away; that they said it, and to what, stays as proof.

    The law asks for that proof (GDPR, articles 7(1) and 17(3)(e)). How many consents stay.
    """
    rows = unit.session.scalars(select(ConsentRow).where(ConsentRow.contact_id == contact_id)).all()
    for row in rows:
        row.remark = None
    return len(rows)


def _moment(findings: Findings, given: datetime, now: datetime) -> datetime:
    if given.tzinfo is None:
        findings.add("/happened_at", "The time has no zone; write one such as 2026-03-01T10:00:00+01:00.")
        return now
    if given > now:
        findings.add("/happened_at", "A consent is recorded when it was given or withdrawn, not before.")
    return given


def _wording(unit: UnitOfWork, findings: Findings, command: RecordConsent) -> tuple[str | None, int | None]:
    """What the person was asked; somebody who withdraws need not have been asked anything (article 7(3))."""
    own = findings.optional("/wording", command.wording, "The wording", longest=LONGEST)
    if own is not None and command.clause is not None:
        findings.add("/clause", "Name a version of our clause, or the wording of another form; not both.")
    if own is not None or command.state != GIVEN:
        return own, None
    if command.clause is None:
        row = newest_clause(unit, command.purpose)
    else:
        row = unit.session.get(ClauseRow, (command.purpose, command.clause))
    if row is not None:
        return row.text, row.n
    known = unit.session.scalar(select(func.count()).select_from(ClauseRow).where(ClauseRow.purpose == command.purpose))
    told = (
        f"The clause of {command.purpose} has the versions 1 to {known}."
        if known
        else f"There is no clause for {command.purpose} yet: write down the wording that the person agreed to."
    )
    findings.add("/clause" if known else "/wording", told)
    return None, None


def _evidence(unit: UnitOfWork, findings: Findings, document_id: str | None) -> str | None:
    if not document_id:
        return None
    end = End(DOCUMENT, document_id)
    if end not in unit.port(LinkedRecords).titles(unit, [end]):
        findings.add("/evidence_id", "There is no such document, or you may not see it.")
    return document_id
