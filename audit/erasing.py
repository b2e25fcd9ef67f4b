"""Erasing personal data from the trail: value and salt go, the commitment stays, and every chain still verifies."""

from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import delete

from audit.models import AuditPersonalRow
from core.errors import InvalidInput
from core.executor import handles
from core.messages import Command, Event
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePersonalData(Command):
    """Erase what the trail knows of a person: `account:ID`, or any other data subject that events name."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataErased(Event):
    """Personal values of a subject were destroyed; how many, and why, remains."""

    type: ClassVar[str] = "audit.personal_data_erased"
    subject: str
    values: int
    reason: str

    @property
    def stream(self) -> str:
        """The subject's own stream."""
        return self.subject


@handles(ErasePersonalData, needs="account.administer")
def erase_personal_data(command: ErasePersonalData, unit: UnitOfWork) -> int:
    """The number of values that are gone for good. Raises `InvalidInput` without a reason."""
    if not command.reason.strip():
        sentence = "Say why the data are erased, such as the request of the person and its date."
        raise InvalidInput(sentence, fields={"/reason": sentence})
    result = unit.connection.execute(delete(AuditPersonalRow).where(AuditPersonalRow.subject == command.subject))
    unit.emit(PersonalDataErased(subject=command.subject, values=result.rowcount, reason=command.reason.strip()))
    return result.rowcount
