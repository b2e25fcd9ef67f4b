"""Reading what people allow: what holds now, how it came about, and why a message must not go."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from core.records import dataclass
from crm.access import require_read
from crm.errors import ContactNotFound
from crm.links.ends import End, LinkedRecords
from crm.models import ContactRow
from crm.privacy.consents import DOCUMENT
from crm.privacy.models import ClauseRow, ConsentRow
from crm.privacy.words import ANY, CHANNELS, NEEDED, WITHDRAWN
from crm.queries import Page, page
from storage.unit_of_work import Reading, UnitOfWork

MOST = 500  # entries of one person; who says more than that is not a person
AT = "%d.%m.%Y"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person said at one time; `evidence_title` is empty where the reader may not see the document."""

    id: str
    contact_id: str
    purpose: str
    channel: str
    state: str
    happened_at: datetime
    source: str
    wording: str | None
    clause: int | None
    evidence_id: str | None
    evidence_title: str | None
    remark: str | None
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """What holds now, a line for each purpose and channel, and all that was ever said, the newest first."""

    current: list[Consent]
    history: list[Consent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What people are asked, from a time on."""

    purpose: str
    n: int
    text: str
    written_at: datetime
    written_by: str


def consents(view: Reading, contact_id: str) -> Consents:
    """Those of one person. Raises `ContactNotFound`."""
    require_read(view)
    if view.session.get(ContactRow, contact_id) is None:
        raise ContactNotFound(contact_id)
    rows = _said(view, [contact_id])
    return Consents(current=_shown(view, holding(rows)), history=_shown(view, rows))


def register(
    view: Reading, *, purpose: str | None = None, state: str | None = None, after: str | None = None, limit: int = 50
) -> Page[Consent]:
    """All that was ever said, the newest entry first."""
    require_read(view)
    wanted = select(ConsentRow)
    if purpose:
        wanted = wanted.where(ConsentRow.purpose == purpose)
    if state:
        wanted = wanted.where(ConsentRow.state == state)
    rows, following, total = page(view, wanted, ConsentRow.id, after=after, limit=limit, newest_first=True)
    return Page(items=_shown(view, rows), next=following, total=total)


def clauses(view: Reading) -> list[Clause]:
    """What people are and were asked, by purpose, the newest first."""
    require_read(view)
    rows = view.session.scalars(select(ClauseRow).order_by(ClauseRow.purpose, ClauseRow.n.desc()))
    return [
        Clause(purpose=row.purpose, n=row.n, text=row.text, written_at=row.written_at, written_by=row.written_by)
        for row in rows
    ]


def holding(rows: Iterable[ConsentRow]) -> list[ConsentRow]:
    """Of what one person said, the newest first, what holds now: what is said of any channel ends what was before."""
    held: dict[tuple[str, str], ConsentRow] = {}
    for row in rows:
        if (row.purpose, ANY) not in held:
            held.setdefault((row.purpose, row.channel), row)
    return sorted(held.values(), key=lambda row: (row.purpose, CHANNELS.index(row.channel)))


def objection(view: Reading, contact_id: str | None, *, purpose: str, channel: str) -> str | None:
    """Why a message of a purpose must not go to a person this way: they withdrew the consent. None when it may."""
    asked = NEEDED.get(purpose)
    if asked is None or contact_id is None:
        return None
    said = [row for row in holding(_said(view, [contact_id], asked)) if row.channel in (ANY, channel)]
    newest: dict[str, ConsentRow] = {}
    for row in sorted(said, key=lambda row: (row.happened_at, row.id)):
        newest[row.purpose] = row
    against = next((row for row in newest.values() if row.state == WITHDRAWN), None)
    if against is None:
        return None
    name = view.session.get_one(ContactRow, contact_id).name
    by = "" if against.channel == ANY else f" by {against.channel}"
    return f"{name} withdrew the consent to {against.purpose.replace('_', ' ')}{by} on {against.happened_at:{AT}}."


def has_withdrawn(view: Reading | UnitOfWork, contact_id: str, purpose: str) -> bool:
    """Whether the newest that a person said of a purpose, whatever the channel, is no."""
    said = _said(view, [contact_id], [purpose])
    return bool(said) and said[0].state == WITHDRAWN


def _said(
    view: Reading | UnitOfWork, contact_ids: Sequence[str], purposes: Sequence[str] | None = None
) -> list[ConsentRow]:
    """The newest first."""
    wanted = select(ConsentRow).where(ConsentRow.contact_id.in_(contact_ids))
    if purposes is not None:
        wanted = wanted.where(ConsentRow.purpose.in_(purposes))
    ordered = wanted.order_by(ConsentRow.happened_at.desc(), ConsentRow.id.desc()).limit(MOST)
    return list(view.session.scalars(ordered))


def _shown(view: Reading, rows: Sequence[ConsentRow]) -> list[Consent]:
    ends = {End(DOCUMENT, row.evidence_id) for row in rows if row.evidence_id}
    titles = view.port(LinkedRecords).titles(view, ends) if ends else {}
    return [
        Consent(
            id=row.id,
            contact_id=row.contact_id,
            purpose=row.purpose,
            channel=row.channel,
            state=row.state,
            happened_at=row.happened_at,
            source=row.source,
            wording=row.wording,
            clause=row.clause,
            evidence_id=row.evidence_id,
            evidence_title=titles.get(End(DOCUMENT, row.evidence_id)) if row.evidence_id else None,
            remark=row.remark,
            recorded_at=row.recorded_at,
            recorded_by=row.recorded_by,
        )
        for row in rows
    ]
