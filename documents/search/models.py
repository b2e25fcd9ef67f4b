"""The index: one row for each document, case and record that can be found, and how far a rebuild has come."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, Integer, Sequence, String, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from storage.orm import ID, Base

NAME = String(collation="C")
FINE, COARSE = 10, 16  # bits of a sequence number that do not tell the bucket
BUCKETS = f"(ARRAY[(seq >> {FINE})::integer, ('-1'::integer - (seq >> {COARSE}))::integer])"
SEQUENCE = Sequence("search_entry_seq", metadata=Base.metadata)


class SearchEntryRow(Base):
    """What is found of one subject. `terms` holds words and facts, `rights` the labels under which it may be seen.

    `seq` grows with each new entry; stretches of 1 024 and of 65 536 such numbers stand in the index, so that one
    look-up can keep to the newest entries. `facts` are `field:value` for the counts beside a result.
    """

    __tablename__ = "search_entry"
    __table_args__ = (
        Index(
            "ix_search_entry_bucket_rights_terms",
            text(BUCKETS),  # first: keys are intersected in this order, and what leaves least over comes first
            "rights",
            "terms",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": "1024"},
        ),
        {"postgresql_with": {"toast_tuple_target": "512"}},
    )

    kind: Mapped[str] = mapped_column(NAME, primary_key=True)
    subject: Mapped[str] = mapped_column(ID, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, SEQUENCE, unique=True)
    title: Mapped[str]
    about: Mapped[str]
    facts: Mapped[list[str]] = mapped_column(ARRAY(String))
    rights: Mapped[list[str]] = mapped_column(ARRAY(NAME))
    terms: Mapped[Any] = mapped_column(TSVECTOR)
    dated: Mapped[date]
    indexed_at: Mapped[datetime]


class SearchWordRow(Base):
    """A word of the index, and what `documents.search.spelling` looks it up by; nothing is locked to add one."""

    __tablename__ = "search_word"
    __table_args__ = (Index(None, "near", postgresql_using="gin"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    word: Mapped[str] = mapped_column(NAME, index=True)
    near: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class SearchRebuildRow(Base):
    """A rebuild that is under way: everything up to `reached` (an id, which grows with time) is done."""

    __tablename__ = "search_rebuild"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reached: Mapped[str] = mapped_column(ID)
    done: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
