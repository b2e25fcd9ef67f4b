"""The declarative base of all tables, and the column types that they share."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import DateTime, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry

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
