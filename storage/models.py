"""The tables of storage itself: which blobs are claimed, and which are on their way."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import Base, IdKey

DIGEST = String(64, collation="C")


class BlobRow(Base):
    """A blob that belongs to something in the database; the sweeper never touches it."""

    __tablename__ = "blob"

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    claimed_at: Mapped[datetime]


class BlobUploadRow(Base):
    """A blob that somebody is about to store; the sweeper spares it until the grace period is over."""

    __tablename__ = "blob_upload"

    id: Mapped[IdKey]
    digest: Mapped[str] = mapped_column(DIGEST, index=True)
    announced_at: Mapped[datetime] = mapped_column(index=True)
