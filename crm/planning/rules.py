"""The table of rules: which activities start a process, go to the running case instead, or send a message."""

from collections.abc import Collection
from dataclasses import asdict, replace

from sqlalchemy import and_, exists, func, or_, select

from core.executor import handles
from core.ids import new_id
from core.messages import Command
from core.records import dataclass
from crm.access import require_read, require_settings
from crm.activities import words as known
from crm.activities.models import ActivityLinkRow, ActivityRow
from crm.checks import Findings, checked_version
from crm.dictionaries import ADMINISTER, check_codes
from crm.planning.errors import RuleNotFound
from crm.planning.events import RuleApplied, RuleWritten
from crm.planning.models import ActivityRuleRow, ActivityRuleRunRow
from storage.unit_of_work import Reading, UnitOfWork

EFFECTS = ("start", "message", "task")
RESULTS = ("started", "joined", "sent", "stored", "task", "failed")
MOST = 200  # rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A line: conditions (None holds for all), and the effect.

    `start` begins the process `target`, unless the customer has a running case of it: that one gets the activity, and
    the message `joins`, if any. `message` sends the message `target`. `task` gives the group `target` a task. `linked`
    is a kind of record that the activity must be about, such as `crm.invoice`.
    """

    name: str
    effect: str
    target: str
    type: str | None = None
    direction: str | None = None
    method: str | None = None
    status: str | None = None
    linked: str | None = None
    joins: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRule(Rule):
    """A line as it stands in the table."""

    id: str
    position: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRule(Command):
    """Add a line at the end of the table, or change the one of that id."""

    rule: Rule
    rule_id: str | None = None
    position: int | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRule(Command):
    """Keep what came of a rule for an activity; the first answer counts."""

    rule_id: str
    activity_id: str
    result: str
    case_id: str | None = None
    sentence: str | None = None


@handles(WriteRule, needs=ADMINISTER)
def write_rule(command: WriteRule, unit: UnitOfWork) -> str:
    """Keep a line and return its id. Raises `WrongFields`, `RuleNotFound`, `ChangedMeanwhile`."""
    rule = _checked(unit, command.rule)
    row = unit.session.get(ActivityRuleRow, command.rule_id) if command.rule_id else None
    if command.rule_id and row is None:
        raise RuleNotFound(command.rule_id)
    if row is None:
        last = unit.session.scalar(select(func.max(ActivityRuleRow.position))) or 0
        row = ActivityRuleRow(id=new_id(), position=last + 1)
        unit.session.add(row)
    else:
        checked_version(f"The rule {row.name}", expected=command.expected_version, current=row.row_version)
    for name, value in asdict(rule).items():
        setattr(row, name, value)
    if command.position is not None:
        row.position = command.position
    unit.emit(RuleWritten(rule_id=row.id, values=asdict(rule)))
    return row.id


@handles(NoteRule, needs="activity_rule.apply")
def note_rule(command: NoteRule, unit: UnitOfWork) -> None:
    """Keep it, unless it is kept already."""
    key = (command.activity_id, command.rule_id)
    if unit.session.get(ActivityRuleRunRow, key) is not None:
        return
    unit.session.add(
        ActivityRuleRunRow(
            activity_id=command.activity_id,
            rule_id=command.rule_id,
            result=command.result,
            case_id=command.case_id,
            sentence=command.sentence,
            made_at=unit.clock.now(),
        )
    )
    unit.emit(
        RuleApplied(
            rule_id=command.rule_id,
            activity_id=command.activity_id,
            result=command.result,
            case_id=command.case_id,
        )
    )


def rules(view: Reading) -> list[KnownRule]:
    """The table in its order."""
    require_settings(view)
    rows = view.session.scalars(
        select(ActivityRuleRow).order_by(ActivityRuleRow.position, ActivityRuleRow.id).limit(MOST)
    )
    return [_shown(row) for row in rows]


def results(view: Reading, activity_id: str) -> list[tuple[str, ActivityRuleRunRow]]:
    """What came of an activity: names of rules and what they did."""
    require_read(view)
    wanted = (
        select(ActivityRuleRow.name, ActivityRuleRunRow)
        .join(ActivityRuleRunRow, ActivityRuleRunRow.rule_id == ActivityRuleRow.id)
        .where(ActivityRuleRunRow.activity_id == activity_id)
        .order_by(ActivityRuleRow.position)
    )
    return [(name, row) for name, row in view.session.execute(wanted)]


def due(view: Reading | UnitOfWork, activity_id: str) -> list[KnownRule]:
    """The rules that hold for an activity as it is now and of which nothing has come yet."""
    row = view.session.get(ActivityRow, activity_id)
    if row is None:
        return []
    run = select(ActivityRuleRunRow.rule_id).where(ActivityRuleRunRow.activity_id == activity_id)
    wanted = select(ActivityRuleRow).where(ActivityRuleRow.is_active, ActivityRuleRow.id.not_in(run))
    for name in ("type", "direction", "method", "status"):
        column = getattr(ActivityRuleRow, name)
        wanted = wanted.where(or_(column.is_(None), column == getattr(row, name)))
    linked = select(ActivityLinkRow.entity).where(ActivityLinkRow.activity_id == activity_id)
    wanted = wanted.where(or_(ActivityRuleRow.linked.is_(None), ActivityRuleRow.linked.in_(linked)))
    rows = view.session.scalars(wanted.order_by(ActivityRuleRow.position, ActivityRuleRow.id))
    return [_shown(each) for each in rows]


def concerned(view: Reading | UnitOfWork, activity_ids: Collection[str]) -> set[str]:
    """Those of the activities for which a rule holds of which nothing has come yet; one statement for all of them."""
    same = [
        or_(getattr(ActivityRuleRow, name).is_(None), getattr(ActivityRuleRow, name) == getattr(ActivityRow, name))
        for name in ("type", "direction", "method", "status")
    ]
    run = exists().where(
        ActivityRuleRunRow.activity_id == ActivityRow.id, ActivityRuleRunRow.rule_id == ActivityRuleRow.id
    )
    about = exists().where(
        ActivityLinkRow.activity_id == ActivityRow.id, ActivityLinkRow.entity == ActivityRuleRow.linked
    )
    wanted = (
        select(ActivityRow.id)
        .join(ActivityRuleRow, and_(ActivityRuleRow.is_active, *same))
        .where(ActivityRow.id.in_(activity_ids), ~run, or_(ActivityRuleRow.linked.is_(None), about))
    )
    return set(view.session.scalars(wanted))


def settled_cases(view: Reading | UnitOfWork, activity_ids: Collection[str]) -> set[str]:
    """Those of the activities that are settled and about a case; one statement for all of them."""
    wanted = (
        select(ActivityRow.id)
        .join(ActivityLinkRow, ActivityLinkRow.activity_id == ActivityRow.id)
        .where(
            ActivityRow.id.in_(activity_ids),
            ActivityLinkRow.entity == "case",
            ActivityRow.status != "planned",
            ActivityRow.state.not_in(known.OPEN_STATES),
        )
    )
    return set(view.session.scalars(wanted))


def open_items(view: Reading | UnitOfWork, case_id: str) -> int:
    """How many activities of a case are not settled: planned, or held with something left to do."""
    about = select(ActivityLinkRow.activity_id).where(
        ActivityLinkRow.entity == "case", ActivityLinkRow.record_id == case_id
    )
    is_open = or_(ActivityRow.status == "planned", ActivityRow.state.in_(known.OPEN_STATES))
    counted = select(func.count()).select_from(ActivityRow).where(ActivityRow.id.in_(about), is_open)
    return view.session.scalars(counted).one()


def _shown(row: ActivityRuleRow) -> KnownRule:
    names: Collection[str] = Rule.__dataclass_fields__
    values = {name: getattr(row, name) for name in names}
    return KnownRule(**values, id=row.id, position=row.position, version=row.row_version)


def _checked(unit: UnitOfWork, rule: Rule) -> Rule:
    findings = Findings()
    normal = replace(
        rule,
        name=findings.text("/name", rule.name, "The name"),
        effect=findings.choice("/effect", rule.effect, "The effect", EFFECTS),
        target=findings.text("/target", rule.target, "What is started, sent or asked"),
        joins=findings.optional("/joins", rule.joins, "The message to a running case"),
        linked=findings.optional("/linked", rule.linked, "The kind of record", longest=64),
    )
    fixed = {"direction": known.DIRECTIONS, "status": known.STATUSES}
    for name, values in fixed.items():
        if getattr(rule, name) is not None:
            findings.choice(f"/{name}", getattr(rule, name), f"The {name}", values)
    lists = {"/type": (known.TYPE, rule.type), "/method": (known.METHOD, rule.method)}
    check_codes(unit, findings, {place: (key, code) for place, (key, code) in lists.items() if code is not None})
    findings.refuse()
    return normal
