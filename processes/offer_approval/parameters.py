"""What the firm sets for approvals without a deployment: the limits of the matrix, and who stands in for whom."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import select

from core.errors import Forbidden
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from crm.checks import Findings, checked_version, one_at_a_time
from crm.money import plain
from engine.handlers import ServiceCall, service_task
from processes.offer_approval.models import ApprovalParametersRow
from storage.unit_of_work import Reading, UnitOfWork

RIGHT = "definition.deploy"  # whoever may change the matrix itself
GROUP = re.compile(r"[a-z][a-z0-9_]{0,63}")
NEXT_LEVEL = "next_level"  # the group that is asked when a deputy does not answer, either
LIMITS: dict[str, tuple[str, Decimal]] = {  # name in the matrix: what it is, its value until somebody sets another
    "discount": ("Discount that nobody is asked about, up to %", Decimal(10)),
    "high_discount": ("Discount that the sales manager may grant, up to %", Decimal(20)),
    "margin": ("Margin that nobody is asked about, from %", Decimal(25)),
    "low_margin": ("Margin that the sales manager may accept, from %", Decimal(15)),
    "value": ("Net value that nobody is asked about, up to", Decimal(50_000)),
    "big_value": ("Net value that the sales manager may approve, up to", Decimal(250_000)),
    "credit": ("Part of the credit limit that nobody is asked about, up to (1 = all of it)", Decimal(1)),
    "high_credit": ("Part that the credit controller may approve alone, up to", Decimal("1.2")),
    "overdue_days": ("Oldest debt that nobody is asked about, up to days", Decimal(30)),
}
RISING = (("discount", "high_discount"), ("low_margin", "margin"), ("value", "big_value"), ("credit", "high_credit"))
DEPUTIES: dict[str, str] = {
    "sales_manager": "sales_director",
    "sales_director": "finance_director",
    "finance_director": "sales_director",
    "credit_controller": "finance_director",
    "legal": "finance_director",
    "technical_reviewer": "sales_manager",
    "board": "board",
    NEXT_LEVEL: "board",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What holds; version 0 is what ships."""

    limits: dict[str, Decimal]
    deputies: dict[str, str]
    version: int = 0
    reason: str | None = None
    changed_at: datetime | None = None
    changed_by: str | None = None
    changed_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetApprovalParameters(Command):
    """Set limits and deputies; each decision from now on uses them, in running cases, too."""

    limits: Mapping[str, Any]  # name of a limit -> number
    deputies: Mapping[str, str]  # group -> group that stands in
    reason: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalParametersSet(Event):
    """Limits or deputies of approvals have changed."""

    type: ClassVar[str] = "offer.approval_parameters_set"

    version: int
    changes: dict[str, list[str | None]]  # name -> before and after
    reason: str

    @property
    def stream(self) -> str:
        """One for the firm."""
        return "approval_parameters"


@handles(SetApprovalParameters, needs=RIGHT)
def set_approval_parameters(command: SetApprovalParameters, unit: UnitOfWork) -> int:
    """Keep them as the next version and return it; nothing changes where all is as before.

    Raises `WrongFields` by JSON pointers such as `/limits/discount`, and `ChangedMeanwhile`.
    """
    one_at_a_time(unit, "approval_parameters")
    before = in_force(unit)
    checked_version("The approval's limits", expected=command.expected_version, current=before.version)
    findings = Findings()
    limits = _limits(command.limits, findings)
    deputies = _deputies(command.deputies, findings)
    reason = findings.text("/reason", command.reason, "The reason", longest=1000)
    findings.refuse()
    old, new = _told(before.limits, before.deputies), _told(limits, deputies)
    changes: dict[str, list[str | None]] = {
        name: [old.get(name), value] for name, value in new.items() if old.get(name) != value
    }
    if not changes:
        return before.version
    row = ApprovalParametersRow(
        version=before.version + 1,
        limits={name: str(value) for name, value in limits.items()},
        deputies=deputies,
        reason=reason,
        changed_at=unit.clock.now(),
        changed_by=unit.actor.id,
        changed_name=unit.actor.name,
    )
    unit.session.add(row)
    unit.emit(ApprovalParametersSet(version=row.version, changes=changes, reason=reason))
    return row.version


def in_force(view: Reading) -> Parameters:
    """What decisions use now: one row by its key; asks for no rights."""
    newest = select(ApprovalParametersRow).order_by(ApprovalParametersRow.version.desc()).limit(1)
    row = view.session.scalars(newest).first()
    return _shipped() if row is None else _parameters(row)


def history(view: Reading, *, limit: int = 20) -> list[Parameters]:
    """Who set what and why, newest first. Raises `Forbidden`."""
    if not view.actor.may(RIGHT):
        raise Forbidden("Limits of approvals are shown to those who may deploy processes.")
    newest = select(ApprovalParametersRow).order_by(ApprovalParametersRow.version.desc()).limit(limit)
    return [_parameters(row) for row in view.session.scalars(newest)]


def for_decisions(view: Reading) -> dict[str, Any]:
    """The variables that the decision tables read."""
    known = in_force(view)
    return {"limits": known.limits, "deputies": known.deputies}


@service_task("offer_approval.read_deputies")
def read_deputies(unit: UnitOfWork, _call: ServiceCall) -> dict[str, Any]:
    """Who stands in for whom now, which may have changed since the case began."""
    return {"deputies": in_force(unit).deputies}


def _shipped() -> Parameters:
    return Parameters(limits={name: value for name, (_, value) in LIMITS.items()}, deputies=dict(DEPUTIES))


def _parameters(row: ApprovalParametersRow) -> Parameters:
    """A limit that a later release has added has its usual value."""
    usual = _shipped()
    return Parameters(
        limits=usual.limits | {name: Decimal(value) for name, value in row.limits.items() if name in LIMITS},
        deputies=usual.deputies | row.deputies,
        version=row.version,
        reason=row.reason,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
        changed_name=row.changed_name,
    )


def _limits(given: Mapping[str, Any], findings: Findings) -> dict[str, Decimal]:
    for name in sorted(given.keys() - LIMITS.keys()):
        findings.add(f"/limits/{name}", f"There is no limit {name}; there are {', '.join(LIMITS)}.")
    found = {
        name: findings.amount(f"/limits/{name}", given.get(name), label, most=Decimal(10**12))
        for name, (label, _) in LIMITS.items()
    }
    for lower, upper in RISING:
        if not findings.fields and found[lower] > found[upper]:
            findings.add(f"/limits/{upper}", f"{LIMITS[upper][0]}: it must not be below {plain(found[lower])}.")
    return found


def _deputies(given: Mapping[str, str], findings: Findings) -> dict[str, str]:
    for group in sorted(given.keys() - DEPUTIES.keys()):
        findings.add(f"/deputies/{group}", f"Nobody asks {group}; the groups are {', '.join(DEPUTIES)}.")
    found = {group: str(given.get(group) or "").strip() for group in DEPUTIES}
    for group, deputy in found.items():
        if not GROUP.fullmatch(deputy):
            findings.add(f"/deputies/{group}", "Name a group, such as sales_director.")
        elif deputy == group and group != "board":
            findings.add(f"/deputies/{group}", "A group cannot stand in for itself.")
    return found


def _told(limits: Mapping[str, Decimal], deputies: Mapping[str, str]) -> dict[str, str]:
    numbers = {name: plain(value) for name, value in limits.items()}
    return numbers | {f"deputy of {group}": deputy for group, deputy in deputies.items()}
