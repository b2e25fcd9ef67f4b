"""The tables of browsers that come to the web site, and of their visits."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import parent
from storage.orm import Base, IdKey

DIGEST = String(64, collation="C")  # SHA-256 in hexadecimal


class WebVisitorRow(Base):
    """A browser, by a digest of what the site calls it; who uses it is known once they have said so."""

    __tablename__ = "web_visitor"

    id: Mapped[IdKey]
    digest: Mapped[str] = mapped_column(DIGEST, unique=True)
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    seen_at: Mapped[datetime]


class WebVisitRow(Base):
    """Pages that one browser looked at in a row; `pages` has the first of them."""

    __tablename__ = "web_visit"
    __table_args__ = (
        Index("ix_web_visit_visitor_id_last_at", "visitor_id", "last_at"),
        Index("ix_web_visit_began_at", "began_at"),
        Index("ix_web_visit_anonymous", "last_at", postgresql_where=text("contact_id IS NULL")),
    )

    id: Mapped[IdKey]
    visitor_id: Mapped[str] = parent("web_visitor.id", index=False)
    contact_id: Mapped[str | None] = parent("contact.id", nullable=True)
    activity_id: Mapped[str | None] = parent("activity.id", nullable=True)
    began_at: Mapped[datetime]
    last_at: Mapped[datetime]
    page_count: Mapped[int]
    pages: Mapped[list[Any]]
