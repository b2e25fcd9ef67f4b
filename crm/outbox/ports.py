"""What messages need of others: their documents, where copies are filed, who may hold a message back, and tokens."""

from collections.abc import Sequence
from typing import Protocol

from core.records import dataclass
from storage.blobs.store import BlobRef
from storage.unit_of_work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRef:
    """A document that is to go with a message; without a version, the newest of now."""

    document_id: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document at a version, with what it contains."""

    document_id: str
    version: int
    digest: str
    file_name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """What a filed copy belongs to, such as `crm.customer`, `crm.offer` or `case`."""

    kind: str
    id: str


class Papers(Protocol):
    """The documents of the firm."""

    def papers(self, reading: Reading, wanted: Sequence[PaperRef]) -> Sequence[Paper]:
        """Those documents. Raises `NotFound` for what the actor may not see."""

    def file(self, unit: UnitOfWork, *, title: str, file_name: str, blob: BlobRef, belongs: Sequence[Belonging]) -> str:
        """File the copy of a message and return its id."""


class Holds(Protocol):
    """Asked right before a message leaves."""

    def why_not(self, unit: UnitOfWork, message_id: str) -> str | None:
        """A sentence why the message must not go out any more, such as that a payment came; None when it may."""


class Tokens(Protocol):
    """Signs what links consist of."""

    def token(self, link_id: str) -> str:
        """The token of a link: always the same one."""

    def address(self, token: str) -> str:
        """The whole address of the page behind a token. Raises `DomainError` where none is set up."""

    def link(self, token: str) -> str | None:
        """The link that a token belongs to; None when we have not signed it."""
