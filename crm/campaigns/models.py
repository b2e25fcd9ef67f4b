"""The table of campaigns."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import Base, IdKey


class CampaignRow(Base):
    """A campaign; activities and mailings are linked with it."""

    __tablename__ = "campaign"
    __table_args__ = (Index("ix_campaign_begins_on_id", "begins_on", "id"),)

    id: Mapped[IdKey]
    name: Mapped[str]
    goal: Mapped[str | None]
    begins_on: Mapped[date]
    ends_on: Mapped[date | None]
    owner: Mapped[str]
    created_at: Mapped[datetime]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute
