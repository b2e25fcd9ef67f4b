"""What the rules mean for one document: until when it is kept, and because of what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.records import dataclass
from documents.records.periods import read_period
from documents.reminders.noting import day_of

FILED, FILED_YEAR, CASE_CLOSED, FIELD, FOREVER = TRIGGERS = (
    "filed",
    "filed_year",
    "case_closed",
    "field",
    "forever",
)
CERTIFICATE = "certificate_of_destruction"  # a document type that no rule can let go
KEPT_FOREVER, WAITING, DATED, UNSCHEDULED = STATES = ("forever", "waiting", "dated", "unscheduled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the schedule; `period` is None where documents stay for ever."""

    key: str
    name: str
    revision: int
    document_types: frozenset[str]
    is_default: bool
    trigger: str
    period: str | None
    field: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rules ask of a document: when it was filed, the end of each of its cases (None: it runs), its fields."""

    document_id: str
    type: str | None
    filed_at: datetime
    cases: Mapping[str, datetime | None] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    chosen: str | None = None  # key of the rule that its type names


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Until when a document is kept; `basis` says because of what, in plain JSON."""

    state: str
    due_at: datetime | None
    rule_key: str | None
    rule_revision: int | None
    basis: dict[str, Any]


def retention_of(facts: Facts, rules: Iterable[Rule], zone: ZoneInfo) -> Retention:
    """The longest that any of its rules asks for.

    A rule that keeps for ever wins over one that waits for its event, which wins over every date; and no document goes
    while a case that it belongs to still runs.
    """
    if facts.type == CERTIFICATE:
        return Retention(
            state=KEPT_FOREVER, due_at=None, rule_key=None, rule_revision=None, basis={"why": "certificate"}
        )
    outcomes = [_outcome(facts, rule, zone) for rule in rules_for(facts, rules)]
    for state in (KEPT_FOREVER, WAITING):
        for outcome in outcomes:
            if outcome.state == state:
                return outcome
    if not outcomes:
        return Retention(state=UNSCHEDULED, due_at=None, rule_key=None, rule_revision=None, basis={})
    latest = max(outcomes, key=lambda each: (each.due_at is not None, each.due_at))
    running = _running(facts)
    if running is not None:
        basis = {"why": "case_runs", "case": running}
        return Retention(
            state=WAITING, due_at=None, rule_key=latest.rule_key, rule_revision=latest.rule_revision, basis=basis
        )
    return latest


def rules_for(facts: Facts, rules: Iterable[Rule]) -> list[Rule]:
    """The rules that name its type or that its type names; the default ones where there is none."""
    known = list(rules)
    own = [rule for rule in known if rule.key == facts.chosen or facts.type in rule.document_types]
    return own or [rule for rule in known if rule.is_default]


def _outcome(facts: Facts, rule: Rule, zone: ZoneInfo) -> Retention:
    def told(state: str, due: datetime | None, **basis: Any) -> Retention:
        return Retention(state=state, due_at=due, rule_key=rule.key, rule_revision=rule.revision, basis=basis)

    if rule.trigger == FOREVER or rule.period is None:
        return told(KEPT_FOREVER, None, why="forever")
    start, basis = _start(facts, rule, zone)
    if start is None:
        return told(WAITING, None, **basis)
    end = read_period(rule.period).after(start)
    return told(DATED, _expiry(end, zone), **basis, since=start.isoformat(), period=rule.period)


def _start(facts: Facts, rule: Rule, zone: ZoneInfo) -> tuple[date | None, dict[str, Any]]:
    """The day of the event, which the period follows; None while it has not happened."""
    filed = facts.filed_at.astimezone(zone).date()
    match rule.trigger:
        case "filed":
            return filed, {"why": "filed"}
        case "filed_year":
            return date(filed.year, 12, 31), {"why": "filed_year", "year": filed.year}
        case "field":
            return day_of(facts.fields.get(rule.field or "")), {"why": "field", "field": rule.field}
        case _:
            return _closing(facts, zone)


def _closing(facts: Facts, zone: ZoneInfo) -> tuple[date | None, dict[str, Any]]:
    """The last closing of all its cases."""
    running = _running(facts)
    if running is not None:
        return None, {"why": "case_runs", "case": running}
    closed: Sequence[tuple[datetime, str]] = sorted((at, case) for case, at in facts.cases.items() if at is not None)
    if not closed:
        return None, {"why": "no_case"}
    at, case = closed[-1]
    return at.astimezone(zone).date(), {"why": "case_closed", "case": case}


def _running(facts: Facts) -> str | None:
    return next((case for case, at in sorted(facts.cases.items()) if at is None), None)


def _expiry(last: date, zone: ZoneInfo) -> datetime:
    """The moment at which a last day is over, where the firm is: a period ends with it (KC art. 112, BGB § 188)."""
    return datetime.combine(last if last == date.max else last + timedelta(days=1), time(), zone)
