"""The declarative base of all tables, and the column types that they share."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import ColumnElement, DateTime, MetaData, String, Text, cast, func, literal
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry

from storage.writes import to_array

NAMING = {  # every constraint has a name, so that every migration can drop it
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

ID = String(26, collation="C")  # core.ids: byte order is time order
Json = dict[str, Any]
Id = Annotated[str, mapped_column(ID)]
IdKey = Annotated[str, mapped_column(ID, primary_key=True)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Base(DeclarativeBase):
    """All tables of Obieg; Flask-SQLAlchemy accepts it as its `model_class`."""

    registry = registry(  # a `type_annotation_map` of the class itself is what Flask-SQLAlchemy 3.1 cannot take over
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: DateTime(timezone=True),
            dict[str, Any]: JSONB,
            list[Any]: JSONB,
        },
    )


def among(column: Any, ids: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column is one of many ids: they travel as one value, since each of a list takes longer than its row."""
    found: ColumnElement[bool] = column == func.any(cast(literal(to_array(ids), Text), ARRAY(ID)))
    return found
