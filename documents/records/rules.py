"""The retention schedule: its rules, administered with their history."""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.errors import Conflict, Forbidden, InvalidInput, NotFound
from core.executor import handles
from core.messages import Command
from core.records import dataclass
from documents.models import DocumentTypeRow
from documents.records.events import RetentionRuleChanged
from documents.records.models import RetentionRuleRevisionRow, RetentionRuleRow
from documents.records.periods import read_period
from documents.records.recomputing import start
from documents.records.schedule import FIELD, FOREVER, TRIGGERS
from documents.words import words
from storage.unit_of_work import Reading, UnitOfWork

ADMINISTER, READ_RIGHT = "records.administer", "records.read"
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
LONGEST, LONGEST_REASON = 200, 2000  # characters
MOST_TYPES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRule(Command):
    """Make a rule, or say anew what it says; `expected` is the revision that the sender has seen, None for a new one.

    `document_types` are those that it is for; a default rule is for all documents that no other rule covers.
    """

    key: str
    name: str
    trigger: str  # filed, filed_year, case_closed, field or forever
    period: str | None = None  # ISO 8601 duration such as P7Y; None for ever
    field: str | None = None  # of the document's type, a date; for the trigger `field`
    document_types: tuple[str, ...] = ()
    is_default: bool = False
    authority: str  # the law, norm or decision that it rests on
    reason: str
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireRule(Command):
    """Let a rule count no longer; its history stays, and it can be saved again."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A rule as it is; `schedule` says it in words."""

    key: str
    name: str
    document_types: tuple[str, ...]
    is_default: bool
    trigger: str
    period: str | None
    field: str | None
    authority: str
    is_active: bool
    revision: int
    schedule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRevision:
    """A rule as it was saved once: by whom and why."""

    key: str
    revision: int
    content: dict[str, Any]
    reason: str
    changed_at: datetime
    changed_by: str


class RuleNotFound(NotFound):
    """There is no such rule."""

    code = "retention_rule_not_found"


class RuleMoved(Conflict):
    """Somebody else changed the rule meanwhile."""

    code = "retention_rule_moved"


@handles(SaveRule, needs=ADMINISTER)
def save_rule(command: SaveRule, unit: UnitOfWork) -> int:
    """Its new revision; documents are computed anew in the background. Raises `InvalidInput`, `RuleMoved`."""
    content = _content(command)
    row = unit.session.get(RetentionRuleRow, command.key, with_for_update=True)
    seen = row.revision if row is not None else None
    if seen != command.expected:
        sentence = (
            f"There is no rule {command.key} yet."
            if row is None
            else f"The rule {command.key} is at revision {row.revision} by now. Look at it again, then save yours."
        )
        raise RuleMoved(sentence, key=command.key, revision=seen, expected=command.expected)
    before = frozenset[str]() if row is None else _touched(unit, row)
    if row is None:
        row = RetentionRuleRow(key=command.key, revision=0, **content)
        unit.session.add(row)
    for name, value in content.items():
        setattr(row, name, value)
    after = _touched(unit, row)
    return _revise(unit, row, command.reason, None if before is None or after is None else before | after)


@handles(RetireRule, needs=ADMINISTER)
def retire_rule(command: RetireRule, unit: UnitOfWork) -> int:
    """Its new revision. Raises `RuleNotFound`, `InvalidInput` without a reason."""
    row = unit.session.get(RetentionRuleRow, command.key, with_for_update=True)
    if row is None or not row.is_active:
        raise RuleNotFound(f"There is no rule {command.key} that counts.", key=command.key)
    touched = _touched(unit, row)
    row.is_active = False
    return _revise(unit, row, command.reason, touched)


def _touched(unit: UnitOfWork, row: RetentionRuleRow) -> frozenset[str] | None:
    """The types whose documents a rule may concern, None for all: those it names and those that name it."""
    if row.is_default:
        return None
    naming = unit.session.scalars(select(DocumentTypeRow.key).where(DocumentTypeRow.retention == row.key))
    return frozenset(row.document_types) | frozenset(naming)


def _revise(unit: UnitOfWork, row: RetentionRuleRow, reason: str, touched: frozenset[str] | None) -> int:
    why = words("reason", reason, LONGEST_REASON)
    if why is None:
        raise _wrong("reason", "Say why the rule changes: auditors will ask.")
    row.revision += 1
    content = asdict(_view(row)) | {"document_types": list(row.document_types)}
    del content["key"], content["revision"]
    unit.session.add(
        RetentionRuleRevisionRow(
            key=row.key,
            revision=row.revision,
            content=content,
            reason=why,
            changed_at=unit.clock.now(),
            changed_by=unit.actor.id,
        )
    )
    unit.emit(RetentionRuleChanged(key=row.key, revision=row.revision, rule=content, reason=why))
    start(unit, f"the rule {row.key} changed: {why}"[:LONGEST_REASON], touched)
    return row.revision


def _content(command: SaveRule) -> dict[str, Any]:
    if not KEY.fullmatch(command.key):
        raise _wrong("key", "The key of a rule has small letters, digits and underscores, such as invoices_5y.")
    if command.trigger not in TRIGGERS:
        raise _wrong("trigger", f"A rule counts from one of: {', '.join(TRIGGERS)}.")
    if command.trigger == FOREVER and command.period:
        raise _wrong("period", "What is kept for ever has no period.")
    if command.trigger != FOREVER and not command.period:
        raise _wrong("period", "Say for how long, such as P7Y for seven years.")
    if (command.trigger == FIELD) != bool(command.field):
        raise _wrong("field", "Name the field of the document that holds the day from which to count, for it alone.")
    types = sorted({each.strip() for each in command.document_types if each.strip()})
    if len(types) > MOST_TYPES:
        raise _wrong("document_types", f"A rule is for {MOST_TYPES} document types at most.")
    if command.is_default and types:
        raise _wrong("document_types", "A default rule is for whatever no other rule covers: it names no types.")
    if command.period:
        read_period(command.period)
    return {
        "name": _given("name", command.name),
        "document_types": types,
        "is_default": command.is_default,
        "trigger": command.trigger,
        "period": command.period.strip().upper() if command.period else None,
        "field": words("field", command.field, LONGEST),
        "authority": _given("authority", command.authority),
        "is_active": True,
    }


def _given(field: str, text: str) -> str:
    found = words(field, text, LONGEST)
    if found is None:
        raise _wrong(field, f"A rule needs its {field}.")
    return found


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={f"/{field}": sentence})


def schedule_of(trigger: str, period: str | None, field: str | None) -> str:
    """A rule in words: 7 years after the case was closed."""
    length = str(read_period(period)) if period else ""
    match trigger:
        case "filed":
            return f"{length} after filing"
        case "filed_year":
            return f"{length} after the end of the year of filing"
        case "field":
            return f"{length} after the day in the field “{field}”"
        case "case_closed":
            return f"{length} after the case was closed"
        case _:
            return "for ever"


def rules(view: Reading) -> list[RuleView]:
    """All rules, those that count first. Raises `Forbidden`."""
    _check(view)
    query = select(RetentionRuleRow).order_by(RetentionRuleRow.is_active.desc(), RetentionRuleRow.key)
    return [_view(row) for row in view.session.scalars(query)]


def rule(view: Reading, key: str) -> RuleView:
    """Raises `Forbidden`, `RuleNotFound`."""
    _check(view)
    row = view.session.get(RetentionRuleRow, key)
    if row is None:
        raise RuleNotFound(f"There is no rule {key}.", key=key)
    return _view(row)


def history(view: Reading, key: str) -> list[RuleRevision]:
    """What the rule said at any time, newest first. Raises `Forbidden`, `RuleNotFound`."""
    rule(view, key)
    query = select(RetentionRuleRevisionRow).where(RetentionRuleRevisionRow.key == key)
    return [
        RuleRevision(
            key=row.key,
            revision=row.revision,
            content=row.content,
            reason=row.reason,
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )
        for row in view.session.scalars(query.order_by(RetentionRuleRevisionRow.revision.desc()))
    ]


def _check(view: Reading) -> None:
    if not view.actor.may(READ_RIGHT):
        raise Forbidden(f"You do not have the right to do this ({READ_RIGHT}).", permission=READ_RIGHT)


def _view(row: RetentionRuleRow) -> RuleView:
    return RuleView(
        key=row.key,
        name=row.name,
        document_types=tuple(row.document_types),
        is_default=row.is_default,
        trigger=row.trigger,
        period=row.period,
        field=row.field,
        authority=row.authority,
        is_active=row.is_active,
        revision=row.revision,
        schedule=schedule_of(row.trigger, row.period, row.field),
    )
