"""What happens to reminders."""

from typing import ClassVar

from core.records import dataclass
from documents.events import DocumentEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentReminded(DocumentEvent):
    """People were reminded of the day in a field."""

    type: ClassVar[str] = "document.reminded"
    field: str
    day: str
    accounts: list[str]
