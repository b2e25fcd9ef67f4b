"""Links by which people outside get one version of a document."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from documents.models import NAME
from storage.models import DIGEST
from storage.orm import ID, Base, IdKey


class DocumentShareRow(Base):
    """A link for somebody outside: of its token only the digest is kept, of its password only the hash."""

    __tablename__ = "document_share"

    id: Mapped[IdKey]
    document_id: Mapped[str] = mapped_column(ID, ForeignKey("document.id"), index=True)
    n: Mapped[int]
    token_digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    recipient: Mapped[str]
    password_hash: Mapped[str | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(NAME)
    revoked_at: Mapped[datetime | None]
    opened: Mapped[int]  # how often the content was fetched
    opened_at: Mapped[datetime | None]  # the last time
    failures: Mapped[int]  # wrong passwords since the last right one
