"""The tables of rules about days in fields, and of the days that people were reminded of."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code
from storage.orm import ID, Base, IdKey


class DateReminderRow(Base):
    """So many days before the day in a field of a kind of record, people are reminded of it."""

    __tablename__ = "date_reminder"

    id: Mapped[IdKey]
    name: Mapped[str]
    field: Mapped[str] = mapped_column(String(128, collation="C"))  # such as crm.device.warranty_until
    days: Mapped[int]
    goes_to: Mapped[Code]
    group: Mapped[Code | None]
    is_active: Mapped[bool]
    since: Mapped[date]  # days before it were over when the rule began
    created_by: Mapped[Code]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class DateRemindedRow(Base):
    """That people were reminded of a day of a record; another day of the same record is told anew."""

    __tablename__ = "date_reminded"
    rule_id: Mapped[str] = mapped_column(ID, ForeignKey("date_reminder.id"), primary_key=True)
    record_id: Mapped[str] = mapped_column(ID, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]
