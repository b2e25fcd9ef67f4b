"""The list of rules: which day of which records, how long before, and whom it is told."""

from dataclasses import asdict, replace
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import NotFound
from core.executor import handles
from core.ids import new_id
from core.messages import Command, Event
from core.records import dataclass
from crm.access import require_settings
from crm.checks import Findings, checked_version
from crm.company import today
from crm.date_reminders.fields import known_fields
from crm.date_reminders.models import DateReminderRow
from crm.dictionaries import ADMINISTER
from storage.unit_of_work import Reading, UnitOfWork

GOES_TO = ("keeper", "group", "both")  # whoever looks after the customer, a role, or both
EARLIEST = 3650  # days
MOST = 100  # rules


class DateReminderNotFound(NotFound):
    """There is no such rule."""

    code = "date_reminder_not_found"

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"There is no reminder {rule_id}. Look at the list of reminders.", reminder=rule_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReminderWritten(Event):
    """A rule was entered or changed."""

    type: ClassVar[str] = "date_reminder.written"

    rule_id: str
    values: dict[str, Any]

    @property
    def stream(self) -> str:
        """The list's."""
        return "date_reminders"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReminded(Event):
    """People were reminded of the day in a field of a record."""

    type: ClassVar[str] = "date_reminder.told"

    rule_id: str
    record: str  # its kind
    record_id: str
    field: str
    day: str
    accounts: list[str]

    @property
    def stream(self) -> str:
        """The record's own."""
        return f"{self.record.rpartition('.')[2]}:{self.record_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReminder:
    """A rule; `field` is one of `date_fields`, `group` a role that is told instead of the keeper, or besides."""

    name: str
    field: str
    days: int
    goes_to: str = "keeper"
    group: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDateReminder(DateReminder):
    """A rule as it stands in the list."""

    id: str
    created_by: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteDateReminder(Command):
    """Add a rule, or change the one of that id."""

    reminder: DateReminder
    rule_id: str | None = None
    expected_version: int | None = None


@handles(WriteDateReminder, needs=ADMINISTER)
def write_date_reminder(command: WriteDateReminder, unit: UnitOfWork) -> str:
    """Keep a rule and return its id. Raises `WrongFields`, `DateReminderNotFound`, `ChangedMeanwhile`."""
    reminder = _checked(unit, command.reminder)
    row = unit.session.get(DateReminderRow, command.rule_id) if command.rule_id else None
    if command.rule_id and row is None:
        raise DateReminderNotFound(command.rule_id)
    now = today(unit)
    if row is None:
        row = DateReminderRow(id=new_id(), created_by=unit.actor.id, since=now)
    else:
        checked_version(f"The reminder {row.name}", expected=command.expected_version, current=row.row_version)
        if row.field != reminder.field or (reminder.is_active and not row.is_active):
            row.since = now  # what was over before it held is not told
    for name, value in asdict(reminder).items():
        setattr(row, name, value)
    unit.session.add(row)
    unit.emit(DateReminderWritten(rule_id=row.id, values=asdict(reminder)))
    return row.id


def date_reminders(view: Reading) -> list[KnownDateReminder]:
    """The list by name, those that are switched off too."""
    require_settings(view)
    rows = view.session.scalars(select(DateReminderRow).order_by(DateReminderRow.name, DateReminderRow.id).limit(MOST))
    names = DateReminder.__dataclass_fields__
    return [
        KnownDateReminder(
            **{name: getattr(row, name) for name in names},
            id=row.id,
            created_by=row.created_by,
            version=row.row_version,
        )
        for row in rows
    ]


def _checked(unit: UnitOfWork, reminder: DateReminder) -> DateReminder:
    findings = Findings()
    normal = replace(
        reminder,
        name=findings.text("/name", reminder.name, "The name"),
        goes_to=findings.choice("/goes_to", reminder.goes_to, "Whom it is told", GOES_TO),
        group=findings.optional("/group", reminder.group, "The role", longest=64),
    )
    if reminder.field not in {each.key for each in known_fields(unit)}:
        findings.add("/field", "Choose a field with a day, such as crm.device.warranty_until.")
    if not 0 <= reminder.days <= EARLIEST:
        findings.add("/days", f"It is a whole number of days from 0 to {EARLIEST}.")
    if reminder.goes_to in ("group", "both") and normal.group is None:
        findings.add("/group", "Say which role is told.")
    if reminder.goes_to == "keeper" and normal.group is not None:
        findings.add("/group", "A role is told only where it is chosen; leave it out, or choose both.")
    findings.refuse()
    return normal
