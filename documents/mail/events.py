"""What happens to messages, for the trail."""

from typing import ClassVar

from core.messages import Event
from core.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOpened(Event):
    """A filed message was taken apart; `attachments` are the documents that its files became."""

    type: ClassVar[str] = "mail.opened"
    personal: ClassVar[frozenset[str]] = frozenset({"sender", "subject"})
    document_id: str
    message_id: str | None
    thread: str
    sender: str
    subject: str
    attachments: list[str]
    findings: list[str]

    @property
    def stream(self) -> str:
        """The stream of the message's document."""
        return f"document:{self.document_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLeft(Event):
    """A message was left in its mailbox because it cannot be filed."""

    type: ClassVar[str] = "mail.left"
    mailbox: str
    uid: int
    finding: str

    @property
    def stream(self) -> str:
        """The mailbox's own stream."""
        return f"mailbox:{self.mailbox}"
