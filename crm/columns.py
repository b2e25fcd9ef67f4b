"""Column types that the tables of this context share."""

from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import mapped_column

from storage.orm import ID

Money = Annotated[Decimal, mapped_column(Numeric(18, 2))]
Price = Annotated[Decimal, mapped_column(Numeric(18, 4))]
Percent = Annotated[Decimal, mapped_column(Numeric(7, 4))]
Currency = Annotated[str, mapped_column(String(3))]  # ISO 4217
Country = Annotated[str, mapped_column(String(2))]  # ISO 3166-1 alpha-2
Quantity = Annotated[Decimal, mapped_column(Numeric(14, 4))]
Code = Annotated[str, mapped_column(String(64, collation="C"))]  # of a dictionary's value, a field, an account
SEARCH = "to_tsvector('simple'::regconfig, search_text)"


def parent(column: str, *, nullable: bool = False, index: bool = True) -> Any:
    """A column that names another row; children go with their parent where the parent may go at all."""
    return mapped_column(ID, ForeignKey(column), nullable=nullable, index=index)
