"""The register of personal-data breaches, with the time limits of the law (GDPR, articles 33 and 34)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, field, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import func, select

from core.errors import Conflict, Forbidden, NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from crm.checks import Findings, checked_version, one_at_a_time
from crm.privacy.models import BreachRow
from crm.queries import Page, page
from storage.unit_of_work import Reading, UnitOfWork

KEEP = "breach.keep"
KINDS = ("confidentiality", "integrity", "availability")
NONE, RISK, HIGH = RISKS = ("none", "risk", "high")  # to the rights of the people
LIMIT = timedelta(hours=72)  # from the discovery until the authority is told (article 33(1))
LONGEST = 10_000  # characters of a text
MOST_PEOPLE = 2_000_000_000
TEXTS = {"happened": "What happened", "data": "Which data of whom"}  # without which nothing is recorded
OPTIONAL = {
    "consequences": "The consequences",
    "measures": "The measures",
    "reference": "The authority's reference",
    "why_late": "The reason for the delay",
    "why_not_notified": "The reason for not telling the authority",
    "why_not_informed": "The reason for not informing the people",
}


class BreachNotFound(NotFound):
    """No such breach."""

    code = "breach_not_found"

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no breach {key}. Look it up in the register.", breach=key)


class BreachClosed(Conflict):
    """What is closed stays as it is."""

    code = "breach_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachDetails:
    """All that is entered; times have a zone, `people` is about how many are concerned."""

    title: str
    discovered_at: datetime
    happened: str
    kinds: Sequence[str]
    risk: str
    data: str
    people: int | None = None
    consequences: str | None = None
    measures: str | None = None
    notified_at: datetime | None = None
    reference: str | None = None
    why_late: str | None = None
    why_not_notified: str | None = None
    informed_at: datetime | None = None
    why_not_informed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach(BreachDetails):
    """An entry of the register; the authority is to be told until `due_at` unless there is no risk."""

    id: str
    number: int
    due_at: datetime
    is_overdue: bool
    recorded_at: datetime
    recorded_by: str
    closed_at: datetime | None
    closed_by: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBreach(Command):
    """Enter a breach as soon as it is known."""

    details: BreachDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBreach(Command):
    """More is known, or was done; the trail keeps what stood there before."""

    breach_id: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseBreach(Command):
    """All is done; from now on the entry stays as it is."""

    breach_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachEvent(Event):
    """Something happened to an entry of the register."""

    breach_id: str

    @property
    def stream(self) -> str:
        """The entry's own."""
        return f"breach:{self.breach_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRecorded(BreachEvent):
    """A breach is in the register."""

    type: ClassVar[str] = "breach.recorded"

    number: int
    title: str
    discovered_at: str
    risk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachChanged(BreachEvent):
    """Fields got other values: field to [old, new]."""

    type: ClassVar[str] = "breach.changed"

    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachWasClosed(BreachEvent):
    """All was done."""

    type: ClassVar[str] = "breach.closed"


NAMES = tuple(each.name for each in fields(BreachDetails))


@handles(RecordBreach, needs=KEEP)
def record_breach(command: RecordBreach, unit: UnitOfWork) -> str:
    """Its id. Raises `WrongFields`."""
    values = _checked(unit, asdict(command.details))
    one_at_a_time(unit, "privacy_breach")
    row = BreachRow(
        id=new_id(),
        number=(unit.session.scalar(select(func.max(BreachRow.number))) or 0) + 1,
        recorded_at=unit.clock.now(),
        recorded_by=unit.actor.id,
        version=1,
        **values,
    )
    unit.session.add(row)
    at = row.discovered_at.isoformat()
    unit.emit(BreachRecorded(breach_id=row.id, number=row.number, title=row.title, discovered_at=at, risk=row.risk))
    return row.id


@handles(ChangeBreach, needs=KEEP)
def change_breach(command: ChangeBreach, unit: UnitOfWork) -> int:
    """Its version; without a difference nothing happens. Raises `WrongFields`, `BreachClosed`, `ChangedMeanwhile`."""
    row = _open(unit, command.breach_id)
    checked_version("breach", expected=command.expected_version, current=row.version)
    findings = Findings()
    for name in command.changes.keys() - set(NAMES):
        findings.add(f"/{name}", f"A breach has no field {name}.")
    findings.refuse()
    before = {name: getattr(row, name) for name in NAMES}
    after = _checked(unit, before | dict(command.changes))
    changed = {name: [_plain(before[name]), _plain(after[name])] for name in NAMES if before[name] != after[name]}
    if changed:
        for name in changed:
            setattr(row, name, after[name])
        row.version += 1
        unit.emit(BreachChanged(breach_id=row.id, changes=changed))
    return row.version


@handles(CloseBreach, needs=KEEP)
def close_breach(command: CloseBreach, unit: UnitOfWork) -> None:
    """Raises `WrongFields` that names what the law still asks for, `BreachClosed`."""
    row = _open(unit, command.breach_id)
    findings = Findings()
    if row.measures is None:
        findings.add("/measures", "Say what was done about it.")
    if row.notified_at is None and row.risk != NONE:
        findings.add("/notified_at", "Where there is a risk to people, the authority has to be told (article 33).")
    elif row.notified_at is None and row.why_not_notified is None:
        findings.add("/notified_at", "Tell the authority and say when, or say why it need not be told.")
    if row.notified_at is not None and row.notified_at > row.discovered_at + LIMIT and row.why_late is None:
        findings.add("/why_late", "The authority was told after more than 72 hours; say why.")
    if row.risk == HIGH and row.informed_at is None and row.why_not_informed is None:
        findings.add("/informed_at", "The risk is high: inform the people and say when, or say why not (article 34).")
    findings.refuse()
    row.closed_at, row.closed_by, row.version = unit.clock.now(), unit.actor.id, row.version + 1
    unit.emit(BreachWasClosed(breach_id=row.id))


def breaches(view: Reading, *, after: str | None = None, limit: int = 50) -> Page[Breach]:
    """The register, the newest entry first. Raises `Forbidden`."""
    _require(view)
    rows, following, total = page(view, select(BreachRow), BreachRow.id, after=after, limit=limit, newest_first=True)
    return Page(items=[_shown(view, row) for row in rows], next=following, total=total)


def breach(view: Reading, breach_id: str) -> Breach:
    """One entry. Raises `Forbidden`, `BreachNotFound`."""
    _require(view)
    row = view.session.get(BreachRow, breach_id)
    if row is None:
        raise BreachNotFound(breach_id)
    return _shown(view, row)


def _require(view: Reading) -> None:
    if not view.actor.may(KEEP):
        raise Forbidden(f"You do not have the right to keep the register of breaches ({KEEP}).", permission=KEEP)


def _open(unit: UnitOfWork, breach_id: str) -> BreachRow:
    row = unit.session.get(BreachRow, breach_id, with_for_update=True)
    if row is None:
        raise BreachNotFound(breach_id)
    if row.closed_at is not None:
        raise BreachClosed("This breach is closed; record another one where more has come to light.")
    return row


def _checked(unit: UnitOfWork, values: Mapping[str, Any]) -> dict[str, Any]:
    findings, now = Findings(), unit.clock.now()
    given = values["people"]
    found: dict[str, Any] = {
        "title": findings.text("/title", values["title"], "The title"),
        "kinds": [each for each in KINDS if each in (values["kinds"] or ())],
        "risk": findings.choice("/risk", values["risk"], "The risk", RISKS),
        "people": None,
    }
    if given not in (None, ""):
        found["people"] = findings.whole("/people", given, "How many people", most=MOST_PEOPLE)
    if not found["kinds"] or set(values["kinds"] or ()) - set(KINDS):
        findings.add("/kinds", f"Choose what was lost: {', '.join(KINDS)}.")
    for name, label in TEXTS.items():
        found[name] = findings.text(f"/{name}", values[name], label, longest=LONGEST)
    for name, label in OPTIONAL.items():
        found[name] = findings.optional(f"/{name}", values[name], label, longest=LONGEST)
    for name in ("discovered_at", "notified_at", "informed_at"):
        found[name] = _moment(findings, name, values[name], now)
    if values["discovered_at"] is None:
        findings.add("/discovered_at", "Say when it was discovered: the 72 hours count from then.")
    findings.refuse()
    for name in ("notified_at", "informed_at"):
        if found[name] is not None and found[name] < found["discovered_at"]:
            findings.add(f"/{name}", "This is before it was discovered.")
    findings.refuse()
    return found


def _moment(findings: Findings, name: str, at: datetime | None, now: datetime) -> datetime | None:
    if at is not None and at.tzinfo is None:
        findings.add(f"/{name}", "This time has no zone; write it like 2026-01-31T08:00:00+01:00.")
    elif at is not None and at > now:
        findings.add(f"/{name}", "This is still to come.")
    return at


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _shown(view: Reading, row: BreachRow) -> Breach:
    due = row.discovered_at + LIMIT
    is_waiting = row.notified_at is None and row.closed_at is None and row.risk != NONE
    names = ("id", "number", "recorded_at", "recorded_by", "closed_at", "closed_by", "version")
    told = {name: getattr(row, name) for name in (*NAMES, *names)}
    return Breach(**told, due_at=due, is_overdue=is_waiting and view.clock.now() > due)
