"""The tables of value lists and of a firm's own fields."""

from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code
from storage.orm import Base, IdKey


class DictionaryRow(Base):
    """A list of values to choose from; `labels` maps language to text."""

    __tablename__ = "dictionary"

    key: Mapped[Code] = mapped_column(primary_key=True)
    labels: Mapped[dict[str, Any]]
    is_fixed: Mapped[bool]  # processes rely on its codes: they can be renamed, not added or retired
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class DictionaryValueRow(Base):
    """One value; a retired one stays on old records and is not offered."""

    __tablename__ = "dictionary_value"
    __table_args__ = (Index(None, "dictionary", "position"),)

    dictionary: Mapped[Code] = mapped_column(ForeignKey("dictionary.key"), primary_key=True)
    code: Mapped[Code] = mapped_column(primary_key=True)
    labels: Mapped[dict[str, Any]]
    position: Mapped[int]
    is_retired: Mapped[bool]


class CustomFieldRow(Base):
    """A field that the firm has added to customers or contacts."""

    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("entity", "key"),)

    id: Mapped[IdKey]
    entity: Mapped[Code]
    key: Mapped[Code]
    labels: Mapped[dict[str, Any]]
    type: Mapped[str] = mapped_column(String(16))
    dictionary: Mapped[str | None] = mapped_column(String(64, collation="C"), ForeignKey("dictionary.key"))
    help: Mapped[str | None]
    minimum: Mapped[Any] = mapped_column(Numeric(24, 6), nullable=True)
    maximum: Mapped[Any] = mapped_column(Numeric(24, 6), nullable=True)
    is_required: Mapped[bool]
    is_searchable: Mapped[bool] = mapped_column(server_default=text("false"))
    is_retired: Mapped[bool]
    position: Mapped[int]
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 -- SQLAlchemy's own attribute
