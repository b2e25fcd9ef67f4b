"""What people tell a running case: that the device is here, that a customer promised to pay, that it is off.

A package says in its `notices` who may say what; the page of a case offers what the case waits for at that moment.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import date
from typing import Any, ClassVar, Literal

from sqlalchemy import select

from core.errors import Forbidden, NotFound
from core.executor import handles
from core.identity import Actor
from core.messages import Command, Event
from core.records import dataclass
from crm.checks import Findings
from engine import access, telling
from engine.errors import InstanceNotFound, NotAwaited
from engine.models import InstanceEntityRow, InstanceRow
from storage.unit_of_work import Reading, UnitOfWork

Kind = Literal["text", "day", "amount", "choice", "tick"]
LONGEST = 2000  # characters
MOST = 8  # cases of a record


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that is said along with a notice; its name is the variable that the case gets."""

    name: str
    label: str
    kind: Kind = "text"
    is_needed: bool = True
    choices: tuple[tuple[str, str], ...] = ()  # value and label


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that can be told to cases of a process while they wait for its message.

    Who belongs to one of its groups and has its right may say it, involved in the case or not: who hears of it first
    often is not. `does` is what is done instead of giving the message to this case alone.
    """

    process: str
    key: str
    title: str
    message: str
    hint: str = ""
    groups: tuple[str, ...] = ()
    right: str = "task.work"
    entries: tuple[Entry, ...] = ()
    does: Callable[[UnitOfWork, str, dict[str, Any]], None] | None = None

    def may(self, actor: Actor) -> bool:
        """Whether somebody may say it."""
        if actor.is_system:
            return True
        return actor.may(self.right) and (not self.groups or not actor.roles.isdisjoint(self.groups))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNotices:
    """A running case that is about a record, with what it can be told now."""

    case_id: str
    title: str
    notices: list[Notice]


NOTICES: dict[tuple[str, str], Notice] = {}


def register(*notices: Notice) -> None:
    """Make notices known; a package does so when it is imported."""
    NOTICES.update({(each.process, each.key): each for each in notices})


@dataclass(frozen=True, slots=True, kw_only=True)
class TellCase(Command):
    """Tell a case what has happened; `values` by the names of the notice's entries."""

    instance_id: str
    notice: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTold(Event):
    """Somebody told a case what has happened."""

    type: ClassVar[str] = "case.told"
    personal: ClassVar[frozenset[str]] = frozenset({"values"})

    instance_id: str
    notice: str
    values: dict[str, str]

    @property
    def stream(self) -> str:
        """The case's own."""
        return f"case:{self.instance_id}"

    @property
    def case(self) -> str | None:
        """The case itself."""
        return self.instance_id


class NoSuchNotice(NotFound):
    """Cases of this process cannot be told so."""

    code = "no_such_notice"


@handles(TellCase, needs="task.work")
def tell_case(command: TellCase, unit: UnitOfWork) -> None:
    """Tell it, and let it run on.

    Raises `InstanceNotFound`, `NoSuchNotice`, `Forbidden`, `WrongFields` by pointers such as `/values/note`, and
    `NotAwaited` when the case has gone on.
    """
    notice = _notice(unit, command.instance_id, command.notice)
    values = _checked(notice, command.values)
    if notice.does is None:
        telling.give(unit, command.instance_id, notice.message, values)
    elif notice.message not in telling.awaited_messages(unit, command.instance_id):
        raise NotAwaited(command.instance_id, notice.message)
    else:
        notice.does(unit, command.instance_id, values)
    said = {name: str(value) for name, value in values.items() if value is not None}
    unit.emit(CaseTold(instance_id=command.instance_id, notice=notice.key, values=said))


def offered(view: Reading, instance_id: str, process: str) -> list[Notice]:
    """What the asking person can tell the case now; two look-ups by keys."""
    known = [each for (of, _), each in NOTICES.items() if of == process and each.may(view.actor)]
    awaited = telling.awaited_messages(view, instance_id) if known else frozenset()
    return [each for each in known if each.message in awaited]


def offered_about(view: Reading, entity: str, record_id: str) -> list[CaseNotices]:
    """The same for the running cases that are about a record, which the asking person may see; the newest few."""
    running = (
        select(InstanceRow)
        .join(InstanceEntityRow, InstanceEntityRow.instance_id == InstanceRow.id)
        .where(
            InstanceEntityRow.entity == entity,
            InstanceEntityRow.entity_id == record_id,
            InstanceRow.ended_at.is_(None),
            InstanceRow.definition_key.in_({process for process, _ in NOTICES}),
        )
        .order_by(InstanceRow.id.desc())
        .limit(MOST)
    )
    found = []
    for row in view.session.scalars(running):
        title = row.business_key or row.definition_key.replace("_", " ").capitalize()
        found.append(CaseNotices(case_id=row.id, title=title, notices=offered(view, row.id, row.definition_key)))
    return [each for each in found if each.notices]


def notices_of(view: Reading, instance_id: str) -> list[Notice]:
    """The same for a case by its id. Raises `InstanceNotFound` where they neither see it nor tell it anything."""
    process = _process(view, instance_id)
    found = offered(view, instance_id, process) if process else []
    if not found and not access.may_see_instance(view, instance_id):
        raise InstanceNotFound(f"There is no case {instance_id}.", instance=instance_id)
    return found


def _process(view: Reading, instance_id: str) -> str | None:
    return view.session.scalar(select(InstanceRow.definition_key).where(InstanceRow.id == instance_id))


def _notice(unit: UnitOfWork, instance_id: str, key: str) -> Notice:
    process = _process(unit, instance_id) or ""
    found = NOTICES.get((process, key))
    if found is not None and found.may(unit.actor):
        links = select(InstanceEntityRow.entity, InstanceEntityRow.entity_id)
        about = unit.session.execute(links.where(InstanceEntityRow.instance_id == instance_id)).all()
        access.refuse_out_of_reach(unit, [(row.entity, row.entity_id) for row in about])
        return found
    if not access.may_see_instance(unit, instance_id):
        raise InstanceNotFound(f"There is no case {instance_id}.", instance=instance_id)
    if found is not None:
        raise Forbidden(f"“{found.title}” is said by {', '.join(found.groups) or 'those with ' + found.right}.")
    known = ", ".join(each for of, each in NOTICES if of == process) or "nothing"
    raise NoSuchNotice(f"Cases of {process} are not told “{key}”; they are told {known}.", notice=key)


def _checked(notice: Notice, given: Mapping[str, Any]) -> dict[str, Any]:
    findings = Findings()
    for name in sorted(given.keys() - {each.name for each in notice.entries}):
        findings.add(f"/values/{name}", f"“{notice.title}” asks for no {name}.")
    values = {each.name: _value(each, given.get(each.name), findings) for each in notice.entries}
    findings.refuse()
    return values


def _value(entry: Entry, given: Any, findings: Findings) -> Any:
    pointer = f"/values/{entry.name}"
    if entry.kind == "tick":
        return given in (True, "true", "on", "yes")
    if given in (None, "") and not entry.is_needed:
        return None
    match entry.kind:
        case "day":
            try:
                return date.fromisoformat(str(given or ""))
            except ValueError:
                return findings.add(pointer, f"{entry.label}: write a day such as 2026-03-01.")
        case "amount":
            return findings.amount(pointer, str(given or "").replace(",", "."), entry.label, places=2)
        case "choice":
            return findings.choice(pointer, given, entry.label, tuple(value for value, _ in entry.choices))
    return findings.text(pointer, given, entry.label, longest=LONGEST)
