"""The tables of imports, their rows and mappings, and of exports."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.columns import Code
from crm.imports.errors import ImportNotFound, WrongImportState
from crm.runs import RunRow
from storage.orm import ID, Base, IdKey

DIGEST = String(64, collation="C")
NULLABLE = JSONB(none_as_null=True)
STATES = "state IN ('draft', 'running', 'stopped', 'finished', 'failed', 'undoing', 'undone')"


class ImportRow(RunRow):
    """A file of records that come in; `done` is how many of its rows are behind us, and everything about them kept."""

    __tablename__ = "import_batch"
    __table_args__ = (CheckConstraint(STATES, name="state"), Index(None, "started_by", "id"))

    not_found = ImportNotFound
    wrong_state = WrongImportState

    kind: Mapped[Code]
    file_name: Mapped[str]
    digest: Mapped[str | None] = mapped_column(DIGEST, ForeignKey("blob.digest"))  # None once the file was erased
    size: Mapped[int]
    arrangement: Mapped[dict[str, Any]]  # encoding, delimiter, columns, keys and the rest of crm.imports.arranging
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]


class ImportedRow(Base):
    """What came of one row of a file; what is refused keeps its cells, to be corrected and brought in again."""

    __tablename__ = "imported_row"
    __table_args__ = (
        Index("ix_imported_row_trouble", "import_id", "position", postgresql_where=text("cells IS NOT NULL")),
        Index(None, "record_id"),
    )

    import_id: Mapped[str] = mapped_column(ID, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)  # from 1 on
    line: Mapped[int]  # of the file
    outcome: Mapped[Code]
    record_id: Mapped[str | None] = mapped_column(ID)
    version: Mapped[int | None]  # of the record's row, right after
    before: Mapped[dict[str, Any] | None] = mapped_column(NULLABLE)  # of what was changed
    sentence: Mapped[str | None]
    cells: Mapped[list[Any] | None] = mapped_column(NULLABLE)


class ImportMappingRow(Base):
    """How the columns of files of some origin are meant, under a name."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: Mapped[IdKey]
    kind: Mapped[Code]
    name: Mapped[str]
    arrangement: Mapped[dict[str, Any]]
    changed_by: Mapped[Code]
    changed_at: Mapped[datetime]


class ImportKeyRow(Base):
    """Which record a key of another system means, for records that have no place for it themselves."""

    __tablename__ = "import_key"

    kind: Mapped[Code] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200, collation="C"), primary_key=True)
    record_id: Mapped[str] = mapped_column(ID, index=True)


class ExportRow(Base):
    """A file of records that somebody took out; its content goes when it expires, that it was made stays."""

    __tablename__ = "export_file"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'refused', 'expired')", name="state"),
        Index(None, "made_by", "id"),
        Index("ix_export_file_expires_at", "expires_at", postgresql_where=text("state = 'done'")),
    )

    id: Mapped[IdKey]
    kind: Mapped[Code]
    format: Mapped[Code]
    filter: Mapped[dict[str, Any]]
    state: Mapped[Code]
    rows: Mapped[int]
    digest: Mapped[str | None] = mapped_column(DIGEST, ForeignKey("blob.digest"))
    size: Mapped[int | None]
    file_name: Mapped[str]
    sentence: Mapped[str | None]
    made_by: Mapped[Code]
    made_name: Mapped[str]
    rights: Mapped[list[Any]]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
