"""The tables of after-sales steps and of the activities that they planned for orders."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code, parent
from storage.orm import ID, Base, IdKey


class AfterSalesStepRow(Base):
    """What is planned with a customer a while after an order was won or delivered."""

    __tablename__ = "after_sales_step"

    id: Mapped[IdKey]
    position: Mapped[int]
    name: Mapped[str]
    begins: Mapped[Code]
    delay: Mapped[int]
    unit: Mapped[Code]
    method: Mapped[Code]
    type: Mapped[Code | None]
    priority: Mapped[Code]
    category: Mapped[str | None]  # of products; a step without one is for every order
    goes_to: Mapped[Code]
    note: Mapped[str | None]
    is_active: Mapped[bool]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class AfterSalesActivityRow(Base):
    """What came of a step for an order: an activity, or a sentence that says why there is none."""

    __tablename__ = "after_sales_activity"
    __table_args__ = (Index("ix_after_sales_activity_step_id", "step_id"),)

    order_id: Mapped[str] = mapped_column(ID, ForeignKey("customer_order.id"), primary_key=True)
    step_id: Mapped[str] = mapped_column(ID, ForeignKey("after_sales_step.id"), primary_key=True)
    activity_id: Mapped[str | None] = parent("activity.id", nullable=True)
    sentence: Mapped[str | None] = mapped_column(String)
    made_at: Mapped[datetime]
