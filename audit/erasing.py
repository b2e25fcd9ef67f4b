"""Erasing personal data from the trail: value and salt go, the commitment stays, and every chain still verifies."""

from collections.abc import Collection, Sequence
from typing import ClassVar, Protocol

from sqlalchemy import delete

from audit.models import AuditPersonalRow
from audit.queries import ERASED
from core.errors import Conflict, InvalidInput
from core.executor import handles
from core.messages import Command, Event
from core.records import dataclass
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePersonalData(Command):
    """Erase what the trail knows of a person: `account:NAME`, or any other data subject that events name."""

    subject: str
    reason: str


class Subjects(Protocol):
    """Knows under which other names events tell of the same person; the composition root fills it."""

    def same(self, reading: Reading, subject: str) -> Collection[str]:
        """The other names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataErased(Event):
    """Personal values of a subject, and of the others that are the same, were destroyed; how many, and why, remains."""

    type: ClassVar[str] = ERASED
    subject: str
    also: list[str]
    values: int
    reason: str

    @property
    def stream(self) -> str:
        """The subject's own stream."""
        return self.subject

    @property
    def case(self) -> str | None:
        """The case, if the subject is one."""
        kind, _, found = self.subject.partition(":")
        return found if kind == "case" else None


class ErasureBlocks(Protocol):
    """Tells what keeps personal data from being erased; the composition root fills it."""

    def holds(self, reading: Reading, subject: str) -> Sequence[str]:
        """The names of the legal holds that cover the subject; no hold can be placed until the unit ends."""


class ErasureRefused(Conflict):
    """A legal hold keeps the data."""

    code = "erasure_under_hold"


@handles(ErasePersonalData, needs="person.erase")
def erase_personal_data(command: ErasePersonalData, unit: UnitOfWork) -> int:
    """The number of values that are gone for good. Raises `InvalidInput` without a reason, `ErasureRefused`."""
    if not command.reason.strip():
        sentence = "Say why the data are erased, such as the request of the person and its date."
        raise InvalidInput(sentence, fields={"/reason": sentence})
    subjects = [command.subject, *unit.port(Subjects).same(unit, command.subject)]
    blocks = unit.port(ErasureBlocks)
    holds = list(dict.fromkeys(name for subject in subjects for name in blocks.holds(unit, subject)))
    if holds:
        raise ErasureRefused(
            f"The legal hold {', '.join(f'“{name}”' for name in holds)} keeps what the trail says of "
            f"{command.subject}. Erase it when all of them are lifted.",
            subject=command.subject,
            holds=holds,
        )
    result = unit.connection.execute(delete(AuditPersonalRow).where(AuditPersonalRow.subject.in_(subjects)))
    unit.emit(
        PersonalDataErased(
            subject=command.subject, also=subjects[1:], values=result.rowcount, reason=command.reason.strip()
        )
    )
    return result.rowcount
