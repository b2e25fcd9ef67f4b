"""What happens to rules, holds and disposals, for the trail."""

from typing import Any, ClassVar

from core.messages import Event
from core.records import dataclass
from documents.events import DocumentEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRuleChanged(Event):
    """A rule of the retention schedule was made, changed or retired; `rule` is what it says now."""

    type: ClassVar[str] = "retention_rule.changed"
    key: str
    revision: int
    rule: dict[str, Any]
    reason: str

    @property
    def stream(self) -> str:
        """The rule's own."""
        return f"retention_rule:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEvent(Event):
    """Something happened to a legal hold on a document, a case or a business record."""

    hold_id: str
    name: str
    kind: str
    target: str
    reason: str

    @property
    def stream(self) -> str:
        """That of what is held: a document's and a case's own trail show it."""
        return f"{self.kind.rpartition('.')[2]}:{self.target}"

    @property
    def case(self) -> str | None:
        """The case, where it is a case that is held."""
        return self.target if self.kind == "case" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced(HoldEvent):
    """From now on nothing that the hold covers may be destroyed, voided or erased."""

    type: ClassVar[str] = "hold.placed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLifted(HoldEvent):
    """The hold covers nothing any more; others may."""

    type: ClassVar[str] = "hold.lifted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalEvent(Event):
    """Something happened to a list of documents whose time is over."""

    disposal_id: str
    number: str
    case_id: str

    @property
    def stream(self) -> str:
        """The disposal's own."""
        return f"disposal:{self.disposal_id}"

    @property
    def case(self) -> str | None:
        """The case in which people decide on it."""
        return self.case_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalListed(DisposalEvent):
    """What is due was listed; `list_digest` is that of the list itself."""

    type: ClassVar[str] = "disposal.listed"
    until: str
    items: int
    list_id: str
    list_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalItemExcluded(DisposalEvent):
    """Somebody took a document off the list."""

    type: ClassVar[str] = "disposal.excluded"
    document: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalSigned(DisposalEvent):
    """Somebody agreed that what is on the list may be destroyed; `role` is the step of the process."""

    type: ClassVar[str] = "disposal.signed"
    role: str
    signer: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalAbandoned(DisposalEvent):
    """The list came to nothing; all its documents stay."""

    type: ClassVar[str] = "disposal.abandoned"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalItemKept(DisposalEvent):
    """A document on an approved list was not destroyed, because something keeps it by now."""

    type: ClassVar[str] = "disposal.kept"
    document: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalCertified(DisposalEvent):
    """Everything on the list is settled; the certificate of destruction was filed."""

    type: ClassVar[str] = "disposal.certified"
    certificate: str
    certificate_digest: str
    destroyed: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDestroyed(DocumentEvent):
    """All versions of a document were destroyed; `title` is empty, because nobody can read it any more.

    `version` and `digest` are those of its newest version, `versions` lists all of them (number, digest, size).
    """

    type: ClassVar[str] = "document.destroyed"
    personal: ClassVar[frozenset[str]] = frozenset()
    disposal_id: str
    certificate: str
    rule: str
    rule_revision: int
    due_at: str
    versions: list[dict[str, Any]]
    signers: list[str]
